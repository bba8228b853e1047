//! A patient's facts become a Patient and what only the patient owns.

use fhir::ResourceType;
use model::EntityId;

use super::{Builder, Draft, FoldContext, Parts};

pub(super) fn fold(entity: EntityId, parts: &Parts<'_>, ctx: &FoldContext<'_>) -> Vec<Draft> {
    let said = parts.itself();
    if said.is_empty() {
        return Vec::new();
    }
    let mut patient = Builder::new(ResourceType::Patient, entity.into());
    patient.add_all(said);
    choose(&mut patient, "deceasedDateTime", "deceasedBoolean");
    choose(&mut patient, "multipleBirthInteger", "multipleBirthBoolean");
    let mut drafts = vec![patient.finish()];
    drafts.extend(owned(entity, parts, ctx));
    drafts
}

/// Of two forms of one element the first counts: it says more.
fn choose(patient: &mut Builder<'_>, better: &str, other: &str) {
    if patient.assembly.has(better) {
        patient.assembly.remove(other);
    }
}

/// The parts of an entity that are resources of their own and need nothing computed.
pub(super) const OWNED: [ResourceType; 6] = [
    ResourceType::AllergyIntolerance,
    ResourceType::Condition,
    ResourceType::Coverage,
    ResourceType::Observation,
    ResourceType::Procedure,
    ResourceType::RelatedPerson,
];

/// The resources that an entity owns.
pub(super) fn owned(entity: EntityId, parts: &Parts<'_>, ctx: &FoldContext<'_>) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for kind in OWNED {
        for (name, said) in parts.of_kind(kind.name()) {
            let id = ctx.key.part(entity, &[kind.name(), name]);
            let mut builder = Builder::new(kind, id.into());
            builder.add_all(said);
            drafts.push(builder.finish());
        }
    }
    drafts
}
