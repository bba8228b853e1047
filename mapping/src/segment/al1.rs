//! AL1 and IAM → `AllergyIntolerance`, a part of the patient.

use fhirbolt::model::r4::resources::{
    AllergyIntolerance, AllergyIntoleranceOnset, AllergyIntoleranceReaction,
};
use fhirbolt::model::r4::types::{Code, CodeableConcept, Reference};
use hl7v2::datatype::{Cwe, Ei, Xpn};

use crate::datatype::cwe::Meaning;
use crate::datatype::{cwe, cx, dtm, text, xcn, xpn};
use crate::inbound::{Reading, Seg, Voice};
use crate::json;
use crate::table::clinical::{ALLERGEN_CATEGORY, ALLERGY_CRITICALITY, ALLERGY_SEVERITY};
use crate::table::find;

const CLINICAL: &str = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical";
const VERIFICATION: &str = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification";

/// Where the two segments keep the same things.
struct Layout {
    onset: u8,
    id: Option<u8>,
    action: Option<u8>,
    status: Option<u8>,
}

const AL1: Layout = Layout {
    onset: 6,
    id: None,
    action: None,
    status: None,
};
const IAM: Layout = Layout {
    onset: 11,
    id: Some(7),
    action: Some(6),
    status: Some(17),
};

/// What names the allergy of AL1 among the patient's.
pub(super) fn name_of(al1: &Seg<'_>) -> Option<String> {
    name(al1, &AL1)
}

/// What names the allergy of IAM among the patient's.
pub(super) fn name_of_iam(iam: &Seg<'_>) -> Option<String> {
    name(iam, &IAM)
}

/// States what AL1 says.
pub(super) fn state(al1: &Seg<'_>, subject: Option<Reference>, patient: &mut Voice<'_, '_>) {
    read(al1, &AL1, subject, patient);
}

/// States what IAM says.
pub(super) fn state_iam(iam: &Seg<'_>, subject: Option<Reference>, patient: &mut Voice<'_, '_>) {
    if read(iam, &IAM, subject, patient).is_some() {
        reported(iam, patient);
    }
}

/// IAM-12 to 14 and 27: what AL1 has no room for.
fn reported(iam: &Seg<'_>, patient: &mut Voice<'_, '_>) {
    let reading = patient.reading;
    if iam.field(11).is_empty() {
        patient.one(iam, 12, |sent| {
            let words = text::text(&sent.full_text())?;
            Some(AllergyIntolerance {
                onset: Some(AllergyIntoleranceOnset::String(words.into())),
                ..blank()
            })
        });
    }
    patient.one(iam, 13, |sent| {
        let recorded_date = Some(dtm::date_time(&sent.text(), reading)?);
        Some(AllergyIntolerance {
            recorded_date,
            ..blank()
        })
    });
    // Who reported it is only named: a name is not enough to say which person it is.
    iam.skip(&[15]);
    patient.one(iam, 14, |sent| {
        let name = xpn::name(Xpn::new(sent), reading)?;
        let recorder = Reference {
            display: Some(xcn::shown(&name)?.into()),
            ..Reference::default()
        };
        Some(AllergyIntolerance {
            recorder: Some(Box::new(recorder)),
            ..blank()
        })
    });
    patient.one(iam, 27, |sent| {
        let code = cwe::concept(Cwe::new(sent), None, reading)?;
        Some(AllergyIntolerance {
            code: Some(Box::new(code)),
            ..blank()
        })
    });
}

pub(super) fn blank() -> AllergyIntolerance {
    AllergyIntolerance {
        patient: Box::new(Reference::default()),
        ..AllergyIntolerance::default()
    }
}

