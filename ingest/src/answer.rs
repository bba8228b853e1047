//! Whom to answer and how: which acknowledgements a sender wants, and in which bytes.

use bytes::Bytes;
use hl7v2::{
    Charset, Header, ack,
    datatype::{Dtm, Precision},
    mllp,
};
use jiff::{Timestamp, tz::TimeZone};

use crate::error::{AckCode, IntakeError};

/// What must be known of a message to answer it, when its bytes are long gone.
#[derive(Clone, Debug)]
pub(crate) struct ReturnAddress {
    /// The MSH line, as UTF-8 or in the sender's character set; empty when it can't be read.
    msh: Bytes,
    fallback: Charset,
    /// The sender speaks UTF-16, little end first or not.
    utf16: Option<Utf16>,
    mode: Mode,
}

/// In which bytes a UTF-16 sender is answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Utf16 {
    LittleEnd,
    BigEnd,
}

/// Which acknowledgements a sender wants.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mode {
    /// MSH-15 and MSH-16 are empty: one answer.
    Original,
    /// Enhanced mode (HL7 v2.5.1 ch. 2.9.2).
    Enhanced {
        /// An accept acknowledgement says `CA` on success.
        accept: bool,
        /// An application acknowledgement follows when the message was applied.
        application: bool,
    },
}

impl Mode {
    /// Reads MSH-15 and MSH-16 (table 0155). A sender that wants neither answer on success still
    /// gets `CA`: every complete frame is answered.
    fn of(header: &Header<'_>) -> Self {
        let accept = header.accept_ack_type().text();
        let application = header.application_ack_type().text();
        if accept.trim().is_empty() && application.trim().is_empty() {
            return Self::Original;
        }
        let application = matches!(application.trim(), "AL" | "SU");
        let accept = !application || !matches!(accept.trim(), "NE" | "ER");
        Self::Enhanced {
            accept,
            application,
        }
    }

    pub(crate) fn is_enhanced(self) -> bool {
        self != Self::Original
    }
}

impl ReturnAddress {
    /// The way back to a message whose MSH was read.
    pub(crate) fn of(header: &Header<'_>, msh: Bytes, fallback: Charset) -> Self {
        Self {
            msh,
            fallback,
            utf16: None,
            mode: Mode::of(header),
        }
    }

    /// The way back to something whose MSH can't be read.
    pub(crate) fn unknown() -> Self {
        Self {
            msh: Bytes::new(),
            fallback: Charset::Windows1252,
            utf16: None,
            mode: Mode::Original,
        }
    }

    /// The same for a sender that speaks UTF-16.
    pub(crate) fn in_utf16(self, utf16: Utf16) -> Self {
        Self {
            utf16: Some(utf16),
            ..self
        }
    }

    pub(crate) fn mode(&self) -> Mode {
        self.mode
    }

    /// A copy that does not keep the message's bytes alive.
    pub(crate) fn detached(&self) -> Self {
        Self {
            msh: Bytes::copy_from_slice(&self.msh),
            ..self.clone()
        }
    }

    /// The accept acknowledgement (or the only one) of a message that is safe.
    pub(crate) fn accept(
        &self,
        control_id: &str,
        at: Timestamp,
        zone: &TimeZone,
    ) -> (Bytes, &'static str) {
        let code = AckCode::Accept.msa_1(self.mode.is_enhanced());
        (self.render(code, &[], control_id, at, zone), code.as_str())
    }

    /// The answer to a message that was not taken.
    pub(crate) fn refuse(
        &self,
        error: &IntakeError,
        control_id: &str,
        at: Timestamp,
        zone: &TimeZone,
    ) -> (Bytes, &'static str) {
        let code = AckCode::from(error).msa_1(self.mode.is_enhanced());
        let message = error.to_string();
        (
            self.render(code, &[error.fault(&message)], control_id, at, zone),
            code.as_str(),
        )
    }

    /// The application acknowledgement of a message that was applied. It is always `AA`: what
    /// could not be mapped is safe with us, and sending it again would not help.
    pub(crate) fn application(&self, control_id: &str, at: Timestamp, zone: &TimeZone) -> Bytes {
        self.render(ack::AckCode::Aa, &[], control_id, at, zone)
    }

