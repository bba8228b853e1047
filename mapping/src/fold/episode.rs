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
use super::whole::identifiers_of;
use super::{Builder, Draft, Parts, Said};

/// What says only when it begins and ends.
const LASTING: [Place; 2] = [Place::new("PV1", 44), Place::new("PV1", 45)];

/// The field that says what an episode is called, wherever its number stands.
pub(super) const NAMES: [Place; 1] = [Place::new("PV1", 54)];

/// The episode. `others` were the same under numbers that are not used any more.
pub(super) fn fold<'f>(
    entity: EntityId,
    parts: &Parts<'f>,
    facts: &'f Facts,
    others: &[&'f Facts],
) -> Option<Draft<'f>> {
    let said = parts.itself();
    if said.is_empty() {
        return None;
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
    let mut added = Vec::new();
    for facts in others {
        for said in own_numbers(&Parts::of(facts)) {
            added.extend(identifiers_of(said.fragment, true));
            episode.explain(said);
        }
    }
    for fragment in &added {
        episode.add_computed(fragment);
    }
    Some(episode.finish())
}

/// An episode under a number that is not used any more.
pub(super) fn other<'f>(entity: EntityId, parts: &Parts<'f>) -> Option<Draft<'f>> {
    let said = parts.itself();
    let patient = said
        .iter()
        .find_map(|said| said.fragment.element("patient"));
    if said.is_empty() {
        return None;
    }
    let mut episode = Builder::new(ResourceType::EpisodeOfCare, entity.into());
    episode.add_computed("{\"status\":\"entered-in-error\"}");
    if let Some(patient) = patient {
        episode.assembly.put("patient", patient);
    }
    for said in own_numbers(parts) {
        episode.add(said);
    }
    Some(episode.finish())
}

fn own_numbers<'f>(parts: &Parts<'f>) -> Vec<Said<'f>> {
    let own = parts.itself().iter();
    own.filter(|said| NAMES.contains(&said.field))
        .copied()
        .collect()
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
