//! The insured person of IN1 and IN2: the patient, or a `RelatedPerson` that is nobody's contact.

use fhirbolt::model::r4::resources::{Coverage, RelatedPerson};
use fhirbolt::model::r4::types::{CodeableConcept, Reference};
use hl7v2::datatype::{Cwe, Xpn, Xtn};

use crate::datatype::xon::refer;
use crate::datatype::{cwe, cx, xcn, xpn, xtn};
use crate::inbound::{Seg, Voice};
use crate::segment::gt1;
use crate::table::clinical::SUBSCRIBER_RELATIONSHIP;
use crate::table::find;

use super::blank;

/// IN1-16 and 17: whose insurance it is. Somebody else than the patient is a person of their own, and
/// somebody of whom it is not said who they are is only named.
pub(super) fn state(
    in1: &Seg<'_>,
    name: &str,
    subject: Option<Reference>,
    patient: &mut Voice<'_, '_>,
) {
    let reading = patient.reading;
    let relationship = in1.field(17).text();
    let relationship = relationship.trim();
    patient.one(in1, 17, |sent| {
        let sent = Cwe::new(sent);
        let meaning = find(SUBSCRIBER_RELATIONSHIP, sent.code().trim());
        let relationship: CodeableConcept = cwe::mapped(meaning, sent, Some("0063"), reading)?;
        Some(Coverage {
            relationship: Some(Box::new(relationship)),
            ..blank()
        })
    });
    let is_self = gt1::is_self(relationship);
    let is_other = !is_self && !matches!(relationship, "" | "\"\"") && !in1.field(16).is_empty();
    let id = patient.part_id("insured", name);
    patient.one(in1, 16, |sent| {
        let subscriber = match &subject {
            Some(subject) if is_self => subject.clone(),
            _ => {
                let name = xpn::name(Xpn::new(sent), reading)?;
                let display = xcn::shown(&name);
                if is_other {
                    refer("RelatedPerson", id, display)
                } else {
                    Reference {
                        display: display.map(Into::into),
                        ..Reference::default()
                    }
                }
            }
        };
        Some(Coverage {
            subscriber: Some(Box::new(subscriber)),
            ..blank()
        })
    });
    if is_other {
        patient.turn_to_part("insured", name);
        gt1::about(subject, in1.place(0), patient);
        let fields = gt1::Fields {
            name: 16,
            address: 19,
            telecom: [(0, ""), (0, "")],
            born: 18,
            sex: 43,
            relationship: 17,
        };
        gt1::who(in1, &fields, patient);
        patient.turn_to_part("Coverage", name);
    }
}

/// IN2-2 and 63: what else is known of an insured who is somebody else.
pub(super) fn state_more(in2: &Seg<'_>, name: &str, patient: &mut Voice<'_, '_>) {
    if !patient.has_part("insured", name) {
        return;
    }
    let reading = patient.reading;
    patient.turn_to_part("insured", name);
    patient.one(in2, 2, |sent| {
        Some(RelatedPerson {
            identifier: vec![cx::social_security(&sent.text())?],
            ..gt1::blank()
        })
    });
    patient.each(
        in2,
        63,
        |sent| xtn::contact(Xtn::new(sent), Some("home"), reading),
        |telecom| RelatedPerson {
            telecom,
            ..gt1::blank()
        },
    );
    patient.turn_to_part("Coverage", name);
}
