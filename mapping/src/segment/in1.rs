//! IN1, IN2 and IN3 → Coverage, a part of the patient, with the insurer as an Organization.

mod insured;

use fhirbolt::model::r4::resources::{CareTeam, CareTeamParticipant, Coverage, CoverageClass};
use fhirbolt::model::r4::types::{Code, Coding, Extension, ExtensionValue, Identifier, Reference};
use hl7v2::Repetition;
use hl7v2::datatype::{Cwe, Cx, Dtm, Xon};

use crate::datatype::cwe::Meaning;
use crate::datatype::xon::Reach;
use crate::datatype::{cwe, cx, dtm, ext, text, xon};
use crate::inbound::{Reading, Seg, Voice, valued};
use crate::json;
use crate::table::clinical::PATIENT_RELATIONSHIP;
use crate::table::find;

const CLASS: &str = "http://terminology.hl7.org/CodeSystem/coverage-class";

/// A coverage that IN2 and IN3 go on with.
pub(super) struct Named {
    name: String,
    /// Whether IN1-17 says how insured and patient belong together.
    is_related: bool,
}

impl Named {
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

/// States what IN1 says. Later messages find the same coverage by plan, insurer, policy and member; its
/// name is what IN2 and IN3 go on with.
pub(super) fn state(
    in1: &Seg<'_>,
    subject: Option<Reference>,
    patient: &mut Voice<'_, '_>,
) -> Option<Named> {
    in1.skip(&[1, 3, 4, 5, 6, 7, 13]);
    let name = name(in1)?;
    let reading = patient.reading;
    patient.turn_to_part("Coverage", &name);
    let about = Coverage {
        status: status(in1, reading).into(),
        beneficiary: Box::new(subject.clone().unwrap_or_default()),
        payor: payor(in1, reading).into_iter().collect(),
        ..blank()
    };
    patient.state(in1.place(0), json::fragment(&about));
    patient.one(in1, 2, |sent| {
        let sent = Cwe::new(sent);
        Some(Coverage {
            identifier: plan_identifiers(sent, reading),
            ..classed("plan", sent, None)
        })
    });
    let group = text::text(&Xon::new(in1.field(9).first()).name());
    patient.one(in1, 8, |sent| {
        Some(classed("group", Cwe::new(sent), group.clone()))
    });
    if in1.field(8).is_empty() {
        patient.one(in1, 9, |sent| {
            let name = text::text(&Xon::new(sent).name())?;
            Some(class("group", name.clone(), Some(name)))
        });
    }
    holder(in1, patient);
    let end = in1.field(13).text();
    patient.one(in1, 12, |start| {
        Some(Coverage {
            period: dtm::period(&start.text(), &end, reading),
            ..blank()
        })
    });
    if in1.field(12).is_empty() {
        patient.one(in1, 13, |end| {
            Some(Coverage {
                period: dtm::period("", &end.text(), reading),
                ..blank()
            })
        });
    }
    patient.one(in1, 15, |sent| {
        let kind = cwe::concept(Cwe::new(sent), Some("0086"), reading)?;
        Some(Coverage {
            r#type: Some(Box::new(kind)),
            ..blank()
        })
    });
    insured::state(in1, &name, subject, patient);
    policy(in1, patient);
    Some(Named {
        name,
        is_related: !in1.field(17).is_empty(),
    })
}

/// States what IN2 says of the coverage and of its insured.
pub(super) fn state_in2(in2: &Seg<'_>, named: &Named, patient: &mut Voice<'_, '_>) {
    let reading = patient.reading;
    let name = &named.name;
    patient.turn_to_part("Coverage", name);
    if !named.is_related {
        patient.one(in2, 72, |sent| {
            let sent = Cwe::new(sent);
            let meaning = find(PATIENT_RELATIONSHIP, sent.code().trim());
            let relationship = cwe::mapped(meaning, sent, Some("0344"), reading)?;
            Some(Coverage {
                relationship: Some(Box::new(relationship)),
                ..blank()
            })
        });
    }
    // The cards of Medicare and Medicaid, payor's ids, the patient's number as a member.
    for (n, kind) in [(6, "MC"), (8, "MA"), (61, "MB")] {
        patient.each(
            in2,
            n,
            |sent| cx::identifier(Cx::new(sent), Some(kind), reading),
            |identifier| Coverage {
                identifier,
                ..blank()
            },
        );
    }
    insured::state_more(in2, name, patient);
}

/// States what IN3 says: who manages the case.
pub(super) fn state_in3(in3: &Seg<'_>, patient: &mut Voice<'_, '_>) {
    in3.skip(&[1]);
    let Some(manager) = text::text(&in3.raw().field(21).full_text()) else {
        return;
    };
    patient.turn_to_part("team", &format!("case manager|{manager}"));
    patient.one(in3, 21, |sent| {
        let manager = Reference {
            display: Some(text::text(&sent.full_text())?.into()),
            ..Reference::default()
        };
        let role = Meaning {
            code: "768832004",
            display: "Case manager",
            system: "http://snomed.info/sct",
        };
        let mut role = role.concept();
        role.text = Some("case manager".into());
        Some(CareTeam {
            participant: vec![CareTeamParticipant {
                role: vec![role],
                member: Some(Box::new(manager)),
                ..CareTeamParticipant::default()
            }],
            ..CareTeam::default()
        })
    });
}

/// IN1-2: each triplet is an identifier of the plan.
fn plan_identifiers(sent: Cwe<'_>, reading: &Reading<'_>) -> Vec<Identifier> {
    let identifier = |coding: Coding| {
        let value = coding.code?.value?;
        Some(Identifier {
            system: coding.system,
            value: Some(value.into()),
            ..Identifier::default()
        })
    };
    cwe::codings(sent, None, reading)
        .into_iter()
        .filter_map(identifier)
        .collect()
}

/// IN1-10 and 11: the group that holds the policy; IN1-22: which coverage is asked first.
fn holder(in1: &Seg<'_>, patient: &mut Voice<'_, '_>) {
    let reading = patient.reading;
    reading.at(in1.place(10));
    // A number of the subscriber's is not the group's.
    let is_subscribers = |sent: &Repetition<'_>| Cx::new(*sent).type_code().trim() == "SN";
    let (own, group): (Vec<_>, Vec<_>) = valued(in1.field(10)).partition(is_subscribers);
    let read = |sent| cx::identifier(Cx::new(sent), None, reading);
    let extension = own.into_iter().filter_map(read).map(subscriber).collect();
    let numbers: Vec<Identifier> = group.into_iter().filter_map(read).collect();
    let number = numbers.first().cloned().map(Box::new);
    let unnamed = number.clone().filter(|_| in1.field(11).is_empty());
    let coverage = Coverage {
        extension,
        policy_holder: unnamed.map(|number| {
            Box::new(Reference {
                r#type: Some("Organization".into()),
                identifier: Some(number),
                ..Reference::default()
            })
        }),
        ..blank()
    };
    patient.state(in1.place(10), json::fragment(&coverage));
    patient.one(in1, 11, |sent| {
        let reach = Reach {
            identifier: numbers,
            ..Reach::default()
        };
        let holder = Reference {
            identifier: number,
            ..xon::reached(Xon::new(sent), reach, reading)?
        };
        Some(Coverage {
            policy_holder: Some(Box::new(holder)),
            ..blank()
        })
    });
    patient.one(in1, 22, |sent| {
        let order: u32 = sent.text().trim().parse().ok().filter(|n| 0 < *n)?;
        Some(Coverage {
            order: Some(order.into()),
            ..blank()
        })
    });
}

pub(super) fn blank() -> Coverage {
    Coverage {
        status: Code::default(),
        beneficiary: Box::new(Reference::default()),
        ..Coverage::default()
    }
}

/// A coverage that had ended when the message was made is not in force.
fn status(in1: &Seg<'_>, reading: &Reading<'_>) -> &'static str {
    let end: Option<Dtm> = dtm::lenient(&in1.field(13).text());
    let end = end.and_then(|end| end.latest(&reading.zone));
    let has_ended = end.is_some_and(|end| end < reading.source.stamp.stated);
    if has_ended { "cancelled" } else { "active" }
}

