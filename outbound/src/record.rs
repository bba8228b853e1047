//! What every change of a delivery leaves behind, in the transaction that makes it: the Task that
//! apps see and a row of the audit trail.

use fhir::ResourceType;
use model::{
    Action, Actor, AuditEvent, AuditOutcome, Delivery, DeliveryId, ResourceId, Timestamp, VersionId,
};
use serde_json::Value;
use sha2::{Digest, Sha256};
use store::audit::{self, AuditChain};
use store::delivery::{Item, New};
use store::resource::{self, Head, IndexRows, Op, Origin, Version, Write};
use store::{StoreError, Tx};
use uuid::Uuid;

use crate::task::View;

/// The version of search-value extraction, which stands in each row's index.
const INDEX_VERSION: i16 = 2;

/// What a change of a delivery has to tell beyond its state.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Note<'a> {
    /// Who made it.
    pub(crate) by: &'a Actor,
    /// Why, in words without patient data.
    pub(crate) reason: Option<&'a str>,
    /// An operator has given it up.
    pub(crate) discarded: bool,
}

/// A document that was posted, as far as its deliveries must know it.
#[derive(Clone, Copy, Debug)]
pub struct Document {
    /// The DocumentReference.
    pub id: ResourceId,
    /// Which version of it.
    pub version: VersionId,
    /// Its subject.
    pub patient: Option<ResourceId>,
    /// When it was written: the same instant as in its `meta.lastUpdated`.
    pub at: Timestamp,
}

/// A delivery that is to be made together with its document.
#[derive(Clone, Debug)]
pub struct Made {
    /// The delivery row.
    pub delivery: New,
    /// The Task that shows it.
    pub task: Write,
    /// What the trail says.
    pub audit: AuditEvent,
}

/// The delivery of a document to a destination, queued: to be written in the transaction that
/// writes the document, or not at all.
pub fn delivery_for(document: &Document, destination: &str, by: &Actor) -> Made {
    let id = DeliveryId(Uuid::now_v7());
    let state = Delivery::new(document.at);
    let view = View {
        id,
        document: document.id,
        patient: document.patient,
        destination,
        delivery: &state,
        reason: None,
        control_id: None,
        answer: None,
        discarded: false,
        created_at: document.at,
    };
    let (task, version) = write(&view, None, document.at);
    let audit = event(&view, version, by);
    let delivery = New {
        id,
        destination: destination.to_owned(),
        document: document.id,
        document_version: document.version,
        patient: document.patient,
        state,
    };
    Made {
        delivery,
        task,
        audit,
    }
}

/// Writes the Task and the audit row of a delivery that this transaction has put into `state`.
pub(crate) async fn record(
    tx: &mut Tx,
    chain: &AuditChain,
    item: &Item,
    state: &Delivery,
    note: Note<'_>,
) -> Result<(), StoreError> {
    let now = tx.store().clock().now();
    let key = (ResourceType::Task.code(), ResourceId(item.id.0));
    let head = resource::heads(tx, &[key]).await?.pop();
    let authored_on = head.as_ref().and_then(|head| authored_on(&head.body));
    let view = View {
        id: item.id,
        document: item.document,
        patient: item.patient,
        destination: &item.destination,
        delivery: state,
        reason: note.reason,
        control_id: item.control_id.as_deref(),
        answer: item.answer.as_deref(),
        discarded: note.discarded,
        created_at: authored_on.unwrap_or(item.created_at),
    };
    let (task, version) = write(&view, head, now);
    resource::write(tx, &[task]).await?;
    audit::in_tx(tx, chain, &[event(&view, version, note.by)]).await
}

/// `Task.authoredOn` as the first version said it.
fn authored_on(task: &str) -> Option<Timestamp> {
    let task: Value = serde_json::from_str(task).ok()?;
    task.get("authoredOn")?.as_str()?.parse().ok()
}

fn write(view: &View<'_>, head: Option<Head>, now: Timestamp) -> (Write, VersionId) {
    let version = head
        .as_ref()
        .map_or(VersionId::FIRST, |head| head.prior.version.next());
    let task = view.render(version, now);
    let made = Version {
        body: task.to_string(),
        content: content_of(&task),
        index: index_of(&task),
    };
    let op = match head {
        None => Op::Create(made),
        Some(head) => Op::Update {
            prior: head.prior,
            version: made,
        },
    };
    let write = Write {
        kind: ResourceType::Task.code(),
        id: ResourceId(view.id.0),
        at: now,
        origin: Origin::Server,
        journal: None,
        lineage: None,
        op,
    };
    (write, version)
}

fn event(view: &View<'_>, version: VersionId, by: &Actor) -> AuditEvent {
    let outcome = match view.delivery {
        Delivery::Rejected { .. } => AuditOutcome::Refused,
        Delivery::Dead { .. } => AuditOutcome::Failed,
        Delivery::Held { .. }
        | Delivery::Queued { .. }
        | Delivery::Sending { .. }
        | Delivery::Accepted { .. }
        | Delivery::Confirmed { .. } => AuditOutcome::Success,
    };
    AuditEvent {
        actor: by.clone(),
        action: Action::Execute,
        outcome,
        interaction: "deliver",
        resource_type: Some(ResourceType::Task.name()),
        resource: Some(ResourceId(view.id.0)),
        version: Some(version),
        patient: view.patient,
        request: Some(format!("{} {}", view.delivery.word(), view.id)),
    }
}

/// First half of SHA-256 over the Task without `meta`.
fn content_of(task: &Value) -> Uuid {
    let mut hasher = Sha256::new();
    for (name, value) in task
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, _)| *name != "meta")
    {
        hasher.update(name.as_bytes());
        hasher.update(value.to_string().as_bytes());
    }
    let digest: [u8; 32] = hasher.finalize().into();
    Uuid::from_bytes(digest.first_chunk().copied().unwrap_or_default())
}

fn index_of(task: &Value) -> IndexRows {
    let fhir::IndexValues {
        tokens,
        leads,
        strings,
        dates,
        patient,
        ..
    } = fhir::index(ResourceType::Task, task);
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

    #[test]
    fn a_document_is_queued_with_a_task_in_its_patients_compartment() {
        let patient = ResourceId(Uuid::from_u128(7));
        let document = Document {
            id: ResourceId(Uuid::from_u128(8)),
            version: VersionId::FIRST,
            patient: Some(patient),
            at: Timestamp::UNIX_EPOCH,
        };
        let made = delivery_for(&document, "hchb", &Actor::Token(1));
        let Op::Create(version) = &made.task.op else {
            panic!("a create")
        };
        assert_eq!(version.index.patient, Some(patient));
        assert!(version.body.contains("\"queued\""));
        assert_eq!(made.task.id.0, made.delivery.id.0);
        assert_eq!(made.audit.resource, Some(made.task.id));
    }
}
