//! Character sets: what MSH-18 names, and how bytes become text and text becomes bytes.

use std::borrow::Cow;

use encoding_rs::{
    Encoding, ISO_8859_2, ISO_8859_3, ISO_8859_4, ISO_8859_5, ISO_8859_6, ISO_8859_7, ISO_8859_8,
    ISO_8859_10, ISO_8859_13, ISO_8859_14, ISO_8859_15, WINDOWS_874, WINDOWS_1252, WINDOWS_1254,
};

/// A character set that we read and write (table 0211, and Windows-1252, which it lacks).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Charset {
    /// `ASCII`. Bytes above 0x7F are read as UTF-8 where they are valid, else as the fallback.
    Ascii,
    /// `UNICODE UTF-8`. Invalid bytes are read as the fallback.
    Utf8,
    /// `8859/1`.
    Latin1,
    /// `8859/2`.
    Latin2,
    /// `8859/3`.
    Latin3,
    /// `8859/4`.
    Latin4,
    /// `8859/5`.
    Cyrillic,
    /// `8859/6`.
    Arabic,
    /// `8859/7`.
    Greek,
    /// `8859/8`.
    Hebrew,
    /// `8859/9`.
    Latin5,
    /// `8859/10`.
    Latin6,
    /// `8859/11`.
    Thai,
    /// `8859/13`.
    Latin7,
    /// `8859/14`.
    Latin8,
    /// `8859/15`.
    Latin9,
    /// Windows-1252: what many senders mean when they say nothing, or `8859/1`.
    Windows1252,
}

impl Charset {
    /// Reads a name as in MSH-18 or in a configuration: `8859/1`, `ISO-8859-1`, `UNICODE UTF-8`,
    /// `utf-8`, `ASCII`, `windows-1252`. `None` if we don't have that set.
    pub fn parse(name: &str) -> Option<Self> {
        let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        let plain = plain.to_ascii_uppercase();
        Some(match plain.strip_prefix("ISO").unwrap_or(&plain) {
            "ASCII" | "USASCII" | "IR6" => Self::Ascii,
            "UNICODEUTF8" | "UTF8" | "UNICODE" => Self::Utf8,
            "WINDOWS1252" | "CP1252" => Self::Windows1252,
            "88591" | "LATIN1" => Self::Latin1,
            "88592" => Self::Latin2,
            "88593" => Self::Latin3,
            "88594" => Self::Latin4,
            "88595" => Self::Cyrillic,
            "88596" => Self::Arabic,
            "88597" => Self::Greek,
            "88598" => Self::Hebrew,
            "88599" => Self::Latin5,
            "885910" => Self::Latin6,
            "885911" => Self::Thai,
            "885913" => Self::Latin7,
            "885914" => Self::Latin8,
            "885915" => Self::Latin9,
            _ => return None,
        })
    }

    /// The name in MSH-18 (table 0211; Windows-1252 has none there and is named as IANA does).
    pub fn msh_18(self) -> &'static str {
        match self {
            Self::Ascii => "ASCII",
            Self::Utf8 => "UNICODE UTF-8",
            Self::Latin1 => "8859/1",
            Self::Latin2 => "8859/2",
            Self::Latin3 => "8859/3",
            Self::Latin4 => "8859/4",
            Self::Cyrillic => "8859/5",
            Self::Arabic => "8859/6",
            Self::Greek => "8859/7",
            Self::Hebrew => "8859/8",
            Self::Latin5 => "8859/9",
            Self::Latin6 => "8859/10",
            Self::Thai => "8859/11",
            Self::Latin7 => "8859/13",
            Self::Latin8 => "8859/14",
            Self::Latin9 => "8859/15",
            Self::Windows1252 => "WINDOWS-1252",
        }
    }

    /// The bytes as text. Never fails: what is invalid in ASCII or UTF-8 is read by `fallback`,
    /// and a fallback that can't read every byte (UTF-8, ASCII) gives way to Windows-1252.
    pub fn decode(self, bytes: &[u8], fallback: Self) -> Cow<'_, str> {
        if let Some(encoding) = self.single_byte() {
            return encoding.decode_without_bom_handling(bytes).0;
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => {
                fallback
                    .single_byte()
                    .unwrap_or(WINDOWS_1252)
                    .decode_without_bom_handling(bytes)
                    .0
            }
        }
    }

    /// The bytes as one text, where every part of them is read as UTF-8.
    pub(crate) fn text_of_all(self, bytes: &[u8]) -> Option<&str> {
        match self.single_byte() {
            Some(_) => None,
            None => std::str::from_utf8(bytes).ok(),
        }
    }

    /// Whether the bytes are text of this set without recourse to a fallback.
    pub fn reads(self, bytes: &[u8]) -> bool {
        match self.single_byte() {
            Some(encoding) => encoding
                .decode_without_bom_handling_and_without_replacement(bytes)
                .is_some(),
            None if self == Self::Ascii => bytes.is_ascii(),
            None => std::str::from_utf8(bytes).is_ok(),
        }
    }

    /// Appends one character. `false` if the set lacks it; nothing is appended then.
    pub fn encode_char(self, char: char, out: &mut Vec<u8>) -> bool {
        if char.is_ascii() {
            out.push(char as u8);
            return true;
        }
        let mut utf8 = [0; 4];
        let text: &str = char.encode_utf8(&mut utf8);
        if self == Self::Utf8 {
            out.extend_from_slice(text.as_bytes());
            return true;
        }
        if self == Self::Latin1 {
            return u8::try_from(u32::from(char))
                .map(|byte| out.push(byte))
                .is_ok();
        }
        let Some(encoding) = self.single_byte() else {
            return false;
        };
        let (bytes, _, lossy) = encoding.encode(text);
        // 8859/9 and 8859/11 are written through their Windows supersets, whose additions in
        // 0x80..0xA0 the receiver of an ISO set would not read as characters.
        let beyond_iso = self != Self::Windows1252 && bytes.iter().any(|byte| *byte < 0xA0);
        if lossy || beyond_iso {
            return false;
        }
        out.extend_from_slice(&bytes);
        true
    }

    /// The table of a single-byte set. 8859/1, /9 and /11 are read as their Windows supersets:
    /// they differ only where ISO has control characters that nobody sends.
    fn single_byte(self) -> Option<&'static Encoding> {
        match self {
            Self::Ascii | Self::Utf8 => None,
            Self::Latin1 | Self::Windows1252 => Some(WINDOWS_1252),
            Self::Latin2 => Some(ISO_8859_2),
            Self::Latin3 => Some(ISO_8859_3),
            Self::Latin4 => Some(ISO_8859_4),
            Self::Cyrillic => Some(ISO_8859_5),
            Self::Arabic => Some(ISO_8859_6),
            Self::Greek => Some(ISO_8859_7),
            Self::Hebrew => Some(ISO_8859_8),
            Self::Latin5 => Some(WINDOWS_1254),
            Self::Latin6 => Some(ISO_8859_10),
            Self::Thai => Some(WINDOWS_874),
            Self::Latin7 => Some(ISO_8859_13),
            Self::Latin8 => Some(ISO_8859_14),
            Self::Latin9 => Some(ISO_8859_15),
        }
    }
}

