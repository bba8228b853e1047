//! An appointment's facts become an Appointment.

use fhir::ResourceType;
use fhirbolt::model::r4::resources::Appointment;
use fhirbolt::model::r4::types::{Code, Instant};
use model::EntityId;

use crate::datatype::ext;
use crate::facts::Place;
use crate::json;

use super::visit::text_in;
use super::{Builder, Draft, Parts, Said};

/// What says when it is, the best first.
const TIMES: [Place; 3] = [
    Place::new("SCH", 11),
    Place::new("TQ1", 7),
    Place::new("AIS", 4),
];

pub(super) fn fold<'f>(entity: EntityId, parts: &Parts<'f>) -> Vec<Draft<'f>> {
    let said = parts.itself();
    if said.is_empty() {
        return Vec::new();
    }
    let status = status(said);
    let computed = computed(said, &status);
    let computed = json::fragment(&computed);
    let mut appointment = Builder::new(ResourceType::Appointment, entity.into());
    if let Some(computed) = &computed {
        appointment.add_computed(computed);
    }
    for said in said {
        if TIMES.contains(&said.field) {
            appointment.explain(*said);
        } else {
            appointment.add(*said);
        }
    }
    if matches!(status.as_str(), "cancelled" | "noshow") {
        appointment.add_all(parts.part("cancelation/reason"));
    }
    for kind in ["subject", "participant", "service"] {
        for (_, said) in parts.of_kind(kind) {
            appointment.add_all(said);
        }
    }
    vec![appointment.finish()]
}

/// SCH-25, or what the events say; an appointment of which only changes were heard is booked if its time
/// is known.
fn status(said: &[Said<'_>]) -> String {
    let stated = said
        .iter()
        .find_map(|said| text_in(said.fragment, &["status"]));
    stated.unwrap_or_else(|| {
        let is_timed = said.iter().any(|said| TIMES.contains(&said.field));
        if is_timed { "booked" } else { "proposed" }.to_owned()
    })
}

/// The status, and the times: both, or neither, from one field. Where FHIR requires them (app-3) and
/// nobody said them, that they are unknown is said.
fn computed(said: &[Said<'_>], status: &str) -> Appointment {
    let times = TIMES
        .iter()
        .find_map(|field| said.iter().find(|said| said.field == *field));
    let time = |name| Some(Instant::from(text_in(times?.fragment, &[name])?));
    let is_optional = matches!(status, "proposed" | "cancelled" | "waitlist");
    let unknown = || Instant {
        extension: vec![ext::unknown()],
        ..Instant::default()
    };
    let start = time("start");
    let is_needed = start.is_some() || !is_optional;
    let or_unknown = |time: Option<Instant>| time.or_else(|| is_needed.then(unknown));
    Appointment {
        status: Code::from(status.to_owned()),
        start: or_unknown(start),
        end: or_unknown(time("end")),
        ..Appointment::default()
    }
}
