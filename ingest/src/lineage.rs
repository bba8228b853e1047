//! Lineage as it is stored beside a version: which field of which message gave each element.
//!
//! It is a list of triples of varints (LEB128): the element's term, the field's term, and which
//! message: 0 none, 1 the message of the version, else 2 + its id. Terms are numbers of the store's
//! dictionary.

use model::JournalId;

/// Where an element came from, in terms of the dictionary.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Line {
    /// The element.
    pub element: i32,
    /// The field.
    pub field: i32,
    /// The message.
    pub journal: Option<JournalId>,
}

/// Reads the lineage of a version that follows from the message `own`. What can't be read is left out.
pub fn decode(mut bytes: &[u8], own: Option<JournalId>) -> Vec<Line> {
    let mut lines = Vec::new();
    while let Some([element, field, message]) = triple(&mut bytes) {
        let (Ok(element), Ok(field)) = (i32::try_from(element), i32::try_from(field)) else {
            break;
        };
        let journal = match message {
            0 => None,
            1 => own,
            other => i64::try_from(other - 2).ok().map(JournalId),
        };
        lines.push(Line {
            element,
            field,
            journal,
        });
    }
    lines
}

/// What the lineage of a version holds if it names a message that is not its own.
pub(crate) fn mark(journal: JournalId) -> Vec<u8> {
    let mut mark = Vec::new();
    write_varint(named(journal), &mut mark);
    mark
}

/// The number that stands for a message.
pub(crate) fn named(journal: JournalId) -> u64 {
    u64::try_from(journal.0)
        .unwrap_or_default()
        .saturating_add(2)
}

fn triple(bytes: &mut &[u8]) -> Option<[u64; 3]> {
    Some([varint(bytes)?, varint(bytes)?, varint(bytes)?])
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// Writes a number in as few bytes as it takes.
pub(crate) fn write_varint(mut value: u64, out: &mut Vec<u8>) {
    while 0x80 <= value {
        out.push(u8::try_from(value & 0x7F).unwrap_or_default() | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_numbers_take_one_byte() {
        let mut out = Vec::new();
        for value in [0, 127, 128, 300, u64::MAX] {
            write_varint(value, &mut out);
        }
        assert_eq!(out.get(..6).unwrap(), [0, 127, 0x80, 1, 0xAC, 2]);
        assert_eq!(out.len(), 6 + 10);
    }

    #[test]
    fn what_was_written_is_read() {
        let mut out = Vec::new();
        for value in [1, 2, 1, 300, 4, 0, 5, 6, 702] {
            write_varint(value, &mut out);
        }
        let own = JournalId(7);
        let read: Vec<_> = decode(&out, Some(own))
            .iter()
            .map(|line| (line.element, line.field, line.journal))
            .collect();
        let expected = [
            (1, 2, Some(own)),
            (300, 4, None),
            (5, 6, Some(JournalId(700))),
        ];
        assert_eq!(read, expected);
        assert_eq!(decode(&[1, 2], None), []);
    }
}
