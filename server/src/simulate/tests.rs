use std::collections::{BTreeMap, BTreeSet};

use super::*;

fn field(message: &str, segment: &str, n: usize) -> String {
    let line = message
        .split('\r')
        .find(|line| line.starts_with(segment))
        .unwrap_or_default();
    let skip = if segment == "MSH" { n - 1 } else { n };
    line.split('|').nth(skip).unwrap_or_default().to_owned()
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_does_not() {
    let feed = |seed| Feed::new(seed, 20, 200).collect::<Vec<_>>();
    assert_eq!(feed(7), feed(7));
    assert_ne!(feed(7), feed(8));
}

#[test]
fn everybody_is_met_and_every_trigger_occurs() {
    let messages: Vec<_> = Feed::new(1, 100, 5000).collect();
    assert_eq!(messages.len(), 5000);
    let triggers: BTreeSet<&str> = messages.iter().map(|message| message.trigger).collect();
    let all = [
        "A01", "A02", "A03", "A04", "A05", "A06", "A07", "A08", "A11", "A12", "A13", "A14", "A18",
        "A21", "A22", "A24", "A27", "A28", "A31", "A34", "A37", "A38", "A40", "A41", "A42", "A44",
        "A45", "A47", "A49", "A50", "A52", "A53",
    ];
    assert_eq!(triggers, all.into());
    let born_of: BTreeSet<String> = messages
        .iter()
        .map(|message| {
            field(&message.text, "PID", 3)
                .split('^')
                .next()
                .unwrap()
                .trim_start_matches('R')
                .to_owned()
        })
        .collect();
    assert!(100 <= born_of.len());
}

#[test]
fn as_many_messages_as_patients_means_one_each() {
    let messages: Vec<_> = Feed::new(3, 50, 50).collect();
    let patients: BTreeSet<_> = messages
        .iter()
        .map(|message| field(&message.text, "PID", 3))
        .collect();
    assert_eq!(patients.len(), 50);
}

#[test]
fn control_ids_are_unique_and_messages_have_the_size_of_real_ones() {
    let messages: Vec<_> = Feed::new(5, 200, 2000).collect();
    let ids: BTreeSet<_> = messages
        .iter()
        .map(|message| message.control_id.clone())
        .collect();
    assert_eq!(ids.len(), 2000);
    let mean = messages
        .iter()
        .map(|message| message.text.len())
        .sum::<usize>()
        / messages.len();
    assert!((700..1500).contains(&mean), "{mean}");
    assert!(
        messages
            .iter()
            .all(|message| field(&message.text, "MSH", 10) == message.control_id)
    );
}

#[test]
fn times_never_run_backwards_within_a_visit_and_never_lie_in_the_future() {
    let mut latest: BTreeMap<String, String> = BTreeMap::new();
    let mut back_dated = 0;
    for message in Feed::new(11, 50, 3000) {
        let (recorded, occurred) = (
            field(&message.text, "EVN", 2),
            field(&message.text, "EVN", 6),
        );
        assert!(occurred <= recorded || recorded.ends_with("-0600") != occurred.ends_with("-0600"));
        back_dated +=
            usize::from(message.trigger == "A03" && occurred.get(..8) != recorded.get(..8));
        let visit = field(&message.text, "PV1", 19);
        let says_when = matches!(
            message.trigger,
            "A02" | "A03" | "A06" | "A07" | "A21" | "A22"
        );
        if !visit.is_empty() && says_when {
            let before = latest.insert(visit, occurred.clone());
            assert!(before.is_none_or(|before| before.get(..8) <= occurred.get(..8)));
        }
        assert!(field(&message.text, "MSH", 7).as_str() < "20241115");
    }
    assert!(0 < back_dated);
}

#[test]
fn nulls_withdrawn_diagnoses_and_renamed_staff_occur() {
    let messages: Vec<_> = Feed::new(13, 50, 3000).collect();
    assert!(
        messages
            .iter()
            .any(|message| field(&message.text, "PID", 13) == "\"\"")
    );
    assert!(messages.iter().any(|message| message.text.contains("|D\r")));
    let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for message in &messages {
        let attending = field(&message.text, "PV1", 7);
        let mut parts = attending.split('^').map(str::to_owned);
        if let (Some(id), Some(family)) = (parts.next(), parts.next()) {
            names.entry(id).or_default().insert(family);
        }
    }
    assert!(names.values().any(|families| 1 < families.len()));
}

#[test]
fn a_shuffle_keeps_every_message_and_duplicates_are_exact() {
    let messages: Vec<_> = Feed::new(17, 20, 300).collect();
    let mut back = shuffled(messages.clone(), 17);
    assert_ne!(back, messages);
    back.sort_by(|a, b| a.control_id.cmp(&b.control_id));
    assert_eq!(back, messages);
    let doubled = duplicated(messages.clone(), 0.3, 17);
    assert!((330..420).contains(&doubled.len()), "{}", doubled.len());
    assert!(doubled.iter().all(|message| messages.contains(message)));
    assert_eq!(duplicated(messages.clone(), 0.0, 17), messages);
}

/// What the mapping makes of a feed, whatever way it came.
mod chart {
    use std::collections::BTreeMap;

    use jiff::tz::TimeZone;
    use mapping::Profile;
    use mapping::inbound::{Context, interpret};
    use model::IdentityKey;
    use serde_json::Value;
    use sha2::{Digest, Sha256};

    use super::super::visit::Stage;
    use super::*;

    fn chart(messages: &[FeedMessage]) -> BTreeMap<String, Value> {
        let profile = Profile::named("hchb").unwrap();
        let mut chart = mapping::Chart::default();
        for message in messages {
            let parsed = hl7v2::Message::parse(message.text.as_bytes()).unwrap();
            let ctx = Context {
                profile,
                key: &IdentityKey::PUBLIC,
                zone: &TimeZone::UTC,
                received_at: "2026-01-01T00:00:00Z".parse().unwrap(),
                journal: None,
                digest: Sha256::digest(message.text.as_bytes()).into(),
            };
            chart.take(interpret(&parsed, &ctx).unwrap());
        }
        let folded = chart.resources(&IdentityKey::PUBLIC).into_iter();
        let named = folded.map(|one| (format!("{}/{}", one.kind.name(), one.id), one.body));
        let mut resources = BTreeMap::new();
        for (name, body) in named {
            let before = resources.insert(name.clone(), body);
            assert!(before.is_none(), "{name} is folded twice");
        }
        resources
    }

    #[test]
    fn any_order_and_any_duplication_give_the_same_chart() {
        for seed in 0..6 {
            let messages: Vec<_> = Feed::new(seed, 3, 150).collect();
            let in_order = chart(&messages);
            assert_eq!(
                chart(&shuffled(messages.clone(), seed)),
                in_order,
                "seed {seed}"
            );
            let twice = shuffled(duplicated(messages, 0.5, seed), seed + 100);
            assert_eq!(chart(&twice), in_order, "seed {seed}, duplicated");
        }
    }

    #[test]
    fn each_visit_ends_where_the_made_up_emr_left_it() {
        for seed in 10..14 {
            let mut feed = Feed::new(seed, 8, 120);
            let messages: Vec<_> = feed.by_ref().collect();
            let chart = chart(&messages);
            let status_of = |number: &str| {
                let named = |body: &&Value| {
                    body["resourceType"] == "Encounter"
                        && body["identifier"].to_string().contains(number)
                };
                chart
                    .values()
                    .find(named)
                    .map(|body| body["status"].as_str().unwrap().to_owned())
            };
            let visits = feed.people.iter().flat_map(|person| &person.visits);
            for visit in visits.filter(|visit| !visit.is_merged) {
                let expected = match visit.stage {
                    Stage::Planned => "planned",
                    Stage::Open => "in-progress",
                    Stage::OnLeave => "onleave",
                    Stage::Closed => "finished",
                    Stage::Cancelled => "cancelled",
                };
                let status = status_of(&visit.number);
                assert_eq!(
                    status.as_deref(),
                    Some(expected),
                    "seed {seed}, {}",
                    visit.number
                );
            }
        }
    }
}
