//! Why an operator did something, for the record.

use std::fmt;
use std::str::FromStr;

use super::Usage;

/// How long a reason may be: it is one field of an audit row.
const CHARS_MAX: usize = 200;

/// A reason in the words of who gives it.
#[derive(Clone, Debug)]
pub(super) struct Reason(String);

impl FromStr for Reason {
    type Err = Usage;

    fn from_str(text: &str) -> Result<Self, Usage> {
        let text = text.trim();
        if (1..=CHARS_MAX).contains(&text.chars().count()) {
            return Ok(Self(text.to_owned()));
        }
        let what = format!("say why, in at most {CHARS_MAX} characters");
        Err(Usage(what))
    }
}

impl Reason {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
