//! A field's place in a message: `PID-3`.

use std::fmt;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// A segment's name and a field's number, ordered as an interface analyst reads them: `PID-3` before `PID-11`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    segment: [u8; 3],
    field: u8,
}

impl Place {
    /// The place of a field; a name that is not three letters long is padded or cut.
    pub const fn new(segment: &str, field: u8) -> Self {
        let name = match segment.as_bytes() {
            [a, b, c, ..] => [*a, *b, *c],
            [a, b] => [*a, *b, b'_'],
            [a] => [*a, b'_', b'_'],
            [] => *b"___",
        };
        Self {
            segment: name,
            field,
        }
    }

    /// The segment's name.
    pub fn segment(&self) -> &str {
        std::str::from_utf8(&self.segment).unwrap_or("???")
    }

    /// The field's number; 0 for the segment itself.
    pub const fn field(self) -> u8 {
        self.field
    }
}

impl Place {
    /// The place as text, which `Display` gives more slowly.
    pub(crate) fn text(self) -> String {
        let mut out = String::with_capacity(8);
        self.push(&mut out);
        out
    }

    /// Appends the place as text: one stands beside each register and each line of lineage.
    pub(crate) fn push(self, out: &mut String) {
        out.push_str(self.segment());
        if self.field != 0 {
            out.push('-');
            push_number(out, usize::from(self.field));
        }
    }
}

/// Appends a number, which is small most of the time.
pub(super) fn push_number(out: &mut String, number: usize) {
    use fmt::Write as _;
    match u8::try_from(number) {
        Ok(digit @ 0..10) => out.push(char::from(b'0' + digit)),
        Ok(two @ 10..100) => out.extend([two / 10, two % 10].map(|digit| char::from(b'0' + digit))),
        _ => {
            let _ = write!(out, "{number}");
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field {
            0 => f.write_str(self.segment()),
            field => write!(f, "{}-{field}", self.segment()),
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that names no field.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a field's place")]
pub struct NotAPlace;

impl FromStr for Place {
    type Err = NotAPlace;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (segment, field) = text.split_once('-').unwrap_or((text, "0"));
        if segment.len() != 3 || !segment.is_ascii() {
            return Err(NotAPlace);
        }
        let field = field.parse().map_err(|_| NotAPlace)?;
        Ok(Self::new(segment, field))
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Place;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a field's place")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Place, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Text)
    }
}

/// Facts hold personal values: their `Debug` shows none of them.
macro_rules! debug_as_count {
    ($($name:ident),+) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    )+};
}

pub(super) use debug_as_count;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_sort_by_number_not_by_text() {
        assert!(Place::new("PID", 3) < Place::new("PID", 11));
    }

    #[test]
    fn a_place_survives_its_text() {
        for place in [Place::new("PV1", 44), Place::new("DG1", 0)] {
            assert_eq!(place.to_string().parse(), Ok(place));
        }
        assert_eq!("PID-x".parse::<Place>(), Err(NotAPlace));
    }
}
