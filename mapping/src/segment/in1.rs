//! IN1 → Coverage, a part of the patient, with the insurer as an Organization.

use fhirbolt::model::r4::resources::{Coverage, CoverageClass};
use fhirbolt::model::r4::types::{Code, CodeableConcept, Identifier, Reference};
use hl7v2::datatype::{Cwe, Cx, Dtm, Xpn};

use crate::datatype::cwe::Meaning;
use crate::datatype::{cwe, cx, dtm, text, xcn, xon, xpn};
use crate::inbound::{Reading, Seg, Voice};
use crate::json;
use crate::table::clinical::SUBSCRIBER_RELATIONSHIP;
use crate::table::find;

const CLASS: &str = "http://terminology.hl7.org/CodeSystem/coverage-class";

/// States what IN1 says. Later messages find the same coverage by plan, insurer and policy.
pub(super) fn state(in1: &Seg<'_>, subject: Option<Reference>, patient: &mut Voice<'_, '_>) {
    in1.skip(&[1, 3, 4, 5, 7, 13]);
    let Some(name) = name(in1) else { return };
    let reading = patient.reading;
    patient.turn_to_part("Coverage", &name);
    let about = Coverage {
        status: status(in1, reading).into(),
        beneficiary: Box::new(subject.clone().unwrap_or_default()),
        payor: payor(in1, reading).into_iter().collect(),
        ..blank()
    };
    patient.state(in1.place(0), json::fragment(&about));
    patient.one(in1, 2, |sent| Some(classed("plan", Cwe::new(sent))));
    patient.one(in1, 8, |sent| Some(classed("group", Cwe::new(sent))));
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
    insured(in1, subject, patient);
    policy(in1, patient);
}

fn blank() -> Coverage {
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
fn classed(kind: &'static str, sent: Cwe<'_>) -> Coverage {
    let Some(value) = text::text(&sent.code()).or_else(|| text::text(&sent.display())) else {
        return blank();
    };
    let kind = Meaning {
        code: kind,
        display: "",
        system: CLASS,
    }
    .concept();
    let class = CoverageClass {
        r#type: Box::new(kind),
        value: value.into(),
        name: text::text(&sent.display()).map(Into::into),
        ..CoverageClass::default()
    };
    Coverage {
        class: vec![class],
        ..blank()
    }
}

/// IN1-16 and 17: whose insurance it is. Somebody else than the patient is only named: IN1 and IN2 are
/// about insurance, and never about the patient's people.
fn insured(in1: &Seg<'_>, subject: Option<Reference>, patient: &mut Voice<'_, '_>) {
    let reading = patient.reading;
    let relationship = in1.field(17).text();
    let is_self = matches!(relationship.trim(), "SEL" | "S" | "SELF" | "18" | "01");
    patient.one(in1, 17, |sent| {
        let sent = Cwe::new(sent);
        let meaning = find(SUBSCRIBER_RELATIONSHIP, sent.code().trim());
        let relationship: CodeableConcept = cwe::mapped(meaning, sent, Some("0063"), reading)?;
        Some(Coverage {
            relationship: Some(Box::new(relationship)),
            ..blank()
        })
    });
    patient.one(in1, 16, |sent| {
        let subscriber = match subject {
            Some(subject) if is_self => subject,
            _ => {
                let name = xpn::name(Xpn::new(sent), reading)?;
                let display = xcn::shown(&name).map(Into::into);
                Reference {
                    display,
                    ..Reference::default()
                }
            }
        };
        Some(Coverage {
            subscriber: Some(Box::new(subscriber)),
            ..blank()
        })
    });
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
        |sent| cx::identifier(Cx::new(sent), Some("MB"), reading),
        |identifier| Coverage {
            identifier,
            ..blank()
        },
    );
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
    let policy = if policy.is_empty() { member } else { policy };
    let is_named = !(plan.is_empty() && insurer.is_empty() && policy.is_empty());
    is_named.then(|| format!("{plan}|{insurer}|{policy}"))
}
