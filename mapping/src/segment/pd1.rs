//! PD1 → Patient.

use fhirbolt::model::r4::resources::Patient;
use hl7v2::datatype::Xon;

use crate::datatype::{xcn, xon};
use crate::inbound::{Seg, Voice};

/// States what PD1 says of the patient.
pub(super) fn state(pd1: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    voice.turn_to_whole();
    let reading = voice.reading;
    let cared_for_by = |general_practitioner| Patient {
        general_practitioner,
        ..Patient::default()
    };
    voice.each(
        pd1,
        3,
        |sent| xon::reference(Xon::new(sent), reading),
        cared_for_by,
    );
    voice.each(pd1, 4, |sent| xcn::reference(sent, reading), cared_for_by);
}
