//! Recognition of people: fifteen made-up populations, each held against the truth.

use std::time::Instant;

use anyhow::Context as _;
use mapping::Profile;
use mapping::matching::Features;
use mapping::matching::population::{Measured, Record, compare, measure, population};
use model::IdentityKey;

use super::report::{Aim, Figure, per_second};

const PEOPLE: usize = 50_000;
const SEEDS: std::ops::RangeInclusive<u64> = 1..=15;

pub(super) fn run() -> anyhow::Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for seed in SEEDS {
        figures.extend(one(seed)?);
    }
    Ok(figures)
}

fn one(seed: u64) -> anyhow::Result<Vec<Figure>> {
    let matching = Profile::named("generic")
        .context("the generic profile is shipped")?
        .matching();
    let records = population(seed, PEOPLE);
    let features = read(&records)?;
    let start = Instant::now();
    let (comparisons, greatest) = compare(&features, matching, &IdentityKey::PUBLIC);
    let elapsed = start.elapsed();
    let found = measure(&records, &comparisons, matching);
    let named = |what: &str| format!("seed {seed}: {what}");
    Ok(vec![
        Figure::new(named("false links"), count(found.n_false), "").aim(Aim::AtMost(0.0)),
        Figure::new(named("recall"), found.recall(), "").aim(Aim::AtLeast(0.9)),
        Figure::new(named("true pairs compared"), found.found(), "").aim(Aim::AtLeast(0.98)),
        Figure::new(named("reviews"), reviews(&found), "1/1000"),
        Figure::new(named("greatest block"), count(greatest), ""),
        Figure::new(
            named("people, keyed and compared"),
            per_second(records.len(), elapsed),
            "1/s",
        ),
    ])
}

/// What the messages of a population say.
fn read(records: &[Record]) -> anyhow::Result<Vec<Features>> {
    let profile = Profile::named("generic").context("the generic profile is shipped")?;
    let read = |record: &Record| {
        let message = record.message();
        let message = hl7v2::Message::parse(message.as_bytes())?;
        Features::read(&message, profile).context("a record without PID")
    };
    records.iter().map(read).collect()
}

/// Records left to people, of a thousand.
fn reviews(found: &Measured) -> f64 {
    1000.0 * count(found.n_reviews) / count(found.n_records)
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn count(n: usize) -> f64 {
    n as f64
}
