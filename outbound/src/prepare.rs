//! From a delivery to the message that is sent: what the document names is read, the receiver's
//! identifiers are chosen, the message is built. What can't be known is held, never guessed.

use base64::Engine as _;
use bytes::Bytes;
use fhir::{Reference, ResourceType};
use mapping::outbound::mdm::{self, Attachment, Identifiers};
use model::{
    Access, ControlId, EntityId, IdentityKind, Reach, ResourceId, SourceIdentity, Tenant, Timestamp,
};
use serde_json::Value;
use store::delivery::Item;
use store::{Store, StoreError, blob, identity, resource};
use uuid::Uuid;

use crate::destination::Destination;
use crate::identity::choose;

/// What a delivery's preparation came to.
#[derive(Debug)]
pub(crate) enum Prepared {
    /// It can be sent.
    Message(Message),
    /// Something is missing that may still come.
    Held(String),
    /// It can never be sent as it is.
    Refused(String),
}

/// A message that is ready to be sent.
pub(crate) struct Message {
    pub(crate) bytes: Bytes,
    pub(crate) control_id: ControlId,
    /// TXA-12.1.
    pub(crate) document_number: String,
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Message({}, {} bytes)",
            self.control_id,
            self.bytes.len()
        )
    }
}

/// A reason to stop: either the store failed, or the delivery can't go on now.
enum Stop {
    Store(StoreError),
    Held(String),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Prepares a delivery that has no message yet.
pub(crate) async fn prepare(
    store: &Store,
    destination: &Destination,
    item: &Item,
    now: Timestamp,
) -> Result<Prepared, StoreError> {
    let reading = Reading {
        store,
        destination,
        tenant: item.tenant,
    };
    match reading.read(item).await {
        Ok(parts) => build(parts, destination, now).await,
        Err(Stop::Held(why)) => Ok(Prepared::Held(why)),
        Err(Stop::Store(error)) => Err(error),
    }
}

/// Everything that a message is made of.
struct Parts {
    document: Value,
    patient: Value,
    encounter: Option<Value>,
    identifiers: Identifiers,
    attachments: Vec<Attachment>,
}

struct Reading<'a> {
    store: &'a Store,
    destination: &'a Destination,
    tenant: Tenant,
}

impl Reading<'_> {
    async fn read(&self, item: &Item) -> Result<Parts, Stop> {
        let document = self
            .resource(ResourceType::DocumentReference, item.document)
            .await?;
        let document = document.ok_or_else(|| held("the document is gone"))?;
        let patient = item
            .patient
            .ok_or_else(|| held("the document names no patient of this server"))?;
        let patient = self.lead(patient).await?;
        let patient_id = self
            .identifier("the patient", patient, IdentityKind::Patient)
            .await?;
        let (encounter, visit) = self.visit(&document).await?;
        let patient = self.resource(ResourceType::Patient, patient).await?;
        let attachments = self.attachments(&document).await?;
        Ok(Parts {
            document,
            patient: patient.ok_or_else(|| held("the patient is gone"))?,
            encounter,
            identifiers: Identifiers {
                patient: vec![patient_id],
                visit,
            },
            attachments,
        })
    }

    async fn resource(&self, kind: ResourceType, id: ResourceId) -> Result<Option<Value>, Stop> {
        let access = Access {
            tenant: self.tenant,
            reach: Reach::All,
        };
        let stored = resource::read(self.store, &access, kind.code(), id).await?;
        let body = stored
            .filter(|stored| !stored.deleted)
            .map(|stored| stored.body);
        let parsed = body.map(|body| serde_json::from_str(&body)).transpose();
        Ok(parsed.map_err(|_| StoreError::Inconsistent("a resource that is no JSON"))?)
    }

    /// Who bears the chart by now: a patient that was merged away is known to the EMR by another number.
    async fn lead(&self, id: ResourceId) -> Result<ResourceId, Stop> {
        let entity = EntityId(id.0);
        let persons = store::link::persons(self.store, self.tenant, &[entity]).await?;
        let person = persons.into_iter().find(|(one, _)| *one == entity);
        Ok(person.map_or(id, |(_, lead)| lead.into()))
    }

    async fn identifier(
        &self,
        who: &'static str,
        id: ResourceId,
        kind: IdentityKind,
    ) -> Result<SourceIdentity, Stop> {
        let known = identity::of(self.store, self.tenant, EntityId(id.0)).await?;
        let of_kind = known
            .into_iter()
            .map(|row| row.identity)
            .filter(|id| id.kind == kind);
        let of_kind: Vec<SourceIdentity> = of_kind.collect();
        let rule = match kind {
            IdentityKind::Visit => &self.destination.visit_id,
            IdentityKind::Patient
            | IdentityKind::Practitioner
            | IdentityKind::Organization
            | IdentityKind::Location
            | IdentityKind::Account
            | IdentityKind::Part => &self.destination.patient_id,
        };
        choose(who, &of_kind, rule).map_err(|why| Stop::Held(why.to_string()))
    }

    /// The first encounter that the document names, with the receiver's number of it.
    async fn visit(
        &self,
        document: &Value,
    ) -> Result<(Option<Value>, Option<SourceIdentity>), Stop> {
        let reference = document.pointer("/context/encounter/0/reference");
        let Some(id) = target(reference, ResourceType::Encounter) else {
            let wanted = self.destination.visit_required;
            let without = held("the document names no visit, and the destination wants one");
            return if wanted {
                Err(without)
            } else {
                Ok((None, None))
            };
        };
        let id = self.lead(id).await?;
        // A document of a visit that the receiver can't know would be filed under none, or another.
        let number = self
            .identifier("the visit", id, IdentityKind::Visit)
            .await?;
        let encounter = self.resource(ResourceType::Encounter, id).await?;
        Ok((encounter, Some(number)))
    }

    async fn attachments(&self, document: &Value) -> Result<Vec<Attachment>, Stop> {
        let contents = document.get("content").and_then(Value::as_array);
        let mut attachments = Vec::new();
        for content in contents.into_iter().flatten() {
            let attachment = content.get("attachment").unwrap_or(&Value::Null);
            let text = |name: &str| {
                attachment
                    .get(name)
                    .and_then(Value::as_str)
                    .map(str::to_owned)
            };
            attachments.push(Attachment {
                content_type: text("contentType").unwrap_or_default(),
                title: text("title"),
                bytes: self.content(attachment).await?,
            });
        }
        if attachments.is_empty() {
            Err(held("the document has no content"))
        } else {
            Ok(attachments)
        }
    }

    async fn content(&self, attachment: &Value) -> Result<Bytes, Stop> {
        if let Some(data) = attachment.get("data") {
            return decoded(data);
        }
        let elsewhere = || held("the document's content is not on this server");
        let id = target(attachment.get("url"), ResourceType::Binary).ok_or_else(elsewhere)?;
        let binary = self
            .resource(ResourceType::Binary, id)
            .await?
            .ok_or_else(elsewhere)?;
        // What came in a message is in its Binary.
        if let Some(data) = binary.get("data") {
            return decoded(data);
        }
        let digest = fhir::binary::content_digest(&binary).ok_or_else(elsewhere)?;
        blob::whole(self.store, self.tenant, &digest)
            .await?
            .ok_or_else(elsewhere)
    }
}

