//! DG1 → Condition, a part of the visit (or of the patient, where there is no visit).

use std::sync::LazyLock;

use fhirbolt::model::r4::resources::{
    Condition, ConditionOnset, Encounter, EncounterDiagnosis, EpisodeOfCare, EpisodeOfCareDiagnosis,
};
use fhirbolt::model::r4::types::{CodeableConcept, ExtensionValue, Reference};
use hl7v2::Field;
use hl7v2::datatype::{Cwe, Ei};
use model::SourceIdentity;

use crate::datatype::xon::refer;
use crate::datatype::{cwe, cx, dtm, ext, text, xcn};
use crate::inbound::{EntityKind, Reading, Seg, Voice};
use crate::json;
use crate::table::system;
use crate::table::visit::{CONDITION_CATEGORY, DIAGNOSIS_ROLE};

use super::pv1;

/// States what DG1 says of the diagnosis of that name, and gives a reference to it.
pub(super) fn state(
    dg1: &Seg<'_>,
    name: &str,
    subject: Option<Reference>,
    encounter: Option<Reference>,
    owner: &mut Voice<'_, '_>,
) -> Reference {
    let reading = owner.reading;
    let is_of_visit = encounter.is_some();
    owner.turn_to_part("Condition", name);
    let constant = Condition {
        category: vec![CATEGORY.concept()],
        subject: Box::new(subject.unwrap_or_default()),
        encounter: encounter.map(Box::new),
        ..blank()
    };
    owner.state(dg1.place(0), json::fragment(&constant));
    let method = dg1.field(2);
    let coded = |sent: Field<'_>| {
        let code = code(Cwe::new(sent.first()), &method.text(), reading)?;
        Some(Condition {
            code: Some(Box::new(code)),
            ..blank()
        })
    };
    if method.is_empty() {
        owner.coded(dg1, 3, coded);
    } else {
        owner.whole(dg1, 3, coded);
    }
    owner.one(dg1, 4, |sent| {
        let code = cwe::worded(&sent.text())?;
        Some(Condition {
            code: Some(Box::new(code)),
            ..blank()
        })
    });
    owner.one(dg1, 5, |sent| {
        let onset = ConditionOnset::DateTime(dtm::date_time(&sent.text(), reading)?);
        Some(Condition {
            onset: Some(onset),
            ..blank()
        })
    });
    known_by(dg1, owner);
    let condition = refer("Condition", owner.part_id("Condition", name), None);
    if is_of_visit {
        of_visit(dg1, condition.clone(), name, owner);
    }
    condition
}

/// DG1-16 and 19 to 22: who found it and when, its own number and the one that it follows from, and whether
/// it was said in error.
fn known_by(dg1: &Seg<'_>, owner: &mut Voice<'_, '_>) {
    let reading = owner.reading;
    owner.one(dg1, 16, |sent| {
        let asserter = xcn::reference(sent, reading)?;
        Some(Condition {
            asserter: Some(Box::new(asserter)),
            ..blank()
        })
    });
    owner.one(dg1, 19, |sent| {
        let recorded_date = Some(dtm::date_time(&sent.text(), reading)?);
        Some(Condition {
            recorded_date,
            ..blank()
        })
    });
    owner.one(dg1, 20, |sent| {
        let identifier = vec![cx::entity_identifier(Ei::new(sent), reading)?];
        Some(Condition {
            identifier,
            ..blank()
        })
    });
    owner.one(dg1, 22, |sent| {
        let parent = Reference {
            r#type: Some("Condition".into()),
            identifier: Some(Box::new(cx::entity_identifier(Ei::new(sent), reading)?)),
            ..Reference::default()
        };
        let due_to = ExtensionValue::Reference(Box::new(parent));
        Some(Condition {
            extension: vec![ext::valued(DUE_TO, due_to)],
            ..blank()
        })
    });
    owner.one(dg1, 21, |sent| {
        let status = (sent.text().trim() == "D").then(|| Box::new(ENTERED_IN_ERROR.concept()));
        Some(Condition {
            verification_status: Some(status?),
            ..blank()
        })
    });
}

fn blank() -> Condition {
    static BLANK: LazyLock<Condition> = LazyLock::new(|| Condition {
        subject: Box::new(Reference::default()),
        ..Condition::default()
    });
    BLANK.clone()
}

const DUE_TO: &str = "http://hl7.org/fhir/StructureDefinition/condition-dueTo";

const CATEGORY: cwe::Meaning = cwe::Meaning {
    code: "encounter-diagnosis",
    display: "Encounter Diagnosis",
    system: CONDITION_CATEGORY,
};

