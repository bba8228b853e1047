//! Who is who: merges, links, moves, and that taking them back restores what was (rule 30).

use std::collections::BTreeMap;

use mapping::Profile;
use serde_json::Value;

use crate::chart::{Chart, profile, segment};

pub(crate) fn adt(event: &str, stated: &str, lines: &str) -> String {
    format!(
        "MSH|^~\\&|EMR|AGENCY|||{stated}||ADT^{event}|{event}{stated}|P|2.5.1\nEVN||{stated}\n{lines}"
    )
}

pub(crate) fn person(number: &str, name: &str) -> String {
    format!("PID|1||{number}^^^EMR^MR||{name}||19600102|F")
}

fn visit(number: &str) -> String {
    let between = "|".repeat(16);
    format!("PV1|1|I|W1^R2^B3{between}{number}^^^EMR^VN\nDG1|1||I10^A^I10|||W")
}

fn admission(stated: &str, patient: &str, name: &str, number: &str) -> String {
    let lines = format!("{}\n{}", person(patient, name), visit(number));
    adt("A01", stated, &lines)
}

fn merge(stated: &str, old: &str, new: &str) -> String {
    let lines = format!("{}\nMRG|{old}^^^EMR^MR", person(new, "DOE^JANE"));
    adt("A40", stated, &lines)
}

/// Every order of a few messages, which must all give the same.
fn in_every_order(messages: &[String]) -> BTreeMap<String, Value> {
    in_every_order_with(messages, profile())
}

pub(crate) fn in_every_order_with(
    messages: &[String],
    profile: &Profile,
) -> BTreeMap<String, Value> {
    let resources = |messages: &[&String]| Chart::read(messages, profile).resources();
    let expected = Chart::read(messages, profile).resources();
    let mut orders = vec![Vec::new()];
    for message in messages {
        let longer = orders.iter().flat_map(|order: &Vec<&String>| {
            (0..=order.len()).map(move |at| {
                let mut order = order.clone();
                order.insert(at, message);
                order
            })
        });
        orders = longer.collect();
    }
    for mut order in orders {
        assert_eq!(resources(&order), expected);
        let again = order.clone();
        order.extend(again);
        assert_eq!(resources(&order), expected, "twice");
    }
    expected
}

fn patients(chart: &BTreeMap<String, Value>) -> Vec<&Value> {
    of_type(chart, "Patient")
}

pub(crate) fn of_type<'c>(chart: &'c BTreeMap<String, Value>, kind: &str) -> Vec<&'c Value> {
    chart
        .values()
        .filter(|it| it["resourceType"] == kind)
        .collect()
}

fn patient<'c>(chart: &'c BTreeMap<String, Value>, number: &str) -> &'c Value {
    let all = patients(chart);
    let own = |it: &&&Value| it["identifier"][0]["value"] == number;
    all.iter().find(own).unwrap()
}

fn reference(patient: &Value) -> String {
    format!("Patient/{}", patient["id"].as_str().unwrap())
}

#[test]
fn rule_30_a_merge_points_everything_to_the_survivor_in_any_order() {
    let chart = in_every_order(&[
        admission("20240101", "66", "DOE^J", "V1"),
        admission("20240102", "77", "DOE^JANE", "V2"),
        merge("20240103", "66", "77"),
        admission("20240104", "66", "DOE^JANE", "V3"),
    ]);
    let (old, new) = (patient(&chart, "66"), patient(&chart, "77"));
    assert_eq!(old["active"], false);
    assert_eq!(old["link"][0]["type"], "replaced-by");
    assert_eq!(old["link"][0]["other"]["reference"], reference(new));
    assert_eq!(new["link"][0]["type"], "replaces");
    assert_eq!(new["identifier"][1]["value"], "66");
    assert_eq!(new["identifier"][1]["use"], "old");
    for kind in ["Encounter", "Condition"] {
        let all = of_type(&chart, kind);
        assert_eq!(all.len(), 3);
        assert!(
            all.iter()
                .all(|it| it["subject"]["reference"] == reference(new)),
            "{all:#?}"
        );
    }
}

