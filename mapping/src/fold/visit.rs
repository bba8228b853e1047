//! A visit's facts become an Encounter and its diagnoses and procedures.

mod stay;

use fhir::ResourceType;
use fhirbolt::model::r4::resources::{Encounter, EncounterClassHistory, EncounterStatusHistory};
use fhirbolt::model::r4::types::{CodeableConcept, Coding, Period};
use model::{EntityId, Stage, Trigger};

use crate::datatype::{dtm, ext};
use crate::facts::{Event, Facts, Place};
use crate::json::{self, Assembly, element};
use crate::segment::blank_encounter;

use super::timeline::{Timeline, between};
use super::whole::numbers_of;
use super::{Builder, Draft, Parts, Said};

const CLASS: Place = Place::new("PV1", 2);
const ADMITTED: Place = Place::new("PV1", 44);
const DISCHARGED: Place = Place::new("PV1", 45);

/// The fields that name a visit.
pub(super) const NAMES: [Place; 2] = [Place::new("PV1", 19), Place::new("PV1", 50)];

/// The Encounter. `others` were the same visit under numbers that are not used any more.
pub(super) fn encounter<'f>(
    entity: EntityId,
    parts: &Parts<'f>,
    facts: &'f Facts,
    others: &[&'f Facts],
) -> Option<Draft<'f>> {
    let said = parts.itself();
    if said.is_empty() {
        return None;
    }
    let is_gone = is_gone(said, parts, facts);
    let timeline = Timeline::of(facts);
    let visit = Visit { said, timeline };
    let computed = json::fragment(&visit.computed(facts));
    let diagnoses = diagnoses(parts);
    let mut encounter = Builder::new(ResourceType::Encounter, entity.into());
    if is_gone {
        encounter.add_computed("{\"status\":\"entered-in-error\"}");
    }
    if let Some(computed) = &computed {
        encounter.add_fragment(computed);
    }
    for said in said {
        if stay::is_computed(said.field) {
            encounter.explain(*said);
        } else {
            encounter.add(*said);
        }
    }
    if let Some(diagnoses) = &diagnoses {
        encounter.add_computed(diagnoses);
    }
    for (_, said) in parts.of_kind("participant") {
        encounter.add_all(said);
    }
    let others = others.iter();
    let numbers: Vec<_> = others
        .flat_map(|facts| numbers_of(facts, own_numbers, true))
        .collect();
    encounter.add_numbers(&numbers);
    Some(encounter.finish())
}

/// The Encounter of a visit under a number that is not used any more.
pub(super) fn other<'f>(entity: EntityId, parts: &Parts<'f>) -> Option<Draft<'f>> {
    let about = parts.itself().first()?;
    let mut encounter = Builder::new(ResourceType::Encounter, entity.into());
    encounter.add_computed(
        "{\"status\":\"entered-in-error\",\"class\":{\"system\":\
         \"http://terminology.hl7.org/CodeSystem/v3-NullFlavor\",\"code\":\"UNK\"}}",
    );
    if let Some(subject) = about.fragment.element("subject") {
        encounter.assembly.put("subject", subject);
    }
    for said in own_numbers(parts) {
        encounter.add(said);
    }
    Some(encounter.finish())
}

/// The fields that name a visit: by its own number, else as a merge called it.
fn own_numbers<'f>(parts: &Parts<'f>) -> Vec<Said<'f>> {
    let own = parts.in_fields(&NAMES);
    if own.is_empty() {
        parts.part("named/MRG").to_vec()
    } else {
        own
    }
}

/// Whether the visit was deleted, or is another one by now, and nobody spoke of it since.
fn is_gone(said: &[Said<'_>], parts: &Parts<'_>, facts: &Facts) -> bool {
    let spoken = said.iter().map(|said| said.source);
    let latest = spoken
        .chain(facts.events().map(|event| &event.source))
        .max();
    let mut gone = parts.of_kind("gone").flat_map(|(_, said)| said);
    gone.any(|gone| latest.is_none_or(|latest| latest <= gone.source))
}

struct Visit<'f> {
    said: &'f [Said<'f>],
    timeline: Timeline<'f>,
}

impl<'f> Visit<'f> {
    /// The elements that no single field gives.
    fn computed(&self, facts: &Facts) -> Encounter {
        let stage = self.stage();
        let period = self.period(stage);
        let ended = period.as_ref().and_then(|period| period.end.clone());
        let ended = ended.and_then(|end| end.value);
        Encounter {
            status: stage.map_or("unknown", Stage::status).into(),
            status_history: self.status_history(),
            class: Box::new(self.class()),
            class_history: self.class_history(),
            r#type: self.kind(),
            location: stay::locations(&self.timeline, self.said, stage, ended, facts),
            period,
            ..blank_encounter()
        }
    }

