//! What a receiver answers: its acknowledgement read, and what it means for the delivery.

use hl7v2::Charset;
use hl7v2::ack::{AckCode, AckError, Acknowledgement, Complaint};
use model::{Outcome, Phi};

/// An acknowledgement. What a receiver writes into its texts may quote a patient, so they are kept
/// in the database and never logged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ack {
    /// MSA-1.
    pub code: AckCode,
    /// MSA-2: the control id of the message that it answers.
    pub acknowledges: String,
    /// MSA-3 and what each complaint says, one per line.
    pub text: Phi<String>,
    /// ERR-3 (before v2.5 ERR-1.4) and MSA-6: codes of HL7 table 0357.
    pub conditions: Vec<String>,
    /// The MSA and ERR segments as they came, one per line.
    pub segments: Phi<String>,
}

impl Ack {
    /// Reads a frame's bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, AckError> {
        let read = Acknowledgement::parse(bytes, Charset::Windows1252)?;
        let complaints: Vec<Complaint<'_>> = read.complaints().collect();
        let said = complaints.iter().map(|complaint| complaint.text.as_ref());
        let texts = std::iter::once(read.text()).chain(said.map(Into::into));
        let mut texts = texts
            .filter(|text| !text.trim().is_empty())
            .collect::<Vec<_>>();
        // Senders say in MSA-3 what ERR-8 says.
        texts.dedup();
        let conditions = complaints.iter().map(|complaint| complaint.code.as_ref());
        let lines = read
            .message()
            .segments()
            .filter(|line| matches!(line.name(), "MSA" | "ERR"));
        let lines = lines.map(|line| String::from_utf8_lossy(line.raw()).into_owned());
        Ok(Self {
            code: read.code(),
            acknowledges: read.acknowledges().trim().to_owned(),
            text: Phi::new(texts.join("\n")),
            conditions: conditions
                .filter(|code| !code.is_empty())
                .map(str::to_owned)
                .collect(),
            segments: Phi::new(lines.collect::<Vec<_>>().join("\n")),
        })
    }
}

/// How a destination's negative answers are to be taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AckPolicy {
    /// Whether `AE` and `CE` that name no permanent condition are sent again.
    pub retry_errors: bool,
    /// Words in an answer's texts that mean "later": they make even `AR` worth a retry. Lower case.
    pub transient_texts: Vec<String>,
    /// Words that mean "never": they end the delivery even with `AE`. Lower case.
    pub permanent_texts: Vec<String>,
}

impl Default for AckPolicy {
    fn default() -> Self {
        let transient = [
            "busy",
            "try again",
            "temporar",
            "unavailable",
            "record locked",
            "timeout",
        ];
        Self {
            retry_errors: true,
            transient_texts: transient.map(str::to_owned).into(),
            permanent_texts: Vec::new(),
        }
    }
}

impl AckPolicy {
    /// HL7 table 0357, the conditions that the same bytes will meet again: segment, field, type or
    /// code at fault, unsupported type, event, processing id or version, unknown or duplicate key.
    const PERMANENT: [&str; 11] = [
        "100", "101", "102", "103", "104", "200", "201", "202", "203", "204", "205",
    ];

    /// What an answer means for the delivery.
    pub fn judge(&self, ack: &Ack) -> Outcome {
        if ack.code.is_positive() {
            return Outcome::Accepted;
        }
        let text = ack.segments.expose().to_lowercase();
        let says = |words: &[String]| words.iter().any(|word| text.contains(word.as_str()));
        if says(&self.permanent_texts) {
            return Outcome::Rejected;
        }
        if says(&self.transient_texts) {
            return Outcome::Failed;
        }
        let refused = matches!(ack.code, AckCode::Ar | AckCode::Cr);
        let known = ack
            .conditions
            .iter()
            .any(|code| Self::PERMANENT.contains(&code.as_str()));
        if refused || known || !self.retry_errors {
            Outcome::Rejected
        } else {
            Outcome::Failed
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ack(rest: &str) -> Ack {
        Ack::parse(format!("MSH|^~\\&|E|F|D|B|20260105||ACK|R1|P|2.5.1\r{rest}").as_bytes())
            .unwrap()
    }

    fn check(rest: &str, expected: Outcome) {
        assert_eq!(AckPolicy::default().judge(&ack(rest)), expected, "{rest}");
    }

    #[test]
    fn positive_codes_accept_and_plain_errors_are_worth_a_retry() {
        check("MSA|AA|1\r", Outcome::Accepted);
        check("MSA|CA|1\r", Outcome::Accepted);
        check("MSA|AE|1\r", Outcome::Failed);
        check("MSA|CE|1|disk\r", Outcome::Failed);
        check("MSA|AR|1\r", Outcome::Rejected);
    }

    #[test]
    fn busy_makes_a_refusal_worth_a_retry_and_a_permanent_condition_ends_an_error() {
        check("MSA|AR|1|System BUSY\r", Outcome::Failed);
        check(
            "MSA|AE|1\rERR||PID^1^3|204^Unknown key identifier^HL70357|E\r",
            Outcome::Rejected,
        );
        check(
            "MSA|AE|1\rERR|PID^1^3^101&Required field missing&HL70357\r",
            Outcome::Rejected,
        );
        check(
            "MSA|AE|1\rERR|||207^Application internal error^HL70357|E\r",
            Outcome::Failed,
        );
        check("MSA|AE|1|||||102^Data type error\r", Outcome::Failed);
        check("MSA|AE|1||||102^Data type error\r", Outcome::Rejected);
    }

    #[test]
    fn a_site_may_name_texts_that_never_pass() {
        let policy = AckPolicy {
            permanent_texts: vec!["no such patient".into()],
            ..AckPolicy::default()
        };
        assert_eq!(
            policy.judge(&ack("MSA|AE|1|No such patient\r")),
            Outcome::Rejected
        );
    }

    #[test]
    fn texts_and_segments_are_kept_but_do_not_print() {
        let ack = ack(
            "MSA|AE|77|SECRETNAME\rERR||PID^1^5|101^Required^HL70357|E|||diag SECRETNAME|user\r",
        );
        assert_eq!(ack.acknowledges, "77");
        assert_eq!(ack.text.expose(), "SECRETNAME\nuser");
        assert!(ack.segments.expose().contains("ERR||PID^1^5"));
        assert!(!format!("{ack:?}").contains("SECRETNAME"));
    }

    #[test]
    fn what_is_no_acknowledgement_says_why() {
        assert!(matches!(Ack::parse(b"hello"), Err(AckError::Header(_))));
        assert_eq!(Ack::parse(b"MSH|^~\\&|\rPID|1\r"), Err(AckError::NoMsa));
        assert_eq!(Ack::parse(b"MSH|^~\\&|\rMSA|OK|1\r"), Err(AckError::Code));
    }
}
