//! Episodes of care that are visits: moved, renumbered and deleted as these are.

use std::collections::BTreeMap;

use mapping::Profile;
use mapping::facts::references;
use mapping::inbound::EntityKind;
use serde_json::{Value, json};

use crate::chart::{Chart, profile, read_with, segment};
use crate::identity::{adt, each_has_its_own, in_every_order_with, of_type, person};

/// PV1 with these fields besides the visit's number.
fn pv1(number: &str, more: &[(usize, &str)]) -> String {
    let number = format!("{number}^^^EMR^VN");
    segment(
        "PV1",
        &[&[(1, "1"), (2, "I"), (19, &number)], more].concat(),
    )
}

fn of(event: &str, stated: &str, patient: &str, lines: &str) -> String {
    let lines = format!("{}\n{lines}", person(patient, "DOE^JANE"));
    adt(event, stated, &lines)
}

/// What messages of a site where a visit is an episode give in any order.
fn at_home(messages: &[String]) -> BTreeMap<String, Value> {
    let chart = in_every_order_with(messages, Profile::named("hchb").unwrap());
    each_has_its_own(&chart);
    chart
}

/// The status of the only episode.
fn status(messages: &[String]) -> Value {
    let chart = at_home(messages);
    let episodes = of_type(&chart, "EpisodeOfCare");
    assert_eq!(episodes.len(), 1);
    episodes[0]["status"].clone()
}

#[test]
fn a_moved_visit_that_is_an_episode_takes_it_along() {
    let moved = format!("MRG|66^^^EMR^MR\n{}", pv1("V1", &[]));
    let chart = at_home(&[
        of("A01", "20240101", "66", &pv1("V1", &[])),
        of("A45", "20240102", "77", &moved),
    ]);
    let episodes = of_type(&chart, "EpisodeOfCare");
    assert_eq!(episodes.len(), 1, "nobody claims it besides");
    let encounter = of_type(&chart, "Encounter")[0];
    assert_eq!(episodes[0]["patient"], encounter["subject"]);
    assert_eq!(episodes[0]["status"], "active");
}

#[test]
fn a_moved_visit_is_part_of_the_other_patients_episode() {
    let visit = pv1("V1", &[(54, "E9^^^EMR")]);
    let messages = [
        of("A01", "20240101", "66", &visit),
        of(
            "A45",
            "20240102",
            "77",
            &format!("MRG|66^^^EMR^MR\n{visit}"),
        ),
    ];
    let chart = in_every_order_with(&messages, profile());
    assert_eq!(of_type(&chart, "EpisodeOfCare").len(), 2);
    each_has_its_own(&chart);
}

#[test]
fn an_episode_goes_to_another_number_only_where_its_own_number_stands() {
    let mrg = |n: usize| segment("MRG", &[(1, "77^^^EMR^MR"), (n, "1001^^^EMR^VN")]);
    let present = |number: &str| pv1("V2", &[(50, number)]);
    let renumbered = |n: usize, number: &str| {
        let lines = format!("{}\n{}", mrg(n), present(number));
        of("A50", "20240102", "77", &lines)
    };
    // The visit's own number changed, and not that of the episode.
    let profile = Profile::named("hchb").unwrap();
    let links = |n| {
        let links = read_with(&renumbered(n, "E77^^^EMR"), profile).links;
        let links = links.iter().filter(|it| it.kind == EntityKind::Episode);
        links.count()
    };
    assert_eq!(links(5), 0);
    assert_eq!(links(6), 1);
    let chart = at_home(&[
        of("A01", "20240101", "77", &present("1001^^^EMR")),
        renumbered(6, "E77^^^EMR"),
    ]);
    let episodes = of_type(&chart, "EpisodeOfCare");
    let mut statuses: Vec<_> = episodes.iter().map(|it| it["status"].as_str()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [Some("active"), Some("entered-in-error")]);
}

#[test]
fn the_number_of_an_episode_comes_from_the_field_that_holds_it() {
    let lineage = |more: &[(usize, &str)]| {
        let message = of("A01", "20240101", "77", &pv1("V1", more));
        let chart = Chart::read(&[message], Profile::named("hchb").unwrap());
        let lineage = chart.lineage("EpisodeOfCare");
        let number = lineage.into_iter().find(|(name, _)| name == "identifier");
        number.unwrap().1
    };
    assert_eq!(lineage(&[]), "PV1-19");
    assert_eq!(lineage(&[(50, "E77")]), "PV1-50");
    assert_eq!(lineage(&[(50, "E77"), (54, "E9")]), "PV1-54");
}