#[test]
fn rule_30_a_chain_of_merges_ends_at_the_last_patient() {
    let chart = in_every_order(&[
        admission("20240101", "1", "DOE^J", "V1"),
        merge("20240103", "1", "2"),
        merge("20240102", "2", "3"),
    ]);
    let last = patient(&chart, "3");
    assert_eq!(
        of_type(&chart, "Encounter")[0]["subject"]["reference"],
        reference(last)
    );
    let old: Vec<_> = last["identifier"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["value"])
        .collect();
    assert_eq!(old[0], "3");
    assert_eq!(old.len(), 3);
}

#[test]
fn rule_30_an_unmerge_restores_both_charts_exactly() {
    let before = [
        admission("20240101", "66", "DOE^J", "V1"),
        admission("20240102", "77", "DOE^JANE", "V2"),
    ];
    let expected = Chart::of(&before).resources();
    let lines = "PID|1||66^^^EMR^MR\nPID|2||77^^^EMR^MR";
    let mut all = before.to_vec();
    all.push(merge("20240102", "66", "77"));
    all.push(adt("A37", "20240104", lines));
    let mut chart = in_every_order(&all);
    // What the merge said of the survivor's name and sex it said besides.
    let mut expected = expected;
    for chart in [&mut chart, &mut expected] {
        for patient in chart
            .values_mut()
            .filter(|it| it["resourceType"] == "Patient")
        {
            patient.as_object_mut().unwrap().remove("identifier");
        }
    }
    assert_eq!(chart, expected);
}

#[test]
fn one_visit_number_under_two_patients_is_two_visits_and_a_question() {
    let messages = [
        admission("20240101", "66", "DOE^J", "V1"),
        admission("20240102", "77", "ROE^JANE", "V1"),
    ];
    let chart = in_every_order(&messages);
    let encounters = of_type(&chart, "Encounter");
    let subjects: Vec<_> = encounters
        .iter()
        .map(|it| it["subject"]["reference"].clone())
        .collect();
    assert_eq!(encounters.len(), 2);
    assert_ne!(subjects[0], subjects[1], "nothing was moved in silence");
    for condition in of_type(&chart, "Condition") {
        let encounter = condition["encounter"]["reference"].as_str().unwrap();
        assert_eq!(chart[encounter]["subject"], condition["subject"]);
    }
    let diagnoses: Vec<_> = encounters
        .iter()
        .map(|it| &it["diagnosis"][0]["condition"]["reference"])
        .collect();
    assert!(
        diagnoses
            .iter()
            .all(|it| chart.contains_key(it.as_str().unwrap())),
        "{diagnoses:?}"
    );

    // The first that was said has the visit's own id, whichever came first.
    let alone = Chart::of(&messages[..1]).resources();
    let first = of_type(&alone, "Encounter")[0];
    assert_eq!(
        chart[&format!("Encounter/{}", first["id"].as_str().unwrap())],
        *first
    );

    let mut merged = messages.to_vec();
    merged.push(merge("20240103", "66", "77"));
    assert_eq!(
        of_type(&in_every_order(&merged), "Encounter").len(),
        1,
        "they are one person"
    );
}

#[test]
fn a_moved_visit_is_the_other_patients_and_comes_back_when_it_is_moved_back() {
    let moved = |stated, from: &str, to: &str| {
        let lines = format!(
            "{}\nMRG|{from}^^^EMR^MR||||V1^^^EMR^VN\n{}",
            person(to, "ROE^JANE"),
            visit("V1")
        );
        adt("A45", stated, &lines)
    };
    let mut messages = vec![
        admission("20240101", "66", "DOE^J", "V1"),
        moved("20240102", "66", "77"),
    ];
    let chart = in_every_order(&messages);
    let encounters = of_type(&chart, "Encounter");
    assert_eq!(encounters.len(), 1);
    assert_eq!(
        encounters[0]["subject"]["reference"],
        reference(patient(&chart, "77"))
    );
    messages.push(moved("20240103", "77", "66"));
    let chart = in_every_order(&messages);
    let encounter = of_type(&chart, "Encounter")[0];
    assert_eq!(
        encounter["subject"]["reference"],
        reference(patient(&chart, "66"))
    );
}