/// Whether the bytes look like UTF-16, by byte order mark or by the zeros around the first letter.
pub fn looks_like_utf16(bytes: &[u8]) -> bool {
    utf16_encoding(bytes).is_some()
}

/// A UTF-16 message as UTF-8, for an interface that is configured to take it. `None` if it is no
/// UTF-16 or has unpaired surrogates.
pub fn utf16_to_utf8(bytes: &[u8]) -> Option<String> {
    let encoding = utf16_encoding(bytes)?;
    let (text, had_errors) = encoding.decode_with_bom_removal(bytes);
    (!had_errors).then(|| text.into_owned())
}

fn utf16_encoding(bytes: &[u8]) -> Option<&'static Encoding> {
    match bytes {
        [0xFF, 0xFE, ..] | [b'M' | b'F' | b'B', 0, b'S' | b'H', 0, ..] => {
            Some(encoding_rs::UTF_16LE)
        }
        [0xFE, 0xFF, ..] | [0, b'M' | b'F' | b'B', 0, b'S' | b'H', ..] => {
            Some(encoding_rs::UTF_16BE)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_table_0211_and_common_spellings_are_known() {
        for (name, charset) in [
            ("8859/1", Charset::Latin1),
            ("ISO-8859-15", Charset::Latin9),
            ("iso_8859-2", Charset::Latin2),
            ("UNICODE UTF-8", Charset::Utf8),
            ("utf8", Charset::Utf8),
            ("ASCII", Charset::Ascii),
            ("ISO IR6", Charset::Ascii),
            ("Windows-1252", Charset::Windows1252),
        ] {
            assert_eq!(Charset::parse(name), Some(charset), "{name}");
        }
        assert_eq!(Charset::parse("UNICODE UTF-16"), None);
        assert_eq!(Charset::parse("8859/12"), None);
        assert_eq!(Charset::parse(""), None);
    }

    #[test]
    fn every_written_name_reads_back() {
        for name in (1..=15).filter(|n| *n != 12).map(|n| format!("8859/{n}")) {
            assert_eq!(Charset::parse(&name).unwrap().msh_18(), name);
        }
        for charset in [Charset::Ascii, Charset::Utf8, Charset::Windows1252] {
            assert_eq!(Charset::parse(charset.msh_18()), Some(charset));
        }
    }

    #[test]
    fn bad_utf8_is_read_by_the_fallback() {
        assert_eq!(
            Charset::Utf8.decode(b"Jos\xE9", Charset::Latin2),
            "Jos\u{e9}"
        );
        assert_eq!(Charset::Utf8.decode(b"\x80", Charset::Utf8), "\u{20ac}");
        assert_eq!(
            Charset::Ascii.decode("José".as_bytes(), Charset::Latin1),
            "José"
        );
    }

    #[test]
    fn iso_sets_read_their_own_letters() {
        assert_eq!(Charset::Latin2.decode(b"\xB3", Charset::Utf8), "ł");
        assert_eq!(Charset::Latin9.decode(b"\xA4", Charset::Utf8), "€");
        assert_eq!(Charset::Greek.decode(b"\xE1", Charset::Utf8), "α");
    }

    #[test]
    fn a_character_outside_the_set_is_refused_not_replaced() {
        let mut out = Vec::new();
        assert!(Charset::Latin1.encode_char('é', &mut out));
        assert!(!Charset::Latin1.encode_char('€', &mut out));
        assert!(!Charset::Latin5.encode_char('€', &mut out));
        assert!(Charset::Windows1252.encode_char('€', &mut out));
        assert!(!Charset::Ascii.encode_char('é', &mut out));
        assert_eq!(out, b"\xE9\x80");
    }

    #[test]
    fn utf16_is_recognised_with_and_without_a_mark() {
        assert!(looks_like_utf16(b"\xFF\xFEM\0S\0H\0"));
        assert!(looks_like_utf16(b"M\0S\0H\0|\0"));
        assert!(looks_like_utf16(b"\0M\0S\0H\0|"));
        assert!(!looks_like_utf16(b"MSH|"));
        assert_eq!(utf16_to_utf8(b"\xFF\xFEM\0S\0H\0|\0").unwrap(), "MSH|");
    }
}
