//! MSH-10, the message control id.

use std::fmt;

/// MSH-10: names one message of one sender (HL7 v2.5.1 ch. 2.15.9.10).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ControlId(String);

/// Why a text is no control id.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ControlIdError {
    /// The field was empty.
    #[error("MSH-10 is empty")]
    Empty,
    /// Longer than [`ControlId::CHARS_MAX`]; holds the length in characters.
    #[error("MSH-10 has {0} characters, more than {max}", max = ControlId::CHARS_MAX)]
    TooLong(usize),
    /// Holds a control character, which would break the acknowledgement's framing.
    #[error("MSH-10 holds a control character")]
    ControlCharacter,
}

impl ControlId {
    /// The standard says 20 (2.5) or 199 (2.7); real senders use up to 250.
    pub const CHARS_MAX: usize = 250;

    /// Takes an unescaped MSH-10.
    pub fn parse(raw: &str) -> Result<Self, ControlIdError> {
        match raw.chars().count() {
            0 => Err(ControlIdError::Empty),
            n_chars if Self::CHARS_MAX < n_chars => Err(ControlIdError::TooLong(n_chars)),
            _ if raw.chars().any(char::is_control) => Err(ControlIdError::ControlCharacter),
            _ => Ok(Self(raw.to_owned())),
        }
    }

    /// The id as sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ControlId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_id_and_one_with_control_characters_are_refused() {
        assert_eq!(ControlId::parse(""), Err(ControlIdError::Empty));
        assert_eq!(
            ControlId::parse("a\rb"),
            Err(ControlIdError::ControlCharacter)
        );
        assert_eq!(
            ControlId::parse(&"9".repeat(251)),
            Err(ControlIdError::TooLong(251))
        );
    }
}
