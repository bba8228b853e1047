//! PRT → who took part, as a reference that others hold.

use fhirbolt::model::r4::resources::Observation;
use fhirbolt::model::r4::types::{ExtensionValue, Reference};
use hl7v2::datatype::{Cwe, Ei, Xad, Xon, Xtn};
use hl7v2::{Repetition, Segment};

use crate::datatype::role::{self, Role};
use crate::datatype::xon::Reach;
use crate::datatype::{cwe, cx, dtm, ext, pl, xad, xcn, xon, xtn};
use crate::facts::Place;
use crate::inbound::{Reading, Seg, Voice, valued};
use crate::json;

use super::obx;

/// The field that names the person.
pub(super) const PERSON: Place = Place::new("PRT", 5);
const PLACE: Place = Place::new("PRT", 9);
const DEVICE: Place = Place::new("PRT", 10);

const LOCATION: &str = "http://hl7.org/fhir/StructureDefinition/event-location";

/// What one PRT names.
struct Part {
    somebody: Option<Reference>,
    /// Where, and with what, nobody being named.
    place: Option<Reference>,
    device: Option<Reference>,
}

/// States who took part in an observation, where it was made and with what.
pub(super) fn of_observation(participants: &[Segment<'_>], owner: &mut Voice<'_, '_>) {
    let reading = owner.reading;
    let (mut performer, mut places, mut device) = (Vec::new(), Vec::new(), None);
    for prt in participants {
        let part = read(*prt, reading);
        performer.extend(part.somebody);
        places.extend(part.place);
        device = device.or(part.device);
    }
    let observation = Observation {
        performer,
        ..obx::blank()
    };
    owner.state(PERSON, json::fragment(&observation));
    let located = |place| ext::valued(LOCATION, ExtensionValue::Reference(Box::new(place)));
    let observation = Observation {
        extension: places.into_iter().map(located).collect(),
        ..obx::blank()
    };
    owner.state(PLACE, json::fragment(&observation));
    let observation = Observation {
        device: device.map(Box::new),
        ..obx::blank()
    };
    owner.state(DEVICE, json::fragment(&observation));
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
        .filter_map(|prt| read(*prt, reading).somebody)
        .collect()
}

/// Who takes part; nobody who is taken out (PRT-2).
fn read(prt: Segment<'_>, reading: &Reading<'_>) -> Part {
    let prt = Seg::new("PRT", prt);
    prt.skip(&[1]);
    let is_out = prt.field(2).text().trim() == "D";
    let first = |n| valued(prt.field(n)).next();
    reading.at(prt.place(5));
    let address = |n| {
        let sent = valued(prt.field(n));
        let sent = sent.filter_map(|sent| xad::address(Xad::new(sent), reading));
        sent.collect::<Vec<_>>()
    };
    let has_person = !prt.field(5).is_empty();
    let reach = |kind| Reach {
        address: if has_person { Vec::new() } else { address(14) },
        kind,
        ..Reach::default()
    };
    let kind = first(7).and_then(|sent| cwe::concept(Cwe::new(sent), Some("0406"), reading));
    let place = first(9).and_then(|sent| pl::reference(sent, reading));
    let role = Role {
        person: first(5).and_then(|sent| xcn::addressed(sent, address(14), reading)),
        organization: first(8).and_then(|sent| {
            let reach = reach(kind.into_iter().collect());
            xon::reached(Xon::new(sent), reach, reading)
        }),
        location: place.clone(),
        code: first(4).and_then(|sent| cwe::concept(Cwe::new(sent), Some("0912"), reading)),
        specialty: valued(prt.field(6))
            .filter_map(|sent| cwe::concept(Cwe::new(sent), None, reading))
            .collect(),
        telecom: valued(prt.field(15))
            .filter_map(|sent| xtn::contact(Xtn::new(sent), Some("work"), reading))
            .collect(),
        identifier: valued(prt.field(24))
            .filter_map(|sent| cx::practitioner_number(sent, reading))
            .collect(),
        period: dtm::period(&prt.field(11).text(), &prt.field(12).text(), reading),
    };
    let is_somebody = role.person.is_some() || role.organization.is_some();
    let somebody = is_somebody
        .then(|| role::reference(role, reading))
        .flatten();
    let device = [10, 16]
        .into_iter()
        .find_map(|n| device(first(n)?, reading));
    prt.close(reading);
    Part {
        somebody: somebody.filter(|_| !is_out),
        place: place.filter(|_| !is_somebody && !is_out),
        device: device.filter(|_| !is_out),
    }
}

/// PRT-10, and 16 with its UDI: a device by its number.
fn device(sent: Repetition<'_>, reading: &Reading<'_>) -> Option<Reference> {
    let identifier = cx::entity_identifier(Ei::new(sent), reading)?;
    Some(Reference {
        r#type: Some("Device".into()),
        identifier: Some(Box::new(identifier)),
        ..Reference::default()
    })
}