const ENTERED_IN_ERROR: cwe::Meaning = cwe::Meaning {
    code: "entered-in-error",
    display: "Entered in Error",
    system: "http://terminology.hl7.org/CodeSystem/condition-ver-status",
};

/// The diagnosis as the visit's: DG1-6 and DG1-15.
fn of_visit(dg1: &Seg<'_>, condition: Reference, name: &str, owner: &mut Voice<'_, '_>) {
    let reading = owner.reading;
    owner.turn_to_part("diagnosis", name);
    let diagnosis = |part: EncounterDiagnosis| Encounter {
        diagnosis: vec![part],
        ..pv1::blank()
    };
    let blank = || EncounterDiagnosis {
        condition: Box::new(Reference::default()),
        ..EncounterDiagnosis::default()
    };
    let named = EncounterDiagnosis {
        condition: Box::new(condition),
        ..blank()
    };
    owner.state(dg1.place(0), json::fragment(&diagnosis(named)));
    owner.coded(dg1, 6, |sent| {
        let r#use = Some(Box::new(role(Cwe::new(sent.first()), reading)?));
        Some(diagnosis(EncounterDiagnosis { r#use, ..blank() }))
    });
    owner.one(dg1, 15, |sent| {
        let rank: u32 = sent.text().trim().parse().ok().filter(|rank| 0 < *rank)?;
        Some(diagnosis(EncounterDiagnosis {
            rank: Some(rank.into()),
            ..blank()
        }))
    });
}

/// The diagnosis as that of the episode of care. It is a part of the visit: whose that is decides what is
/// meant.
pub(super) fn of_episode(
    dg1: &Seg<'_>,
    [condition, encounter]: [Reference; 2],
    episode: &SourceIdentity,
    reading: &Reading<'_>,
) {
    let mut voice = Voice::new(reading, EntityKind::Episode, episode.clone());
    let name = |it: &Reference| it.reference.as_ref().and_then(|uri| uri.value.clone());
    voice.turn_to_part("visit", &name(&encounter).unwrap_or_default());
    voice.exist(dg1.place(0));
    voice.turn_to_part("diagnosis", &name(&condition).unwrap_or_default());
    if dg1.field(21).text().trim() == "D" {
        voice.delete(dg1.place(0));
        return voice.close();
    }
    let rank: Option<u32> = dg1.field(15).text().trim().parse().ok();
    let diagnosis = EpisodeOfCareDiagnosis {
        condition: Box::new(condition),
        role: role(Cwe::new(dg1.field(6).first()), reading).map(Box::new),
        rank: rank.filter(|rank| 0 < *rank).map(Into::into),
        ..EpisodeOfCareDiagnosis::default()
    };
    let episode = EpisodeOfCare {
        diagnosis: vec![diagnosis],
        ..pv1::blank_episode()
    };
    voice.state(dg1.place(0), json::fragment(&episode));
    voice.close();
}

/// A code that names no system has the one of DG1-2 (old senders).
fn code(sent: Cwe<'_>, method: &str, reading: &Reading<'_>) -> Option<CodeableConcept> {
    let mut code = cwe::concept(sent, None, reading)?;
    if let Some(first) = code.coding.first_mut()
        && first.system.is_none()
    {
        first.system = system::uri(method, "", None, reading).map(Into::into);
    }
    Some(code)
}

/// Table 0052: A is the admission diagnosis; what a final or working diagnosis is for is the site's.
fn role(sent: Cwe<'_>, reading: &Reading<'_>) -> Option<CodeableConcept> {
    let meaning = match sent.code().trim() {
        "A" => Some(cwe::Meaning {
            code: "AD",
            display: "Admission diagnosis",
            system: DIAGNOSIS_ROLE,
        }),
        "F" => Some(cwe::Meaning {
            code: "DD",
            display: "Discharge diagnosis",
            system: DIAGNOSIS_ROLE,
        }),
        _ => None,
    };
    cwe::mapped(meaning, sent, Some("0052"), reading)
}

/// What names the diagnosis within its visit: later messages find the same one by DG1-20, else by its code
/// and type.
pub(super) fn name(dg1: &Seg<'_>) -> Option<String> {
    if let Some(id) = text::text(&dg1.field(20).text()) {
        return Some(format!("id|{id}"));
    }
    let sent = Cwe::new(dg1.field(3).first());
    let code = text::text(&sent.code()).or_else(|| text::text(&sent.display()));
    let code = code.or_else(|| text::text(&dg1.field(4).text()))?;
    let (system, kind) = (sent.system(), dg1.field(6).text());
    Some(format!("{code}|{}|{}", system.trim(), kind.trim()))
}
