//! A DocumentReference as an app posts it: whom it is about, its attachments taken out, and the form
//! in which it is stored.

mod about;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use fhir::{Fault, IssueCode};
use model::ResourceId;
use serde_json::{Map, Value, json};
use sha1::{Digest as _, Sha1};

use super::FhirError;

pub(super) use about::{About, Named, about, make_relative};

/// The largest attachment that is taken inline (docs: "Documents").
pub(super) const ATTACHMENT_BYTES_MAX: usize = 16 << 20;

/// Base64 as apps write it: with padding, as R4 wants, or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The content of one attachment, on its way into the store.
pub(super) struct Attachment {
    /// The Binary that it becomes.
    pub binary: ResourceId,
    /// Its MIME type.
    pub content_type: String,
    /// Its bytes.
    pub content: Vec<u8>,
}

impl std::fmt::Debug for Attachment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Attachment({} bytes)", self.content.len())
    }
}

/// Takes the inline content out of a document: each `data` becomes the `url` of a Binary.
pub(super) fn take_attachments(
    document: &mut Value,
    mut new_id: impl FnMut() -> ResourceId,
) -> Result<Vec<Attachment>, FhirError> {
    let mut taken = Vec::new();
    let mut faults = Vec::new();
    let contents = document.get_mut("content").and_then(Value::as_array_mut);
    for (n, content) in contents.into_iter().flatten().enumerate() {
        let path = format!("DocumentReference.content[{n}].attachment");
        let attachment = content.get_mut("attachment").and_then(Value::as_object_mut);
        let Some(attachment) = attachment.filter(|members| members.contains_key("data")) else {
            continue;
        };
        match take(attachment, &path, new_id()) {
            Ok(attachment) => taken.push(attachment),
            Err(Refused::TooLarge) => {
                return Err(FhirError::AttachmentTooLarge {
                    path,
                    limit: ATTACHMENT_BYTES_MAX,
                });
            }
            Err(Refused::Faulty(fault)) => faults.push(fault),
        }
    }
    if faults.is_empty() {
        Ok(taken)
    } else {
        Err(FhirError::Invalid(faults))
    }
}

enum Refused {
    TooLarge,
    Faulty(Fault),
}

fn take(
    attachment: &mut Map<String, Value>,
    path: &str,
    binary: ResourceId,
) -> Result<Attachment, Refused> {
    let fault = |element: &str, code, what: &str| {
        Refused::Faulty(Fault {
            path: format!("{path}.{element}"),
            code,
            what: what.to_owned(),
        })
    };
    let Some(Value::String(data)) = attachment.shift_remove("data") else {
        return Err(fault("data", IssueCode::Value, "must be Base64 text"));
    };
    // Three bytes in four characters: too long a text is refused before it is decoded.
    if ATTACHMENT_BYTES_MAX / 3 * 4 + 4 < data.len() && too_large(&data) {
        return Err(Refused::TooLarge);
    }
    let content = decode(data).ok_or_else(|| fault("data", IssueCode::Value, "is no Base64"))?;
    if ATTACHMENT_BYTES_MAX < content.len() {
        return Err(Refused::TooLarge);
    }
    if attachment.contains_key("url") {
        return Err(fault(
            "url",
            IssueCode::BusinessRule,
            "send data or url, not both",
        ));
    }
    let Some(content_type) = attachment.get("contentType").and_then(Value::as_str) else {
        // R4 att-1.
        return Err(fault(
            "contentType",
            IssueCode::Required,
            "data needs its contentType (att-1)",
        ));
    };
    let content_type = content_type.to_owned();
    let size = Value::from(content.len());
    if attachment.get("size").is_some_and(|said| *said != size) {
        return Err(fault(
            "size",
            IssueCode::Value,
            "is not the number of bytes in data",
        ));
    }
    let hash = Value::from(STANDARD.encode(Sha1::digest(&content)));
    if attachment.get("hash").is_some_and(|said| *said != hash) {
        return Err(fault(
            "hash",
            IssueCode::Value,
            "is not the Base64 of the SHA-1 of data",
        ));
    }
    attachment.insert("url".to_owned(), format!("Binary/{binary}").into());
    attachment.insert("size".to_owned(), size);
    attachment.insert("hash".to_owned(), hash);
    Ok(Attachment {
        binary,
        content_type,
        content,
    })
}

/// White space may stand anywhere in Base64 (R4 datatypes.html#base64Binary).
fn decode(data: String) -> Option<Vec<u8>> {
    let is_space = |b: &u8| b.is_ascii_whitespace();
    let mut text = data.into_bytes();
    if text.iter().any(is_space) {
        text.retain(|b| !is_space(b));
    }
    BASE64.decode(text).ok()
}

fn too_large(data: &str) -> bool {
    let n_letters = data.bytes().filter(|b| !b.is_ascii_whitespace()).count();
    ATTACHMENT_BYTES_MAX / 3 * 4 + 4 < n_letters
}

/// The system of the tag that says who made a resource.
const ORIGIN: &str = "urn:drawbridge:origin";

/// The form in which an app's resource is stored: our id, version and time, the rest as posted.
pub(super) fn with_meta(
    posted: Value,
    id: ResourceId,
    version: i32,
    now: jiff::Timestamp,
) -> Value {
    let Value::Object(mut posted) = posted else {
        return posted;
    };
    let mut stored = Map::with_capacity(posted.len() + 2);
    if let Some(kind) = posted.shift_remove("resourceType") {
        stored.insert("resourceType".to_owned(), kind);
    }
    posted.shift_remove("id");
    stored.insert("id".to_owned(), id.to_string().into());
    let posted_meta = match posted.shift_remove("meta") {
        Some(Value::Object(meta)) => meta,
        _ => Map::new(),
    };
    stored.insert("meta".to_owned(), meta(posted_meta, version, now).into());
    stored.append(&mut posted);
    Value::Object(stored)
}

fn meta(mut posted: Map<String, Value>, version: i32, now: jiff::Timestamp) -> Map<String, Value> {
    let mut meta = Map::new();
    meta.insert("versionId".to_owned(), version.to_string().into());
    meta.insert("lastUpdated".to_owned(), now.to_string().into());
    posted.retain(|name, _| name != "versionId" && name != "lastUpdated");
    // Only we say that something came from the journal.
    let ours = |value: &Value| {
        value
            .as_str()
            .is_some_and(|s| s.starts_with("urn:drawbridge:"))
    };
    posted.retain(|name, value| name != "source" || !ours(value));
    let tags = posted.shift_remove("tag");
    let mut tags = tags
        .and_then(|tags| tags.as_array().cloned())
        .unwrap_or_default();
    tags.retain(|tag| tag.get("system").and_then(Value::as_str) != Some(ORIGIN));
    tags.push(json!({ "system": ORIGIN, "code": "app" }));
    meta.append(&mut posted);
    meta.insert("tag".to_owned(), tags.into());
    meta
}

#[cfg(test)]
mod tests;