fn decoded(data: &Value) -> Result<Bytes, Stop> {
    let data = data.as_str().unwrap_or_default();
    let decoded = base64::engine::general_purpose::STANDARD.decode(data);
    decoded
        .map(Bytes::from)
        .map_err(|_| held("the document's content is no Base64"))
}

/// Building encodes up to the largest document: it holds up nobody else.
async fn build(
    parts: Parts,
    destination: &Destination,
    now: Timestamp,
) -> Result<Prepared, StoreError> {
    let control_id = new_control_id();
    let wording = destination.mdm.clone();
    let built = tokio::task::spawn_blocking(move || {
        let Parts {
            document,
            patient,
            encounter,
            identifiers,
            attachments,
        } = &parts;
        let bytes = mdm::build(
            document,
            patient,
            encounter.as_ref(),
            identifiers,
            attachments,
            &control_id,
            now,
            &wording,
        )?;
        Ok(Message {
            document_number: document_number(&bytes),
            bytes: bytes.into(),
            control_id,
        })
    });
    Ok(match built.await {
        Ok(Ok(message)) => Prepared::Message(message),
        Ok(Err(mdm::Refused { held: true, what })) => Prepared::Held(what),
        Ok(Err(mdm::Refused { held: false, what })) => Prepared::Refused(what),
        Err(_) => Prepared::Refused("building the message failed; this is our fault".to_owned()),
    })
}

/// TXA-12.1 of a message that we built.
fn document_number(bytes: &[u8]) -> String {
    let message = hl7v2::Message::parse(bytes).ok();
    let number =
        message.and_then(|message| Some(message.segment("TXA")?.field(12).text().into_owned()));
    number.unwrap_or_default()
}

/// 18 characters, which even receivers of v2.3 take (MSH-10 was 20 long until v2.7).
fn new_control_id() -> ControlId {
    let random = Uuid::new_v4().simple().to_string();
    let text = format!("DB{}", random.get(..16).unwrap_or(&random).to_uppercase());
    ControlId::parse(&text).expect("hexadecimal digits are a control id")
}

/// The id in a reference to one of our resources of that type.
fn target(reference: Option<&Value>, kind: ResourceType) -> Option<ResourceId> {
    let reference = Reference::parse(reference?.as_str()?, None)?;
    (reference.kind() == Some(kind))
        .then(|| reference.resource_id())
        .flatten()
}

fn held(why: &str) -> Stop {
    Stop::Held(why.to_owned())
}
