//! NDL → a person (CNN), and when and where they worked.

use fhirbolt::model::r4::types::Reference;
use hl7v2::Repetition;
use hl7v2::datatype::Xcn;

use crate::inbound::Reading;

use super::role::{self, Role};
use super::{dtm, pl, xcn};

/// A reference to the person. Many senders write XCN here: names that stand in components.
pub(crate) fn reference(sent: Repetition<'_>, reading: &Reading<'_>) -> Option<Reference> {
    let second = sent.component(2).text();
    let is_person = !second.trim().is_empty() && dtm::lenient(&second).is_none();
    if is_person {
        return xcn::reference(sent, reading);
    }
    let name = sent.component(1);
    let person = reading.once(&[b"CNN ", name.raw()].concat(), || {
        xcn::short(Xcn::new(name), reading)
    });
    let role = Role {
        person,
        period: dtm::period(&second, &sent.component(3).text(), reading),
        location: pl::of_ndl(sent, reading),
        ..Role::default()
    };
    role::reference(role, reading)
}
