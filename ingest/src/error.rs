//! Why a message is not accepted, and what its sender is told: the one place that decides codes.

use hl7v2::{
    HeaderError,
    ack::{self, ErrorCode, Fault, Severity},
};
use model::ControlIdError;

/// Why a message was not taken.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum IntakeError {
    /// It is no message, or MSH can't be read.
    #[error(transparent)]
    UnreadableHeader(#[from] HeaderError),
    /// MSH-10 can't be repeated in an answer.
    #[error(transparent)]
    ControlId(#[from] ControlIdError),
    /// It is longer than the interface allows.
    #[error("the frame has more than {limit} bytes")]
    TooLarge {
        /// The interface's limit.
        limit: usize,
    },
    /// MSH-11 is not served here.
    #[error("MSH-11 is not served by this interface")]
    ProcessingId,
    /// MSH-5 names somebody else.
    #[error("MSH-5 does not name this application")]
    NotForUs,
    /// MSH-9.1 is not served, where the interface refuses what it has no rules for.
    #[error("MSH-9.1 is not served by this interface")]
    MessageType,
    /// MSH-9.2 is not served, where the interface refuses what it has no rules for.
    #[error("MSH-9.2 is not served by this interface")]
    Trigger,
    /// The store can't take this very message, though it takes others.
    #[error("the message can't be stored")]
    Unstorable,
    /// The database did not commit in time.
    #[error("try again: the message could not be stored now")]
    Store,
    /// The database's disk is almost full.
    #[error("try again later: the disk is almost full")]
    DiskLow,
    /// The server stops.
    #[error("try again: the server is stopping")]
    Stopping,
}

/// What MSA-1 says, apart from the mode: `AA AE AR`, or `CA CE CR` in enhanced mode.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AckCode {
    /// The message is safe with us.
    Accept,
    /// It is not; sending it again may help.
    Error,
    /// It is not; sending it again can't help.
    Reject,
}

impl From<&IntakeError> for AckCode {
    fn from(error: &IntakeError) -> Self {
        match error {
            IntakeError::UnreadableHeader(_)
            | IntakeError::ControlId(_)
            | IntakeError::TooLarge { .. }
            | IntakeError::ProcessingId
            | IntakeError::NotForUs
            | IntakeError::MessageType
            | IntakeError::Trigger
            | IntakeError::Unstorable => Self::Reject,
            IntakeError::Store | IntakeError::DiskLow | IntakeError::Stopping => Self::Error,
        }
    }
}

impl AckCode {
    /// MSA-1 of an accept acknowledgement (enhanced mode) or of the only one (original mode).
    pub const fn msa_1(self, enhanced: bool) -> ack::AckCode {
        match (self, enhanced) {
            (Self::Accept, false) => ack::AckCode::Aa,
            (Self::Error, false) => ack::AckCode::Ae,
            (Self::Reject, false) => ack::AckCode::Ar,
            (Self::Accept, true) => ack::AckCode::Ca,
            (Self::Error, true) => ack::AckCode::Ce,
            (Self::Reject, true) => ack::AckCode::Cr,
        }
    }
}

impl IntakeError {
    /// ERR: what is wrong and where; `message` is the error's text.
    pub(crate) fn fault<'a>(&self, message: &'a str) -> Fault<'a> {
        let (code, field) = match self {
            Self::UnreadableHeader(header) => return Fault::of_header(*header),
            Self::ControlId(_) => (ErrorCode::DataType, Some(10)),
            Self::NotForUs => (ErrorCode::UnknownKey, Some(5)),
            Self::ProcessingId => (ErrorCode::UnsupportedProcessingId, Some(11)),
            Self::MessageType => (ErrorCode::UnsupportedMessageType, Some(9)),
            Self::Trigger => (ErrorCode::UnsupportedEvent, Some(9)),
            Self::TooLarge { .. }
            | Self::Unstorable
            | Self::Store
            | Self::DiskLow
            | Self::Stopping => (ErrorCode::ApplicationInternal, None),
        };
        let place = field.map(|field| ("MSH", 1, field));
        Fault {
            place,
            code,
            severity: Severity::Error,
            message,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_pass_asks_the_sender_to_try_again() {
        for error in [
            IntakeError::Store,
            IntakeError::DiskLow,
            IntakeError::Stopping,
        ] {
            assert_eq!(AckCode::from(&error), AckCode::Error);
            assert!(error.to_string().starts_with("try again"));
        }
        let refused = IntakeError::from(HeaderError::NoMsh);
        assert_eq!(AckCode::from(&refused).msa_1(true), ack::AckCode::Cr);
        assert_eq!(
            AckCode::from(&IntakeError::ProcessingId).msa_1(false),
            ack::AckCode::Ar
        );
    }
}
