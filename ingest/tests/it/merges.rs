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

/// A result of the visit with a number.
fn result(control_id: &str, mrn: &str, number: &str, with_visit: bool) -> String {
    let message =
        adt("R01", control_id, mrn, "20240113090000").replace("ADT^R01^ADT_A01", "ORU^R01");
    let message = message.replace(&format!("V{mrn}"), number);
    let lines = message.split_inclusive('\r');
    let kept = lines.filter(|it| !it.starts_with("EVN") && (with_visit || !it.starts_with("PV1")));
    let order = format!("OBR|1|P{mrn}^EMR|F{mrn}^LAB|1^Glucose^L\r");
    let result = format!("OBX|1|NM|{control_id}^Glucose^L||5|mg/dL|||||F\r");
    kept.chain([order.as_str(), result.as_str()]).collect()
}

fn named(resource: &Value, pointer: &str) -> Value {
    resource.pointer(pointer).cloned().unwrap_or_default()
}

/// Of whose visits the reports are, as subject of the report and of the visit.
async fn reports(world: &World) -> Vec<(Value, Value)> {
    let encounters = world.resources(ResourceType::Encounter).await;
    let subject = |reference: &str| {
        let id = reference.trim_start_matches("Encounter/");
        let visit = encounters.iter().find(|it| it["id"] == id);
        visit.map_or(Value::Null, |it| named(it, "/subject/reference"))
    };
    let reports = world.resources(ResourceType::DiagnosticReport).await;
    let of = |it: &Value| {
        let visit = named(it, "/encounter/reference");
        let visit = visit.as_str().unwrap_or_default();
        (named(it, "/subject/reference"), subject(visit))
    };
    reports.iter().map(of).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn results_follow_the_visit_of_their_own_patient_when_another_has_its_number() {
    let Some(world) = World::new().await else {
        return;
    };
    let mut sender = world.sender().await;
    let admit =
        |id: &str, mrn: &str, at: &str| adt("A01", id, mrn, at).replace(&format!("V{mrn}"), "VX");
    sender.send(admit("M1", "88", "20240111090000")).await;
    let answer = sender.send(result("M2", "88", "VX", true)).await;
    world.applied(&answer).await;
    // The other one was admitted before: the number is that one's, and 88's visit another one by now.
    let answer = sender.send(admit("M3", "77", "20240110090000")).await;
    world.applied(&answer).await;
    let is_own = |(subject, of_visit): &(Value, Value)| subject == of_visit;
    assert!(reports(&world).await.iter().all(is_own));
    // What names no visit leaves the report where it was.
    let answer = sender.send(result("M4", "88", "VX", false)).await;
    world.applied(&answer).await;
    sender.send(result("M5", "77", "VX", true)).await;
    let answer = sender.send(adt("A08", "M6", "88", "20240114090000")).await;
    world.applied(&answer).await;
    let all = reports(&world).await;
    assert_eq!(all.len(), 2);
    let named = all.iter().filter(|(_, of_visit)| !of_visit.is_null());
    assert!(named.clone().count() != 0 && named.clone().all(is_own));
    let observed = world.resources(ResourceType::Observation).await;
    assert_eq!(observed.len(), 3);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_of_a_visit_follows_it_to_its_new_number() {
    let Some(world) = World::new().await else {
        return;
    };
    let mut sender = world.sender().await;
    let renumber = adt("A50", "M3", "77", "20240112090000")
        .replace("PV1|", "MRG|77^^^AGENCY^MR||||V77^^^AGENCY^VN\rPV1|")
        .replace("|V77^^^AGENCY^VN|", "|W1^^^AGENCY^VN|");
    sender.send(adt("A01", "M1", "77", "20240110090000")).await;
    sender.send(result("M2", "77", "V77", true)).await;
    let answer = sender.send(renumber).await;
    world.applied(&answer).await;
    // What comes late, under the old number, and what comes without any.
    sender.send(result("M4", "77", "V77", true)).await;
    let answer = sender.send(result("M5", "77", "V77", false)).await;
    world.applied(&answer).await;
    let encounters = world.resources(ResourceType::Encounter).await;
    let new = encounters
        .iter()
        .find(|it| it["status"] == "in-progress")
        .unwrap();
    assert_eq!(new["identifier"][0]["value"], "W1");
    let new = format!("Encounter/{}", new["id"].as_str().unwrap());
    let observed = world.resources(ResourceType::Observation).await;
    let of = observed
        .iter()
        .filter_map(|it| it["encounter"]["reference"].as_str());
    let of: Vec<&str> = of.collect();
    assert_eq!(of, [new.as_str(), new.as_str()], "M5 names none");
    world.end().await;
}
