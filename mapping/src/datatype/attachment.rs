//! ED, RP → Attachment.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fhirbolt::model::r4::types::{Attachment, Extension, ExtensionValue};
use hl7v2::Repetition;
use hl7v2::datatype::{Ed, Rp};

use crate::inbound::Reading;

use super::{ext, text};

const VALUE: &str =
    "http://hl7.org/fhir/5.0/StructureDefinition/extension-Observation.valueAttachment";

/// An observation's value that is a document: R5's `valueAttachment`.
pub(crate) fn value(attachment: Attachment) -> Extension {
    ext::valued(VALUE, ExtensionValue::Attachment(Box::new(attachment)))
}

/// The media type of what is of no known one.
pub(crate) const BYTES: &str = "application/octet-stream";

/// ED: a document inside the message.
pub(crate) fn enclosed(sent: Repetition<'_>, reading: &Reading<'_>) -> Option<Attachment> {
    let ed = Ed::new(sent);
    let content_type = media_type(&ed.data_type(), &ed.subtype());
    let data = data(ed, reading);
    // FHIR: data has a type (att-1).
    let content_type = content_type.or_else(|| data.is_some().then(|| BYTES.to_owned()))?;
    Some(Attachment {
        content_type: Some(content_type.into()),
        data: data.map(Into::into),
        ..Attachment::default()
    })
}

/// ED.5 as Base64. Senders are not always right about ED.4: what is not Base64 stays out.
fn data(ed: Ed<'_>, reading: &Reading<'_>) -> Option<String> {
    let encoding = ed.encoding();
    match encoding.trim().to_ascii_uppercase().as_str() {
        "A" => Some(ed.data().into_owned())
            .filter(|text| !text.is_empty())
            .map(|text| STANDARD.encode(text)),
        "HEX" => {
            let data = ed.compact_data();
            let bytes = bytes_of_hex(&data);
            if bytes.is_none() {
                reading.issue("not hexadecimal");
            }
            bytes
                .filter(|bytes| !bytes.is_empty())
                .map(|bytes| STANDARD.encode(bytes))
        }
        _ => {
            let data = ed.compact_data();
            if data.is_empty() {
                return None;
            }
            if !looks_like_base64(&data) {
                reading.issue("not Base64");
                return None;
            }
            Some(data.into_owned())
        }
    }
}

fn looks_like_base64(data: &str) -> bool {
    let digits = data.trim_end_matches('=');
    let padding = data.len() - digits.len();
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    padding <= 2 && data.len().is_multiple_of(4) && digits.bytes().all(is_digit)
}

/// Hexadecimal digits as bytes; no digits are none.
pub(crate) fn bytes_of_hex(digits: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    pairs.iter().map(byte).collect()
}

/// RP: a document elsewhere.
pub(crate) fn referred(sent: Repetition<'_>) -> Option<Attachment> {
    let rp = Rp::new(sent);
    let pointer = text::text(&rp.pointer())?;
    let is_url = !pointer.contains(char::is_whitespace);
    Some(Attachment {
        content_type: media_type(&rp.data_type(), &rp.subtype()).map(Into::into),
        url: is_url.then(|| pointer.as_str().into()),
        title: (!is_url).then(|| pointer.into()),
        ..Attachment::default()
    })
}

/// Text as a document.
pub(crate) fn plain(text: &str) -> Attachment {
    Attachment {
        content_type: Some("text/plain".into()),
        data: Some(STANDARD.encode(text).into()),
        ..Attachment::default()
    }
}

/// Subtypes whose media type does not depend on the type, lower case.
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
    ("msword", "application/msword"),
    ("pdf", "application/pdf"),
    ("plain", "text/plain"),
    ("png", "image/png"),
    ("rtf", "application/rtf"),
    ("tif", "image/tiff"),
    ("tiff", "image/tiff"),
    ("txt", "text/plain"),
    ("x-hl7-cda-level-one", "text/xml"),
    ("xml", "text/xml"),
];

/// Tables 0191 and 0291, and the media types that senders write in their place.
pub(crate) fn media_type(kind: &str, subtype: &str) -> Option<String> {
    let (kind, subtype) = (kind.trim(), subtype.trim().to_ascii_lowercase());
    if let Some(whole) = [subtype.as_str(), kind]
        .iter()
        .find(|word| is_media_type(word))
    {
        return Some(whole.to_ascii_lowercase());
    }
    if let Some(known) = crate::table::find(SUBTYPES, &subtype) {
        return Some(known.to_owned());
    }
    let major = match kind.to_ascii_uppercase().as_str() {
        "AU" | "AUDIO" => "audio",
        "FT" | "SI" | "TEXT" | "TX" => "text",
        "IM" | "IMAGE" | "NS" | "SD" => "image",
        "VIDEO" => "video",
        _ => "application",
    };
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'+');
    if subtype.is_empty() || !subtype.bytes().all(is_token) {
        return (major == "text").then(|| "text/plain".to_owned());
    }
    let major = if subtype == "octet-stream" {
        "application"
    } else {
        major
    };
    Some(format!("{major}/{subtype}"))
}

/// Two names, maybe with parameters behind them.
pub(crate) fn is_media_type(word: &str) -> bool {
    let bare = word.split(';').next().unwrap_or_default().trim_end();
    bare.split_once('/')
        .is_some_and(|(kind, subtype)| is_name(kind) && is_name(subtype))
}

/// RFC 6838, 4.2.
pub(crate) fn is_name(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte);
    !text.is_empty() && text.bytes().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_so_that_every_subtype_is_found() {
        assert!(SUBTYPES.windows(2).all(|pair| pair[0].0 < pair[1].0));
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
