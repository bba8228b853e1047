//! An episode's facts become an `EpisodeOfCare`.

use fhir::ResourceType;
use fhirbolt::model::r4::resources::{EpisodeOfCare, EpisodeOfCareStatusHistory};
use fhirbolt::model::r4::types::Reference;
use model::{EntityId, EpisodeStage};

use crate::datatype::dtm;
use crate::facts::{Facts, Place};
use crate::json;

use super::timeline::Timeline;
use super::visit::{between, text_in};
use super::{Builder, Draft, Parts};

/// What says only when it begins and ends.
const LASTING: [Place; 2] = [Place::new("PV1", 44), Place::new("PV1", 45)];

pub(super) fn fold<'f>(entity: EntityId, parts: &Parts<'f>, facts: &'f Facts) -> Vec<Draft<'f>> {
    let said = parts.itself();
    if said.is_empty() {
        return Vec::new();
    }
    let time = |name| {
        said.iter()
            .find_map(|said| text_in(said.fragment, &["period", name]))
    };
    let (start, end) = (time("start"), time("end"));
    // Only an episode that is one visit has events: of several visits none says where the episode stands.
    let timeline = Timeline::of(facts);
    let stage = timeline.stage().map(EpisodeStage::of_visit);
    let stage = stage.unwrap_or_else(|| EpisodeStage::lasting(end.is_some()));
    let is_over = matches!(stage, EpisodeStage::Finished | EpisodeStage::Cancelled);
    let end = end.filter(|_| is_over);
    let computed = EpisodeOfCare {
        status: stage.status().into(),
        status_history: history(&timeline),
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

/// The stages before the present one.
fn history(timeline: &Timeline<'_>) -> Vec<EpisodeOfCareStatusHistory> {
    let pairs = timeline.stages.windows(2);
    let passed = pairs.filter_map(|pair| match pair {
        [(stage, from), (_, to)] => Some(EpisodeOfCareStatusHistory {
            status: EpisodeStage::of_visit(*stage).status().into(),
            period: Box::new(between(from, to)),
            ..EpisodeOfCareStatusHistory::default()
        }),
        _ => None,
    });
    passed.collect()
}
