//! An episode's facts become an `EpisodeOfCare`.

use fhir::ResourceType;
use fhirbolt::model::r4::resources::EpisodeOfCare;
use fhirbolt::model::r4::types::Reference;
use model::EntityId;

use crate::json;

use super::visit::text_in;
use super::{Builder, Draft, Parts};

pub(super) fn fold<'f>(entity: EntityId, parts: &Parts<'f>) -> Vec<Draft<'f>> {
    let said = parts.itself();
    if said.is_empty() {
        return Vec::new();
    }
    let is_over = said
        .iter()
        .any(|said| text_in(said.fragment, &["period", "end"]).is_some());
    let status = EpisodeOfCare {
        status: if is_over { "finished" } else { "active" }.into(),
        patient: Box::new(Reference::default()),
        ..EpisodeOfCare::default()
    };
    let status = json::fragment(&status);
    let mut episode = Builder::new(ResourceType::EpisodeOfCare, entity.into());
    if let Some(status) = &status {
        episode.add_computed(status);
    }
    episode.add_all(said);
    for (_, said) in parts.of_kind("diagnosis") {
        episode.add_all(said);
    }
    vec![episode.finish()]
}
