//! Bytes that hold several messages: a file, or a frame with an FHS/BHS batch.
//!
//! A message begins at every line that begins with MSH. Files come bare, as batches (ch. 2.10.3),
//! or with the MLLP framing that a capture left in. No byte disappears: what belongs to no message
//! is a part of its own; only framing bytes are left out.

use memchr::memchr2;

use crate::mllp::{END, START};

/// One piece of the bytes, in order.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Part<'a> {
    /// From MSH up to the next part, with the line ends as they came.
    Message(&'a [u8]),
    /// FHS or BHS, with its line end.
    Header(&'a [u8]),
    /// FTS or BTS, with its line end.
    Trailer(&'a [u8]),
    /// Lines before any message that are none of these.
    Stray(&'a [u8]),
}

/// The messages in the bytes, everything else left aside.
pub fn messages(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    parts(bytes).filter_map(|part| match part {
        Part::Message(message) => Some(message),
        Part::Header(_) | Part::Trailer(_) | Part::Stray(_) => None,
    })
}

/// Whether the bytes begin with a batch header (after a byte order mark or blank lines), so that
/// they are to be taken apart before they are read.
pub fn is_batch(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(MARK).unwrap_or(bytes).trim_ascii_start();
    matches!(kind(bytes), Some(Kind::Header))
}

/// All parts in order.
pub fn parts(bytes: &[u8]) -> impl Iterator<Item = Part<'_>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        rest = without_framing(rest);
        if rest.is_empty() {
            return None;
        }
        let first = kind(rest.strip_prefix(MARK).unwrap_or(rest));
        let n_bytes = part_len(rest, first);
        let (part, tail) = rest.split_at(n_bytes);
        rest = tail;
        let part = without_end(part);
        Some(match first {
            Some(Kind::Message) => Part::Message(part),
            Some(Kind::Header) => Part::Header(part),
            Some(Kind::Trailer) => Part::Trailer(part),
            None => Part::Stray(part),
        })
    })
}

const MARK: &[u8] = b"\xEF\xBB\xBF";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Message,
    Header,
    Trailer,
}

/// What a line is, by its name. After the name a separator must stand: free text may begin so too.
fn kind(line: &[u8]) -> Option<Kind> {
    let (name, after) = line.split_at_checked(3)?;
    let is_separated = after.first().is_none_or(u8::is_ascii_punctuation);
    let has_ended = after.first().is_none_or(u8::is_ascii_whitespace);
    match name {
        b"MSH" if is_separated => Some(Kind::Message),
        b"FHS" | b"BHS" if is_separated => Some(Kind::Header),
        b"FTS" | b"BTS" if is_separated || has_ended => Some(Kind::Trailer),
        _ => None,
    }
}

/// How far the part goes that begins here: a header or trailer is one line, the rest goes up to
/// the line where something else begins.
fn part_len(bytes: &[u8], first: Option<Kind>) -> usize {
    let is_one_line = matches!(first, Some(Kind::Header | Kind::Trailer));
    let mut at = line_len(bytes);
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let is_blank = rest
            .first()
            .is_some_and(|byte| matches!(byte, b'\r' | b'\n'));
        if !is_blank && (is_one_line || begins_part(rest)) {
            break;
        }
        at += line_len(rest);
    }
    at
}

fn begins_part(line: &[u8]) -> bool {
    let unframed = without_framing(line);
    kind(unframed.strip_prefix(MARK).unwrap_or(unframed)).is_some()
}

/// The length of the first line with its end.
fn line_len(bytes: &[u8]) -> usize {
    memchr2(b'\r', b'\n', bytes).map_or(bytes.len(), |end| end + 1)
}

/// Steps over the end of one frame and the start of the next.
fn without_framing(bytes: &[u8]) -> &[u8] {
    let Some(first) = bytes.first().filter(|byte| matches!(**byte, START | END)) else {
        return bytes;
    };
    let mut rest = bytes;
    if *first == END {
        rest = rest.get(1..).unwrap_or_default().trim_ascii_start();
    }
    rest.strip_prefix(&[START]).unwrap_or(rest)
}

