//! Acknowledgements: MSH turned around, MSA, and ERR where there is something to complain about.
//!
//! ch. 2.9.2 and 2.15.5. What the sender said (MSH-3 to MSH-6, MSH-10 to MSH-12, MSH-18) goes back
//! byte for byte, in the sender's separators, since receivers compare bytes.

mod read;
mod write;

#[cfg(test)]
mod tests;

pub use read::{AckError, Acknowledgement, Complaint};
pub use write::{Answer, Fault, Severity, write};

/// MSA-1 (table 0008).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum AckCode {
    /// `AA`: the application accepted the message.
    Aa,
    /// `AE`: the application failed on it; sending it again may help.
    Ae,
    /// `AR`: the application refused it; sending it again can't help.
    Ar,
    /// `CA`: it is stored safely.
    Ca,
    /// `CE`: it could not be stored.
    Ce,
    /// `CR`: it was refused before it was stored.
    Cr,
}

impl AckCode {
    /// Reads MSA-1.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text.trim() {
            "AA" => Self::Aa,
            "AE" => Self::Ae,
            "AR" => Self::Ar,
            "CA" => Self::Ca,
            "CE" => Self::Ce,
            "CR" => Self::Cr,
            _ => return None,
        })
    }

    /// As it stands in MSA-1.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aa => "AA",
            Self::Ae => "AE",
            Self::Ar => "AR",
            Self::Ca => "CA",
            Self::Ce => "CE",
            Self::Cr => "CR",
        }
    }

    /// `AA` or `CA`.
    pub fn is_positive(self) -> bool {
        matches!(self, Self::Aa | Self::Ca)
    }

    /// Whether the code speaks of safe storage alone (enhanced mode).
    pub fn is_commit(self) -> bool {
        matches!(self, Self::Ca | Self::Ce | Self::Cr)
    }
}

/// ERR-3 (table 0357), as far as we say it ourselves.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ErrorCode {
    /// 100.
    SegmentSequence,
    /// 101.
    RequiredFieldMissing,
    /// 102.
    DataType,
    /// 103.
    TableValueNotFound,
    /// 200.
    UnsupportedMessageType,
    /// 201.
    UnsupportedEvent,
    /// 202.
    UnsupportedProcessingId,
    /// 203.
    UnsupportedVersion,
    /// 204.
    UnknownKey,
    /// 205.
    DuplicateKey,
    /// 206.
    RecordLocked,
    /// 207.
    ApplicationInternal,
}

impl ErrorCode {
    /// The code and its words.
    pub fn code_and_text(self) -> (&'static str, &'static str) {
        match self {
            Self::SegmentSequence => ("100", "Segment sequence error"),
            Self::RequiredFieldMissing => ("101", "Required field missing"),
            Self::DataType => ("102", "Data type error"),
            Self::TableValueNotFound => ("103", "Table value not found"),
            Self::UnsupportedMessageType => ("200", "Unsupported message type"),
            Self::UnsupportedEvent => ("201", "Unsupported event code"),
            Self::UnsupportedProcessingId => ("202", "Unsupported processing id"),
            Self::UnsupportedVersion => ("203", "Unsupported version id"),
            Self::UnknownKey => ("204", "Unknown key identifier"),
            Self::DuplicateKey => ("205", "Duplicate key identifier"),
            Self::RecordLocked => ("206", "Application record locked"),
            Self::ApplicationInternal => ("207", "Application internal error"),
        }
    }
}
