//! Wanted resources against the store's: what must be written, with its `meta` rendered.

use std::collections::BTreeMap;

use fhir::ResourceType;
use model::{JournalId, ResourceId, Timestamp, VersionId};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use store::resource::{Head, IndexRows, Op, Origin, Version, Write};
use uuid::Uuid;

use super::chart::{Unwanted, Wanted};
use crate::digest::first_half;

/// The version of search-value extraction, which stands in each row's index.
const INDEX_VERSION: i16 = 1;

/// The current versions by type and id.
pub(crate) type Heads = BTreeMap<(i16, ResourceId), Head>;

/// What a write does, for the audit trail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Done {
    pub(crate) action: model::Action,
    pub(crate) kind: ResourceType,
    pub(crate) id: ResourceId,
    pub(crate) version: VersionId,
    pub(crate) patient: Option<ResourceId>,
    pub(crate) journal: JournalId,
}

/// The write that makes a resource what the facts yield; `None` when it is that already.
/// `lineage` holds its encoded lineage.
pub(crate) fn write(
    wanted: Wanted,
    head: Option<Head>,
    lineage: Vec<u8>,
    now: Timestamp,
) -> Option<(Write, Done)> {
    let Wanted {
        folded, journal, ..
    } = wanted;
    let content = content_of(&folded.body);
    if head
        .as_ref()
        .is_some_and(|head| !head.deleted && head.content == content)
    {
        return None;
    }
    let version = head
        .as_ref()
        .map_or(VersionId::FIRST, |head| head.prior.version.next());
    let index = index_of(folded.kind, &folded.body);
    let patient = index.patient;
    let body = rendered(folded.body, version, now, journal).to_string();
    let made = Version {
        body,
        content,
        index,
    };
    let (op, action) = match head {
        None => (Op::Create(made), model::Action::Create),
        Some(head) => (
            Op::Update {
                prior: head.prior,
                version: made,
            },
            model::Action::Update,
        ),
    };
    let write = Write {
        kind: folded.kind.code(),
        id: folded.id,
        at: now,
        origin: Origin::Emr,
        journal: Some(journal),
        lineage: Some(lineage),
        op,
    };
    let done = Done {
        action,
        kind: folded.kind,
        id: folded.id,
        version,
        patient,
        journal,
    };
    Some((write, done))
}

/// The write that says that a resource is gone; `None` when it never was or is gone already.
pub(crate) fn delete(
    unwanted: Unwanted,
    head: Option<Head>,
    now: Timestamp,
) -> Option<(Write, Done)> {
    let head = head.filter(|head| !head.deleted)?;
    let done = Done {
        action: model::Action::Delete,
        kind: unwanted.kind,
        id: unwanted.id,
        version: head.prior.version.next(),
        patient: head.prior.index.patient,
        journal: unwanted.journal,
    };
    let write = Write {
        kind: unwanted.kind.code(),
        id: unwanted.id,
        at: now,
        origin: Origin::Emr,
        journal: Some(unwanted.journal),
        lineage: None,
        op: Op::Delete { prior: head.prior },
    };
    Some((write, done))
}

/// First half of SHA-256 over the body as it was folded: what a version says apart from its own
/// number, time and source.
fn content_of(body: &Value) -> Uuid {
    first_half(Sha256::digest(body.to_string()).into())
}

/// The body as it is served: `meta` with version, time and source before what it had.
fn rendered(mut body: Value, version: VersionId, now: Timestamp, journal: JournalId) -> Value {
    let mut meta = Map::new();
    meta.insert("versionId".to_owned(), json!(version.to_string()));
    meta.insert("lastUpdated".to_owned(), json!(instant(now)));
    meta.insert(
        "source".to_owned(),
        json!(format!("urn:drawbridge:journal:{journal}")),
    );
    if let Some(Value::Object(tagged)) = body.get_mut("meta").map(Value::take) {
        meta.extend(tagged);
    }
    if let Some(members) = body.as_object_mut() {
        members.insert("meta".to_owned(), Value::Object(meta));
    }
    body
}

/// FHIR's `instant`, to the microsecond that the store keeps.
fn instant(at: Timestamp) -> String {
    format!("{at:.6}")
}

fn index_of(kind: ResourceType, body: &Value) -> IndexRows {
    let fhir::IndexValues {
        tokens,
        strings,
        dates,
        patient,
        ..
    } = fhir::index(kind, body);
    IndexRows {
        version: INDEX_VERSION,
        tokens,
        strings,
        dates,
        patient,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patient() -> Value {
        json!({
            "resourceType": "Patient",
            "id": "0190a1b2-0000-8000-8000-000000000001",
            "meta": {"tag": [{"system": "urn:drawbridge:origin", "code": "emr"}]},
            "gender": "female",
        })
    }

    #[test]
    fn meta_says_which_version_when_and_by_which_message() {
        let now = Timestamp::from_microsecond(1_700_000_000_123_456).unwrap();
        let body = rendered(patient(), VersionId(3), now, JournalId(77)).to_string();
        assert!(
            body.starts_with(
                "{\"resourceType\":\"Patient\",\"id\":\"0190a1b2-0000-8000-8000-000000000001\",\
                 \"meta\":{\"versionId\":\"3\",\"lastUpdated\":\"2023-11-14T22:13:20.123456Z\",\
                 \"source\":\"urn:drawbridge:journal:77\",\"tag\":[{"
            ),
            "{body}"
        );
    }

    #[test]
    fn content_does_not_depend_on_version_time_and_source() {
        assert_eq!(content_of(&patient()), content_of(&patient()));
        let mut other = patient();
        other["gender"] = json!("male");
        assert_ne!(content_of(&patient()), content_of(&other));
    }
}
