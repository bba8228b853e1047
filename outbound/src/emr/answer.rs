//! The simulated EMR's acknowledgements.

use hl7v2::ack::{AckCode, Answer, ErrorCode, Fault, Severity, write};
use hl7v2::datatype::{Dtm, Precision};
use hl7v2::{Charset, Header};
use jiff::tz::TimeZone;
use model::Timestamp;

/// What a message's header asks for, and the answers to it.
pub(super) struct Answers<'a> {
    header: Option<Header<'a>>,
    /// MSH-15 asks for a commit answer.
    pub(super) commit: bool,
    /// MSH-16 asks for an application's answer.
    pub(super) application: bool,
    now: Timestamp,
    n: usize,
}

impl<'a> Answers<'a> {
    /// To a message, or to bytes that are none: those name nothing. `n` makes each answer's MSH-10.
    pub(super) fn to(bytes: &'a [u8], n: usize, now: Timestamp) -> Self {
        let header = Header::parse(bytes, Charset::Windows1252).ok();
        let asks = |n| {
            header
                .as_ref()
                .is_some_and(|msh| !matches!(msh.field(n).raw(), b"" | b"NE"))
        };
        let (commit, application) = (asks(15), asks(16));
        Self {
            header,
            commit,
            application,
            now,
            n,
        }
    }

    pub(super) fn control_id(&self) -> String {
        self.header
            .map(|header| header.control_id().text().into_owned())
            .unwrap_or_default()
    }

    /// `AA`, or `CA` where a commit answer is asked for.
    pub(super) fn accept(&self) -> Vec<u8> {
        self.write(
            if self.commit {
                AckCode::Ca
            } else {
                AckCode::Aa
            },
            &[],
        )
    }

    /// The application's answer after a `CA`.
    pub(super) fn application_accept(&self) -> Vec<u8> {
        self.write(AckCode::Aa, &[])
    }

    /// `AA` that names another message.
    pub(super) fn wrong_id(&self) -> Vec<u8> {
        let text = String::from_utf8_lossy(&self.accept()).into_owned();
        text.replacen("\rMSA|AA|", "\rMSA|AA|X", 1)
            .replacen("\rMSA|CA|", "\rMSA|CA|X", 1)
            .into()
    }

    /// Refused for good.
    pub(super) fn reject(&self) -> Vec<u8> {
        self.refuse(ErrorCode::UnsupportedMessageType, "not wanted")
    }

    /// Refused for now.
    pub(super) fn busy(&self) -> Vec<u8> {
        self.refuse(ErrorCode::ApplicationInternal, "busy, try again")
    }

    /// It failed on our side.
    pub(super) fn error(&self) -> Vec<u8> {
        let code = if self.commit {
            AckCode::Ce
        } else {
            AckCode::Ae
        };
        self.write(code, &[fault(ErrorCode::ApplicationInternal, "it failed")])
    }

    fn refuse(&self, condition: ErrorCode, message: &str) -> Vec<u8> {
        let code = if self.commit {
            AckCode::Cr
        } else {
            AckCode::Ar
        };
        self.write(code, &[fault(condition, message)])
    }

    fn write(&self, code: AckCode, faults: &[Fault<'_>]) -> Vec<u8> {
        let control_id = format!("EMR{:06}{}", self.n + 1, code.as_str());
        let at = Dtm::from_timestamp(self.now, &TimeZone::UTC).truncated(Precision::Second);
        write(
            self.header.as_ref(),
            &Answer {
                code,
                control_id: &control_id,
                at,
                faults,
            },
        )
    }
}

fn fault(code: ErrorCode, message: &str) -> Fault<'_> {
    Fault {
        place: None,
        code,
        severity: Severity::Error,
        message,
    }
}
