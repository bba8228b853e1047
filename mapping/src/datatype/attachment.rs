//! ED, RP → Attachment.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use fhirbolt::model::r4::types::{Attachment, CodeableConcept, Extension, ExtensionValue};
use hl7v2::Repetition;
use hl7v2::datatype::{Ed, Rp};

use crate::inbound::Reading;
use crate::table::{find, system};

use super::{cwe, ext, text};

const VALUE: &str =
    "http://hl7.org/fhir/5.0/StructureDefinition/extension-Observation.valueAttachment";

/// An observation's value that is a document: R5's `valueAttachment`.
pub(crate) fn value(attachment: Attachment) -> Extension {
    ext::valued(VALUE, ExtensionValue::Attachment(Box::new(attachment)))
}

/// The media type of what is of no known one.
pub(crate) const BYTES: &str = "application/octet-stream";

/// ED: a document inside the message; none if nothing is said of it.
pub(crate) fn enclosed(sent: Repetition<'_>, reading: &Reading<'_>) -> Option<Attachment> {
    let described = described(sent);
    let Some(data) = data(Ed::new(sent), reading) else {
        return described;
    };
    let described = described.unwrap_or_default();
    // FHIR: data has a type (att-1).
    let content_type = described.content_type.unwrap_or_else(|| BYTES.into());
    Some(Attachment {
        content_type: Some(content_type),
        data: Some(data.into()),
        ..described
    })
}

/// ED without its data: of what type it is.
pub(crate) fn described(sent: Repetition<'_>) -> Option<Attachment> {
    let ed = Ed::new(sent);
    let (kind, subtype) = (ed.data_type(), ed.subtype());
    let content_type = media_type(&kind, &subtype);
    let extension = original(&kind, &subtype);
    let is_said = content_type.is_some() || !extension.is_empty();
    is_said.then(|| Attachment {
        content_type: content_type.map(Into::into),
        extension,
        ..Attachment::default()
    })
}

/// ED.5 as Base64: what ED.4 says that it is, else what it can be. What is neither stays out.
fn data(ed: Ed<'_>, reading: &Reading<'_>) -> Option<String> {
    let encoding = ed.encoding();
    let data = match encoding.trim().to_ascii_uppercase().as_str() {
        "BASE64" => base64(&ed.compact_data()),
        "HEX" => bytes_of_hex(&ed.compact_data()).map(|bytes| STANDARD.encode(bytes)),
        "" | "A" => Some(unnamed(ed)),
        _ => {
            reading.issue("code is not in table 0299");
            Some(unnamed(ed))
        }
    };
    if data.is_none() {
        reading.issue("data is not in the encoding that it names");
    }
    data.filter(|data| !data.is_empty())
}

/// Data of which the encoding is not named. Senders leave it out, or say `A`, where it is Base64, which
/// has line breaks and no blanks.
fn unnamed(ed: Ed<'_>) -> String {
    const SHORTEST: usize = 16;
    let text = ed.data();
    let compact = ed.compact_data();
    let may_be = SHORTEST <= compact.len() && !text.trim().contains([' ', '\t']);
    if may_be && STANDARD.decode(compact.as_bytes()).is_ok() {
        return compact.into_owned();
    }
    STANDARD.encode(text.as_bytes())
}

/// Base64 as FHIR has it. Senders leave the padding out, or bits in the last digit that mean nothing.
fn base64(data: &str) -> Option<String> {
    if STANDARD.decode(data).is_ok() {
        return Some(data.to_owned());
    }
    let bytes = LENIENT.decode(data).ok()?;
    Some(STANDARD.encode(bytes))
}

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Hexadecimal digits as bytes; no digits are none.
fn bytes_of_hex(digits: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    pairs.iter().map(byte).collect()
}

/// RP: a document elsewhere. Words that are no address are its title.
pub(crate) fn referred(sent: Repetition<'_>) -> Option<Attachment> {
    let rp = Rp::new(sent);
    let pointer = text::text(&rp.pointer())?;
    let (kind, subtype) = (rp.data_type(), rp.subtype());
    let is_url = pointer.contains("://") || !pointer.contains(char::is_whitespace);
    Some(Attachment {
        content_type: media_type(&kind, &subtype).map(Into::into),
        url: is_url.then(|| pointer.replace(char::is_whitespace, "%20").into()),
        title: (!is_url).then(|| pointer.into()),
        extension: original(&kind, &subtype),
        ..Attachment::default()
    })
}

/// ED.2, where it is all that was said of the type.
fn original(kind: &str, subtype: &str) -> Vec<Extension> {
    let code = text::code(kind).filter(|_| subtype.trim().is_empty());
    let original = code.map(|code| CodeableConcept {
        coding: vec![cwe::coding(&system::v2_table("0191"), &code, "")],
        ..CodeableConcept::default()
    });
    original.map(ext::alternate_codes).into_iter().collect()
}

