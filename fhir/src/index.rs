//! What search finds a resource by: the values that `store` writes beside its row.

mod node;
#[cfg(test)]
mod tests;
mod text;
mod token;

use jiff::Timestamp;
use model::ResourceId;

use crate::instant::{Moment, OPEN_END, OPEN_START};
use crate::search::params::{Leaf, Param, ParamKind, Path, Step, compartment, served};
use crate::{Reference, ResourceType};

pub use node::{Node, Tree};
pub(crate) use text::row as string_row;
pub(crate) use token::contact_value;

/// The index values of one version of a resource; sorted, without duplicates.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct IndexValues {
    /// Hashes of tokens, references and uris ([`crate::token_hash`]).
    pub tokens: Vec<i64>,
    /// Those of them that lead a search to the resource.
    pub leads: Vec<i64>,
    /// Normalised strings by parameter id. A value is `normalised␁original` (␁ is U+0001), so that
    /// one row serves `:exact`, prefixes and `:contains`: see [`crate::search::StringMatch`].
    pub strings: Vec<(i16, String)>,
    /// Closed ranges of instants by parameter id, in whole microseconds.
    pub dates: Vec<(i16, Timestamp, Timestamp)>,
    /// The patient whose compartment the resource is in. A resource about two patients at once is in
    /// nobody's: a wrong guess would show one the other's data.
    pub patient: Option<ResourceId>,
}

/// The index values of a resource that passed [`crate::check()`]. What is not as R4 says is skipped.
pub fn index<'n>(kind: ResourceType, resource: impl Node<'n>) -> IndexValues {
    let mut values = IndexValues::default();
    for param in served(kind)
        .iter()
        .filter(|param| param.stored_as.is_none())
    {
        for path in &param.paths {
            each(resource, &path.steps, &mut |leaf| {
                values.add(kind, param, path, leaf);
            });
        }
    }
    values.tokens.sort_unstable();
    values.tokens.dedup();
    values.leads.sort_unstable();
    values.leads.dedup();
    values.strings.sort_unstable();
    values.strings.dedup();
    values.dates.sort_unstable();
    values.dates.dedup();
    values.patient = patient(kind, resource);
    values
}

impl IndexValues {
    fn add<'n>(&mut self, kind: ResourceType, param: &Param, path: &Path, value: impl Node<'n>) {
        match param.kind {
            ParamKind::String => {
                let whole = param.also.is_empty();
                text::each(&path.leaf, value, whole, |text| {
                    self.strings
                        .extend(string_row(text).map(|row| (param.id, row)));
                });
            }
            ParamKind::Date => {
                self.dates
                    .extend(range(&path.leaf, value).map(|(lo, hi)| (param.id, lo, hi)));
            }
            ParamKind::Token | ParamKind::Reference | ParamKind::Uri => {
                token::each(kind, param.hash_name(), &path.leaf, value, |token| {
                    self.tokens.push(token.hash);
                    self.leads.extend(token.leads.then_some(token.hash));
                });
            }
        }
    }
}

/// Visits every value at the end of a way; lists on it and at its end are gone through.
fn each<'n, N: Node<'n>>(value: N, steps: &[Step], visit: &mut impl FnMut(N)) {
    let Some((step, rest)) = steps.split_first() else {
        return visit(value);
    };
    let Some(member) = value.get(step.name) else {
        return;
    };
    let counts = |item: &N| {
        step.only
            .is_none_or(|(name, wanted)| item.get(name).and_then(N::as_str) == Some(wanted))
    };
    if let Some(items) = member.items() {
        for item in items.filter(counts) {
            each(item, rest, visit);
        }
    } else if counts(&member) {
        each(member, rest, visit);
    }
}

fn range<'n>(leaf: &Leaf, value: impl Node<'n>) -> Option<(Timestamp, Timestamp)> {
    if matches!(leaf, Leaf::Period) {
        return period(value);
    }
    if matches!(leaf, Leaf::Timing) {
        return timing(value);
    }
    let moment = Moment::parse(value.as_str()?)?;
    Some((moment.lo, moment.hi))
}

fn period<'n, N: Node<'n>>(value: N) -> Option<(Timestamp, Timestamp)> {
    let end = |name| value.get(name).and_then(N::as_str).and_then(Moment::parse);
    let (start, end) = (end("start"), end("end"));
    if start.is_none() && end.is_none() {
        return None;
    }
    let lo = start.map_or(OPEN_START, |start| start.lo);
    let hi = end.map_or(OPEN_END, |end| end.hi);
    Some((lo, hi.max(lo)))
}

/// The outer limits alone (R4 search.html#date).
fn timing<'n, N: Node<'n>>(value: N) -> Option<(Timestamp, Timestamp)> {
    let events = value.get("event").and_then(N::items).into_iter().flatten();
    let moments = events.filter_map(|event| Moment::parse(event.as_str()?));
    let bounds = value
        .get("repeat")
        .and_then(|repeat| period(repeat.get("boundsPeriod")?));
    let ranges = moments.map(|moment| (moment.lo, moment.hi)).chain(bounds);
    ranges.reduce(|(lo, hi), (start, end)| (lo.min(start), hi.max(end)))
}

fn patient<'n>(kind: ResourceType, resource: impl Node<'n>) -> Option<ResourceId> {
    if kind == ResourceType::Patient {
        return resource.get("id")?.as_str()?.parse().ok();
    }
    for group in compartment(kind) {
        let mut found: Vec<ResourceId> = Vec::new();
        for path in group {
            each(resource, &path.steps, &mut |value| {
                found.extend(patient_of(value));
            });
        }
        if let Some((first, others)) = found.split_first() {
            return others.iter().all(|other| other == first).then_some(*first);
        }
    }
    None
}

fn patient_of<'n>(value: impl Node<'n>) -> Option<ResourceId> {
    let reference = Reference::parse(value.get("reference")?.as_str()?, None)?;
    (reference.kind() == Some(ResourceType::Patient)).then(|| reference.resource_id())?
}
