//! An episode's facts become an `EpisodeOfCare`.

use fhir::ResourceType;
use fhirbolt::model::r4::resources::EpisodeOfCare;
use fhirbolt::model::r4::types::Reference;
use model::EntityId;

use crate::datatype::dtm;
use crate::facts::Place;
use crate::json;

use super::visit::text_in;
use super::{Builder, Draft, Parts};

/// What says only when it begins and ends.
const LASTING: [Place; 2] = [Place::new("PV1", 44), Place::new("PV1", 45)];

pub(super) fn fold<'f>(entity: EntityId, parts: &Parts<'f>) -> Vec<Draft<'f>> {
    let said = parts.itself();
    if said.is_empty() {
        return Vec::new();
    }
    let time = |name| {
        said.iter()
            .find_map(|said| text_in(said.fragment, &["period", name]))
    };
    let (start, end) = (time("start"), time("end"));
    let is_over = end.is_some();
    let computed = EpisodeOfCare {
        status: if is_over { "finished" } else { "active" }.into(),
        patient: Box::new(Reference::default()),
        period: dtm::lasting(start, end),
        ..EpisodeOfCare::default()
    };
    let computed = json::fragment(&computed);
    let mut episode = Builder::new(ResourceType::EpisodeOfCare, entity.into());
    if let Some(computed) = &computed {
        episode.add_computed(computed);
    }
    for said in said {
        if LASTING.contains(&said.field) {
            episode.explain(*said);
        } else {
            episode.add(*said);
        }
    }
    for (_, said) in parts.of_kind("diagnosis") {
        episode.add_all(said);
    }
    vec![episode.finish()]
}