    fn said(&self, field: Place) -> Option<Said<'f>> {
        self.said.iter().find(|said| said.field == field).copied()
    }

    /// Where the visit stands: by its events; where only updates are known, by what they say.
    fn stage(&self) -> Option<Stage> {
        self.timeline.stage().or_else(|| {
            if self.said(DISCHARGED).is_some() {
                return Some(Stage::Finished);
            }
            let class = self.said(CLASS)?;
            let is_planned = class.fragment.element("status") == Some("\"planned\"");
            Some(if is_planned {
                Stage::Planned
            } else {
                Stage::InProgress
            })
        })
    }

    /// PV1-2 as it was last said. FHIR requires a class, so a visit without one has class unknown.
    fn class(&self) -> Coding {
        let said = self
            .said(CLASS)
            .and_then(|said| said.fragment.element("class"));
        if said.is_some() {
            return Coding::default();
        }
        Coding {
            system: Some("http://terminology.hl7.org/CodeSystem/v3-NullFlavor".into()),
            code: Some("UNK".into()),
            display: Some("unknown".into()),
            ..Coding::default()
        }
    }

    /// US Core requires a type; a sender that names none leaves it unknown.
    fn kind(&self) -> Vec<CodeableConcept> {
        if self
            .said
            .iter()
            .any(|said| said.fragment.element("type").is_some())
        {
            return Vec::new();
        }
        vec![CodeableConcept {
            extension: vec![ext::unknown()],
            text: Some("unknown".into()),
            ..CodeableConcept::default()
        }]
    }

    /// The stages before the present one.
    fn status_history(&self) -> Vec<EncounterStatusHistory> {
        let passed = self.timeline.passed();
        let passed = passed.map(|(stage, period)| EncounterStatusHistory {
            status: stage.status().into(),
            period: Box::new(period),
            ..EncounterStatusHistory::default()
        });
        passed.collect()
    }

    /// The classes before the present one.
    fn class_history(&self) -> Vec<EncounterClassHistory> {
        let mut spans: Vec<(&Event, &str)> = Vec::new();
        for event in &self.timeline.events {
            let Some(class) = event.class.as_deref() else {
                continue;
            };
            if spans.last().is_none_or(|(_, last)| *last != class) {
                spans.push((event, class));
            }
        }
        spans
            .windows(2)
            .filter_map(|pair| match pair {
                [(from, class), (to, _)] => Some(EncounterClassHistory {
                    class: Box::new(coding(class)),
                    period: Box::new(between(from, to)),
                    ..EncounterClassHistory::default()
                }),
                _ => None,
            })
            .collect()
    }

    /// PV1-44 and PV1-45, else when the visit's events happened. A visit that is not over has no end.
    fn period(&self, stage: Option<Stage>) -> Option<Box<Period>> {
        let begins = [Trigger::Admit, Trigger::Register];
        let first = self
            .timeline
            .events
            .iter()
            .find(|event| begins.contains(&event.trigger));
        let start = self
            .said(ADMITTED)
            .and_then(|said| text_in(said.fragment, &["period", "start"]))
            .or_else(|| first.map(|event| event.at.clone()));
        let is_over = matches!(stage, Some(Stage::Finished | Stage::Cancelled));
        let end = is_over.then(|| {
            self.said(DISCHARGED)
                .and_then(|said| text_in(said.fragment, &["period", "end"]))
                .or_else(|| {
                    self.timeline
                        .last(Trigger::Discharge)
                        .map(|event| event.at.clone())
                })
        });
        dtm::lasting(start, end.flatten())
    }
}

/// A text inside a fragment, by the names that lead to it.
pub(super) fn text_in(fragment: &str, path: &[&str]) -> Option<String> {
    let value = path
        .iter()
        .try_fold(fragment, |value, name| element(value, name))?;
    serde_json::from_str(value).ok()
}

/// A Coding from the JSON in which an event holds it.
fn coding(text: &str) -> Coding {
    let part = |name| -> Option<String> { serde_json::from_str(element(text, name)?).ok() };
    Coding {
        system: part("system").map(Into::into),
        code: part("code").map(Into::into),
        display: part("display").map(Into::into),
        ..Coding::default()
    }
}

/// `Encounter.diagnosis` as a fragment: one entry per diagnosis, those in error left out.
fn diagnoses(parts: &Parts<'_>) -> Option<String> {
    let mut entries: Vec<(u32, String)> = Vec::new();
    for (name, said) in parts.of_kind("diagnosis") {
        let condition = parts.part(&["Condition/", name].concat());
        // One that is gone (a snapshot left it out) or in error is not the visit's.
        let is_in_error = |said: &Said<'_>| said.fragment.contains("\"entered-in-error\"");
        if condition.is_empty() || condition.iter().any(is_in_error) {
            continue;
        }
        let mut entry = Assembly::default();
        for said in said {
            let only = said.fragment.element("diagnosis");
            let only = only.and_then(|list| list.strip_prefix('[')?.strip_suffix(']'));
            if let Some(only) = only {
                entry.add(only);
            }
        }
        let rank = entry
            .get("rank")
            .and_then(|rank| rank.parse().ok())
            .unwrap_or(u32::MAX);
        let mut text = String::new();
        entry.write(&mut text);
        entries.push((rank, text));
    }
    entries.sort_by_key(|(rank, _)| *rank);
    let list: Vec<String> = entries.into_iter().map(|(_, text)| text).collect();
    (!list.is_empty()).then(|| ["{\"diagnosis\":[", &list.join(","), "]}"].concat())
}
