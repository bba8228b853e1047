//! What leads a search to its candidates.

use jiff::{SignedDuration, Timestamp};
use model::{Access, IdSource, Reach, ResourceId};

use super::filter::{Bounds, FIRST, LAST};
use super::{Criterion, Search};

/// Ids are made a little after the times that stand in the rows, on machines whose clocks differ.
pub(crate) const SLACK: SignedDuration = SignedDuration::from_mins(15);
/// What was changed within this time is found through the change feed.
const RECENT: SignedDuration = SignedDuration::from_hours(24 * 7);

/// Where the candidates come from.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Lead {
    /// The criterion of this place in the search.
    Criterion(usize),
    /// The rows of one patient: a compartment is small.
    Compartment(ResourceId),
    /// What was changed since an instant.
    ChangedSince(Timestamp),
    /// All of the type.
    Everything,
}

/// What can lead by itself, to be chosen from.
pub(crate) fn eligible(search: &Search) -> Vec<usize> {
    let places = search.criteria.iter().enumerate();
    places
        .filter(|(_, criterion)| can_lead(criterion))
        .map(|(place, _)| place)
        .collect()
}

/// The lead that needs no choice: ids, a compartment; or what is left when no criterion can lead.
pub(crate) fn without_choice(access: &Access, search: &Search, now: Timestamp) -> Option<Lead> {
    let ids = |criterion: &Criterion| matches!(criterion, Criterion::Id(_));
    if let Some(place) = search.criteria.iter().position(ids) {
        return Some(Lead::Criterion(place));
    }
    if let Reach::Patient(patient) = access.reach {
        return Some(Lead::Compartment(patient));
    }
    match eligible(search).as_slice() {
        [] => Some(changed_since(search, now).map_or(Lead::Everything, Lead::ChangedSince)),
        [only] => Some(Lead::Criterion(*only)),
        _ => None,
    }
}

fn can_lead(criterion: &Criterion) -> bool {
    match criterion {
        Criterion::Tokens(_)
        | Criterion::Coded { .. }
        | Criterion::Id(_)
        | Criterion::String { .. } => true,
        Criterion::Date { ranges, .. } => ranges.iter().map(Bounds::of).all(|bounds| {
            !bounds.negated
                && bounds.lo_min != FIRST
                && (bounds.lo_max, bounds.hi_max) != (LAST, LAST)
        }),
        Criterion::NotTokens(_) | Criterion::LastUpdated(_) => false,
    }
}

/// The instant since which everything that matches was changed, when that is recent.
fn changed_since(search: &Search, now: Timestamp) -> Option<Timestamp> {
    let since = updated(search)
        .filter_map(|bounds| bounds.map(|bounds| bounds.0).min())
        .max()?;
    let recent = now.checked_sub(RECENT).ok()?;
    (recent < since).then_some(since)
}

/// For each `_lastUpdated`: the earliest and latest instant of each alternative.
fn updated(
    search: &Search,
) -> impl Iterator<Item = impl Iterator<Item = (Timestamp, Timestamp)> + '_> + '_ {
    search
        .criteria
        .iter()
        .filter_map(|criterion| match criterion {
            Criterion::LastUpdated(ranges) => Some(ranges.iter().map(|range| {
                let bounds = Bounds::of(range);
                if bounds.negated {
                    (FIRST, LAST)
                } else {
                    (
                        bounds.lo_min.max(bounds.hi_min),
                        bounds.lo_max.min(bounds.hi_max),
                    )
                }
            })),
            Criterion::Tokens(_)
            | Criterion::Coded { .. }
            | Criterion::NotTokens(_)
            | Criterion::Id(_)
            | Criterion::String { .. }
            | Criterion::Date { .. } => None,
        })
}

/// Rows from this number on were made after everything that matches was last changed.
pub(crate) fn rid_end(search: &Search) -> i64 {
    let latest = updated(search)
        .filter_map(|bounds| bounds.map(|bounds| bounds.1).max())
        .min();
    latest.map_or(i64::MAX, |at| {
        IdSource::floor(at.saturating_add(SLACK).unwrap_or(LAST))
    })
}