/// IN1-3, 4, 5 and 7; FHIR requires a payor, so a plan that names no insurer stands in for it.
fn payor(in1: &Seg<'_>, reading: &Reading<'_>) -> Option<Reference> {
    xon::insurer(in1, reading).or_else(|| {
        let plan = Cwe::new(in1.field(2).first());
        let words = text::text(&plan.display()).or_else(|| text::text(&plan.code()));
        let display = words.unwrap_or_else(|| "unknown".to_owned());
        Some(Reference {
            display: Some(display.into()),
            ..Reference::default()
        })
    })
}

/// A class of the coverage: the plan, the group.
fn classed(kind: &'static str, sent: Cwe<'_>, name: Option<String>) -> Coverage {
    let words = text::text(&sent.display());
    let Some(value) = text::text(&sent.code()).or_else(|| words.clone()) else {
        return blank();
    };
    class(kind, value, words.or(name))
}

fn class(kind: &'static str, value: String, name: Option<String>) -> Coverage {
    let kind = Meaning {
        code: kind,
        display: "",
        system: CLASS,
    }
    .concept();
    let class = CoverageClass {
        r#type: Box::new(kind),
        value: value.into(),
        name: name.map(Into::into),
        ..CoverageClass::default()
    };
    Coverage {
        class: vec![class],
        ..blank()
    }
}