    /// The answer as a whole frame.
    fn render(
        &self,
        code: ack::AckCode,
        faults: &[ack::Fault<'_>],
        control_id: &str,
        at: Timestamp,
        zone: &TimeZone,
    ) -> Bytes {
        let at = Dtm::from_timestamp(at, zone).truncated(Precision::Second);
        let header = Header::parse(&self.msh, self.fallback).ok();
        let answer = ack::Answer {
            code,
            control_id,
            at,
            faults,
        };
        let body = ack::write(header.as_ref(), &answer);
        match self.utf16 {
            None => mllp::frame(&body),
            Some(end) => mllp::frame(&end.encode(&String::from_utf8_lossy(&body))),
        }
    }
}

impl Utf16 {
    fn encode(self, text: &str) -> Vec<u8> {
        let bytes = |unit: u16| match self {
            Self::LittleEnd => unit.to_le_bytes(),
            Self::BigEnd => unit.to_be_bytes(),
        };
        text.encode_utf16().flat_map(bytes).collect()
    }
}

#[cfg(test)]
mod tests {
    use hl7v2::HeaderError;

    use super::*;

    fn address(msh: &str) -> ReturnAddress {
        let msh = Bytes::copy_from_slice(msh.as_bytes());
        let header = Header::parse(&msh, Charset::Windows1252).unwrap();
        ReturnAddress::of(&header, msh.clone(), Charset::Windows1252)
    }

    fn text(frame: &[u8]) -> String {
        let body = frame
            .strip_prefix(b"\x0B")
            .unwrap()
            .strip_suffix(b"\x1C\r")
            .unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    }

    const AT: Timestamp = Timestamp::UNIX_EPOCH;

    #[test]
    fn the_mode_decides_between_application_and_commit_codes() {
        let (frame, code) =
            address("MSH|^~\\&|a|b|c|d|2024||ADT^A08|7|P|2.5.1").accept("42", AT, &TimeZone::UTC);
        assert_eq!(code, "AA");
        assert_eq!(
            text(&frame),
            "MSH|^~\\&|c|d|a|b|19700101000000+0000||ACK^A08^ACK|42|P|2.5.1\rMSA|AA|7\r"
        );
        let error = IntakeError::from(HeaderError::NoControlId);
        let to = address("MSH|^~\\&|a|b|c|d|2024||ADT^A08||P|2.5.1|||AL|NE");
        let (frame, code) = to.refuse(&error, "42", AT, &TimeZone::UTC);
        assert_eq!(code, "CR");
        let text = text(&frame);
        assert!(text.contains("MSA|CR||"), "{text:?}");
        assert!(text.contains("ERR||MSH^1^10|101^"), "{text:?}");
    }

    #[test]
    fn junk_gets_an_answer_that_names_nothing() {
        let error = IntakeError::from(HeaderError::NoMsh);
        let (frame, _) = ReturnAddress::unknown().refuse(&error, "42", AT, &TimeZone::UTC);
        let text = text(&frame);
        assert!(text.starts_with("MSH|^~\\&|||||1970"), "{text:?}");
        assert!(text.contains("\rMSA|AR|\r"), "{text:?}");
    }

    #[test]
    fn enhanced_mode_is_what_msh_15_and_16_say() {
        let mode =
            |tail: &str| address(&format!("MSH|^~\\&|||||||ADT^A01|1|P|2.5|||{tail}")).mode();
        assert_eq!(mode("|"), Mode::Original);
        let both = Mode::Enhanced {
            accept: true,
            application: true,
        };
        assert_eq!(mode("AL|AL"), both);
        assert_eq!(mode("|AL"), both);
        let accept = Mode::Enhanced {
            accept: true,
            application: false,
        };
        assert_eq!(mode("AL|NE"), accept);
        assert_eq!(mode("NE|NE"), accept);
        assert_eq!(
            mode("ER|AL"),
            Mode::Enhanced {
                accept: false,
                application: true
            }
        );
    }

    #[test]
    fn a_sender_of_utf16_is_answered_in_utf16() {
        let to = address("MSH|^~\\&|a|b|c|d|2024||ADT^A08|5|P|2.3").in_utf16(Utf16::LittleEnd);
        let (frame, _) = to.accept("42", AT, &TimeZone::UTC);
        assert_eq!(frame.get(..5).unwrap(), b"\x0BM\0S\0");
    }
}
