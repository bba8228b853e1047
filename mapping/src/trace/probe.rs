//! A message is mapped again with one value changed: what changes in its Bundle came from there.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use crate::bundle::bundle;
use crate::inbound::{Context, Unmappable};
use crate::table::usage::{self, Used};

use super::leaves::{self, Leaf};
use super::parts::{self, Part, Spot};

/// What a message gives.
pub(super) struct Outcome {
    pub(super) entries: Vec<Entry>,
    rows: BTreeMap<Used, usize>,
}

/// A resource of the Bundle, or what stands in the Bundle itself.
pub(super) struct Entry {
    pub(super) kind: String,
    pub(super) id: String,
    resource: Value,
}

impl Entry {
    fn of(resource: Value) -> Self {
        let word = |name: &str| {
            let word = resource.get(name).and_then(Value::as_str);
            word.unwrap_or_default().to_owned()
        };
        Self {
            kind: word("resourceType"),
            id: word("id"),
            resource,
        }
    }

    pub(super) fn leaves(&self) -> Vec<Leaf> {
        leaves::of(&self.resource)
    }

    /// Whether the item of a list that a leaf is in is still there, only elsewhere in the list.
    fn only_moved(&self, leaf: &Leaf, other: &Self) -> bool {
        let items = |entry: &Self| entry.resource.get(&leaf.element)?.as_array().cloned();
        let (Some(at), Some(before), Some(now)) = (leaf.item, items(self), items(other)) else {
            return false;
        };
        before.get(at).is_some_and(|item| now.contains(item))
    }
}

/// A value that had a part in an element.
#[derive(Clone, Debug)]
pub(super) struct Influence {
    pub(super) spot: Spot,
    pub(super) text: String,
    /// The rows of code tables that were used because of it.
    pub(super) rows: Vec<Used>,
}

/// The influences on each element of a resource, by path.
pub(super) type Influences = HashMap<String, Vec<Influence>>;

impl Outcome {
    pub(super) fn of(bytes: &[u8], ctx: &Context<'_>) -> Result<Self, Unmappable> {
        let Ok(message) = hl7v2::Message::parse(bytes) else {
            return Ok(Self {
                entries: Vec::new(),
                rows: BTreeMap::new(),
            });
        };
        let (bundle, rows) = usage::watched(|| bundle(&message, ctx));
        let mut bundle = bundle?;
        let entries = bundle
            .as_object_mut()
            .and_then(|bundle| bundle.remove("entry"));
        let Some(Value::Array(entries)) = entries else {
            return Ok(Self {
                entries: Vec::new(),
                rows,
            });
        };
        let resources = entries
            .into_iter()
            .filter_map(|mut entry| entry.get_mut("resource").map(Value::take));
        let entries = std::iter::once(bundle).chain(resources).map(Entry::of);
        Ok(Self {
            entries: entries.collect(),
            rows,
        })
    }
}

/// No influences.
pub(super) fn none(base: &Outcome) -> Vec<Influences> {
    base.entries.iter().map(|_| Influences::new()).collect()
}

/// Changes each value of a message, one by one; then takes out each one, and tries other triggers, to
/// explain what no change explained. A value that is taken out moves others up, so that what it
/// seems to change may only have moved: that is why it comes second.
pub(super) fn all(
    bytes: &[u8],
    base: &Outcome,
    parts: &[Part],
    ctx: &Context<'_>,
) -> Vec<Influences> {
    let mut explained = none(base);
    for part in parts {
        for mutant in parts::changed(bytes, part) {
            probe(base, part, &mutant, ctx, &mut explained);
        }
    }
    let mut others = none(base);
    for part in parts {
        for mutant in parts::others(bytes, part) {
            probe(base, part, &mutant, ctx, &mut others);
        }
    }
    for (explained, others) in explained.iter_mut().zip(others) {
        for (path, influences) in others {
            explained.entry(path).or_insert(influences);
        }
    }
    explained
}

/// Maps a mutant and notes what differs. What can't be mapped any more explains nothing.
fn probe(
    base: &Outcome,
    part: &Part,
    mutant: &[u8],
    ctx: &Context<'_>,
    influences: &mut [Influences],
) {
    let Ok(probe) = Outcome::of(mutant, ctx) else {
        return;
    };
    let influence = Influence {
        spot: part.spot.clone(),
        text: part.text.clone(),
        rows: fewer(&base.rows, &probe.rows),
    };
    let pairs = pairs(base, &probe);
    for ((entry, other), influences) in base.entries.iter().zip(pairs).zip(influences) {
        if other.is_some_and(|other| other.resource == entry.resource) {
            continue;
        }
        let now: BTreeMap<String, String> = other
            .map(Entry::leaves)
            .unwrap_or_default()
            .into_iter()
            .map(|leaf| (leaf.path, leaf.value))
            .collect();
        for leaf in entry.leaves() {
            let is_same = now.get(&leaf.path) == Some(&leaf.value);
            if !is_same && !other.is_some_and(|other| entry.only_moved(&leaf, other)) {
                let known = influences.entry(leaf.path).or_default();
                known.push(influence.clone());
            }
        }
    }
}

/// The rows that were used less often than before: another value may have been looked up in the same.
fn fewer(before: &BTreeMap<Used, usize>, now: &BTreeMap<Used, usize>) -> Vec<Used> {
    let is_less = |(row, n): &(&Used, &usize)| now.get(row).is_none_or(|now| now < *n);
    before.iter().filter(is_less).map(|(row, _)| *row).collect()
}

/// For each resource what it became: the one of that id, else the next of its type that is new.
fn pairs<'p>(base: &Outcome, probe: &'p Outcome) -> Vec<Option<&'p Entry>> {
    let same = |entry: &Entry, other: &Entry| entry.kind == other.kind && entry.id == other.id;
    let mut new: Vec<&Entry> = probe
        .entries
        .iter()
        .filter(|other| !base.entries.iter().any(|entry| same(entry, other)))
        .collect();
    let became = |entry: &Entry| {
        let found = probe.entries.iter().find(|other| same(entry, other));
        found.or_else(|| {
            let at = new.iter().position(|other| other.kind == entry.kind)?;
            Some(new.remove(at))
        })
    };
    base.entries.iter().map(became).collect()
}
