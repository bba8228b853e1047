//! A patient, a visit and documents about them, as the other rooms would have written them.

use bytes::Bytes;
use fhir::ResourceType;
use model::{
    Actor, DeliveryId, EntityId, IdentityKind, ResourceId, SourceIdentity, Tenant, VersionId,
};
use outbound::{Document, delivery_for};
use serde_json::{Value, json};
use sha2::Digest as _;
use store::Store;
use store::identity::Identity;
use store::resource::{Coalescer, IndexRows, Op, Origin, Submission, Version, Write};
use uuid::Uuid;

pub(crate) const T: Tenant = Tenant::DEFAULT;

/// A patient and one visit.
pub(crate) struct Chart {
    pub(crate) patient: ResourceId,
    pub(crate) visit: ResourceId,
}

fn write(
    store: &Store,
    kind: ResourceType,
    id: ResourceId,
    origin: Origin,
    mut body: Value,
) -> Write {
    let at = store.clock().now();
    body["meta"] = json!({ "versionId": "1", "lastUpdated": at.to_string() });
    let fhir::IndexValues {
        tokens,
        leads,
        strings,
        dates,
        patient,
        ..
    } = fhir::index(kind, &body);
    let index = IndexRows {
        version: 1,
        tokens,
        leads,
        strings,
        dates,
        patient,
    };
    let version = Version {
        body: body.to_string(),
        content: Uuid::new_v4(),
        index,
    };
    Write {
        kind: kind.code(),
        id,
        at,
        origin,
        journal: None,
        lineage: None,
        op: Op::Create(version),
    }
}

impl Chart {
    /// Written, with the identifiers `(authority, value)` of the patient.
    pub(crate) async fn write(store: &Store, identifiers: &[(&str, &str)]) -> Self {
        let chart = Self {
            patient: ResourceId(Uuid::new_v4()),
            visit: ResourceId(Uuid::new_v4()),
        };
        let patient = json!({
            "resourceType": "Patient", "id": chart.patient.to_string(),
            "name": [{ "family": "Marrowby", "given": ["Tilda"] }],
            "birthDate": "1931-02-03", "gender": "female",
        });
        let encounter = json!({
            "resourceType": "Encounter", "id": chart.visit.to_string(), "status": "in-progress",
            "class": { "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "HH" },
            "subject": { "reference": format!("Patient/{}", chart.patient) },
            "period": { "start": "2025-01-06T09:00:00-06:00" },
        });
        let mut tx = store.begin(T).await.unwrap();
        let writes = [
            write(
                store,
                ResourceType::Patient,
                chart.patient,
                Origin::Emr,
                patient,
            ),
            write(
                store,
                ResourceType::Encounter,
                chart.visit,
                Origin::Emr,
                encounter,
            ),
        ];
        store::resource::write(&mut tx, &writes).await.unwrap();
        tx.commit().await.unwrap();
        chart.identify(store, identifiers).await;
        chart
    }

    /// The identity map learns the patient's identifiers, and the visit's number.
    pub(crate) async fn identify(&self, store: &Store, identifiers: &[(&str, &str)]) {
        let row = |kind, id: ResourceId, authority: &str, value: &str| Identity {
            entity: EntityId(id.0),
            lane: None,
            identity: SourceIdentity {
                kind,
                authority: authority.to_owned(),
                type_code: if kind == IdentityKind::Visit {
                    "VN"
                } else {
                    "MR"
                }
                .to_owned(),
                value: value.to_owned(),
            },
            new: false,
        };
        let mut rows: Vec<Identity> = identifiers
            .iter()
            .map(|(authority, value)| row(IdentityKind::Patient, self.patient, authority, value))
            .collect();
        rows.push(row(IdentityKind::Visit, self.visit, "MAPLEVN", "V1"));
        let mut tx = store.begin(T).await.unwrap();
        let entities = [EntityId(self.patient.0), EntityId(self.visit.0)];
        store::identity::forget(&mut tx, &entities).await.unwrap();
        store::identity::add(&mut tx, &rows).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// A document about the visit, posted to one destination: everything in one submission, as the
    /// server's create does it.
    pub(crate) async fn post(
        &self,
        store: &Store,
        destination: &str,
        content: &[u8],
    ) -> DeliveryId {
        let (document, binary) = (ResourceId(Uuid::now_v7()), ResourceId(Uuid::now_v7()));
        let digest = sha2::Sha256::digest(content).into();
        let bytes = Bytes::copy_from_slice(content);
        store::blob::stage(store, T, digest, &bytes).await.unwrap();
        let binary_body = json!({
            "resourceType": "Binary", "id": binary.to_string(), "contentType": "application/pdf",
            "_data": fhir::binary::pointer(&digest),
        });
        let reference = json!({
            "resourceType": "DocumentReference", "id": document.to_string(), "status": "current",
            "docStatus": "final",
            "type": { "coding": [{ "system": "http://loinc.org", "code": "34133-9", "display": "Summary" }] },
            "subject": { "reference": format!("Patient/{}", self.patient) },
            "date": "2025-01-07T10:00:00-06:00",
            "author": [{ "display": "Noreen Kettlewick RN" }],
            "content": [{ "attachment": {
                "contentType": "application/pdf", "url": format!("Binary/{binary}"), "title": "Visit note",
            } }],
            "context": { "encounter": [{ "reference": format!("Encounter/{}", self.visit) }] },
        });
        let made = delivery_for(
            &Document {
                id: document,
                version: VersionId::FIRST,
                patient: Some(self.patient),
                at: store.clock().now(),
            },
            destination,
            &Actor::Token(1),
        );
        let id = made.delivery.id;
        let submission = Submission {
            tenant: T,
            condition: None,
            writes: vec![
                write(
                    store,
                    ResourceType::Binary,
                    binary,
                    Origin::App,
                    binary_body,
                ),
                write(
                    store,
                    ResourceType::DocumentReference,
                    document,
                    Origin::App,
                    reference,
                ),
                made.task,
            ],
            deliveries: vec![made.delivery],
            audit: vec![made.audit],
        };
        Coalescer::start(store).submit(submission).await.unwrap();
        id
    }
}