/// Cuts off the end of a frame whose last segment has no line end.
fn without_end(part: &[u8]) -> &[u8] {
    match part.trim_ascii_end() {
        [content @ .., END] => content,
        _ => part,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(bytes: &[u8], expected: &[&str]) {
        let shown = parts(bytes).map(|part| match part {
            Part::Message(bytes) => format!("message({})", bytes.escape_ascii()),
            Part::Header(bytes) => format!("header({})", bytes.escape_ascii()),
            Part::Trailer(bytes) => format!("trailer({})", bytes.escape_ascii()),
            Part::Stray(bytes) => format!("stray({})", bytes.escape_ascii()),
        });
        assert_eq!(
            shown.collect::<Vec<_>>(),
            expected,
            "{}",
            bytes.escape_ascii()
        );
    }

    #[test]
    fn one_message_is_itself() {
        check(b"MSH|1\rPID|1\r", &[r"message(MSH|1\rPID|1\r)"]);
        check(b"MSH|1", &["message(MSH|1)"]);
        check(b"", &[]);
    }

    #[test]
    fn a_message_begins_at_each_msh() {
        check(
            b"MSH|1\rPID|1\rMSH|2\r",
            &[r"message(MSH|1\rPID|1\r)", r"message(MSH|2\r)"],
        );
        check(
            b"MSH|1\r\n\r\nMSH|2\r\n",
            &[r"message(MSH|1\r\n\r\n)", r"message(MSH|2\r\n)"],
        );
        check(
            b"MSH|1\nMSH|2\n",
            &[r"message(MSH|1\n)", r"message(MSH|2\n)"],
        );
        check(
            b"MSH|1\rMSHED potatoes\r",
            &[r"message(MSH|1\rMSHED potatoes\r)"],
        );
    }

    #[test]
    fn a_batch_is_taken_apart() {
        check(
            b"FHS|^~\\&\rBHS|^~\\&\rMSH|1\rMSH|2\rBTS|2\rFTS|1\r",
            &[
                r"header(FHS|^~\\&\r)",
                r"header(BHS|^~\\&\r)",
                r"message(MSH|1\r)",
                r"message(MSH|2\r)",
                r"trailer(BTS|2\r)",
                r"trailer(FTS|1\r)",
            ],
        );
        check(
            b"BHS|x\nMSH|1\nBTS\n",
            &[r"header(BHS|x\n)", r"message(MSH|1\n)", r"trailer(BTS\n)"],
        );
    }

    #[test]
    fn framing_is_left_out() {
        let framed = b"\x0BMSH|1\r\x1C\r\x0BMSH|2\r\x1C\r\n\n\x0BMSH|3\x1C\r";
        let messages = [r"message(MSH|1\r)", r"message(MSH|2\r)", "message(MSH|3)"];
        check(framed, &messages);
    }

    #[test]
    fn a_byte_order_mark_belongs_to_its_message() {
        check(b"\xEF\xBB\xBFMSH|1\r", &[r"message(\xef\xbb\xbfMSH|1\r)"]);
        check(
            b"\xEF\xBB\xBFFHS|1\rMSH|1\r",
            &[r"header(\xef\xbb\xbfFHS|1\r)", r"message(MSH|1\r)"],
        );
        assert!(is_batch(b"\xEF\xBB\xBF\r\nBHS|1"));
        assert!(!is_batch(b"MSH|1"));
    }

    #[test]
    fn lines_before_any_message_are_shown_as_stray() {
        check(
            b"# a capture\nMSH|1\n",
            &[r"stray(# a capture\n)", r"message(MSH|1\n)"],
        );
        check(b"hello", &["stray(hello)"]);
    }

    proptest! {
        #[test]
        fn nothing_but_framing_is_left_out(
            lines in prop::collection::vec(
                prop::sample::select(vec![
                    "MSH|1", "PID|1", "FHS|", "BTS|", "\x0BMSH|2", "\x1C", "x\x1C", "", "\u{feff}MSH|3", "\x0B",
                ]),
                0..20,
            ),
            end in prop::sample::select(vec!["\r", "\n", "\r\n"]),
        ) {
            let bytes = lines.join(end);
            let plain = |bytes: &[u8]| bytes.iter().copied()
                .filter(|byte| !matches!(*byte, START | END) && !byte.is_ascii_whitespace())
                .collect::<Vec<_>>();
            let joined = parts(bytes.as_bytes()).flat_map(|part| match part {
                Part::Message(b) | Part::Header(b) | Part::Trailer(b) | Part::Stray(b) => b.to_vec(),
            });
            prop_assert_eq!(plain(&joined.collect::<Vec<_>>()), plain(bytes.as_bytes()));
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            for message in messages(&bytes) {
                prop_assert!(!message.is_empty());
            }
        }
    }
}