fn read(
    seg: &Seg<'_>,
    layout: &Layout,
    subject: Option<Reference>,
    patient: &mut Voice<'_, '_>,
) -> Option<()> {
    seg.skip(&[1, 4]);
    let name = name(seg, layout)?;
    let reading = patient.reading;
    patient.turn_to_part("AllergyIntolerance", &name);
    let in_error = layout
        .action
        .is_some_and(|n| seg.field(n).text().trim() == "D");
    let sent = layout.status.map(|n| seg.field(n).text());
    let standing = Standing::of(in_error, sent.as_deref().unwrap_or_default().trim());
    patient.state(seg.place(0), json::fragment(&status(standing, subject)));
    patient.one(seg, 2, |sent| Some(kind(&sent.text(), reading)));
    patient.one(seg, 3, |sent| {
        let code = cwe::concept(Cwe::new(sent), None, reading)?;
        Some(AllergyIntolerance {
            code: Some(Box::new(code)),
            ..blank()
        })
    });
    let severity = seg.field(4).text();
    let severity = severity.trim();
    patient.one(seg, 4, |sent| {
        let criticality = reading.code("0128", ALLERGY_CRITICALITY, sent.text().trim())?;
        Some(AllergyIntolerance {
            criticality: Some(criticality.into()),
            ..blank()
        })
    });
    patient.each(
        seg,
        5,
        |sent| {
            let sent = Cwe::new(sent);
            let mut manifestation = cwe::concept(sent, None, reading)?;
            // AL1-5 was ST until v2.3: what stands in the place of the code is words.
            if sent.system().is_empty() && sent.display().is_empty() {
                manifestation = cwe::worded(&sent.code())?;
            }
            Some(reaction(manifestation, severity))
        },
        |reaction| AllergyIntolerance {
            reaction,
            ..blank()
        },
    );
    patient.one(seg, layout.onset, |sent| {
        let onset = AllergyIntoleranceOnset::DateTime(dtm::date_time(&sent.text(), reading)?);
        Some(AllergyIntolerance {
            onset: Some(onset),
            ..blank()
        })
    });
    if let Some(n) = layout.id {
        patient.one(seg, n, |sent| {
            let identifier = vec![cx::entity_identifier(Ei::new(sent), reading)?];
            Some(AllergyIntolerance {
                identifier,
                ..blank()
            })
        });
    }
    Some(())
}

/// How an allergy stands: clinically, and how sure one is of it.
#[derive(Clone, Copy)]
struct Standing {
    clinical: Option<(&'static str, &'static str)>,
    verification: Option<(&'static str, &'static str)>,
}

impl Standing {
    /// An action code that deletes, else IAM-17 (table 0438). An allergy that is told of is active; one that
    /// was told of in error has no clinical status (ait-2).
    fn of(in_error: bool, sent: &str) -> Self {
        let active = Some(("active", "Active"));
        let (clinical, verification) = match sent {
            _ if in_error => (None, Some(("entered-in-error", "Entered in Error"))),
            "E" => (None, Some(("entered-in-error", "Entered in Error"))),
            "I" => (
                Some(("inactive", "Inactive")),
                Some(("confirmed", "Confirmed")),
            ),
            "C" => (active, Some(("confirmed", "Confirmed"))),
            "U" | "P" | "S" | "D" => (active, Some(("unconfirmed", "Unconfirmed"))),
            _ => (active, None),
        };
        Self {
            clinical,
            verification,
        }
    }
}

fn status(standing: Standing, subject: Option<Reference>) -> AllergyIntolerance {
    let concept = |system, (code, display)| {
        Box::new(
            Meaning {
                code,
                display,
                system,
            }
            .concept(),
        )
    };
    AllergyIntolerance {
        patient: Box::new(subject.unwrap_or_default()),
        clinical_status: standing.clinical.map(|code| concept(CLINICAL, code)),
        verification_status: standing
            .verification
            .map(|code| concept(VERIFICATION, code)),
        ..blank()
    }
}

/// Table 0127.
fn kind(code: &str, reading: &Reading<'_>) -> AllergyIntolerance {
    let code = code.trim();
    let category: Vec<Code> = reading
        .code("0127", ALLERGEN_CATEGORY, code)
        .into_iter()
        .map(Code::from)
        .collect();
    let is_allergy = !matches!(code, "" | "MC");
    let known = is_allergy && code.len() == 2 && code.ends_with('A');
    AllergyIntolerance {
        category,
        r#type: known.then(|| "allergy".into()),
        ..blank()
    }
}

fn reaction(manifestation: CodeableConcept, severity: &str) -> AllergyIntoleranceReaction {
    AllergyIntoleranceReaction {
        manifestation: vec![manifestation],
        severity: find(ALLERGY_SEVERITY, severity).map(Into::into),
        ..AllergyIntoleranceReaction::default()
    }
}

/// What names the allergy among the patient's: its own id, else what the patient is allergic to.
fn name(seg: &Seg<'_>, layout: &Layout) -> Option<String> {
    if let Some(id) = layout.id.and_then(|n| text::text(&seg.field(n).text())) {
        return Some(format!("id|{id}"));
    }
    let sent = Cwe::new(seg.field(3).first());
    let what = text::text(&sent.code()).or_else(|| text::text(&sent.display()))?;
    Some(format!("{what}|{}", sent.system().trim()))
}
