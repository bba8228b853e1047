//! The primitive types and what their values may be (R4 datatypes.html#primitive).

use serde_json::Value;

use crate::instant::{Moment, Precision, parse_time};
use crate::reference::is_id;

/// A string may have 1 MiB (R4 datatypes.html#string). Base64 and narrative are bounded by
/// the body's limit alone.
const STRING_BYTES_MAX: usize = 1024 * 1024;

const NO_STRING: &str = "must be a string in quotes";

/// A primitive type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Primitive {
    Base64Binary,
    Boolean,
    Canonical,
    Code,
    Date,
    DateTime,
    Decimal,
    Id,
    Instant,
    Integer,
    Markdown,
    Oid,
    PositiveInt,
    String,
    Time,
    UnsignedInt,
    Uri,
    Url,
    Uuid,
    Xhtml,
}

impl Primitive {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "base64Binary" => Self::Base64Binary,
            "boolean" => Self::Boolean,
            "canonical" => Self::Canonical,
            "code" => Self::Code,
            "date" => Self::Date,
            "dateTime" => Self::DateTime,
            "decimal" => Self::Decimal,
            "id" => Self::Id,
            "instant" => Self::Instant,
            "integer" => Self::Integer,
            "markdown" => Self::Markdown,
            "oid" => Self::Oid,
            "positiveInt" => Self::PositiveInt,
            "string" => Self::String,
            "time" => Self::Time,
            "unsignedInt" => Self::UnsignedInt,
            "uri" => Self::Uri,
            "url" => Self::Url,
            "uuid" => Self::Uuid,
            "xhtml" => Self::Xhtml,
            _ => return None,
        })
    }

    /// What the value must be, when it isn't; `null` and containers are the caller's.
    pub(crate) fn fault(self, value: &Value) -> Option<&'static str> {
        let (good, what) = match self {
            Self::Boolean => (value.is_boolean(), "must be true or false, without quotes"),
            Self::Decimal => (value.is_number(), "must be a number, without quotes"),
            Self::Integer => (
                is_whole(value, i32::MIN),
                "must be a whole number of 32 bits, without quotes",
            ),
            Self::UnsignedInt => (
                is_whole(value, 0),
                "must be a whole number from 0 to 2147483647, without quotes",
            ),
            Self::PositiveInt => (
                is_whole(value, 1),
                "must be a whole number from 1 to 2147483647, without quotes",
            ),
            Self::Base64Binary
            | Self::Canonical
            | Self::Code
            | Self::Date
            | Self::DateTime
            | Self::Id
            | Self::Instant
            | Self::Markdown
            | Self::Oid
            | Self::String
            | Self::Time
            | Self::Uri
            | Self::Url
            | Self::Uuid
            | Self::Xhtml => {
                return value
                    .as_str()
                    .map_or(Some(NO_STRING), |text| self.text_fault(text));
            }
        };
        (!good).then_some(what)
    }

    fn text_fault(self, text: &str) -> Option<&'static str> {
        if text.is_empty() {
            return Some("must not be empty; leave the element out");
        }
        if !matches!(self, Self::Base64Binary | Self::Xhtml) && text.len() > STRING_BYTES_MAX {
            return Some("must not be longer than 1 MiB");
        }
        let moment = || Moment::parse(text);
        let (good, what) = match self {
            Self::Base64Binary => (is_base64(text), "must be Base64 with its padding"),
            Self::Code => (
                is_code(text),
                "must be a code: no space at its ends, single spaces inside",
            ),
            Self::Date => (
                moment().is_some_and(|m| m.precision <= Precision::Day),
                "must be a real date: YYYY, YYYY-MM or YYYY-MM-DD",
            ),
            Self::DateTime => (
                moment().is_some_and(|m| m.precision <= Precision::Day || is_instant(&m)),
                "must be a real date, YYYY, YYYY-MM or YYYY-MM-DD, or a time with seconds and zone, \
                 YYYY-MM-DDThh:mm:ss+zz:zz",
            ),
            Self::Instant => (
                moment().is_some_and(|m| is_instant(&m)),
                "must be a real time with seconds and zone, YYYY-MM-DDThh:mm:ss+zz:zz",
            ),
            Self::Time => (
                parse_time(text).is_some_and(|(_, precision, _)| precision >= Precision::Second),
                "must be a time of day, hh:mm:ss",
            ),
            Self::Id => (is_id(text), "must be 1 to 64 of A-Z, a-z, 0-9, - and ."),
            Self::Oid => (is_oid(text), "must be an OID, urn:oid:1.2.3"),
            Self::Uuid => (is_uuid(text), "must be a UUID in lower case, urn:uuid:…"),
            Self::Uri | Self::Url | Self::Canonical => (
                !text.contains(char::is_whitespace),
                "must be a URI: no white space",
            ),
            Self::Xhtml => return crate::xhtml::fault(text),
            Self::String
            | Self::Markdown
            // Not texts: `fault` has dealt with them.
            | Self::Boolean
            | Self::Decimal
            | Self::Integer
            | Self::PositiveInt
            | Self::UnsignedInt => (
                has_only_text(text),
                "must hold something other than white space, and no control characters",
            ),
        };
        (!good).then_some(what)
    }
}

fn is_whole(value: &Value, min: i32) -> bool {
    value
        .as_i64()
        .is_some_and(|n| (i64::from(min)..=i64::from(i32::MAX)).contains(&n))
}

fn is_instant(moment: &Moment) -> bool {
    moment.zoned && moment.precision >= Precision::Second
}

