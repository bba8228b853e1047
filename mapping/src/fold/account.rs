//! An account's facts become an Account.

use fhir::ResourceType;
use model::EntityId;

use crate::facts::Place;

use super::{Builder, Draft, Parts};

/// What a message says of the account that was before; what it says of the present one counts more.
const BEFORE: Place = Place::new("MRG", 3);

pub(super) fn fold<'f>(entity: EntityId, parts: &Parts<'f>) -> Vec<Draft<'f>> {
    let said = parts.itself();
    if said.is_empty() {
        return Vec::new();
    }
    let mut account = Builder::new(ResourceType::Account, entity.into());
    let is_known = said.iter().any(|said| said.field != BEFORE);
    let latest = said.iter().map(|said| said.source).max();
    // That it was replaced counts as long as nobody speaks of it again.
    for said in said.iter().filter(|said| said.field == BEFORE) {
        if latest.is_none_or(|latest| latest <= said.source) {
            account.add(*said);
        }
    }
    for said in said.iter().filter(|said| said.field != BEFORE) {
        account.add(*said);
    }
    if !is_known {
        account.add_all(parts.part("prior/MRG"));
    }
    for (_, said) in parts.of_kind("guarantor") {
        account.add_all(said);
    }
    vec![account.finish()]
}
