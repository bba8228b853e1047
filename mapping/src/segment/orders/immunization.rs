//! ORC, RXA, RXR and OBX → Immunization.

use std::collections::BTreeMap;

use fhirbolt::model::r4::resources::{
    Immunization, ImmunizationEducation, ImmunizationProtocolApplied,
    ImmunizationProtocolAppliedDoseNumber, ImmunizationProtocolAppliedSeriesDoses,
    ImmunizationReaction,
};
use fhirbolt::model::r4::types::{
    Annotation, CodeableConcept, PositiveInt, Reference, String as FhirString,
};
use hl7v2::Segment;
use hl7v2::datatype::Cwe;

use crate::datatype::cwe::Meaning;
use crate::datatype::xon::refer;
use crate::datatype::{cwe, dtm, text, xon};
use crate::inbound::{EntityKind, Reading, Voice};
use crate::json;

use super::super::obx::{self, About};
use super::super::{nte, prt, rxa};
use super::{Context, Names, observe, runs};

/// States an immunization.
pub(super) fn state(context: &Context<'_, '_, '_>, names: &mut Names) {
    let Some(seg) = &context.detail else { return };
    let numbers = context.numbers();
    let what = context.what(5);
    let mut voice = context.voice(EntityKind::Immunization, numbers.filled(), &what, names);
    let immunization = refer("Immunization", voice.entity.0, None);
    let about = &context.about;
    let constant = Immunization {
        patient: Box::new(about.subject.clone().unwrap_or_default()),
        encounter: about.encounter.clone().map(Box::new),
        ..rxa::blank()
    };
    voice.state(seg.place(0), json::fragment(&constant));
    if let Some(orc) = &context.orc {
        rxa::orc_of_immunization(orc, &mut voice);
    }
    rxa::state(seg, &mut voice);
    let mut routes = context.order.routes.iter();
    if let Some(first) = routes.next() {
        rxa::rxr(*first, &mut voice);
    }
    for other in routes {
        super::super::unread("RXR", *other, context.reading);
    }
    for timing in &context.order.timing {
        super::super::unread("TQ1", *timing, context.reading);
    }
    let participants = &context.order.participants;
    for role in ["AP", "OP"] {
        let actors = prt::having(participants, &[role], context.reading);
        rxa::performed(role, actors, &mut voice);
    }
    nte::state(&context.order.notes, &mut voice, |note| Immunization {
        note,
        ..rxa::blank()
    });
    observations(context, immunization, names, &mut voice);
    voice.close();
}

/// States what was observed of it, and what of that Immunization has elements for.
fn observations(
    context: &Context<'_, '_, '_>,
    immunization: Reference,
    names: &mut Names,
    voice: &mut Voice<'_, '_>,
) {
    let about = About {
        part_of: Some(immunization),
        ..context.about.clone()
    };
    let mut told = Told::default();
    for run in runs(&context.order.observations) {
        let name = observe(run, &about, names, false, voice);
        let (Some(name), Some(first)) = (name, run.first()) else {
            continue;
        };
        let observation = refer("Observation", voice.part_id("Observation", &name), None);
        told.hear(&first.obx, observation, voice.reading);
    }
    told.state(voice);
}

/// What observations tell of the immunization, by LOINC codes of the CDC guide.
#[derive(Default)]
struct Told {
    eligibility: Vec<CodeableConcept>,
    funding: Option<CodeableConcept>,
    reaction: Vec<ImmunizationReaction>,
    note: Vec<Annotation>,
    reason: Option<Meaning>,
    /// Leaflets, by OBX-4.
    education: BTreeMap<String, ImmunizationEducation>,
    protocol: ImmunizationProtocolApplied,
    dose: Option<String>,
    has_protocol: bool,
}

const ACT_REASON: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";

impl Told {
    fn hear(&mut self, obx: &Segment<'_>, observation: Reference, reading: &Reading<'_>) {
        let sent = obx.field(5).first();
        reading.at(crate::facts::Place::new("OBX", 5));
        let code = obx.field(3).text();
        let concept = || cwe::concept(Cwe::new(sent), None, reading);
        let words = || {
            let sent = Cwe::new(sent);
            [sent.display(), sent.code()]
                .iter()
                .find_map(|words| text::text(words))
        };
        match code.trim() {
            "64994-7" => self.eligibility.extend(concept()),
            "30963-3" => self.funding = concept(),
            "31044-1" => self.reaction.push(ImmunizationReaction {
                date: dtm::date_time(&obx.field(14).text(), reading),
                detail: Some(Box::new(observation)),
                ..ImmunizationReaction::default()
            }),
            "48767-8" => {
                let text = text::text(&obx::text_of(obx.field(5)));
                self.note.extend(text.map(|text| Annotation {
                    text: text.into(),
                    ..Annotation::default()
                }));
            }
            "59784-9" => self.reason = Some(meaning("IMMUNE", "immunity")),
            "30945-0" => self.reason = Some(meaning("MEDPREC", "medical precaution")),
            "29768-9" | "29769-7" | "69764-9" | "30956-7" => self.learn(obx, words(), reading),
            _ => self.protocol(code.trim(), words(), concept(), reading, obx),
        }
    }