/// White space inside is allowed (R4), padding is not optional.
fn is_base64(text: &str) -> bool {
    let mut n_chars = 0_usize;
    let mut n_padding = 0_usize;
    for byte in text.bytes() {
        match byte {
            b'=' => n_padding += 1,
            b' ' | b'\t' | b'\r' | b'\n' => continue,
            _ if n_padding > 0 => return false,
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' => {}
            _ => return false,
        }
        n_chars += 1;
    }
    n_padding <= 2 && n_chars > 0 && n_chars.is_multiple_of(4)
}

fn is_code(text: &str) -> bool {
    text.split(' ')
        .all(|word| !word.is_empty() && !word.contains(char::is_whitespace))
}

fn is_oid(text: &str) -> bool {
    let Some(numbers) = text.strip_prefix("urn:oid:") else {
        return false;
    };
    let mut parts = numbers.split('.');
    let root = parts
        .next()
        .is_some_and(|root| matches!(root, "0" | "1" | "2"));
    let n_arcs = parts.clone().count();
    let is_arc = |part: &str| {
        let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        digits && (part == "0" || !part.starts_with('0'))
    };
    root && n_arcs > 0 && parts.all(is_arc)
}

fn is_uuid(text: &str) -> bool {
    let Some(digits) = text.strip_prefix("urn:uuid:") else {
        return false;
    };
    let groups = [8, 4, 4, 4, 12];
    digits.split('-').map(str::len).eq(groups)
        && digits
            .bytes()
            .all(|b| b == b'-' || b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// R4 datatypes.html#string: no characters below U+0020 but tab, LF and CR; not only white space.
fn has_only_text(text: &str) -> bool {
    let mut blank = true;
    for byte in text.bytes() {
        match byte {
            b'\t' | b'\n' | b'\r' | b' ' => {}
            0..0x20 => return false,
            _ => blank = false,
        }
    }
    !blank
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(primitive: Primitive, good: &[Value], bad: &[Value]) {
        for value in good {
            assert_eq!(primitive.fault(value), None, "{primitive:?} {value}");
        }
        for value in bad {
            assert!(primitive.fault(value).is_some(), "{primitive:?} {value}");
        }
    }

    fn numbers(texts: &[&str]) -> Vec<Value> {
        texts
            .iter()
            .map(|text| serde_json::from_str(text).unwrap())
            .collect()
    }

    #[test]
    fn numbers_have_their_ranges() {
        check(
            Primitive::Integer,
            &numbers(&["0", "-2147483648", "2147483647"]),
            &numbers(&["2147483648", "1.0", "1e2", "\"1\""]),
        );
        check(
            Primitive::UnsignedInt,
            &numbers(&["0", "7"]),
            &numbers(&["-1"]),
        );
        check(
            Primitive::PositiveInt,
            &numbers(&["1"]),
            &numbers(&["0", "true"]),
        );
        check(
            Primitive::Decimal,
            &numbers(&["0.010", "-1.5e3", "7", "3.14159265358979323846"]),
            &numbers(&["\"1.0\"", "false"]),
        );
        check(
            Primitive::Boolean,
            &[json!(true)],
            &[json!("true"), json!(1)],
        );
    }

    #[test]
    fn dates_and_times_have_their_forms() {
        check(
            Primitive::Date,
            &[json!("2024"), json!("2024-02-29")],
            &[json!("2024-02-30"), json!("2024-02-29T10:00:00Z")],
        );
        check(
            Primitive::DateTime,
            &[json!("2024-05"), json!("2024-05-01T10:00:00.5+02:00")],
            &[
                json!("2024-05-01T10:00:00"),
                json!("2024-05-01T10:00Z"),
                json!("05/01/2024"),
            ],
        );
        check(
            Primitive::Instant,
            &[json!("2024-05-01T10:00:00Z")],
            &[json!("2024-05-01"), json!("2024-05-01T10:00:00")],
        );
        check(
            Primitive::Time,
            &[json!("10:00:00"), json!("10:00:00.25")],
            &[json!("10:00"), json!("25:00:00"), json!("10:00:00Z")],
        );
    }

    #[test]
    fn names_of_things_have_their_forms() {
        check(
            Primitive::Id,
            &[json!("a-1.B")],
            &[json!("a_1"), json!("x".repeat(65)), json!("")],
        );
        check(
            Primitive::Oid,
            &[json!("urn:oid:2.16.840.1")],
            &[
                json!("2.16.840"),
                json!("urn:oid:3.1"),
                json!("urn:oid:1"),
                json!("urn:oid:1.02"),
            ],
        );
        check(
            Primitive::Uuid,
            &[json!("urn:uuid:0190f3a2-7d5e-7c11-8000-000000000001")],
            &[
                json!("urn:uuid:0190F3A2-7d5e-7c11-8000-000000000001"),
                json!("0190f3a2"),
            ],
        );
        check(
            Primitive::Uri,
            &[json!("http://a.example/b c".replace(' ', "%20"))],
            &[json!("http://a.example/b c")],
        );
        check(
            Primitive::Code,
            &[json!("final"), json!("a b")],
            &[json!(" final"), json!("a  b"), json!("a\tb")],
        );
    }

    #[test]
    fn texts_are_neither_empty_nor_blank_nor_control_characters() {
        check(
            Primitive::String,
            &[json!("a\nb"), json!("ü")],
            &[
                json!(""),
                json!(" \n"),
                json!("a\u{0}b"),
                json!("x".repeat(STRING_BYTES_MAX + 1)),
            ],
        );
        check(
            Primitive::Base64Binary,
            &[json!("QUJD"), json!("QUI="), json!("QU\nJD")],
            &[
                json!("QUI"),
                json!("QU=J"),
                json!("Q==="),
                json!("QU_D"),
                json!(""),
            ],
        );
    }
}