#[test]
fn an_episode_ends_in_error_with_the_last_of_its_visits() {
    let visit = |event, stated, number| of(event, stated, "77", &pv1(number, &[(50, "E77^^^EMR")]));
    let mut messages = vec![
        visit("A01", "20240101", "V1"),
        visit("A01", "20240102", "V2"),
        visit("A23", "20240103", "V2"),
    ];
    assert_eq!(status(&messages), "active", "V1 is part of it yet");
    messages.push(visit("A23", "20240104", "V1"));
    assert_eq!(status(&messages), "entered-in-error");
    messages.push(visit("A08", "20240105", "V2"));
    assert_eq!(status(&messages), "active", "of V2 somebody spoke again");
}

#[test]
fn a_deleted_visit_that_was_renumbered_before_is_an_episode_in_error() {
    let renumbered = format!("MRG|77^^^EMR^MR||||V1^^^EMR^VN\n{}", pv1("V2", &[]));
    let chart = at_home(&[
        of("A01", "20240101", "77", &pv1("V1", &[])),
        of("A50", "20240102", "77", &renumbered),
        of("A23", "20240103", "77", &pv1("V2", &[])),
    ]);
    let mut all = of_type(&chart, "EpisodeOfCare");
    all.extend(of_type(&chart, "Encounter"));
    assert_eq!(all.len(), 4);
    assert!(all.iter().all(|it| it["status"] == "entered-in-error"));
}

#[test]
fn an_episode_of_which_only_updates_are_known_is_planned_as_its_visit_is() {
    let update = |class, gone| {
        let number = "V1^^^EMR^VN";
        let pv1 = segment("PV1", &[(1, "1"), (2, class), (19, number), (45, gone)]);
        of("A08", "20240101", "77", &pv1)
    };
    assert_eq!(status(&[update("P", "")]), "planned");
    assert_eq!(status(&[update("I", "")]), "active");
    assert_eq!(status(&[update("", "")]), "active");
    assert_eq!(status(&[update("P", "20240101")]), "finished");
}

/// Whoever has a visit decides which of its diagnoses an episode means, whatever comes in one batch.
#[test]
fn what_names_a_part_of_a_thing_names_the_thing() {
    let diagnosed = format!("{}\nDG1|1||I10^A^I10|||W", pv1("V1", &[(54, "E9^^^EMR")]));
    let question = segment(
        "OBX",
        &[
            (1, "1"),
            (2, "ST"),
            (3, "1^Q^L"),
            (5, "yes"),
            (11, "F"),
            (29, "QST"),
        ],
    );
    let asked = format!(
        "{}\nORC|RE|P1|F1\nOBR|1|P1|F1|1^X^L\n{question}",
        pv1("V1", &[])
    );
    let asked = of("R01", "20240101", "77", &asked).replace("ADT^", "ORU^");
    for (message, owner, kind, named) in [
        (
            of("A01", "20240101", "77", &diagnosed),
            EntityKind::Episode,
            EntityKind::Visit,
            &["Encounter"],
        ),
        (
            asked,
            EntityKind::Order,
            EntityKind::Report,
            &["DiagnosticReport"],
        ),
    ] {
        let said = read_with(&message, profile()).statements;
        let one = |kind| said.iter().find(|it| it.kind == kind).unwrap();
        let bytes = one(owner).facts.to_bytes();
        let named: Vec<_> = references(&bytes, named).collect();
        assert!(named.contains(&one(kind).entity), "{owner:?}");
    }
}

#[test]
fn a_deleted_diagnosis_of_an_episode_is_gone() {
    let visit = |stated, action: &str| {
        let dg1 = segment("DG1", &[(1, "1"), (3, "I10^A^I10"), (6, "W"), (21, action)]);
        of("A08", stated, "77", &format!("{}\n{dg1}", pv1("V1", &[])))
    };
    let chart = at_home(&[visit("20240101", "A"), visit("20240102", "D")]);
    let episode = of_type(&chart, "EpisodeOfCare")[0];
    assert_eq!(episode["diagnosis"], json!(null));
}
