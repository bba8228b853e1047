//! PV1 → Encounter: what the visit is, and what happened to it.

mod episode;
pub(super) mod financial;
mod stay;

pub(super) use episode::{blank as blank_episode, renumbered as renumbered_episode};

use std::sync::LazyLock;

use fhirbolt::model::r4::resources::{Encounter, EncounterHospitalization, EncounterParticipant};
use fhirbolt::model::r4::types::{Code, CodeableConcept, Coding, Identifier, Reference};
use hl7v2::datatype::{Cwe, Cx, Xon};
use hl7v2::{Field, Message, Repetition, Segment};
use model::{IdentityKind, SourceIdentity};

use crate::datatype::{cwe, cx, text, xcn, xon};
use crate::identity;
use crate::inbound::trigger::{IdentityRule, Rules};
use crate::inbound::{Reading, Seg, Voice};
use crate::json;
use crate::table::system::V2_0203;
use crate::table::visit::{AMBULATORY_STATUS, CLASS, V3_PARTICIPATION};
use crate::table::{find, system};

/// An encounter of which nothing is set. fhirbolt's own default marks what is required as missing, and
/// that is an error when it is written; an empty one is not written.
pub(crate) fn blank() -> Encounter {
    static BLANK: LazyLock<Encounter> = LazyLock::new(|| Encounter {
        status: Code::default(),
        class: Box::new(Coding::default()),
        ..Encounter::default()
    });
    // fhirbolt's default allocates the marks.
    BLANK.clone()
}

/// PV1 is required in many messages that are not about a visit: class N, or nothing at all.
pub(super) fn says_nothing(pv1: &Segment<'_>) -> bool {
    let class = pv1.field(2).text();
    let has_no_class = matches!(class.trim(), "" | "N");
    has_no_class && (3..=pv1.n_fields()).all(|n| pv1.field(n).is_empty() || pv1.field(n).is_null())
}

/// States what PV1 says of the visit.
pub(super) fn state(
    pv1: &Seg<'_>,
    message: &Message<'_>,
    rules: Rules,
    subject: Option<Reference>,
    voice: &mut Voice<'_, '_>,
) {
    // The financial class is the patient's.
    let with_patient: &[u8] = if subject.is_some() { &[1, 20] } else { &[1] };
    pv1.skip(with_patient);
    let about = Encounter {
        subject: subject.clone().map(Box::new),
        ..blank()
    };
    voice.state(pv1.place(0), json::fragment(&about));
    identifiers(pv1, message, voice);
    kind(pv1, voice);
    participants(pv1, voice);
    hospitalization(pv1, voice);
    stay::state(pv1, message, rules, voice);
    episode::state(pv1, message, rules, subject, voice);
    if rules.identity == IdentityRule::DeleteVisit {
        delete(pv1, voice);
    }
}

/// A23: the visit should not be in the record. It was there in error, until somebody speaks of it again.
fn delete(pv1: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    let gone = Encounter {
        status: "entered-in-error".into(),
        ..blank()
    };
    voice.turn_to_part("gone", "A23");
    voice.state(pv1.place(0), json::fragment(&gone));
    voice.turn_to_whole();
}

/// The episode of care that the visit belongs to.
pub(super) fn episode_of(
    pv1: &Segment<'_>,
    message: &Message<'_>,
    reading: &Reading<'_>,
) -> Option<SourceIdentity> {
    episode::named(&Seg::new("PV1", *pv1), message, reading)
}

fn identifiers(pv1: &Seg<'_>, message: &Message<'_>, voice: &mut Voice<'_, '_>) {
    let msh = message.msh();
    let reading = voice.reading;
    for (n, default_type) in [(19, Some("VN")), (50, None)] {
        let numbers = identity::valued(pv1.field(n));
        voice.also(numbers.map(|id| identity::of(IdentityKind::Visit, id, &msh)));
        voice.each(
            pv1,
            n,
            |id| {
                let identifier = cx::identifier(Cx::new(id), default_type, reading)?;
                Some(if n == 19 {
                    visit_number(identifier)
                } else {
                    identifier
                })
            },
            |identifier| Encounter {
                identifier,
                ..blank()
            },
        );
    }
}

/// PV1-19 is the visit number whatever type the sender gave it; the sender's type stays beside it.
fn visit_number(mut identifier: Identifier) -> Identifier {
    let kind = identifier.r#type.get_or_insert_with(Box::default);
    let is_visit_number =
        |coding: &Coding| coding.code.as_ref().and_then(|code| code.value.as_deref()) == Some("VN");
    if !kind.coding.iter().any(is_visit_number) {
        kind.coding.insert(0, cwe::coding(V2_0203, "VN", ""));
    }
    identifier
}