/// IN1-36 and 49: the policy and the member.
fn policy(in1: &Seg<'_>, patient: &mut Voice<'_, '_>) {
    let reading = patient.reading;
    patient.one(in1, 36, |sent| {
        let value = text::text(&sent.text())?;
        let identifier = Identifier {
            r#type: Some(Box::new(cx::typed("MB"))),
            value: Some(value.as_str().into()),
            ..Identifier::default()
        };
        let subscriber_id = Some(value.into());
        Some(Coverage {
            identifier: vec![identifier],
            subscriber_id,
            ..blank()
        })
    });
    patient.each(
        in1,
        49,
        |sent| {
            let value = text::text(&Cx::new(sent).id())?;
            Some((cx::identifier(Cx::new(sent), Some("MB"), reading)?, value))
        },
        |numbers| {
            let (identifier, values): (Vec<_>, Vec<_>) = numbers.into_iter().unzip();
            Coverage {
                extension: identifier.iter().cloned().map(subscriber).collect(),
                subscriber_id: values.into_iter().next().map(Into::into),
                identifier,
                ..blank()
            }
        },
    );
}

const SUBSCRIBER: &str =
    "http://hl7.org/fhir/5.0/StructureDefinition/extension-Coverage.subscriberId";

/// R5 has an identifier where R4 has its text alone.
fn subscriber(identifier: Identifier) -> Extension {
    ext::valued(SUBSCRIBER, ExtensionValue::Identifier(Box::new(identifier)))
}

/// What names the coverage among the patient's.
fn name(in1: &Seg<'_>) -> Option<String> {
    let parts = [2, 3, 4, 36, 49].map(|n| text::text(&in1.field(n).text()).unwrap_or_default());
    let [plan, insurer, insurer_name, policy, member] = &parts;
    let insurer = if insurer.is_empty() {
        insurer_name
    } else {
        insurer
    };
    // Two members of one policy are two coverages.
    let policy = match (policy.as_str(), member.as_str()) {
        ("", member) => member.to_owned(),
        (policy, "") => policy.to_owned(),
        (policy, member) if policy == member => policy.to_owned(),
        (policy, member) => format!("{policy}|{member}"),
    };
    let is_named = !(plan.is_empty() && insurer.is_empty() && policy.is_empty());
    is_named.then(|| format!("{plan}|{insurer}|{policy}"))
}
