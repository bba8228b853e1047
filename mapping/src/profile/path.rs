//! Places in a message, as profiles name them: `PV1-19` or `PV1-19.1`.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// A field of a segment, or one component of its first repetition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Path {
    pub(crate) segment: String,
    pub(crate) field: u8,
    pub(crate) component: Option<u8>,
}

/// What stands in a field instead of what was sent.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub(crate) struct Override {
    pub(crate) at: Path,
    pub(crate) take: Take,
    /// Only where the sender left it empty.
    pub(crate) only_if_empty: bool,
}

/// Where the value comes from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub(crate) enum Take {
    /// Another field.
    From(Path),
    /// Always this, written as in a message with the usual separators.
    Value(String),
    /// Nowhere: the field counts as empty.
    Nothing,
}

/// A text that is no place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct NotAPath;

impl FromStr for Path {
    type Err = NotAPath;

    fn from_str(text: &str) -> Result<Self, NotAPath> {
        let (segment, rest) = text.split_once('-').ok_or(NotAPath)?;
        let is_plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        let begins = segment.starts_with(|first: char| first.is_ascii_uppercase());
        if segment.len() != 3 || !begins || !segment.bytes().all(is_plain) {
            return Err(NotAPath);
        }
        let number = |text: &str| text.parse::<u8>().ok().filter(|n| (1..=127).contains(n));
        let (field, component) = match rest.split_once('.') {
            None => (rest, None),
            Some((field, component)) => (field, Some(number(component).ok_or(NotAPath)?)),
        };
        Ok(Self {
            segment: segment.to_owned(),
            field: number(field).ok_or(NotAPath)?,
            component,
        })
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.segment, self.field)?;
        match self.component {
            Some(component) => write!(f, ".{component}"),
            None => Ok(()),
        }
    }
}

impl Serialize for Path {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
