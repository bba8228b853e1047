//! Escape sequences: read once, after splitting; written when text becomes a field.
//!
//! HL7 v2.5.1 ch. 2.7. What we don't know is left as it came, a lone escape character too:
//! senders write Windows paths.

use std::borrow::Cow;

use memchr::memchr;

use crate::{charset::Charset, separators::Separators};

/// More blank lines or spaces than this in one sequence is an attack, not a layout.
const REPEAT_MAX: usize = 100;

/// Replaces the escape sequences of one value that is already split off. Bytes of `\Xhh..\` are
/// in the message's character set, so this comes before decoding.
pub fn unescape<'m>(raw: &'m [u8], separators: &Separators) -> Cow<'m, [u8]> {
    let escape = separators.escape;
    let Some(first) = memchr(escape, raw) else {
        return Cow::Borrowed(raw);
    };
    let (plain, mut rest) = raw.split_at(first);
    let mut out = Vec::with_capacity(raw.len());
    out.extend_from_slice(plain);
    // `rest` begins with an escape character at each turn.
    while let Some((_, after)) = rest.split_first() {
        let sequence = memchr(escape, after).map(|end| after.split_at(end));
        let known = sequence.is_some_and(|(name, _)| write_meaning(name, *separators, &mut out));
        let next = match sequence {
            Some((_, tail)) if known => tail.get(1..).unwrap_or_default(),
            _ => {
                out.push(escape);
                after
            }
        };
        let plain = memchr(escape, next).unwrap_or(next.len());
        let (text, tail) = next.split_at(plain);
        out.extend_from_slice(text);
        rest = tail;
    }
    Cow::Owned(out)
}

/// Writes what the sequence between two escape characters stands for; `false` if it is unknown.
fn write_meaning(name: &[u8], separators: Separators, out: &mut Vec<u8>) -> bool {
    match name {
        b"F" => out.push(separators.field),
        b"S" => out.push(separators.component),
        b"T" => out.push(separators.subcomponent),
        b"R" => out.push(separators.repetition),
        b"E" => out.push(separators.escape),
        b"P" => match separators.truncation {
            Some(truncation) => out.push(truncation),
            None => return false,
        },
        b"H" | b"N" => {}
        [b'X', hex @ ..] => return write_hex(hex, out),
        [b'.', command @ ..] => return write_layout(command, out),
        _ => return false,
    }
    true
}

fn write_hex(hex: &[u8], out: &mut Vec<u8>) -> bool {
    let (pairs, rest) = hex.as_chunks::<2>();
    if pairs.is_empty() || !rest.is_empty() || !hex.iter().all(u8::is_ascii_hexdigit) {
        return false;
    }
    out.extend(
        pairs
            .iter()
            .map(|&[high, low]| nibble(high) << 4 | nibble(low)),
    );
    true
}

fn nibble(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit.wrapping_sub(b'A').wrapping_add(10),
    }
}

/// Formatting commands of FT. Text has no indentation or centring, so those begin a line.
fn write_layout(command: &[u8], out: &mut Vec<u8>) -> bool {
    let (name, count) = command.split_at_checked(2).unwrap_or((command, &[]));
    let (fill, times) = match name {
        b"br" | b"ce" | b"fi" | b"nf" if count.is_empty() => (b'\n', Some(1)),
        b"in" | b"ti" => (b'\n', layout_count(count).map(|_| 1)),
        b"sp" => (b'\n', layout_count(count)),
        b"sk" => (b' ', layout_count(count)),
        _ => return false,
    };
    let Some(times) = times else { return false };
    out.resize(out.len() + times, fill);
    true
}

/// The number after a command: none means one.
fn layout_count(digits: &[u8]) -> Option<usize> {
    let unsigned = match digits {
        [b'+' | b'-', rest @ ..] => rest,
        _ => digits,
    };
    if !unsigned.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let count = unsigned.iter().fold(0_usize, |count, digit| {
        count
            .saturating_mul(10)
            .saturating_add(usize::from(digit - b'0'))
    });
    Some(if unsigned.is_empty() {
        1
    } else {
        count.min(REPEAT_MAX)
    })
}

/// Appends text as a value of a message: separators and control characters become sequences, a
/// character that the set lacks becomes `\X..\` with its UTF-8 bytes. Returns how many those were.
///
/// A text of two quotes is written as hex, because two bare quotes would mean "delete".
pub fn escape(text: &str, separators: &Separators, charset: Charset, out: &mut Vec<u8>) -> usize {
    escape_with(text, *separators, charset, out, hex_escape)
}

/// [`escape`] for formatted text (FT, TX), where a line break is `\.br\`.
pub fn escape_formatted(
    text: &str,
    separators: &Separators,
    charset: Charset,
    out: &mut Vec<u8>,
) -> usize {
    escape_with(
        text,
        *separators,
        charset,
        out,
        |bytes, escape, out| match bytes {
            b"\n" => out.extend([escape, b'.', b'b', b'r', escape]),
            _ => hex_escape(bytes, escape, out),
        },
    )
}

fn escape_with(
    text: &str,
    separators: Separators,
    charset: Charset,
    out: &mut Vec<u8>,
    control: fn(&[u8], u8, &mut Vec<u8>),
) -> usize {
    if text == "\"\"" {
        hex_escape(text.as_bytes(), separators.escape, out);
        return 0;
    }
    let mut n_missing = 0;
    for char in text.chars() {
        let mut utf8 = [0; 4];
        match u8::try_from(char) {
            Ok(byte) if byte.is_ascii_control() => control(&[byte], separators.escape, out),
            Ok(byte) if byte.is_ascii() => match separator_letter(byte, separators) {
                Some(letter) => out.extend([separators.escape, letter, separators.escape]),
                None => out.push(byte),
            },
            _ if charset.encode_char(char, out) => {}
            _ => {
                n_missing += 1;
                hex_escape(
                    char.encode_utf8(&mut utf8).as_bytes(),
                    separators.escape,
                    out,
                );
            }
        }
    }
    n_missing
}

