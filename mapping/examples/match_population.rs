//! Recognition over made-up people: `match_population [people] [seeds] [first seed]`. `MISSED=1` prints
//! the parts of the pairs that did not come together as well.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "it measures and prints"
)]

use std::time::{Duration, Instant};

use mapping::Profile;
use mapping::matching::population::{Comparison, Measured, Record, compare, measure, population};
use mapping::matching::{Features, Score};
use model::IdentityKey;

fn main() {
    let mut args = std::env::args()
        .skip(1)
        .filter_map(|arg| arg.parse::<u64>().ok());
    let (people, seeds) = (args.next().unwrap_or(50_000), args.next().unwrap_or(15));
    let first = args.next().unwrap_or(1);
    println!(
        "| seed | records | true pairs | compared | greatest block | linked | false | recall | reviews | \
         read | keyed and compared |\n|{}",
        " --- |".repeat(11)
    );
    for seed in first..first + seeds {
        one(seed, usize::try_from(people).unwrap_or(usize::MAX));
    }
}

fn one(seed: u64, n_people: usize) {
    let profile = Profile::named("generic").expect("it is shipped");
    let records = population(seed, n_people);
    let start = Instant::now();
    let read = |record: &Record| {
        let message = record.message();
        let message = hl7v2::Message::parse(message.as_bytes()).ok()?;
        Features::read(&message, profile)
    };
    let features: Vec<Features> = records.iter().filter_map(read).collect();
    let read = start.elapsed();
    let (comparisons, greatest) = compare(&features, profile.matching(), &IdentityKey::PUBLIC);
    let compared = start.elapsed() - read;
    let found = measure(&records, &comparisons, profile.matching());
    row(seed, greatest, &found, read, compared);
    for (one, other, score) in &found.false_links {
        println!("false: {one:?} {other:?} {}", parts(score));
    }
    if std::env::var("MISSED").is_ok() {
        println!("missed: {:?}", found.missed);
        missed(&records, &comparisons);
    }
}

fn row(seed: u64, greatest: usize, found: &Measured, read: Duration, compared: Duration) {
    println!(
        "| {seed} | {} | {} | {} | {greatest} | {} | {} | {:.4} | {} | {read:.2?} | {compared:.2?} |",
        found.n_records,
        found.n_true,
        found.n_compared,
        found.n_links,
        found.n_false,
        found.recall(),
        found.n_reviews,
    );
}

/// Pairs of one person that a veto, or too few points, keep apart.
fn missed(records: &[Record], comparisons: &[Comparison]) {
    for pair in comparisons {
        let of = |place: usize| records.get(place).map(|record| record.person);
        let is_kept = pair.score.veto.is_some() || pair.score.total < 290;
        if of(pair.one) == of(pair.other) && is_kept {
            println!("  {:?} {}", pair.score.veto, parts(&pair.score));
        }
    }
}

fn parts(score: &Score) -> String {
    let parts = score.parts.iter();
    let parts: Vec<String> = parts
        .map(|part| format!("{} {}", part.what, part.points))
        .collect();
    format!("{}: {}", score.total, parts.join(", "))
}
