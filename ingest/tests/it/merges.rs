//! Merged patients, moved visits, and a number that two patients claim: in the store, over sockets.

use fhir::ResourceType;
use serde_json::Value;

use crate::support::{World, adt};

/// A merge of `old` into `new`.
pub(crate) fn merge(control_id: &str, old: &str, new: &str, at: &str) -> String {
    let message = adt("A40", control_id, new, at);
    let head: Vec<&str> = message.split('\r').take(3).collect();
    format!("{}\rMRG|{old}^^^AGENCY^MR\r", head.join("\r"))
}

fn unlink(control_id: &str, one: &str, other: &str, at: &str) -> String {
    let message = adt("A37", control_id, one, at);
    let head: Vec<&str> = message.split('\r').take(2).collect();
    format!(
        "{}\rPID|1||{one}^^^AGENCY^MR\rPID|2||{other}^^^AGENCY^MR\r",
        head.join("\r")
    )
}

pub(crate) async fn chart(world: &World) -> Vec<(ResourceType, Value)> {
    let mut chart = Vec::new();
    for kind in [
        ResourceType::Patient,
        ResourceType::Encounter,
        ResourceType::Condition,
    ] {
        for mut resource in world.resources(kind).await {
            resource.as_object_mut().unwrap().remove("meta");
            chart.push((kind, resource));
        }
    }
    chart.sort_by_key(|(kind, resource)| (*kind, resource["id"].to_string()));
    chart
}

pub(crate) fn subjects(chart: &[(ResourceType, Value)]) -> Vec<&str> {
    let mut subjects: Vec<&str> = chart
        .iter()
        .filter_map(|(_, it)| it.pointer("/subject/reference")?.as_str())
        .collect();
    subjects.sort_unstable();
    subjects.dedup();
    subjects
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_turns_the_chart_to_the_survivor_and_its_end_turns_it_back() {
    let Some(world) = World::new().await else {
        return;
    };
    let mut sender = world.sender().await;
    sender.send(adt("A01", "M1", "77", "20240110090000")).await;
    let answer = sender.send(adt("A01", "M2", "88", "20240111090000")).await;
    world.applied(&answer).await;
    let before = chart(&world).await;
    assert_eq!(subjects(&before).len(), 2);

    let answer = sender.send(merge("M3", "77", "88", "20240111090000")).await;
    world.applied(&answer).await;
    let merged = chart(&world).await;
    assert_eq!(subjects(&merged).len(), 1);
    assert_eq!(world.count("select count(*) from person").await, 2);
    let inactive = merged.iter().find(|(_, it)| it["active"] == false).unwrap();
    let survivor = subjects(&merged)[0].to_owned();
    assert_eq!(inactive.1["link"][0]["other"]["reference"], survivor);

    // A later message under the old number lands on the survivor.
    let answer = sender.send(adt("A08", "M4", "77", "20240111090000")).await;
    world.applied(&answer).await;
    assert_eq!(subjects(&chart(&world).await), [survivor.as_str()]);

    let answer = sender
        .send(unlink("M5", "77", "88", "20240112090000"))
        .await;
    world.applied(&answer).await;
    assert_eq!(chart(&world).await, before);
    assert_eq!(world.count("select count(*) from person").await, 0);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_of_merges_that_arrives_backwards_ends_at_the_last() {
    let Some(world) = World::new().await else {
        return;
    };
    let mut sender = world.sender().await;
    sender.send(merge("M3", "78", "79", "20240112090000")).await;
    sender.send(merge("M2", "77", "78", "20240111090000")).await;
    let answer = sender.send(adt("A01", "M1", "77", "20240110090000")).await;
    world.applied(&answer).await;
    let chart = chart(&world).await;
    let last = chart
        .iter()
        .find(|(_, it)| it["identifier"][0]["value"] == "79")
        .unwrap();
    let expected = format!("Patient/{}", last.1["id"].as_str().unwrap());
    assert_eq!(subjects(&chart), [expected.as_str()]);
    assert_eq!(last.1["link"].as_array().unwrap().len(), 2);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visit_number_under_two_patients_is_asked_about_until_they_are_one() {
    let Some(world) = World::new().await else {
        return;
    };
    let mut sender = world.sender().await;
    let one = adt("A01", "M1", "77", "20240110090000");
    let other = adt("A01", "M2", "88", "20240111090000");
    let number = |message: &str| {
        let pv1 = message
            .split('\r')
            .find(|it| it.starts_with("PV1"))
            .unwrap();
        pv1.split('|').nth(19).unwrap().to_owned()
    };
    let other = other.replace(&number(&other), &number(&one));
    sender.send(one).await;
    let answer = sender.send(other).await;
    world.applied(&answer).await;
    assert_eq!(world.resources(ResourceType::Encounter).await.len(), 2);
    let open = "select count(*) from review
        where kind = 'visit-of-two-patients' and decided_at is null";
    assert_eq!(world.count(open).await, 1);
    let answer = sender.send(merge("M3", "77", "88", "20240112090000")).await;
    world.applied(&answer).await;
    assert_eq!(world.resources(ResourceType::Encounter).await.len(), 1);
    assert_eq!(world.count(open).await, 0);
    world.end().await;
}
