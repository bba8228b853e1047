//! A patient's facts become a Patient and what only the patient owns.

use fhir::ResourceType;
use model::EntityId;

use crate::facts::Place;
use crate::json::{Assembly, elements, inside_of_list, members};

use super::{Builder, Draft, FoldContext, Parts, Said};

pub(super) fn fold<'f>(
    entity: EntityId,
    parts: &Parts<'f>,
    ctx: &FoldContext<'_>,
) -> Vec<Draft<'f>> {
    let said = parts.itself();
    if said.is_empty() {
        return Vec::new();
    }
    let contacts = contacts(parts);
    let mut patient = Builder::new(ResourceType::Patient, entity.into());
    let has_own_identifiers = said.iter().any(|said| IDENTIFIERS.contains(&said.field));
    // The identifiers of PID-3 stand before those of PID-2, which old senders repeat.
    let mut said: Vec<Said<'f>> = said.to_vec();
    said.sort_by_key(|said| said.field == Place::new("PID", 2));
    for said in said {
        // What a merge called the patient counts only while the patient has not been heard of.
        if said.field != MERGED || !has_own_identifiers {
            patient.add(said);
        }
    }
    for (_, said) in parts.of_kind("merge") {
        patient.add_all(said);
    }
    if let Some(contacts) = &contacts {
        patient.add_computed(contacts);
    }
    choose(&mut patient, "deceasedDateTime", "deceasedBoolean");
    choose(&mut patient, "multipleBirthInteger", "multipleBirthBoolean");
    let mut drafts = vec![patient.finish()];
    drafts.extend(owned(entity, parts, ctx));
    drafts
}

const MERGED: Place = Place::new("MRG", 1);
const IDENTIFIERS: [Place; 3] = [
    Place::new("PID", 2),
    Place::new("PID", 3),
    Place::new("PID", 4),
];

/// `Patient.contact` as a fragment: the patient's people, and organizations that are only contacts.
fn contacts(parts: &Parts<'_>) -> Option<String> {
    let people = parts
        .of_kind(ResourceType::RelatedPerson.name())
        .map(|(_, said)| person(said));
    let organizations = parts.of_kind("contact").map(|(_, said)| organization(said));
    let list: Vec<String> = people.chain(organizations).flatten().collect();
    (!list.is_empty()).then(|| format!("{{\"contact\":[{}]}}", list.join(",")))
}

/// A `RelatedPerson` as a contact, which has one name and one address.
fn person(said: &[Said<'_>]) -> Option<String> {
    let mut contact = Assembly::default();
    for (name, value) in said.iter().flat_map(|said| members(said.fragment)) {
        match name {
            "relationship" | "telecom" | "gender" | "period" => contact.put(name, value),
            "name" | "address" => {
                if let Some(first) = first(value) {
                    contact.put(name, first);
                }
            }
            _ => {}
        }
    }
    object(&contact)
}

fn organization(said: &[Said<'_>]) -> Option<String> {
    let mut contact = Assembly::default();
    for (_, list) in said.iter().flat_map(|said| members(said.fragment)) {
        if let Some(only) = first(list) {
            contact.add(only);
        }
    }
    object(&contact)
}

fn object(contact: &Assembly<'_>) -> Option<String> {
    let mut text = String::new();
    contact.write(&mut text);
    (!contact.is_empty()).then_some(text)
}

/// The first element of a list.
fn first(list: &str) -> Option<&str> {
    elements(inside_of_list(list)?).next()
}

/// Of two forms of one element the first counts: it says more.
fn choose(patient: &mut Builder<'_, '_>, better: &str, other: &str) {
    if patient.assembly.has(better) {
        patient.assembly.remove(other);
    }
}

/// The parts of an entity that are resources of their own and need nothing computed.
pub(super) const OWNED: [ResourceType; 7] = [
    ResourceType::AllergyIntolerance,
    ResourceType::Condition,
    ResourceType::Coverage,
    ResourceType::Observation,
    ResourceType::Procedure,
    ResourceType::Provenance,
    ResourceType::RelatedPerson,
];

/// The resources that an entity owns.
pub(super) fn owned<'f>(
    entity: EntityId,
    parts: &Parts<'f>,
    ctx: &FoldContext<'_>,
) -> Vec<Draft<'f>> {
    let draft = |(part, said): (&str, &[Said<'f>])| {
        let (kind, name) = part.split_once('/')?;
        let kind = OWNED.into_iter().find(|owned| owned.name() == kind)?;
        if kind == ResourceType::Observation {
            return Some(super::observation::one(entity, name, said, None, ctx));
        }
        let id = ctx.key.part(entity, &[kind.name(), name]);
        let mut builder = Builder::new(kind, id.into());
        builder.add_all(said);
        Some(builder.finish())
    };
    parts.each().filter_map(draft).collect()
}