fn kind(pv1: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    voice.coded(pv1, 2, |sent| class_and_status(sent, reading));
    voice.coded(pv1, 4, |sent| {
        let kind = cwe::concept(Cwe::new(sent.first()), Some("0007"), reading)?;
        Some(Encounter {
            r#type: vec![kind],
            ..blank()
        })
    });
    voice.coded(pv1, 10, |sent| {
        let service = cwe::concept(Cwe::new(sent.first()), Some("0069"), reading)?;
        Some(Encounter {
            service_type: Some(Box::new(service)),
            ..blank()
        })
    });
    voice.coded(pv1, 18, |sent| {
        let kind = cwe::concept(Cwe::new(sent.first()), Some("0018"), reading)?;
        Some(Encounter {
            r#type: vec![kind],
            ..blank()
        })
    });
    voice.one(pv1, 39, |sent| {
        let provider = xon::reference(Xon::new(sent), reading)?;
        Some(Encounter {
            service_provider: Some(Box::new(provider)),
            ..blank()
        })
    });
}

/// PV1-2: what the visit is, and whether it is yet to come.
fn class_and_status(sent: Field<'_>, reading: &Reading<'_>) -> Option<Encounter> {
    let class = class(Cwe::new(sent.first()), reading)?;
    let is_planned = sent.text().trim() == "P";
    let status = if is_planned { "planned" } else { "in-progress" };
    Some(Encounter {
        status: status.into(),
        class: Box::new(class),
        ..blank()
    })
}

/// The class alone: by the profile, else by the guide's table, else as sent.
fn class(sent: Cwe<'_>, reading: &Reading<'_>) -> Option<Coding> {
    let code = text::code(&sent.code())?;
    let configured = reading.meaning("0004", &code).map(cwe::Meaning::coding);
    configured
        .or_else(|| find(CLASS, &code).map(cwe::Meaning::coding))
        .or_else(|| cwe::codings(sent, Some("0004"), reading).into_iter().next())
        .or_else(|| Some(cwe::coding(&system::v2_table("0004"), &code, "")))
}

/// Who takes part, by field, as v3-ParticipationType.
const PARTICIPANTS: [(u8, &str, &str); 5] = [
    (7, "ATND", "attender"),
    (8, "REF", "referrer"),
    (9, "CON", "consultant"),
    (17, "ADM", "admitter"),
    (52, "PART", "Participation"),
];

fn participants(pv1: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    for (n, code, display) in PARTICIPANTS {
        voice.each(
            pv1,
            n,
            |sent| Some(participant(xcn::reference(sent, reading)?, code, display)),
            |participant| Encounter {
                participant,
                ..blank()
            },
        );
    }
}

/// Somebody's part in the visit.
pub(super) fn participant(
    individual: Reference,
    code: &'static str,
    display: &'static str,
) -> EncounterParticipant {
    let kind = cwe::Meaning {
        code,
        display,
        system: V3_PARTICIPATION,
    };
    EncounterParticipant {
        r#type: vec![kind.concept()],
        individual: Some(Box::new(individual)),
        ..EncounterParticipant::default()
    }
}

fn hospitalization(pv1: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    type Part = EncounterHospitalization;
    let reading = voice.reading;
    let coded = |sent: Repetition<'_>, table| cwe::concept(Cwe::new(sent), Some(table), reading);
    let within = |part: Part| Encounter {
        hospitalization: Some(part),
        ..blank()
    };
    let boxed = |concept: CodeableConcept| Some(Box::new(concept));
    voice.one(pv1, 5, |sent| {
        let identifier = cx::identifier(Cx::new(sent), None, reading)?;
        let pre_admission_identifier = Some(Box::new(identifier));
        Some(within(Part {
            pre_admission_identifier,
            ..Part::default()
        }))
    });
    voice.one(pv1, 13, |sent| {
        let re_admission = boxed(coded(sent, "0092")?);
        Some(within(Part {
            re_admission,
            ..Part::default()
        }))
    });
    voice.coded(pv1, 14, |sent| {
        let admit_source = boxed(coded(sent.first(), "0023")?);
        Some(within(Part {
            admit_source,
            ..Part::default()
        }))
    });
    voice.each(
        pv1,
        15,
        |sent| {
            let sent = Cwe::new(sent);
            let meaning = find(AMBULATORY_STATUS, sent.code().trim());
            cwe::mapped(meaning, sent, Some("0009"), reading)
        },
        |special_arrangement| {
            within(Part {
                special_arrangement,
                ..Part::default()
            })
        },
    );
    voice.one(pv1, 16, |sent| {
        let special_courtesy = vec![coded(sent, "0099")?];
        Some(within(Part {
            special_courtesy,
            ..Part::default()
        }))
    });
    voice.coded(pv1, 36, |sent| {
        let discharge_disposition = boxed(disposition(sent.first(), reading)?);
        Some(within(Part {
            discharge_disposition,
            ..Part::default()
        }))
    });
    voice.one(pv1, 38, |sent| {
        let diet_preference = vec![coded(sent, "0114")?];
        Some(within(Part {
            diet_preference,
            ..Part::default()
        }))
    });
}

/// PV1-36: the site's meaning, if the profile has one, in front of the site's code.
fn disposition(sent: Repetition<'_>, reading: &Reading<'_>) -> Option<CodeableConcept> {
    cwe::concept(Cwe::new(sent), Some("0112"), reading)
}
