//! PR1 → Procedure, a part of the visit (or of the patient, where there is no visit).

use fhirbolt::model::r4::resources::{Procedure, ProcedurePerformed, ProcedurePerformer};
use fhirbolt::model::r4::types::{CodeableConcept, Reference};
use hl7v2::Repetition;
use hl7v2::datatype::{Cwe, Ei};

use crate::datatype::{cwe, cx, dtm, pl, text, xcn};
use crate::inbound::{Reading, Seg, Voice};
use crate::json;
use crate::table::system;

/// States what PR1 says. Later messages find the same procedure by PR1-19, else by code and time; the
/// same one a second time in one message (`nth`) was done twice.
pub(super) fn state(
    pr1: &Seg<'_>,
    subject: Option<Reference>,
    encounter: Option<Reference>,
    nth: usize,
    owner: &mut Voice<'_, '_>,
) -> Option<String> {
    pr1.skip(&[1]);
    let name = name(pr1, nth)?;
    owner.turn_to_part("Procedure", &name);
    let in_error = pr1.field(20).text().trim() == "D";
    let constant = Procedure {
        status: if in_error {
            "entered-in-error"
        } else {
            "completed"
        }
        .into(),
        subject: Box::new(subject.unwrap_or_default()),
        encounter: encounter.map(Box::new),
        ..blank()
    };
    owner.state(pr1.place(0), json::fragment(&constant));
    what(pr1, owner);
    let reading = owner.reading;
    owner.one(pr1, 5, |sent| {
        let performed = ProcedurePerformed::DateTime(dtm::date_time(&sent.text(), reading)?);
        Some(Procedure {
            performed: Some(performed),
            ..blank()
        })
    });
    for n in [8, 11, 12] {
        owner.each(
            pr1,
            n,
            |sent| performer(sent, n, reading),
            |performer| Procedure {
                performer,
                ..blank()
            },
        );
    }
    owner.one(pr1, 23, |sent| {
        let location = pl::reference(sent, reading)?;
        Some(Procedure {
            location: Some(Box::new(location)),
            ..blank()
        })
    });
    owner.one(pr1, 25, |sent| {
        let parent = cx::entity_identifier(Ei::new(sent), reading)?;
        Some(Procedure {
            part_of: vec![Reference {
                r#type: Some("Procedure".into()),
                identifier: Some(Box::new(parent)),
                ..Reference::default()
            }],
            ..blank()
        })
    });
    owner.one(pr1, 19, |sent| {
        let identifier = vec![cx::entity_identifier(Ei::new(sent), reading)?];
        Some(Procedure {
            identifier,
            ..blank()
        })
    });
    Some(name)
}

pub(super) fn blank() -> Procedure {
    Procedure {
        status: fhirbolt::model::r4::types::Code::default(),
        subject: Box::new(Reference::default()),
        ..Procedure::default()
    }
}

fn what(pr1: &Seg<'_>, owner: &mut Voice<'_, '_>) {
    let reading = owner.reading;
    let coded = |code: CodeableConcept| Procedure {
        code: Some(Box::new(code)),
        ..blank()
    };
    owner.one(pr1, 3, |sent| {
        let mut code = cwe::concept(Cwe::new(sent), None, reading)?;
        // A code that names no system has the one of PR1-2 (old senders).
        if let Some(first) = code.coding.first_mut()
            && first.system.is_none()
        {
            first.system = system::uri(&pr1.field(2).text(), "", None, reading).map(Into::into);
        }
        let modifiers = crate::inbound::valued(pr1.field(16))
            .flat_map(|sent| cwe::codings(Cwe::new(sent), Some("0340"), reading));
        code.coding.extend(modifiers);
        Some(coded(code))
    });
    owner.one(pr1, 4, |sent| Some(coded(cwe::worded(&sent.text())?)));
    owner.one(pr1, 6, |sent| {
        let category = cwe::concept(Cwe::new(sent), Some("0230"), reading)?;
        Some(Procedure {
            category: Some(Box::new(category)),
            ..blank()
        })
    });
    owner.one(pr1, 15, |sent| {
        let reason = cwe::concept(Cwe::new(sent), None, reading)?;
        Some(Procedure {
            reason_code: vec![reason],
            ..blank()
        })
    });
}

/// PR1-8 gave the anaesthesia, PR1-11 operated, PR1-12 did what else there was to do.
fn performer(sent: Repetition<'_>, n: u8, reading: &Reading<'_>) -> Option<ProcedurePerformer> {
    let actor = xcn::reference(sent, reading)?;
    let snomed = |code, display| cwe::Meaning {
        code,
        display,
        system: "http://snomed.info/sct",
    };
    let function = match n {
        8 => Some(snomed("88189002", "Anesthesiologist")),
        11 => Some(snomed("304292004", "Surgeon")),
        _ => None,
    };
    Some(ProcedurePerformer {
        function: function.map(|function| Box::new(function.concept())),
        actor: Box::new(actor),
        ..ProcedurePerformer::default()
    })
}

/// What names the procedure within its visit.
fn name(pr1: &Seg<'_>, nth: usize) -> Option<String> {
    let sent = Cwe::new(pr1.field(3).first());
    let code = text::text(&sent.code()).or_else(|| text::text(&sent.display()));
    let code = code.or_else(|| text::text(&pr1.field(4).text()));
    let id = text::text(&pr1.field(19).text()).map(|id| format!("id|{id}"));
    let name = match (id, code) {
        (Some(id), _) => id,
        (None, Some(code)) => {
            format!(
                "{code}|{}|{}",
                sent.system().trim(),
                pr1.field(5).text().trim()
            )
        }
        (None, None) => return None,
    };
    Some(if nth == 0 {
        name
    } else {
        format!("{name}|{nth}")
    })
}
