//! `docs/encounters.md`, claim by claim. What is told of identities is in `identity.rs`, of order in
//! `histories.rs`.

use mapping::Profile;
use serde_json::{Value, json};

use crate::chart::{Adt, Chart, read_with};

/// Messages a day apart, each as trigger and bed.
fn texts(steps: &[(&'static str, &'static str)]) -> Vec<String> {
    const DAYS: [&str; 6] = [
        "20240110090000",
        "20240111090000",
        "20240112090000",
        "20240113090000",
        "20240114090000",
        "20240115090000",
    ];
    let steps = steps.iter().zip(DAYS);
    let text = |((trigger, bed), stated): (&(&'static str, &'static str), _)| {
        let adt = Adt {
            trigger,
            stated,
            bed,
            ..Adt::default()
        };
        adt.text()
    };
    steps.map(text).collect()
}

/// The Encounter after messages, which arrive in this order and the other way round.
fn encounter(steps: &[(&'static str, &'static str)]) -> Value {
    let mut texts = texts(steps);
    let encounter = Chart::of(&texts).the("Encounter");
    texts.reverse();
    assert_eq!(Chart::of(&texts).the("Encounter"), encounter, "{steps:?}");
    encounter
}

#[track_caller]
fn check(triggers: &[&'static str], status: &str) {
    let steps: Vec<_> = triggers.iter().map(|trigger| (*trigger, "")).collect();
    assert_eq!(encounter(&steps)["status"], status, "{triggers:?}");
}

#[test]
fn each_event_leads_where_the_page_says() {
    check(&["A05"], "planned");
    check(&["A14"], "planned");
    check(&["A05", "A01"], "in-progress");
    check(&["A04"], "in-progress");
    check(&["A05", "A02"], "in-progress");
    check(&["A05", "A06"], "planned");
    check(&["A01", "A06"], "in-progress");
    check(&["A01", "A21"], "onleave");
    check(&["A01", "A21", "A02"], "onleave");
    check(&["A01", "A21", "A22"], "in-progress");
    check(&["A01", "A03"], "finished");
    check(&["A01", "A11"], "cancelled");
    check(&["A04", "A11"], "cancelled");
    check(&["A05", "A27"], "cancelled");
    check(&["A14", "A38"], "cancelled");
    check(&["A01", "A23"], "entered-in-error");
    check(&["A01", "A23", "A08"], "in-progress");
}

#[test]
fn what_comes_too_late_changes_nothing() {
    for late in ["A05", "A01", "A02", "A06", "A21", "A22", "A27", "A08"] {
        check(&["A01", "A03", late], "finished");
    }
    for late in ["A02", "A06", "A21", "A22", "A08"] {
        check(&["A01", "A11", late], "cancelled");
    }
    for late in ["A05", "A27", "A38"] {
        check(&["A01", late], "in-progress");
    }
    check(&["A01", "A11", "A01"], "in-progress");
}

#[test]
fn a_cancel_takes_its_event_back() {
    check(&["A01", "A03", "A13"], "in-progress");
    check(&["A01", "A21", "A52"], "in-progress");
    check(&["A01", "A21", "A22", "A53"], "onleave");
    check(&["A01", "A03", "A13", "A03"], "finished");
}

#[test]
fn a_cancel_alone_says_where_the_visit_stands() {
    for (cancel, status) in [
        ("A11", "cancelled"),
        ("A27", "cancelled"),
        ("A38", "cancelled"),
        ("A53", "onleave"),
        ("A12", "in-progress"),
        ("A13", "in-progress"),
        ("A52", "in-progress"),
    ] {
        check(&[cancel], status);
    }
}

#[test]
fn a_cancel_that_is_sent_twice_calls_off_one_event() {
    let mut steps = texts(&[("A01", "B1"), ("A02", "B2"), ("A02", "B3"), ("A12", "B2")]);
    let again = steps[3].replace("|A1220240113090000|", "|M9|");
    assert_ne!(again, steps[3]);
    steps.push(again);
    let locations = Chart::of(&steps).the("Encounter")["location"].clone();
    assert_eq!(locations.as_array().unwrap().len(), 2);
}

#[test]
fn places_follow_each_other_and_a_move_that_was_called_off_leaves_none() {
    let encounter = encounter(&[
        ("A01", "B1"),
        ("A02", "B2"),
        ("A02", "B3"),
        ("A12", "B2"),
        ("A08", "B4"),
    ]);
    let places = encounter["location"].as_array().unwrap();
    assert_eq!(places.len(), 3);
    assert_eq!(
        places[0]["period"],
        json!({"start": "2024-01-10T09:00:00+00:00", "end": "2024-01-11T09:00:00+00:00"})
    );
    assert_eq!(places[1]["status"], "completed");
    assert_eq!(places[2]["status"], "active");
    assert!(
        places[2].get("period").is_none(),
        "an update says no time of a move"
    );
}

#[test]
fn an_episode_that_is_a_visit_takes_its_steps() {
    let profile = Profile::named("hchb").unwrap();
    let episode = |triggers: &[&'static str]| {
        let steps: Vec<_> = triggers.iter().map(|trigger| (*trigger, "")).collect();
        let mut chart = Chart::default();
        for text in texts(&steps).iter().rev() {
            chart.take(read_with(text, profile));
        }
        chart.the("EpisodeOfCare")
    };
    let status = |triggers: &[&'static str]| episode(triggers)["status"].clone();
    assert_eq!(status(&["A05"]), "planned");
    assert_eq!(status(&["A05", "A01"]), "active");
    assert_eq!(status(&["A01", "A21"]), "onhold");
    assert_eq!(status(&["A01", "A21", "A52"]), "active");
    assert_eq!(status(&["A01", "A03"]), "finished");
    assert_eq!(status(&["A01", "A03", "A13"]), "active");
    assert_eq!(status(&["A01", "A11"]), "cancelled");
    let passed = episode(&["A05", "A01", "A03"])["statusHistory"].clone();
    assert_eq!(passed[0]["status"], "planned");
    assert_eq!(passed[1]["period"]["end"], "2024-01-12T09:00:00+00:00");
}
