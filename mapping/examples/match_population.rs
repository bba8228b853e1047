//! Recognition over made-up people: `match_population [people] [seeds] [first seed]`.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "it measures and prints"
)]

use std::time::Instant;

use mapping::Profile;
use mapping::matching::Features;
use mapping::matching::population::{compare, measure, population};
use model::IdentityKey;

fn main() {
    let mut args = std::env::args()
        .skip(1)
        .filter_map(|arg| arg.parse::<u64>().ok());
    let (people, seeds) = (args.next().unwrap_or(50_000), args.next().unwrap_or(15));
    let first = args.next().unwrap_or(1);
    let profile = Profile::named("generic").expect("it is shipped");
    for seed in first..first + seeds {
        let records = population(seed, usize::try_from(people).unwrap_or(usize::MAX));
        let start = Instant::now();
        let features: Vec<Features> = records
            .iter()
            .filter_map(|record| {
                let message = record.message();
                let message = hl7v2::Message::parse(message.as_bytes()).ok()?;
                Features::read(&message, profile)
            })
            .collect();
        let read = start.elapsed();
        let (comparisons, greatest) = compare(&features, profile.matching(), &IdentityKey::PUBLIC);
        let compared = start.elapsed();
        let found = measure(&records, &comparisons, profile.matching());
        println!(
            "seed {seed}: records {} true {} found {:.4} compared {} ({:.1}/record) greatest block {greatest} \
             links {} FALSE {} recall {:.4} reviews {} (true {}) missed {:?} read {read:?} compare {:?}",
            found.n_records,
            found.n_true,
            found.found(),
            found.n_compared,
            found.n_compared as f64 / found.n_records as f64,
            found.n_links,
            found.n_false,
            found.recall(),
            found.n_reviews,
            found.n_reviews_true,
            found.missed,
            compared - read,
        );
        if std::env::var("MISSED").is_ok() {
            for c in &comparisons {
                if records[c.one].person == records[c.other].person
                    && (c.score.veto.is_some() || c.score.total < 290)
                {
                    let parts: Vec<String> = c
                        .score
                        .parts
                        .iter()
                        .map(|part| format!("{} {}", part.what, part.points))
                        .collect();
                    println!(
                        "   missed: {:?} {}: {}",
                        c.score.veto,
                        c.score.total,
                        parts.join(", ")
                    );
                }
            }
        }
        for (one, other, score) in &found.false_links {
            let parts: Vec<String> = score
                .parts
                .iter()
                .map(|part| format!("{} {}", part.what, part.points))
                .collect();
            println!(
                "   false: {one:?} {other:?} {}: {}",
                score.total,
                parts.join(", ")
            );
        }
    }
}
