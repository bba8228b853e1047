//! From a posted body to what is written; no I/O.

use axum::body::Bytes;
use fhir::{IndexValues, ResourceType};
use jiff::Timestamp;
use model::{ResourceId, VersionId};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::super::document::{self, About, Attachment};
use super::super::{FhirError, body};

/// A document that is ready to be written.
pub(super) struct Prepared {
    pub(super) id: ResourceId,
    pub(super) at: Timestamp,
    pub(super) about: About,
    pub(super) row: Row,
    pub(super) contents: Vec<Content>,
}

/// What the store keeps of a resource.
pub(super) struct Row {
    pub(super) body: String,
    pub(super) content: Uuid,
    pub(super) index: IndexValues,
}

/// The content of an attachment and the Binary that names it.
pub(super) struct Content {
    pub(super) digest: [u8; 32],
    pub(super) bytes: Bytes,
    pub(super) binary: ResourceId,
    pub(super) row: Row,
}

/// Reads, checks and takes apart a posted DocumentReference.
pub(super) fn prepare(posted: &[u8], base: &str, at: Timestamp) -> Result<Prepared, FhirError> {
    const KIND: ResourceType = ResourceType::DocumentReference;
    let mut document = body::json(posted)?;
    let faults = fhir::check(&document, Some(KIND));
    if !faults.is_empty() {
        return Err(FhirError::Invalid(faults));
    }
    document::make_relative(&mut document, base);
    let about = document::about(&document)?;
    let attachments = document::take_attachments(&mut document, new_id)?;
    let id = new_id();
    let contents: Vec<Content> = attachments
        .into_iter()
        .map(|attachment| content(attachment, id, about.patient, at))
        .collect();
    let document = document::with_meta(document, id, VersionId::FIRST.0, at);
    let row = row(&document, fhir::index(KIND, &document));
    Ok(Prepared {
        id,
        at,
        about,
        row,
        contents,
    })
}

/// Ids of what apps post grow with time (RFC 9562 §5.7).
fn new_id() -> ResourceId {
    ResourceId(Uuid::now_v7())
}

fn content(
    attachment: Attachment,
    document: ResourceId,
    patient: ResourceId,
    at: Timestamp,
) -> Content {
    let digest = Sha256::digest(&attachment.content).into();
    let binary = json!({
        "resourceType": "Binary",
        "contentType": attachment.content_type,
        "securityContext": { "reference": format!("DocumentReference/{document}") },
        "_data": fhir::binary::pointer(&digest),
    });
    let binary = document::with_meta(binary, attachment.binary, VersionId::FIRST.0, at);
    // A Binary has no subject of its own: it is in the compartment of its document.
    let index = IndexValues {
        patient: Some(patient),
        ..IndexValues::default()
    };
    Content {
        digest,
        bytes: attachment.content.into(),
        binary: attachment.binary,
        row: row(&binary, index),
    }
}

fn row(resource: &Value, index: IndexValues) -> Row {
    Row {
        body: resource.to_string(),
        content: content_digest(resource),
        index,
    }
}

/// Digest of a resource without `meta`: what a write that changes nothing leaves as it is.
fn content_digest(resource: &Value) -> Uuid {
    let mut hasher = Sha256::new();
    for (name, value) in resource
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(n, _)| *n != "meta")
    {
        hasher.update(name.as_bytes());
        hasher.update(value.to_string().as_bytes());
    }
    let digest: [u8; 32] = hasher.finalize().into();
    let (half, _) = digest.split_at(16);
    Uuid::from_slice(half).expect("sixteen bytes are a UUID")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENT: &str = "0190f3a2-7d5e-7c11-8000-000000000001";

    fn posted() -> Value {
        json!({
            "resourceType": "DocumentReference",
            "status": "current",
            "identifier": [{ "system": "urn:s", "value": "v" }],
            "subject": { "reference": format!("Patient/{PATIENT}") },
            "content": [{ "attachment": { "contentType": "text/plain", "data": "aGVsbG8=" } }],
        })
    }

    fn prepared(posted: &Value) -> Result<Prepared, FhirError> {
        prepare(
            posted.to_string().as_bytes(),
            "http://h/fhir",
            Timestamp::UNIX_EPOCH,
        )
    }

    #[test]
    fn content_lies_beside_its_binary_in_the_compartment_of_the_document() {
        let prepared = prepared(&posted()).unwrap();
        let [content] = prepared.contents.as_slice() else {
            panic!("one content")
        };
        assert_eq!(content.bytes, "hello");
        assert_eq!(content.row.index.patient, Some(prepared.about.patient));
        assert_eq!(prepared.row.index.patient, Some(prepared.about.patient));
        let binary: Value = serde_json::from_str(&content.row.body).unwrap();
        assert_eq!(fhir::binary::content_digest(&binary), Some(content.digest));
        assert!(!prepared.row.body.contains("aGVsbG8="));
        assert!(
            prepared
                .row
                .body
                .contains(&format!("Binary/{}", content.binary))
        );
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let mut posted = posted();
        posted["unknown"] = json!(1);
        posted["date"] = json!("yesterday");
        posted["status"] = json!("nonsense");
        let Err(FhirError::Invalid(faults)) = prepared(&posted) else {
            panic!("faults")
        };
        assert!(3 <= faults.len(), "{faults:?}");
    }
}
