//! What a create writes, as the store takes it.

use fhir::{IndexValues, ResourceType};
use model::{Action, AuditEvent, AuditOutcome, ResourceId, Timestamp, VersionId};
use store::resource::{Condition, IndexRows, Op, Origin, Submission, Version, Write};

use super::super::call::Call;
use super::prepare::{Prepared, Row};

/// The version of the extraction of search values; the same as for what comes from the EMR.
const INDEX_VERSION: i16 = 2;

/// Everything in one transaction: the document, its Binaries, its deliveries and their Tasks, the
/// event of the audit trail.
pub(super) fn submission(
    call: &Call,
    condition: Option<Condition>,
    prepared: Prepared,
) -> Submission {
    let mut audit = vec![event(call, &prepared)];
    let at = prepared.at;
    let mut writes = Vec::new();
    let mut deliveries = Vec::new();
    let tenant = call.access.tenant;
    for made in call
        .face
        .destinations
        .of(tenant, &prepared, &call.caller.actor())
    {
        deliveries.push(made.delivery);
        writes.push(made.task);
        audit.push(made.audit);
    }
    for content in prepared.contents {
        writes.push(write(ResourceType::Binary, content.binary, at, content.row));
    }
    writes.push(write(
        ResourceType::DocumentReference,
        prepared.id,
        at,
        prepared.row,
    ));
    Submission {
        tenant,
        condition,
        writes,
        deliveries,
        audit,
    }
}

fn write(kind: ResourceType, id: ResourceId, at: Timestamp, row: Row) -> Write {
    let Row {
        body,
        content,
        index,
    } = row;
    let IndexValues {
        tokens,
        leads,
        strings,
        dates,
        patient,
    } = index;
    let index = IndexRows {
        version: INDEX_VERSION,
        tokens,
        leads,
        strings,
        dates,
        patient,
    };
    Write {
        kind: kind.code(),
        id,
        at,
        origin: Origin::App,
        journal: None,
        lineage: None,
        op: Op::Create(Version {
            body,
            content,
            index,
        }),
    }
}

fn event(call: &Call, prepared: &Prepared) -> AuditEvent {
    AuditEvent {
        actor: call.caller.actor(),
        action: Action::Create,
        outcome: AuditOutcome::Success,
        interaction: "create",
        resource_type: Some(ResourceType::DocumentReference.name()),
        resource: Some(prepared.id),
        version: Some(VersionId::FIRST),
        patient: Some(prepared.about.patient),
        request: Some(call.request_id.clone()),
    }
}
