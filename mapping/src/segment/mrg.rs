//! MRG → two Patients and the link between them.

pub(super) mod other;

use fhirbolt::model::r4::resources::{Patient, PatientLink};
use fhirbolt::model::r4::types::{Identifier, Reference};
use hl7v2::Message;
use hl7v2::datatype::Cx;

use crate::datatype::cx;
use crate::datatype::xon::refer;
use crate::identity;
use crate::inbound::{EntityKind, Reading, Seg, Voice};
use crate::json;

/// States that PID's patient replaces MRG's: the survivor gets the old identifiers and a link, the other
/// is inactive and points to the survivor.
pub(super) fn state(
    mrg: &Seg<'_>,
    message: &Message<'_>,
    reading: &Reading<'_>,
    survivor: &mut Voice<'_, '_>,
) {
    let merged = identity::merged_patient(mrg.raw(), &message.msh(), reading.profile());
    let Some(merged) = merged else { return };
    let mut old = Voice::new(reading, EntityKind::Patient, merged);
    if old.entity == survivor.entity {
        return;
    }
    let identifiers = identifiers(mrg, reading);
    let kept = Patient {
        identifier: identifiers.iter().cloned().map(retired).collect(),
        link: vec![link(refer("Patient", old.entity.0, None), "replaces")],
        ..Patient::default()
    };
    survivor.turn_to_part("merge", &old.entity.to_string());
    survivor.state(mrg.place(1), json::fragment(&kept));
    let gone = Patient {
        active: Some(false.into()),
        link: vec![link(
            refer("Patient", survivor.entity.0, None),
            "replaced-by",
        )],
        ..Patient::default()
    };
    old.state(mrg.place(0), json::fragment(&gone));
    let named = Patient {
        identifier: identifiers,
        ..Patient::default()
    };
    old.state(mrg.place(1), json::fragment(&named));
    old.close();
}

fn identifiers(mrg: &Seg<'_>, reading: &Reading<'_>) -> Vec<Identifier> {
    let sent = [1, 4]
        .into_iter()
        .flat_map(|n| identity::valued(mrg.field(n)));
    sent.filter_map(|id: Cx<'_>| cx::identifier(id, None, reading))
        .collect()
}

fn retired(identifier: Identifier) -> Identifier {
    Identifier {
        r#use: Some("old".into()),
        ..identifier
    }
}

fn link(other: Reference, kind: &'static str) -> PatientLink {
    PatientLink {
        other: Box::new(other),
        r#type: kind.into(),
        ..PatientLink::default()
    }
}