fn separator_letter(byte: u8, separators: Separators) -> Option<u8> {
    Some(match byte {
        _ if byte == separators.field => b'F',
        _ if byte == separators.component => b'S',
        _ if byte == separators.repetition => b'R',
        _ if byte == separators.escape => b'E',
        _ if byte == separators.subcomponent => b'T',
        _ if Some(byte) == separators.truncation => b'P',
        _ => return None,
    })
}

fn hex_escape(bytes: &[u8], escape: u8, out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    out.extend([escape, b'X']);
    for byte in bytes {
        out.extend(DIGITS.get(usize::from(byte >> 4)));
        out.extend(DIGITS.get(usize::from(byte & 0x0F)));
    }
    out.push(escape);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(raw: &str, expected: &str) {
        let unescaped = unescape(raw.as_bytes(), &Separators::default());
        assert_eq!(String::from_utf8_lossy(&unescaped), expected, "{raw}");
    }

    #[test]
    fn separators_come_back_as_characters() {
        check(r"a\F\b\S\c\T\d\R\e\E\f", r"a|b^c&d~e\f");
    }

    #[test]
    fn the_characters_in_force_come_back() {
        let separators = Separators::parse(b'!', b"@*/%").unwrap();
        assert_eq!(
            unescape(b"/F/ /S/ /T/ /R/ /E/", &separators).as_ref(),
            b"! @ % * /"
        );
    }

    #[test]
    fn layout_becomes_line_breaks() {
        check(
            r"a\.br\b\.sp2\c\.in+4\d\.ce\e\.fi\f\.nf\g",
            "a\nb\n\nc\nd\ne\nf\ng",
        );
        check(r"a\.sp\b\.sk3\c", "a\nb   c");
    }

    #[test]
    fn a_huge_count_does_not_grow_memory() {
        assert_eq!(
            unescape(br"\.sp99999999999999999999\", &Separators::default()).len(),
            100
        );
    }

    #[test]
    fn highlighting_is_dropped() {
        check(r"\H\loud\N\ quiet", "loud quiet");
    }

    #[test]
    fn hex_becomes_bytes() {
        check(r"\X48656C6c6F\", "Hello");
        check(r"a\X0D0A\b", "a\r\nb");
    }

    #[test]
    fn what_is_unknown_stays() {
        for raw in [
            r"x\Q\y",
            r"\X0\",
            r"\X\",
            r"\XZZ\",
            r"C:\dir",
            r"C:\dir\file",
            r"\",
            r"\\",
            r"\\\",
            r"\Zlocal\",
            r"\C2842\",
            r"\M3C40\",
            r"\P\",
            r"\.zz\",
            r"\.brx\",
            r"a\",
        ] {
            check(raw, raw);
        }
    }

    #[test]
    fn a_lone_backslash_does_not_hide_the_next_sequence() {
        check(r"C:\dir \T\ more", r"C:\dir & more");
    }

    #[test]
    fn truncation_is_known_where_it_is_declared() {
        let separators = Separators::parse(b'|', br"^~\&#").unwrap();
        assert_eq!(unescape(br"\P\", &separators).as_ref(), b"#");
    }

    #[test]
    fn two_quotes_as_text_are_not_written_as_null() {
        let mut out = Vec::new();
        escape("\"\"", &Separators::default(), Charset::Utf8, &mut out);
        assert_eq!(out, br"\X2222\");
        check(r"\X2222\", "\"\"");
    }

    #[test]
    fn a_line_break_is_hex_in_plain_and_br_in_formatted_text() {
        let (mut plain, mut formatted) = (Vec::new(), Vec::new());
        escape("a\nb", &Separators::default(), Charset::Utf8, &mut plain);
        escape_formatted(
            "a\nb\r",
            &Separators::default(),
            Charset::Utf8,
            &mut formatted,
        );
        assert_eq!(plain, br"a\X0A\b");
        assert_eq!(formatted, br"a\.br\b\X0D\");
    }

    #[test]
    fn a_character_that_the_set_lacks_is_counted() {
        let mut out = Vec::new();
        assert_eq!(
            escape("é€", &Separators::default(), Charset::Latin1, &mut out),
            1
        );
        assert_eq!(out, b"\xE9\\XE282AC\\");
    }

    proptest! {
        #[test]
        fn text_survives_escape_and_unescape(text in any::<String>(), truncation in any::<bool>()) {
            let truncation = truncation.then_some(b'#');
            let separators = Separators { truncation, ..Separators::default() };
            for write in [escape, escape_formatted] {
                let mut raw = Vec::new();
                prop_assert_eq!(write(&text, &separators, Charset::Utf8, &mut raw), 0);
                prop_assert!(!raw.iter().any(u8::is_ascii_control));
                let back = unescape(&raw, &separators);
                prop_assert_eq!(std::str::from_utf8(&back).unwrap(), &text);
            }
        }

        #[test]
        fn any_bytes_unescape_without_growing_much(raw in prop::collection::vec(any::<u8>(), 0..400)) {
            prop_assert!(unescape(&raw, &Separators::default()).len() <= raw.len() * REPEAT_MAX);
        }
    }
}
