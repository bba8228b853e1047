//! The Task that shows a delivery to apps.

use model::{DeadReason, Delivery, DeliveryId, ResourceId, Timestamp, VersionId};
use serde_json::{Value, json};

/// System of `Task.code`.
pub const CODE_SYSTEM: &str = "urn:drawbridge:task";
/// System of `Task.businessStatus`.
pub const STATE_SYSTEM: &str = "urn:drawbridge:delivery";
/// System of the Task's identifier that is our MSH-10.
pub const CONTROL_ID_SYSTEM: &str = "urn:drawbridge:control-id";

/// What the Task says.
#[derive(Clone, Debug)]
pub struct View<'a> {
    /// Also the Task's id.
    pub id: DeliveryId,
    /// The DocumentReference.
    pub document: ResourceId,
    /// Its patient, if it names one of ours.
    pub patient: Option<ResourceId>,
    /// The destination's name.
    pub destination: &'a str,
    /// Where it stands.
    pub delivery: &'a Delivery,
    /// Why, when the state alone does not tell.
    pub reason: Option<&'a str>,
    /// MSH-10, once it has one.
    pub control_id: Option<&'a str>,
    /// MSA and ERR of the last answer, one segment per line.
    pub answer: Option<&'a str>,
    /// An operator has given it up.
    pub discarded: bool,
    /// When the delivery was made.
    pub created_at: Timestamp,
}

impl View<'_> {
    /// The Task's JSON.
    pub fn render(&self, version: VersionId, now: Timestamp) -> Value {
        let word = self.delivery.word();
        let mut task = json!({
            "resourceType": "Task",
            "id": self.id.to_string(),
            "meta": {
                "versionId": version.to_string(),
                "lastUpdated": instant(now),
                "tag": [{ "system": "urn:drawbridge:origin", "code": "server" }],
            },
            "status": self.status(),
            "statusReason": { "text": self.words() },
            "businessStatus": { "coding": [{ "system": STATE_SYSTEM, "code": word }], "text": word },
            "intent": "order",
            "code": { "coding": [{ "system": CODE_SYSTEM, "code": "deliver-document" }] },
            "focus": { "reference": format!("DocumentReference/{}", self.document) },
            "authoredOn": instant(self.created_at),
            "lastModified": instant(now),
            "owner": { "display": self.destination },
        });
        let more = [
            (
                "for",
                self.patient
                    .map(|id| json!({ "reference": format!("Patient/{id}") })),
            ),
            (
                "identifier",
                self.control_id
                    .map(|id| json!([{ "system": CONTROL_ID_SYSTEM, "value": id }])),
            ),
            (
                "output",
                self.answer
                    .map(output)
                    .filter(|output| output != &json!([])),
            ),
        ];
        if let Value::Object(elements) = &mut task {
            let said = more
                .into_iter()
                .filter_map(|(name, value)| Some((name.to_owned(), value?)));
            elements.extend(said);
        }
        task
    }

    /// R4's task-status: `accepted` is exactly what `AA` means, that the performer will do it.
    const fn status(&self) -> &'static str {
        match self.delivery {
            _ if self.discarded => "cancelled",
            Delivery::Held { .. } => "on-hold",
            Delivery::Queued { .. } => "requested",
            Delivery::Sending { .. } => "in-progress",
            Delivery::Accepted { .. } => "accepted",
            Delivery::Confirmed { .. } => "completed",
            Delivery::Rejected { .. } => "rejected",
            Delivery::Dead { .. } => "failed",
        }
    }

    fn words(&self) -> String {
        let state = match self.delivery {
            _ if self.discarded => "given up by an operator".to_owned(),
            Delivery::Held { reason } => format!("held: {reason}"),
            Delivery::Queued { attempt: 0, .. } => "waiting to be sent".to_owned(),
            Delivery::Queued { attempt, .. } => {
                format!("waiting to be sent again after {}", sends(*attempt))
            }
            Delivery::Sending { attempt, .. } => {
                format!("being sent, send {}", attempt.saturating_add(1))
            }
            Delivery::Accepted { .. } => {
                "accepted by the receiver; not yet known to be filed".to_owned()
            }
            Delivery::Confirmed { .. } => "the receiver has filed it".to_owned(),
            Delivery::Rejected { .. } => "refused by the receiver".to_owned(),
            Delivery::Dead {
                attempts,
                reason: DeadReason::Failed,
            } => {
                format!(
                    "given up after {}: the receiver kept failing",
                    sends(*attempts)
                )
            }
            Delivery::Dead {
                attempts,
                reason: DeadReason::Unknown,
            } => {
                format!(
                    "given up after {} without an answer: it may have arrived",
                    sends(*attempts)
                )
            }
        };
        match self.reason {
            Some(reason) if !matches!(self.delivery, Delivery::Held { .. }) => {
                format!("{state} ({reason})")
            }
            _ => state,
        }
    }
}

fn sends(n: u8) -> String {
    if n == 1 {
        "1 send".to_owned()
    } else {
        format!("{n} sends")
    }
}

/// The receiver's words, one output per segment.
fn output(answer: &str) -> Value {
    let segments = answer.lines().filter(|line| !line.trim().is_empty());
    segments
        .map(|line| {
            let name = line.split('|').next().unwrap_or("MSA");
            json!({ "type": { "text": name }, "valueString": line })
        })
        .collect()
}

/// An instant as FHIR writes it, to the microsecond that the database keeps.
fn instant(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn view(delivery: &Delivery) -> Value {
        let view = View {
            id: DeliveryId(Uuid::from_u128(1)),
            document: ResourceId(Uuid::from_u128(2)),
            patient: Some(ResourceId(Uuid::from_u128(3))),
            destination: "hchb",
            delivery,
            reason: None,
            control_id: Some("DB1"),
            answer: Some("MSA|AE|DB1|no\nERR|||207"),
            discarded: false,
            created_at: Timestamp::UNIX_EPOCH,
        };
        view.render(VersionId::FIRST, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn every_state_makes_a_valid_task() {
        let now = Timestamp::UNIX_EPOCH;
        let states = [
            Delivery::Held {
                reason: "no identifier".to_owned(),
            },
            Delivery::new(now),
            Delivery::Sending {
                attempt: 1,
                lease_until: now,
            },
            Delivery::Accepted { at: now },
            Delivery::Confirmed { at: now },
            Delivery::Rejected { attempts: 1 },
            Delivery::Dead {
                attempts: 6,
                reason: DeadReason::Unknown,
            },
        ];
        for state in states {
            let task = view(&state);
            assert_eq!(task["businessStatus"]["text"], state.word());
            let faults = fhir::check(&task, Some(fhir::ResourceType::Task));
            assert!(faults.is_empty(), "{}: {faults:?}", state.word());
        }
    }

    #[test]
    fn the_receivers_segments_are_outputs_of_their_own() {
        let task = view(&Delivery::Rejected { attempts: 1 });
        assert_eq!(task["output"][0]["valueString"], "MSA|AE|DB1|no");
        assert_eq!(task["output"][1]["type"]["text"], "ERR");
    }
}
