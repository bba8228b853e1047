//! Wanted resources against the store's: what must be written, with its `meta` rendered.

use std::collections::BTreeMap;

use fhir::ResourceType;
use model::{JournalId, ResourceId, Timestamp, VersionId};
use sha2::{Digest, Sha256};
use store::resource::{Head, IndexRows, Op, Origin, Version, Write};
use uuid::Uuid;

use super::chart::{Unwanted, Wanted};
use crate::digest::first_half;

/// The version of search-value extraction, which stands in each row's index.
const INDEX_VERSION: i16 = 2;

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
        kind,
        id,
        text,
        index,
        journal,
        ..
    } = wanted;
    let content = content_of(&text);
    if head
        .as_ref()
        .is_some_and(|head| !head.deleted && head.content == content)
    {
        return None;
    }
    let version = head
        .as_ref()
        .map_or(VersionId::FIRST, |head| head.prior.version.next());
    let index = rows(index);
    let patient = index.patient;
    let body = rendered(&text, version, now, journal);
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
        kind: kind.code(),
        id,
        at: now,
        origin: Origin::Emr,
        journal: Some(journal),
        lineage: Some(lineage),
        op,
    };
    let done = Done {
        action,
        kind,
        id,
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

/// First half of SHA-256 over the text as it was folded: what a version says apart from its own
/// number, time and source.
pub(super) fn content_of(text: &str) -> Uuid {
    first_half(Sha256::digest(text).into())
}

/// The body as it is served: version, time and source stand first in `meta`.
fn rendered(text: &str, version: VersionId, now: Timestamp, journal: JournalId) -> String {
    let now = instant(now);
    let known = format!(
        "\"meta\":{{\"versionId\":\"{version}\",\"lastUpdated\":\"{now}\",\
         \"source\":\"urn:drawbridge:journal:{journal}\","
    );
    // A folded text has type, id and a tagged `meta`, in this order (mapping::Draft).
    text.replacen("\"meta\":{", &known, 1)
}

/// FHIR's `instant`, to the microsecond that the store keeps.
fn instant(at: Timestamp) -> String {
    format!("{at:.6}")
}

fn rows(index: fhir::IndexValues) -> IndexRows {
    let fhir::IndexValues {
        tokens,
        leads,
        strings,
        dates,
        patient,
        ..
    } = index;
    IndexRows {
        version: INDEX_VERSION,
        tokens,
        leads,
        strings,
        dates,
        patient,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENT: &str = "{\"resourceType\":\"Patient\",\"id\":\"7\",\"meta\":{\"tag\":[]},\
                           \"name\":[{\"text\":\"\\\"meta\\\":{\"}]}";

    #[test]
    fn meta_says_which_version_when_and_by_which_message() {
        let now = Timestamp::from_microsecond(1_700_000_000_123_456).unwrap();
        let body = rendered(PATIENT, VersionId(3), now, JournalId(77));
        let expected = "{\"resourceType\":\"Patient\",\"id\":\"7\",\"meta\":{\"versionId\":\"3\",\
                        \"lastUpdated\":\"2023-11-14T22:13:20.123456Z\",\
                        \"source\":\"urn:drawbridge:journal:77\",\"tag\":[]},\
                        \"name\":[{\"text\":\"\\\"meta\\\":{\"}]}";
        assert_eq!(body, expected);
        assert!(serde_json::from_str::<serde_json::Value>(&body).is_ok());
    }

    #[test]
    fn content_does_not_depend_on_version_time_and_source() {
        assert_eq!(content_of(PATIENT), content_of(PATIENT));
        assert_ne!(content_of(PATIENT), content_of(&PATIENT.replace('7', "8")));
    }
}
