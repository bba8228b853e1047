//! Reading an acknowledgement.

use std::borrow::Cow;

use crate::{Charset, HeaderError, Message, Segment, ack::AckCode, datatype::Cwe};

/// Why bytes are no acknowledgement.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AckError {
    /// They are no message.
    #[error("the answer has no readable header")]
    Header(#[from] HeaderError),
    /// There is no MSA.
    #[error("the answer has no MSA")]
    NoMsa,
    /// MSA-1 is none of the six codes.
    #[error("MSA-1 is no acknowledgement code")]
    Code,
}

/// An acknowledgement as received.
#[derive(Debug)]
pub struct Acknowledgement<'a> {
    message: Message<'a>,
    code: AckCode,
    msa: usize,
}

/// What a receiver complains about. Its texts may quote a patient.
#[derive(Clone, PartialEq, Eq)]
pub struct Complaint<'a> {
    /// ERR-2, else ERR-1, as sent: `MSH^1^10`.
    pub place: Cow<'a, str>,
    /// ERR-3.1, else ERR-1.4.1, else MSA-6.1.
    pub code: Cow<'a, str>,
    /// ERR-4.
    pub severity: Cow<'a, str>,
    /// ERR-8, else ERR-7, else the words beside the code.
    pub text: Cow<'a, str>,
}

impl<'a> Acknowledgement<'a> {
    /// Reads an acknowledgement.
    pub fn parse(bytes: &'a [u8], fallback: Charset) -> Result<Self, AckError> {
        let message = Message::parse_with(bytes, fallback)?;
        let (code, msa) = {
            let msa = message.segment("MSA").ok_or(AckError::NoMsa)?;
            (
                AckCode::parse(&msa.field(1).text()).ok_or(AckError::Code)?,
                msa.index(),
            )
        };
        Ok(Self { message, code, msa })
    }

    /// The message that it is.
    pub fn message(&self) -> &Message<'a> {
        &self.message
    }

    /// MSA-1.
    pub fn code(&self) -> AckCode {
        self.code
    }

    /// MSA-2: the control id of the message that is answered.
    pub fn acknowledges(&self) -> Cow<'_, str> {
        self.msa()
            .map_or(Cow::Borrowed(""), |msa| msa.field(2).text())
    }

    /// MSA-3.
    pub fn text(&self) -> Cow<'_, str> {
        self.msa()
            .map_or(Cow::Borrowed(""), |msa| msa.field(3).full_text())
    }

    /// MSH-10 of the acknowledgement itself.
    pub fn control_id(&self) -> Cow<'_, str> {
        self.message.msh().field(10).text()
    }

    /// What ERR segments say, and MSA-6 of versions that had it.
    pub fn complaints(&self) -> impl Iterator<Item = Complaint<'_>> {
        let of_msa = self.msa().map(|msa| Cwe::new(msa.field(6).first()));
        let of_msa = of_msa.filter(|cwe| !cwe.is_empty()).map(|cwe| Complaint {
            place: Cow::Borrowed(""),
            code: cwe.code(),
            severity: Cow::Borrowed(""),
            text: cwe.display(),
        });
        of_msa
            .into_iter()
            .chain(self.message.segments_named("ERR").flat_map(complaints_of))
    }

    fn msa(&self) -> Option<Segment<'_>> {
        self.message.segment_at(self.msa)
    }
}

fn complaints_of(err: Segment<'_>) -> Vec<Complaint<'_>> {
    let is_new = !err.field(3).is_empty() || !err.field(8).is_empty();
    if is_new {
        let code = Cwe::new(err.field(3).first());
        let said = [
            err.field(8).full_text(),
            err.field(7).full_text(),
            code.display(),
        ];
        return vec![Complaint {
            place: err.field(2).full_text(),
            code: code.code(),
            severity: err.field(4).text(),
            text: said
                .into_iter()
                .find(|text| !text.is_empty())
                .unwrap_or_default(),
        }];
    }
    err.field(1)
        .repetitions()
        .map(|location| {
            let code = Cwe::new(location.component(4));
            Complaint {
                place: location.full_text(),
                code: code.code(),
                severity: Cow::Borrowed(""),
                text: code.display(),
            }
        })
        .collect()
}

impl std::fmt::Debug for Complaint<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Complaint(..)")
    }
}