    /// What was handed out: which leaflet, of when, and when.
    fn learn(&mut self, obx: &Segment<'_>, words: Option<String>, reading: &Reading<'_>) {
        let code = obx.field(3).text();
        let at = || dtm::date_time(&obx.field(5).text(), reading);
        let leaflet = self
            .education
            .entry(obx.field(4).text().trim().to_owned())
            .or_default();
        match code.trim() {
            "29768-9" => leaflet.publication_date = at(),
            "29769-7" => leaflet.presentation_date = at(),
            // The type of the leaflet says more than the vaccine that it is about.
            "69764-9" => leaflet.document_type = words.map(FhirString::from),
            _ if leaflet.document_type.is_none() => {
                leaflet.document_type = words.map(FhirString::from);
            }
            _ => {}
        }
    }

    /// The series that the dose is one of.
    fn protocol(
        &mut self,
        code: &str,
        words: Option<String>,
        concept: Option<CodeableConcept>,
        reading: &Reading<'_>,
        obx: &Segment<'_>,
    ) {
        match code {
            "30973-2" => self.dose = words,
            "59782-3" => {
                self.protocol.series_doses = words.map(|words| match positive(&words) {
                    Some(number) => ImmunizationProtocolAppliedSeriesDoses::PositiveInt(number),
                    None => ImmunizationProtocolAppliedSeriesDoses::String(words.into()),
                });
            }
            "59780-7" => self.protocol.series = words.map(FhirString::from),
            "59779-9" => {
                let authority = xon::of_code(Cwe::new(obx.field(5).first()), reading);
                self.protocol.authority = authority.map(Box::new);
            }
            "38890-0" => self.protocol.target_disease.extend(concept),
            _ => return,
        }
        self.has_protocol = true;
    }

    fn state(mut self, voice: &mut Voice<'_, '_>) {
        let protocol_applied: Vec<_> = self.protocol_applied().into_iter().collect();
        let education = std::mem::take(&mut self.education);
        let told = [
            (
                "funding",
                Immunization {
                    funding_source: self.funding.map(Box::new),
                    ..rxa::blank()
                },
            ),
            (
                "eligibility",
                Immunization {
                    program_eligibility: self.eligibility,
                    ..rxa::blank()
                },
            ),
            (
                "reaction",
                Immunization {
                    reaction: self.reaction,
                    ..rxa::blank()
                },
            ),
            (
                "note",
                Immunization {
                    note: self.note,
                    ..rxa::blank()
                },
            ),
            (
                "reason",
                Immunization {
                    status_reason: self.reason.map(|meaning| Box::new(meaning.concept())),
                    ..rxa::blank()
                },
            ),
            (
                "protocol",
                Immunization {
                    protocol_applied,
                    ..rxa::blank()
                },
            ),
        ];
        for (name, immunization) in &told {
            tell(name, immunization, voice);
        }
        for (name, mut leaflet) in education {
            // A vaccine's type alone tells of no leaflet, a day alone not of which one (imm-1).
            let days = [&leaflet.publication_date, &leaflet.presentation_date];
            if days.into_iter().any(Option::is_some) {
                let kind = leaflet.document_type.take();
                leaflet.document_type = kind.or_else(|| Some("unknown".into()));
                let immunization = Immunization {
                    education: vec![leaflet],
                    ..rxa::blank()
                };
                tell(&format!("education {name}"), &immunization, voice);
            }
        }
    }

    fn protocol_applied(&mut self) -> Option<ImmunizationProtocolApplied> {
        if !self.has_protocol {
            return None;
        }
        let dose = self.dose.take();
        let dose_number = match (dose.as_deref().and_then(positive), dose) {
            (Some(number), _) => ImmunizationProtocolAppliedDoseNumber::PositiveInt(number),
            (None, dose) => {
                let words = dose.unwrap_or_else(|| "unknown".to_owned());
                ImmunizationProtocolAppliedDoseNumber::String(words.into())
            }
        };
        Some(ImmunizationProtocolApplied {
            dose_number,
            ..std::mem::take(&mut self.protocol)
        })
    }
}

/// States what one kind of observation tells, as a part of its own: none hides another.
fn tell(name: &str, immunization: &Immunization, voice: &mut Voice<'_, '_>) {
    voice.turn_to_part("told", name);
    let place = crate::facts::Place::new("OBX", 5);
    voice.state(place, json::fragment(immunization));
}

fn positive(words: &str) -> Option<PositiveInt> {
    let number: u32 = words.trim().parse().ok()?;
    (0 < number).then(|| number.into())
}

const fn meaning(code: &'static str, display: &'static str) -> Meaning {
    Meaning {
        code,
        display,
        system: ACT_REASON,
    }
}