/// Text as a document.
pub(crate) fn plain(text: &str) -> Attachment {
    Attachment {
        content_type: Some("text/plain".into()),
        data: Some(STANDARD.encode(text).into()),
        ..Attachment::default()
    }
}

/// Table 0191: types that name a media type alone, lower case.
pub(crate) const TYPES: &[(&str, &str)] = &[
    ("ft", "text/plain"),
    ("si", "text/plain"),
    ("text", "text/plain"),
    ("tx", "text/plain"),
];

/// Table 0291: subtypes whose media type does not depend on the type, lower case.
pub(crate) const SUBTYPES: &[(&str, &str)] = &[
    ("bmp", "image/bmp"),
    ("dicom", "application/dicom"),
    ("doc", "application/msword"),
    (
        "docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    ("gif", "image/gif"),
    ("htm", "text/html"),
    ("html", "text/html"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("json", "application/json"),
    ("msword", "application/msword"),
    ("octet-stream", BYTES),
    ("pdf", "application/pdf"),
    ("plain", "text/plain"),
    ("png", "image/png"),
    ("postscript", "application/postscript"),
    ("rtf", "application/rtf"),
    ("tif", "image/tiff"),
    ("tiff", "image/tiff"),
    ("txt", "text/plain"),
    ("x-hl7-cda-level-one", "text/xml"),
    ("xml", "text/xml"),
    ("zip", "application/zip"),
];

/// The media type of tables 0191 and 0291, and of what senders write in their place.
pub(crate) fn media_type(kind: &str, subtype: &str) -> Option<String> {
    let [kind, subtype] = [kind, subtype].map(|word| word.trim().to_ascii_lowercase());
    let words = [subtype.as_str(), kind.as_str()];
    if let Some(whole) = words.iter().find(|word| is_media_type(word)) {
        // Its parameters may be written in any way, a code may not.
        return text::code(whole);
    }
    if let Some(known) = find(SUBTYPES, &subtype) {
        return Some(known.to_owned());
    }
    if !is_name(&subtype) {
        let known = find(TYPES, &kind).or_else(|| find(SUBTYPES, &kind));
        return known.map(str::to_owned);
    }
    let major = match kind.as_str() {
        "au" => "audio",
        "ft" | "si" | "tx" => "text",
        "im" | "ns" | "sd" => "image",
        named if MAJOR.contains(&named) => named,
        _ => "application",
    };
    Some(format!("{major}/{subtype}"))
}

/// Media types of RFC 2046 and after it.
const MAJOR: [&str; 7] = [
    "audio",
    "image",
    "message",
    "model",
    "multipart",
    "text",
    "video",
];

/// Two names, maybe with parameters behind them.
fn is_media_type(word: &str) -> bool {
    let bare = word.split(';').next().unwrap_or_default().trim_end();
    bare.split_once('/')
        .is_some_and(|(kind, subtype)| is_name(kind) && is_name(subtype))
}

/// RFC 6838, 4.2.
fn is_name(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte);
    !text.is_empty() && text.bytes().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_sorted_so_that_every_code_is_found() {
        for table in [TYPES, SUBTYPES] {
            assert!(table.windows(2).all(|pair| pair[0].0 < pair[1].0));
        }
    }

    #[test]
    fn a_media_type_is_found_however_it_is_sent() {
        for (kind, subtype, expected) in [
            ("AP", "PDF", Some("application/pdf")),
            ("application", "pdf", Some("application/pdf")),
            ("TEXT", "PDF", Some("application/pdf")),
            ("application/pdf", "", Some("application/pdf")),
            ("IM", "JPEG", Some("image/jpeg")),
            ("NS", "Octet-stream", Some("application/octet-stream")),
            ("SD", "PICT", Some("image/pict")),
            ("TEXT", "", Some("text/plain")),
            ("PDF", "", Some("application/pdf")),
            ("AP", "x-local", Some("application/x-local")),
            ("VIDEO", "mp4", Some("video/mp4")),
            ("AP", "P/D/F!", None),
            (
                "text/plain;  charset=utf-8",
                "",
                Some("text/plain; charset=utf-8"),
            ),
            (
                "text/plain;\tcharset=\u{1}utf-8",
                "",
                Some("text/plain; charset=utf-8"),
            ),
            ("", "", None),
        ] {
            assert_eq!(media_type(kind, subtype).as_deref(), expected);
        }
    }

    #[test]
    fn hexadecimal_digits_are_bytes() {
        assert_eq!(bytes_of_hex("48492a").unwrap(), b"HI*");
        assert_eq!(bytes_of_hex("4g"), None);
    }
}
