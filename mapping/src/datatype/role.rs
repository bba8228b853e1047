//! What a person is for an organization → `PractitionerRole`, as an entity of its own that others
//! refer to. It is made only where more than the person is known: otherwise they refer to the person.

use fhirbolt::model::r4::resources::PractitionerRole;
use fhirbolt::model::r4::types::{CodeableConcept, ContactPoint, Identifier, Period, Reference};
use model::{IdentityKind, SourceIdentity};

use crate::facts::Place;
use crate::inbound::{EntityKind, Reading, Voice};
use crate::json;

use super::xon::refer;

const ROLE: Place = Place::new("PRT", 4);

/// A person in a role.
#[derive(Default)]
pub(crate) struct Role {
    pub(crate) person: Option<Reference>,
    pub(crate) organization: Option<Reference>,
    pub(crate) location: Option<Reference>,
    pub(crate) code: Option<CodeableConcept>,
    pub(crate) period: Option<Box<Period>>,
    pub(crate) specialty: Vec<CodeableConcept>,
    pub(crate) telecom: Vec<ContactPoint>,
    pub(crate) identifier: Vec<Identifier>,
}

/// A reference to the role; to the person or the organization, where nothing else is known.
pub(crate) fn reference(role: Role, reading: &Reading<'_>) -> Option<Reference> {
    let Role {
        person,
        organization,
        location,
        code,
        period,
        specialty,
        telecom,
        identifier,
    } = role;
    let has_more = !(specialty.is_empty() && telecom.is_empty() && identifier.is_empty());
    let says_more = has_more || location.is_some() || code.is_some() || period.is_some();
    match (&person, &organization) {
        (None, None) if location.is_none() => return None,
        (Some(_), None) if !says_more => return person,
        (None, Some(_)) if !says_more => return organization,
        _ => {}
    }
    let url = |reference: &Option<Reference>| {
        let url = reference.as_ref().and_then(|it| it.reference.clone());
        url.and_then(|url| url.value).unwrap_or_default()
    };
    let word = code
        .as_ref()
        .and_then(|code| code.coding.first()?.code.clone()?.value);
    let since = period
        .as_ref()
        .and_then(|period| period.start.clone()?.value);
    let identity = SourceIdentity {
        kind: IdentityKind::Part,
        authority: "role".to_owned(),
        type_code: String::new(),
        value: [
            url(&person),
            url(&organization),
            url(&location),
            word.unwrap_or_default(),
            since.unwrap_or_default(),
        ]
        .join("|"),
    };
    let display = [&person, &organization]
        .into_iter()
        .flatten()
        .find_map(|it| it.display.clone()?.value);
    let mut voice = Voice::unidentified(reading, EntityKind::PractitionerRole, identity);
    let role = PractitionerRole {
        practitioner: person.map(Box::new),
        organization: organization.map(Box::new),
        location: location.into_iter().collect(),
        code: code.into_iter().collect(),
        period,
        specialty,
        telecom,
        identifier,
        ..PractitionerRole::default()
    };
    voice.state(ROLE, json::fragment(&role));
    let reference = refer("PractitionerRole", voice.entity.0, display);
    voice.close();
    Some(reference)
}
