//! Where the patient of a visit was and is.

use fhirbolt::model::r4::resources::EncounterLocation;
use fhirbolt::model::r4::types::{CodeableConcept, ExtensionValue, Period, Reference};
use model::{Stage, Trigger};

use crate::datatype::{cwe, dtm, ext};
use crate::facts::{Event, Facts, Place, Source};
use crate::json::element;

use super::super::Said;
use super::super::timeline::Timeline;

const ASSIGNED: Place = Place::new("PV1", 3);
const PRIOR: Place = Place::new("PV1", 6);
const TEMPORARY: Place = Place::new("PV1", 11);
const PENDING: Place = Place::new("PV1", 42);
const PRIOR_TEMPORARY: Place = Place::new("PV1", 43);

/// Fields of which the elements are computed from all that is known of the stay.
pub(super) fn is_computed(field: Place) -> bool {
    let period = [Place::new("PV1", 44), Place::new("PV1", 45)];
    [ASSIGNED, PRIOR, TEMPORARY, PENDING, PRIOR_TEMPORARY].contains(&field)
        || period.contains(&field)
}

/// One place of the stay.
struct Span {
    location: String,
    start: Option<String>,
    end: Option<String>,
}

/// The places in order: each event's, then what an update said later than any of them. `ended`: when the
/// visit did.
pub(super) fn locations(
    timeline: &Timeline<'_>,
    said: &[Said<'_>],
    stage: Option<Stage>,
    ended: Option<String>,
    facts: &Facts,
) -> Vec<EncounterLocation> {
    let field = |place| said.iter().find(|said| said.field == place);
    let mut spans = spans(&timeline.events);
    let assigned = field(ASSIGNED).and_then(|said| Some((reference(said)?, said.source)));
    if let Some((location, source)) = assigned
        && says_more(&location, source, &spans, facts)
    {
        close(&mut spans, None);
        spans.push(Span {
            location,
            start: None,
            end: None,
        });
    }
    if stage == Some(Stage::Finished) {
        close(&mut spans, ended);
    }
    let prior = field(PRIOR).and_then(reference);
    let prior = prior.filter(|prior| spans.iter().all(|span| span.location != *prior));
    let n_spans = spans.len();
    let prior = prior.map(|prior| located(prior, "completed", None));
    let prior_temporary = field(PRIOR_TEMPORARY).and_then(reference);
    let prior_temporary = prior_temporary.map(|prior| temporary(located(prior, "completed", None)));
    let mut list: Vec<EncounterLocation> = prior.into_iter().chain(prior_temporary).collect();
    list.extend(spans.into_iter().enumerate().map(|(at, span)| {
        let status = if at + 1 < n_spans {
            "completed"
        } else {
            present(stage)
        };
        let period = dtm::lasting(span.start, span.end);
        located(span.location, status, period)
    }));
    if let Some(location) = field(TEMPORARY).and_then(reference) {
        list.push(temporary(located(location, "active", None)));
    }
    // A move that was told of after it was pending is not pending any more.
    let pending = field(PENDING).filter(|pending| {
        let is_settled = |event: &&Event| {
            matches!(event.trigger, Trigger::Transfer | Trigger::Discharge)
                && pending.source < &event.source
        };
        !timeline.events.iter().any(is_settled)
    });
    if let Some(location) = pending.and_then(reference) {
        list.push(located(location, "reserved", None));
    }
    list
}

/// A place where the patient is only for a while.
fn temporary(location: EncounterLocation) -> EncounterLocation {
    let kind = cwe::coding(
        "http://hl7.org/fhir/ValueSet/subject-location",
        "temporary",
        "",
    );
    let kind = CodeableConcept {
        coding: vec![kind],
        ..CodeableConcept::default()
    };
    let value = ExtensionValue::CodeableConcept(Box::new(kind));
    EncounterLocation {
        extension: vec![ext::valued(CLASSIFICATION, value)],
        ..location
    }
}

const CLASSIFICATION: &str =
    "http://hl7.org/fhir/StructureDefinition/subject-locationClassification";

fn spans(events: &[&Event]) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for event in events {
        let Some(location) = event.location.clone() else {
            continue;
        };
        let moved = moves(event.trigger).then(|| event.at.clone());
        match spans.last_mut() {
            Some(last) if last.location == location => {
                if last.start.is_none() && begins(event.trigger) {
                    last.start = moved;
                }
            }
            _ => {
                close(&mut spans, moved.clone());
                spans.push(Span {
                    location,
                    start: moved,
                    end: None,
                });
            }
        }
    }
    spans
}

/// Whether an event brings the patient to where it says. The others tell where the patient is, and not
/// since when.
fn moves(trigger: Trigger) -> bool {
    begins(trigger) || matches!(trigger, Trigger::ChangeClass | Trigger::Transfer)
}

fn begins(trigger: Trigger) -> bool {
    matches!(trigger, Trigger::Admit | Trigger::Register)
}

fn close(spans: &mut [Span], end: Option<String>) {
    if let Some(last) = spans.last_mut() {
        last.end = end;
    }
}

/// Whether PV1-3 as it was last said tells of a move that no event told of. What an event said that was
/// called off counts as told.
fn says_more(location: &str, source: &Source, spans: &[Span], facts: &Facts) -> bool {
    let is_later = facts
        .events()
        .filter(|event| event.location.is_some())
        .all(|event| *event.source < *source);
    let is_elsewhere = spans.last().is_none_or(|last| last.location != location);
    is_elsewhere && (is_later || spans.is_empty())
}

/// The status of the last place.
fn present(stage: Option<Stage>) -> &'static str {
    match stage {
        Some(Stage::Planned) => "planned",
        Some(Stage::Finished | Stage::Cancelled) => "completed",
        Some(Stage::InProgress | Stage::OnLeave) | None => "active",
    }
}

fn located(location: String, status: &str, period: Option<Box<Period>>) -> EncounterLocation {
    EncounterLocation {
        location: Box::new(Reference {
            reference: Some(location.into()),
            ..Reference::default()
        }),
        status: Some(status.into()),
        period,
        ..EncounterLocation::default()
    }
}

/// The location that a field's fragment names.
fn reference(said: &Said<'_>) -> Option<String> {
    let list = said.fragment.element("location")?;
    let first = list.strip_prefix('[')?.strip_suffix(']')?;
    let reference = element(element(first, "location")?, "reference")?;
    serde_json::from_str(reference).ok()
}
