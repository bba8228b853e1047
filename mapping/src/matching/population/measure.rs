//! Recognition, measured: people arrive one after the other, as they do at a server.

use std::collections::{BTreeMap, HashMap};

use model::IdentityKey;

use crate::matching::{Candidate, Decision, Features, Matching, Score, decide, score};

use super::record::{Kin, Record};

/// Two records that share a key, by their places, the earlier one first.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The earlier record.
    pub one: usize,
    /// The later record.
    pub other: usize,
    /// How much they agree.
    pub score: Score,
}

/// What came out.
#[derive(Clone, Default, Debug)]
pub struct Measured {
    /// Records.
    pub n_records: usize,
    /// Pairs of records of one person at different sources. Two at one source are left to people.
    pub n_true: usize,
    /// Those that share a key.
    pub n_found: usize,
    /// Pairs of records that were compared.
    pub n_compared: usize,
    /// Pairs of records of one person at one source.
    pub n_twice: usize,
    /// Records linked automatically.
    pub n_links: usize,
    /// Pairs of records of one person that came together.
    pub n_recalled: usize,
    /// Links of two persons' records.
    pub n_false: usize,
    /// What the wrongly linked records are, with the points.
    pub false_links: Vec<(Kin, Kin, Score)>,
    /// Records left to people.
    pub n_reviews: usize,
    /// Of these, records of a person who was there already.
    pub n_reviews_true: usize,
    /// Why pairs of one person did not come together: the veto, or points missing.
    pub missed: BTreeMap<&'static str, usize>,
}

impl Measured {
    /// The share of true pairs that came together.
    pub fn recall(&self) -> f64 {
        share(self.n_recalled, self.n_true)
    }

    /// The share of true pairs that were compared at all.
    pub fn found(&self) -> f64 {
        share(self.n_found, self.n_true)
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// Compares what shares a key; the size of the greatest block comes beside it.
pub fn compare(
    features: &[Features],
    matching: &Matching,
    key: &IdentityKey,
) -> (Vec<Comparison>, usize) {
    let mut blocks: HashMap<i64, Vec<usize>> = HashMap::new();
    let mut comparisons = Vec::new();
    for (other, arrived) in features.iter().enumerate() {
        let mut near: Vec<usize> = Vec::new();
        for key in arrived.keys(key) {
            let block = blocks.entry(key).or_default();
            near.extend_from_slice(block);
            block.push(other);
        }
        near.sort_unstable();
        near.dedup();
        for one in near {
            let Some(known) = features.get(one) else {
                continue;
            };
            let score = score(known, arrived, &matching.weights);
            comparisons.push(Comparison { one, other, score });
        }
    }
    let greatest = blocks.values().map(Vec::len).max().unwrap_or_default();
    (comparisons, greatest)
}

/// Decides record by record, in the order of arrival, and holds the outcome against the truth.
pub fn measure(records: &[Record], comparisons: &[Comparison], matching: &Matching) -> Measured {
    let mut measured = Measured {
        n_records: records.len(),
        n_compared: comparisons.len(),
        ..Measured::default()
    };
    let mut near: Vec<Vec<(usize, &Score)>> = vec![Vec::new(); records.len()];
    let mut persons: Vec<usize> = (0..records.len()).collect();
    let mut at = 0;
    for (number, record) in records.iter().enumerate() {
        let rest = comparisons.get(at..).unwrap_or_default();
        let own = rest.partition_point(|comparison| comparison.other <= number);
        let own = rest.get(..own).unwrap_or_default();
        at += own.len();
        let candidates = candidates(own, &near, &persons);
        let is_true = |place: &usize| {
            let known = own.get(*place).and_then(|known| records.get(known.one));
            known.is_some_and(|known| known.person == record.person)
        };
        measured.n_found += own.iter().filter(|pair| is_wanted(records, pair)).count();
        match decide(&candidates, &matching.thresholds) {
            Decision::Link(place) => {
                measured.n_links += 1;
                let Some(best) = own.get(place) else { continue };
                if let (Some(of), false) = (persons.get(best.one).copied(), number == best.one) {
                    set(&mut persons, number, of);
                }
                if !is_true(&place) {
                    measured.n_false += 1;
                    let kin = records.get(best.one).map_or(Kin::Nobody, |known| known.kin);
                    measured
                        .false_links
                        .push((kin, record.kin, best.score.clone()));
                }
            }
            Decision::Review(places) => {
                measured.n_reviews += 1;
                measured.n_reviews_true += usize::from(places.iter().any(is_true));
            }
            Decision::New => {}
        }
        for comparison in own {
            for (here, there) in [
                (comparison.one, comparison.other),
                (comparison.other, comparison.one),
            ] {
                if let Some(list) = near.get_mut(here) {
                    list.push((there, &comparison.score));
                }
            }
        }
    }
    let of_person = |record: &Record| (record.person, 0);
    let of_source = |record: &Record| (record.person, 1 + record.source);
    measured.n_twice = n_pairs(records.iter().map(of_source));
    measured.n_true = n_pairs(records.iter().map(of_person)) - measured.n_twice;
    recall(&mut measured, records, comparisons, &persons);
    measured
}

fn set(persons: &mut [usize], number: usize, person: usize) {
    if let Some(held) = persons.get_mut(number) {
        *held = person;
    }
}

fn candidates<'c>(
    own: &'c [Comparison],
    near: &[Vec<(usize, &Score)>],
    persons: &[usize],
) -> Vec<Candidate<'c, usize>> {
    let person = |record: usize| persons.get(record).copied().unwrap_or(record);
    own.iter()
        .map(|comparison| {
            let known = near
                .get(comparison.one)
                .map(Vec::as_slice)
                .unwrap_or_default();
            let rival = known
                .iter()
                .filter(|(there, score)| {
                    score.veto.is_none() && person(*there) != person(comparison.one)
                })
                .map(|(_, score)| score.total)
                .max();
            Candidate {
                person: person(comparison.one),
                score: &comparison.score,
                rival,
            }
        })
        .collect()
}

/// Whether both records are of one person, at two sources.
fn is_wanted(records: &[Record], pair: &Comparison) -> bool {
    let (Some(one), Some(other)) = (records.get(pair.one), records.get(pair.other)) else {
        return false;
    };
    one.person == other.person && one.source != other.source
}

fn recall(
    measured: &mut Measured,
    records: &[Record],
    comparisons: &[Comparison],
    persons: &[usize],
) {
    for pair in comparisons.iter().filter(|pair| is_wanted(records, pair)) {
        if persons.get(pair.one) == persons.get(pair.other) {
            measured.n_recalled += 1;
        } else {
            let why = pair.score.veto.map_or("points", |veto| veto.as_str());
            *measured.missed.entry(why).or_default() += 1;
        }
    }
    let n_unfound = measured.n_true - measured.n_found;
    if 0 < n_unfound {
        measured.missed.insert("not compared", n_unfound);
    }
}

/// How many pairs have the same mark.
fn n_pairs<T: std::hash::Hash + Eq>(marks: impl Iterator<Item = T>) -> usize {
    let mut counts: HashMap<T, usize> = HashMap::new();
    for mark in marks {
        *counts.entry(mark).or_default() += 1;
    }
    counts.values().map(|n| n * (n - 1) / 2).sum()
}
