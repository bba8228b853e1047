//! An episode's facts become an `EpisodeOfCare`.

use fhir::ResourceType;
use fhirbolt::model::r4::resources::{EpisodeOfCare, EpisodeOfCareStatusHistory};
use fhirbolt::model::r4::types::Reference;
use model::{EntityId, EpisodeStage};

use crate::datatype::dtm;
use crate::facts::{Facts, Place, Source};
use crate::json;
use crate::ties::Ties;

use super::timeline::Timeline;
use super::visit::text_in;
use super::whole::numbers_of;
use super::{Builder, Draft, Parts, Said};

/// What says only when it begins and ends.
const LASTING: [Place; 2] = [Place::new("PV1", 44), Place::new("PV1", 45)];

/// The fields that name an episode.
pub(super) const NAMES: [Place; 3] = [
    Place::new("PV1", 19),
    Place::new("PV1", 50),
    Place::new("PV1", 54),
];

/// What a visit that is the episode says of how far it came, where no event does.
const CLASS: Place = Place::new("PV1", 2);

/// The episode. `others` were the same under numbers that are not used any more.
pub(super) fn fold<'f>(
    entity: EntityId,
    parts: &Parts<'f>,
    facts: &'f Facts,
    others: &[&'f Facts],
    ties: &Ties,
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
    let stage = stage.unwrap_or_else(|| match end {
        None if is_planned(parts) => EpisodeStage::Planned,
        _ => EpisodeStage::lasting(end.is_some()),
    });
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
    if is_gone(parts, ties) {
        episode.add_computed(IN_ERROR);
    }
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
    let others = others.iter();
    let numbers: Vec<_> = others
        .flat_map(|facts| numbers_of(facts, own_numbers, true))
        .collect();
    episode.add_numbers(&numbers);
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
    episode.add_computed(IN_ERROR);
    if let Some(patient) = patient {
        episode.assembly.put("patient", patient);
    }
    for said in own_numbers(parts) {
        episode.add(said);
    }
    Some(episode.finish())
}

const IN_ERROR: &str = "{\"status\":\"entered-in-error\"}";

/// Whether the episode is nothing but visits of which all that is known is that they are yet to come.
fn is_planned(parts: &Parts<'_>) -> bool {
    let visits = parts.of_kind("visit").flat_map(|(_, said)| said);
    let mut stages = visits.filter(|said| said.field == CLASS).peekable();
    let is_planned = |said: &Said<'_>| said.fragment.element("status") == Some("\"planned\"");
    stages.peek().is_some() && stages.all(is_planned)
}

/// Whether each visit that the episode ever had was deleted, and nobody spoke of it since. A visit under
/// several numbers is one.
fn is_gone(parts: &Parts<'_>, ties: &Ties) -> bool {
    let gone: Vec<(EntityId, &Source)> = visits(parts, "gone", ties).collect();
    let is_gone = |(visit, spoken): (EntityId, &Source)| {
        let mut gone = gone.iter().filter(|(known, _)| *known == visit);
        gone.any(|(_, gone)| spoken <= *gone)
    };
    !gone.is_empty() && visits(parts, "visit", ties).all(is_gone)
}

/// What is said of the episode's visits: of which, and by whom.
fn visits<'f, 'p>(
    parts: &'p Parts<'f>,
    kind: &'p str,
    ties: &'p Ties,
) -> impl Iterator<Item = (EntityId, &'f Source)> + use<'f, 'p> {
    let named = parts.of_kind(kind).filter_map(|(name, said)| {
        let (_, visit) = name.split_once('/')?;
        Some((ties.lead(visit.parse().ok()?), said))
    });
    named.flat_map(|(visit, said)| said.iter().map(move |it| (visit, it.source.as_ref())))
}

fn own_numbers<'f>(parts: &Parts<'f>) -> Vec<Said<'f>> {
    parts.in_fields(&NAMES)
}

/// The stages before the present one.
fn history(timeline: &Timeline<'_>) -> Vec<EpisodeOfCareStatusHistory> {
    let passed = timeline.passed();
    let passed = passed.map(|(stage, period)| EpisodeOfCareStatusHistory {
        status: EpisodeStage::of_visit(stage).status().into(),
        period: Box::new(period),
        ..EpisodeOfCareStatusHistory::default()
    });
    passed.collect()
}
