//! Recognition over made-up people. `drawbridge bench match` does the same with fifty thousand.

use mapping::matching::Features;
use mapping::matching::population::{Measured, compare, measure, population};
use mapping::{Facts, Profile};
use model::IdentityKey;

use crate::chart::{context, profile};

fn measured(seed: u64, n_people: usize) -> Measured {
    let matching = Profile::default().matching().clone();
    let records = population(seed, n_people);
    let features: Vec<Features> = records
        .iter()
        .map(|record| {
            let bytes = record.message();
            let message = hl7v2::Message::parse(bytes.as_bytes()).unwrap();
            Features::read(&message, profile()).unwrap()
        })
        .collect();
    let (comparisons, greatest) = compare(&features, &matching, &IdentityKey::PUBLIC);
    assert!(greatest < 20, "a block holds {greatest} people");
    measure(&records, &comparisons, &matching)
}

#[test]
fn people_are_recognised_and_nobody_is_taken_for_another() {
    for seed in [1, 2] {
        let found = measured(seed, 3000);
        assert!(0 < found.n_true);
        assert_eq!(found.n_false, 0, "{:?}", found.false_links);
        assert!(0.98 <= found.found(), "compared only {}", found.found());
        assert!(
            0.87 <= found.recall(),
            "{} {:?}",
            found.recall(),
            found.missed
        );
        assert!(
            found.n_reviews < found.n_records / 50,
            "{} reviews",
            found.n_reviews
        );
    }
}

/// The way through facts gives what the message says, and a later message changes nothing.
#[test]
fn what_the_facts_said_first_is_what_the_first_message_said() {
    for record in population(3, 20) {
        let said = record.message();
        let later = said
            .replace("2026010108", "2026010208")
            .replace("^TX^", "^NM^");
        let mut facts = Facts::new();
        for text in [&later, &said] {
            let message = hl7v2::Message::parse(text.as_bytes()).unwrap();
            let ctx = context(text.as_bytes(), profile());
            let read = mapping::inbound::interpret(&message, &ctx).unwrap();
            facts.join(&read.statements[0].facts);
        }
        let message = hl7v2::Message::parse(said.as_bytes()).unwrap();
        let first = Features::read(&message, profile()).unwrap();
        assert_eq!(Features::of(&facts).to_bytes(), first.to_bytes());
        let again = Facts::from_bytes(&facts.to_bytes()).unwrap();
        assert_eq!(Features::of(&again), first);
    }
}
