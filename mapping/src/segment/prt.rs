//! PRT → who took part, as a reference that others hold.

use fhirbolt::model::r4::types::Reference;
use hl7v2::Segment;
use hl7v2::datatype::{Cwe, Pl, Xon};

use crate::datatype::role::{self, Role};
use crate::datatype::{cwe, dtm, pl, xcn, xon};
use crate::facts::Place;
use crate::inbound::{Reading, Seg, Voice, valued};
use crate::json;

use super::obx;

/// The field that names the person.
pub(super) const PERSON: Place = Place::new("PRT", 5);

/// States who took part in an observation.
pub(super) fn of_observation(participants: &[Segment<'_>], owner: &mut Voice<'_, '_>) {
    let reading = owner.reading;
    let performer: Vec<Reference> = participants
        .iter()
        .filter_map(|prt| participant(*prt, reading))
        .collect();
    let observation = fhirbolt::model::r4::resources::Observation {
        performer,
        ..obx::blank()
    };
    owner.state(PERSON, json::fragment(&observation));
}

/// Those who have one of some roles of table 0912.
pub(super) fn having(
    participants: &[Segment<'_>],
    roles: &[&str],
    reading: &Reading<'_>,
) -> Vec<Reference> {
    participants
        .iter()
        .filter(|prt| roles.contains(&prt.field(4).text().trim()))
        .filter_map(|prt| participant(*prt, reading))
        .collect()
}

/// Somebody who takes part; none who is taken out (PRT-2), and no device alone.
fn participant(prt: Segment<'_>, reading: &Reading<'_>) -> Option<Reference> {
    let prt = Seg::new("PRT", prt);
    prt.skip(&[1]);
    let is_out = prt.field(2).text().trim() == "D";
    let first = |n| valued(prt.field(n)).next();
    reading.at(prt.place(5));
    let role = Role {
        person: first(5).and_then(|sent| xcn::reference(sent, reading)),
        organization: first(8).and_then(|sent| xon::reference(Xon::new(sent), reading)),
        location: first(9).and_then(|sent| pl::reference(Pl::new(sent), reading)),
        code: first(4).and_then(|sent| cwe::concept(Cwe::new(sent), Some("0912"), reading)),
        period: dtm::period(&prt.field(11).text(), &prt.field(12).text(), reading),
    };
    let is_somebody = role.person.is_some() || role.organization.is_some();
    let reference = role::reference(role, reading);
    prt.close(reading);
    reference.filter(|_| is_somebody && !is_out)
}
