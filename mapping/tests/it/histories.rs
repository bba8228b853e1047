//! Any order and any duplication of a history gives the same chart.

use proptest::prelude::*;
use proptest::sample::subsequence;
use serde_json::{Value, json};

use crate::chart::{Adt, Chart};

fn adt(trigger: &'static str, stated: &'static str) -> Adt {
    Adt {
        trigger,
        stated,
        ..Adt::default()
    }
}

/// Admitted, moved twice, one move called off, updated, discharged with a back-dated day, the discharge
/// called off and said again, with diagnoses that change and a class that changes.
fn history() -> Vec<String> {
    let admit = Adt {
        bed: "B1",
        admitted: "20240110083000",
        rest: "DG1|1||I10^Hypertension^I10|||A|||||||||1",
        ..adt("A01", "20240110090000")
    };
    let updates = Adt {
        admitted: "20240110083000",
        rest: "DG1|1||I10^Essential hypertension^I10|||A|||||||||2\nDG1|2||E11.9^Diabetes^I10|||W",
        ..adt("A08", "20240112080000")
    };
    let deletes = Adt {
        class: "O",
        rest: "DG1|1||E11.9^Diabetes^I10|||W|||||||||||||||D",
        ..adt("A08", "20240117080000")
    };
    let all = [
        Adt {
            class: "P",
            ..adt("A05", "20240109100000")
        },
        admit,
        Adt {
            bed: "B2",
            occurred: "20240111100000",
            ..adt("A02", "20240111101500")
        },
        Adt {
            bed: "B3",
            occurred: "20240112100000",
            ..adt("A02", "20240112101500")
        },
        Adt {
            bed: "B2",
            ..adt("A12", "20240112110000")
        },
        updates,
        Adt {
            class: "O",
            ..adt("A07", "20240113070000")
        },
        Adt {
            class: "O",
            discharged: "20240115",
            ..adt("A03", "20240116090000")
        },
        Adt {
            class: "O",
            ..adt("A13", "20240116100000")
        },
        Adt {
            class: "O",
            discharged: "20240114",
            ..adt("A03", "20240116110000")
        },
        deletes,
    ];
    all.iter().map(Adt::text).collect()
}

#[test]
fn the_history_comes_to_what_happened() {
    let encounter = Chart::of(&history()).the("Encounter");
    assert_eq!(encounter["status"], "finished");
    assert_eq!(encounter["class"]["code"], "AMB");
    assert_eq!(encounter["classHistory"][0]["class"]["code"], "PRENC");
    assert_eq!(encounter["period"]["start"], "2024-01-10T08:30:00+00:00");
    assert_eq!(encounter["period"]["end"], "2024-01-14");
    let statuses: Vec<&Value> = encounter["statusHistory"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["status"])
        .collect();
    assert_eq!(statuses, [&json!("planned"), &json!("in-progress")]);
    assert_eq!(encounter["location"].as_array().unwrap().len(), 2);
    assert_eq!(encounter["location"][1]["status"], "completed");
    assert_eq!(
        encounter["location"][1]["period"]["start"],
        "2024-01-11T10:00:00+00:00"
    );
    assert_eq!(encounter["diagnosis"].as_array().unwrap().len(), 1);
    assert_eq!(encounter["diagnosis"][0]["rank"], 2);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn order_and_repetition_do_not_matter(
        shuffled in Just(history()).prop_shuffle(),
        again in subsequence((0..11_usize).collect::<Vec<_>>(), 0..6),
    ) {
        let history = history();
        let mut arrived = shuffled;
        arrived.extend(again.into_iter().map(|at| history[at].clone()));
        prop_assert_eq!(Chart::of(&arrived).resources(), Chart::of(&history).resources());
    }

    #[test]
    fn what_is_missing_so_far_does_not_make_order_matter(
        part in subsequence(history(), 1..=11).prop_flat_map(|part| (Just(part.clone()), Just(part).prop_shuffle())),
    ) {
        let (in_order, shuffled) = part;
        prop_assert_eq!(Chart::of(&in_order).resources(), Chart::of(&shuffled).resources());
    }
}

fn status(messages: &[Adt]) -> String {
    let texts: Vec<String> = messages.iter().map(Adt::text).collect();
    Chart::of(&texts).the("Encounter")["status"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// Rule 17.
#[test]
fn a_late_admission_or_update_reopens_nothing() {
    let discharge = || Adt {
        discharged: "20240112",
        ..adt("A03", "20240112100000")
    };
    assert_eq!(
        status(&[discharge(), adt("A01", "20240113100000")]),
        "finished"
    );
    assert_eq!(
        status(&[discharge(), adt("A08", "20240113100000")]),
        "finished"
    );
    assert_eq!(
        status(&[discharge(), adt("A13", "20240113100000")]),
        "in-progress"
    );
}

#[test]
fn a_cancel_that_comes_first_waits() {
    let admit = || Adt {
        admitted: "20240110",
        ..adt("A01", "20240110100000")
    };
    assert_eq!(status(&[adt("A11", "20240110110000")]), "cancelled");
    assert_eq!(
        status(&[adt("A11", "20240110110000"), admit()]),
        "cancelled"
    );
    assert_eq!(
        status(&[
            adt("A11", "20240110110000"),
            admit(),
            adt("A01", "20240111090000")
        ]),
        "in-progress"
    );
}

#[test]
fn a_discharge_of_the_day_is_called_off_on_that_day() {
    let discharge = Adt {
        discharged: "20240112",
        ..adt("A03", "20240112100000")
    };
    let cancel = adt("A13", "20240112120000");
    assert_eq!(
        status(&[adt("A01", "20240110100000"), discharge, cancel]),
        "in-progress"
    );
}

#[test]
fn what_happened_on_the_day_of_discharge_stands_before_it() {
    let messages = [
        Adt {
            bed: "B1",
            ..adt("A01", "20240110100000")
        },
        Adt {
            discharged: "20240112",
            ..adt("A03", "20240112090000")
        },
        Adt {
            bed: "B2",
            occurred: "20240112080000",
            ..adt("A02", "20240113090000")
        },
    ];
    let texts: Vec<String> = messages.iter().map(Adt::text).collect();
    let encounter = Chart::of(&texts).the("Encounter");
    assert_eq!(encounter["status"], "finished");
    assert_eq!(encounter["location"][1]["period"]["end"], "2024-01-12");
}

/// Rule 29.
#[test]
fn a_back_dated_discharge_takes_its_place_and_its_address_still_wins() {
    let address = |trigger, stated, city: &str| {
        Adt {
            discharged: "20240112",
            ..adt(trigger, stated)
        }
        .text()
        .replace("19600102|F", &format!("19600102|F|||1 Main^^{city}^TX"))
    };
    let texts = [
        address("A08", "20240113090000", "WACO"),
        address("A03", "20240115090000", "DALLAS"),
    ];
    let chart = Chart::of(&texts);
    assert_eq!(chart.the("Patient")["address"][0]["city"], "DALLAS");
    assert_eq!(chart.the("Encounter")["period"]["end"], "2024-01-12");
}

/// Rule 20.
#[test]
fn a_visit_without_a_number_is_one_visit() {
    let unnumbered = |trigger, stated| {
        Adt {
            admitted: "20240110",
            ..adt(trigger, stated)
        }
        .text()
        .replace("V9^^^EMR^VN", "")
    };
    let chart = Chart::of(&[
        unnumbered("A01", "20240110090000"),
        unnumbered("A03", "20240112090000"),
    ]);
    assert_eq!(chart.the("Encounter")["status"], "finished");
}