#[test]
fn a_visit_under_a_new_number_takes_its_history_along() {
    let lines = format!(
        "{}\nMRG|77^^^EMR^MR||||V1^^^EMR^VN\nPV1|1|I|||||||||||||||||V2^^^EMR^VN",
        person("77", "DOE^JANE")
    );
    let chart = in_every_order(&[
        admission("20240101", "77", "DOE^JANE", "V1"),
        adt("A50", "20240102", &lines),
    ]);
    let encounters = of_type(&chart, "Encounter");
    let of = |number: &str| {
        *encounters
            .iter()
            .find(|it| it["identifier"][0]["value"] == number)
            .unwrap()
    };
    let (old, new) = (of("V1"), of("V2"));
    assert_eq!(old["status"], "entered-in-error");
    assert_eq!(new["period"]["start"], "2024-01-01");
    assert_eq!(new["identifier"][1]["use"], "old");
    let condition = of_type(&chart, "Condition")[0];
    assert_eq!(
        condition["encounter"]["reference"],
        format!("Encounter/{}", new["id"].as_str().unwrap())
    );
}

#[test]
fn a_renumbered_visit_that_two_patients_claim_is_one_visit_each() {
    let lines = format!(
        "{}\nMRG|77^^^EMR^MR||||V1^^^EMR^VN\nPV1|1|I|||||||||||||||||V2^^^EMR^VN",
        person("77", "DOE^JANE")
    );
    let chart = in_every_order(&[
        admission("20240101", "66", "ROE^J", "V1"),
        admission("20240102", "77", "DOE^JANE", "V1"),
        adt("A50", "20240103", &lines),
    ]);
    let encounters = of_type(&chart, "Encounter");
    let standing = encounters.iter().filter(|it| it["status"] == "in-progress");
    let subjects: std::collections::BTreeSet<_> = standing
        .map(|it| it["subject"]["reference"].to_string())
        .collect();
    assert_eq!((encounters.len(), subjects.len()), (4, 2));
    let conditions = of_type(&chart, "Condition");
    assert_eq!(conditions.len(), 2);
    for condition in conditions {
        let encounter = &chart[condition["encounter"]["reference"].as_str().unwrap()];
        assert_eq!(encounter["subject"], condition["subject"]);
        assert_eq!(encounter["status"], "in-progress");
    }
}

/// Every resource that names a patient and a visit, an order, an episode or a diagnosis: these are of that
/// patient.
pub(crate) fn each_has_its_own(chart: &BTreeMap<String, Value>) {
    let whose = |name: &str| {
        let mut whose = ["subject", "patient"].iter().map(|who| &chart[name][who]);
        whose.find_map(|who| who["reference"].as_str())
    };
    for (name, resource) in chart {
        let mut named = vec![&resource["encounter"], &resource["context"]];
        for list in ["basedOn", "episodeOfCare"] {
            named.extend(resource[list].as_array().into_iter().flatten());
        }
        let diagnoses = resource["diagnosis"].as_array().into_iter().flatten();
        named.extend(diagnoses.map(|diagnosis| &diagnosis["condition"]));
        for named in named.iter().filter_map(|named| named["reference"].as_str()) {
            assert!(whose(name).is_some(), "{name} is nobody's");
            assert_eq!(whose(name), whose(named), "{name} names {named}");
        }
    }
}

/// A result of a visit and the order that it was made for.
fn result(stated: &str, patient: &str, number: &str) -> String {
    format!(
        "MSH|^~\\&|EMR|AGENCY|||{stated}||ORU^R01|R{stated}{patient}|P|2.5.1\n{}\n\
         PV1|1|I|||||||||||||||||{number}^^^EMR^VN\nORC|RE|P{patient}^EMR\n\
         OBR|1|P{patient}^EMR|F{patient}^LAB|1^Glucose^L\nOBX|1|NM|1^Glucose^L||5|mg/dL|||||F",
        person(patient, "DOE^J")
    )
}

