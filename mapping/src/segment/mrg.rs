//! MRG: whom the patient was before, and to whom a visit or an account belonged.

pub(super) mod other;

use fhirbolt::model::r4::resources::Patient;
use fhirbolt::model::r4::types::Identifier;
use hl7v2::Message;
use hl7v2::datatype::Cx;

use crate::datatype::cx;
use crate::facts::Place;
use crate::identity;
use crate::inbound::{EntityKind, MOVED, Reading, Seg, Voice};
use crate::json;
use crate::ties::Relation;

/// States that MRG's patient became PID's. What follows from that for the two Patients is found when they
/// are folded: the link may be taken back.
pub(super) fn state(
    mrg: &Seg<'_>,
    message: &Message<'_>,
    relation: Relation,
    survivor: &Voice<'_, '_>,
) {
    let reading = survivor.reading;
    let merged = identity::merged_patient(mrg.raw(), &message.msh(), reading.profile());
    let Some(merged) = merged else { return };
    let mut old = Voice::new(reading, EntityKind::Patient, merged);
    if old.entity == survivor.entity {
        return;
    }
    let ends = [old.entity, survivor.entity];
    reading.link(EntityKind::Patient, ends, relation, mrg.place(1));
    let named = Patient {
        identifier: identifiers(mrg, reading),
        ..Patient::default()
    };
    old.state(mrg.place(1), json::fragment(&named));
    old.close();
}

/// States that what is spoken of belonged to MRG's patient before.
pub(super) fn moved(message: &Message<'_>, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    let msh = message.msh();
    let before = message.segment("MRG");
    let before = before.and_then(|mrg| identity::merged_patient(&mrg, &msh, reading.profile()));
    if let Some(before) = before {
        voice.turn_to_part(MOVED, &reading.entity(&before).to_string());
        voice.exist(Place::new("MRG", 1));
        voice.turn_to_whole();
    }
}

fn identifiers(mrg: &Seg<'_>, reading: &Reading<'_>) -> Vec<Identifier> {
    let sent = [1, 4]
        .into_iter()
        .flat_map(|n| identity::valued(mrg.field(n)));
    sent.filter_map(|id: Cx<'_>| cx::identifier(id, None, reading))
        .collect()
}
