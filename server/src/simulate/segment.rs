//! Writing segments: fields by their number, times as HL7 has them.

use std::fmt::Write;

use jiff::{Timestamp, civil::Date, tz::TimeZone};

/// A segment from its name and its valued fields, in rising order of field number.
pub(super) fn segment(name: &str, fields: &[(usize, String)]) -> String {
    let mut text = name.to_owned();
    let mut at = 0;
    for (number, value) in fields {
        while at < *number {
            text.push('|');
            at += 1;
        }
        text.push_str(value);
    }
    let used = text.trim_end_matches('|').len();
    text.truncate(used);
    text.push('\r');
    text
}

/// A time stamp to the second with the offset that the zone then had.
pub(super) fn time(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone())
        .strftime("%Y%m%d%H%M%S%z")
        .to_string()
}

/// A day.
pub(super) fn date(day: Date) -> String {
    day.strftime("%Y%m%d").to_string()
}

/// Text in a field: separators become escapes.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => escaped.push_str("\\E\\"),
            '|' => escaped.push_str("\\F\\"),
            '^' => escaped.push_str("\\S\\"),
            '&' => escaped.push_str("\\T\\"),
            '~' => escaped.push_str("\\R\\"),
            '\r' | '\n' => {
                let _ = write!(escaped, "\\.br\\");
            }
            other => escaped.push(other),
        }
    }
    escaped
}