#[test]
fn what_refers_to_a_number_of_two_patients_refers_to_its_own_patients_visit() {
    let chart = in_every_order(&[
        admission("20240101", "66", "ROE^J", "V1"),
        admission("20240102", "77", "DOE^JANE", "V1"),
        result("20240103", "66", "V1"),
        result("20240103", "77", "V1"),
    ]);
    assert_eq!(of_type(&chart, "Encounter").len(), 2);
    let mut visits: Vec<_> = of_type(&chart, "DiagnosticReport")
        .iter()
        .map(|it| it["encounter"]["reference"].as_str().unwrap())
        .collect();
    visits.dedup();
    assert_eq!(visits.len(), 2, "one each");
    each_has_its_own(&chart);
}

#[test]
fn what_refers_to_a_renumbered_visit_follows_it_to_each_new_number() {
    let renumbered = |stated: &str, old: &str, new: &str| {
        let lines = format!(
            "{}\nMRG|77^^^EMR^MR||||{old}^^^EMR^VN\nPV1|1|I|||||||||||||||||{new}^^^EMR^VN",
            person("77", "DOE^JANE")
        );
        adt("A50", stated, &lines)
    };
    let chart = in_every_order(&[
        admission("20240101", "77", "DOE^JANE", "V1"),
        result("20240102", "77", "V1"),
        renumbered("20240103", "V1", "V2"),
        renumbered("20240104", "V2", "V3"),
    ]);
    let encounters = of_type(&chart, "Encounter");
    let of_v3 = encounters
        .iter()
        .find(|it| it["identifier"][0]["value"] == "V3");
    let new = format!("Encounter/{}", of_v3.unwrap()["id"].as_str().unwrap());
    for kind in ["Condition", "DiagnosticReport", "Observation"] {
        let all = of_type(&chart, kind);
        assert!(!all.is_empty(), "{kind}");
        for resource in all {
            assert_eq!(resource["encounter"]["reference"], new, "{kind}");
        }
    }
}

#[test]
fn a_renumbered_visit_that_is_an_episode_takes_it_along_in_any_order() {
    let profile = Profile::named("hchb").unwrap();
    let of = |event: &str, stated: &str, number: &str, before: &str| {
        let pv1 = segment(
            "PV1",
            &[(1, "1"), (2, "I"), (19, &format!("{number}^^^EMR^VN"))],
        );
        let mrg = segment(
            "MRG",
            &[(1, "77^^^EMR^MR"), (5, &format!("{before}^^^EMR^VN"))],
        );
        let mrg = if before.is_empty() {
            String::new()
        } else {
            format!("{mrg}\n")
        };
        adt(
            event,
            stated,
            &format!("{}\n{mrg}{pv1}", person("77", "DOE^JANE")),
        )
    };
    let messages = [
        of("A01", "20240101", "V1", ""),
        of("A50", "20240103", "V2", "V1"),
        // The sender goes on with the old number for a day.
        of("A21", "20240104", "V1", ""),
        of("A50", "20240105", "V3", "V2"),
    ];
    let chart = in_every_order_with(&messages, profile);
    let episodes = of_type(&chart, "EpisodeOfCare");
    let (old, new): (Vec<&Value>, Vec<&Value>) = episodes
        .iter()
        .partition(|it| it["status"] == "entered-in-error");
    assert_eq!((old.len(), new.len()), (2, 1));
    let new = new[0];
    assert_eq!(new["status"], "onhold");
    assert_eq!(new["statusHistory"][0]["status"], "active");
    let uses: Vec<_> = new["identifier"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["use"])
        .collect();
    assert_eq!(uses, [&Value::Null, &"old".into(), &"old".into()]);
    let id = new["id"].as_str().unwrap();
    for episode in &episodes {
        assert_eq!(episode["patient"], new["patient"]);
    }
    for encounter in of_type(&chart, "Encounter") {
        let named = &encounter["episodeOfCare"][0]["reference"];
        let is_old = encounter["status"] == "entered-in-error";
        assert!(is_old || *named == format!("EpisodeOfCare/{id}"));
    }
    each_has_its_own(&chart);
}
