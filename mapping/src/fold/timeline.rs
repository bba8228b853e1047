//! The ordered events of a visit, without those that were called off.

use fhirbolt::model::r4::types::Period;
use model::{Stage, Trigger};

use crate::facts::{Event, Facts};

/// What happened, in order, and where it left the visit.
pub(super) struct Timeline<'f> {
    /// Events that were not called off.
    pub(super) events: Vec<&'f Event>,
    /// The stages, each with the event that began it; the last one is where the visit stands.
    pub(super) stages: Vec<(Stage, &'f Event)>,
}

impl<'f> Timeline<'f> {
    pub(super) fn of(facts: &'f Facts) -> Self {
        let events = settled(facts);
        let stages = stages(&events);
        let happened = events
            .into_iter()
            .filter(|event| event.trigger.cancels().is_none());
        Self {
            events: happened.collect(),
            stages,
        }
    }

    /// Where the visit stands; none while only updates were heard of.
    pub(super) fn stage(&self) -> Option<Stage> {
        self.stages.last().map(|(stage, _)| *stage)
    }

    /// The stages before the present one, each with the time that it took.
    pub(super) fn passed(&self) -> impl Iterator<Item = (Stage, Period)> {
        let pairs = self.stages.windows(2);
        pairs.filter_map(|pair| match pair {
            [(stage, from), (_, to)] => Some((*stage, between(from, to))),
            _ => None,
        })
    }

    /// The last event of a kind.
    pub(super) fn last(&self, trigger: Trigger) -> Option<&'f Event> {
        self.events
            .iter()
            .rev()
            .find(|event| event.trigger == trigger)
            .copied()
    }
}

/// From one event to another one.
pub(super) fn between(from: &Event, to: &Event) -> Period {
    Period {
        start: Some(from.at.as_str().into()),
        end: Some(to.at.as_str().into()),
        ..Period::default()
    }
}

/// The events and cancels in order, without the events that were called off. In the order in which
/// they were said, each cancel calls off the latest event of its kind among those that were said and
/// that happened before it; an event that is reported again afterwards stands.
fn settled(facts: &Facts) -> Vec<&Event> {
    let mut standing: Vec<&Event> = facts.events().collect();
    let mut cancels: Vec<&Event> = facts
        .events()
        .filter(|event| event.trigger.cancels().is_some())
        .collect();
    cancels.sort_by(|one, other| one.source.cmp(&other.source).then_with(|| one.cmp(other)));
    for (at, cancel) in cancels.iter().enumerate() {
        let is_repeated = cancels.iter().take(at).any(|earlier| same(earlier, cancel));
        let targets = cancel.trigger.cancels().unwrap_or_default();
        // Held against the earliest instant: a discharge known to the day stands at the day's end, and
        // can yet be called off at noon.
        let target = standing.iter().rev().find(|event| {
            targets.contains(&event.trigger)
                && event.source < cancel.source
                && event.earliest <= cancel.occurred
        });
        let Some(target) = target.filter(|_| !is_repeated).copied() else {
            continue;
        };
        standing.retain(|event| !(same(event, target) && event.source < cancel.source));
    }
    standing
}

/// One event that two messages report.
fn same(one: &Event, other: &Event) -> bool {
    one.trigger == other.trigger
        && one.occurred == other.occurred
        && one.location == other.location
        && one.class == other.class
}

/// The stages that the events lead through.
fn stages<'f>(events: &[&'f Event]) -> Vec<(Stage, &'f Event)> {
    let mut stages: Vec<(Stage, &Event)> = Vec::new();
    for event in events {
        let stage = match stages.last() {
            None => Stage::opening(event.trigger),
            Some((stage, _)) => match stage.after(event.trigger) {
                Ok(next) if next != *stage => next,
                _ => continue,
            },
        };
        stages.push((stage, event));
    }
    stages
}
