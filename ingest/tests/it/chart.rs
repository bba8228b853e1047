//! From the journal to the chart: what the workers write.

use fhir::ResourceType;
use serde_json::Value;

use crate::support::{World, a01, adt, frame};

/// The one encounter.
async fn encounter(world: &World) -> Value {
    let mut encounters = world.resources(ResourceType::Encounter).await;
    assert_eq!(encounters.len(), 1);
    encounters.remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admission_becomes_a_patient_and_an_encounter_with_what_they_refer_to() {
    let Some(world) = World::new().await else {
        return;
    };
    let answer = world.sender().await.send(a01("M1", "77")).await;
    world.applied(&answer).await;
    let patient = world.resources(ResourceType::Patient).await.remove(0);
    assert_eq!(patient["name"][0]["family"], "Beispiel");
    assert_eq!(patient["gender"], "female");
    assert_eq!(patient["meta"]["versionId"], "1");
    assert_eq!(
        patient["meta"]["source"],
        format!("urn:drawbridge:journal:{}", answer.own_id)
    );
    assert_eq!(patient["meta"]["tag"][0]["system"], "urn:drawbridge:origin");
    assert_eq!(patient["meta"]["tag"][0]["code"], "emr");
    let encounter = encounter(&world).await;
    assert_eq!(encounter["status"], "in-progress");
    let subject = format!("Patient/{}", patient["id"].as_str().unwrap());
    assert_eq!(encounter["subject"]["reference"], subject);
    assert!(!world.resources(ResourceType::Practitioner).await.is_empty());
    assert!(!world.resources(ResourceType::Location).await.is_empty());
    // All of it in the same transaction: index, feed, trail, identity map, facts, lineage.
    let n_resources = world.count("select count(*) from resource").await;
    assert_eq!(
        world.count("select count(*) from change").await,
        n_resources
    );
    assert_eq!(
        world
            .count("select count(*) from audit where actor_kind = 'm'")
            .await,
        n_resources
    );
    assert!(0 < world.count("select count(*) from token_index").await);
    assert!(0 < world.count("select count(*) from string_index").await);
    assert_eq!(
        world
            .count("select count(*) from identity where kind = 'patient'")
            .await,
        1
    );
    assert_eq!(
        world
            .count("select count(*) from identity where kind = 'visit'")
            .await,
        1
    );
    assert!(
        0 < world
            .count("select count(*) from resource where length(lineage) > 0")
            .await
    );
    assert_eq!(world.count("select count(*) from history").await, 0);
    assert_eq!(world.count("select count(*) from queue").await, 0);
    let applied = "select count(*) from applied a join profile p on p.id = a.profile
        where a.mapping_version is not null and p.name = 'generic'";
    assert_eq!(world.count(applied).await, 1);
    world.end().await;
}

/// What lineage costs: numbers of a dictionary, three bytes for most lines.
#[tokio::test(flavor = "multi_thread")]
async fn lineage_takes_few_bytes_and_can_be_read() {
    let Some(world) = World::new().await else {
        return;
    };
    let mut sender = world.sender().await;
    for message in [
        "admission",
        "teams",
        "results",
        "orders",
        "charge",
        "appointment",
    ] {
        let path = format!(
            "{}/../mapping/messages/{message}.hl7",
            env!("CARGO_MANIFEST_DIR")
        );
        let text = std::fs::read_to_string(path).unwrap();
        let answer = sender.send(text.trim().replace('\n', "\r")).await;
        world.applied(&answer).await;
    }
    let n_versions = world.count("select count(*) from resource").await
        + world.count("select count(*) from history").await;
    let n_bytes = "select coalesce(sum(length(lineage)), 0)::bigint from (
        select lineage from resource union all select lineage from history) versions";
    let n_bytes = world.count(n_bytes).await;
    assert!(n_bytes < 60 * n_versions, "{n_bytes} in {n_versions}");
    // Every stored line can be read, and its terms are known.
    let rows = world.rows(
        "select lineage, journal from resource where lineage is not null",
        &[],
    );
    let terms = store::lineage::terms(&world.store).await.unwrap();
    for row in rows.await {
        let journal = row.get::<_, Option<i64>>(1).map(model::JournalId);
        let lines = ingest::lineage::decode(row.get(0), journal);
        assert!(!lines.is_empty());
        let knows = |term: i32| terms.iter().any(|(known, _)| *known == term);
        assert!(
            lines
                .iter()
                .all(|line| knows(line.element) && knows(line.field))
        );
    }
    // What these messages say that is not in the chart is counted by place.
    let unmapped = world.interface.counters.unmapped.each();
    assert!(!unmapped.is_empty());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_update_changes_what_it_should_and_reopens_nothing() {
    let Some(world) = World::new().await else {
        return;
    };
    let mut sender = world.sender().await;
    let answer = sender.send(a01("M1", "77")).await;
    world.applied(&answer).await;
    let discharge = adt("A03", "M2", "77", "20240112100000")
        .replace("|20240110080000\r", "|20240110080000|20240112100000\r");
    let answer = sender.send(discharge).await;
    world.applied(&answer).await;
    assert_eq!(encounter(&world).await["status"], "finished");
    let update = adt("A08", "M3", "77", "20240113090000").replace("12 Elm St", "7 Oak Ave");
    let answer = sender.send(update).await;
    world.applied(&answer).await;
    assert_eq!(encounter(&world).await["status"], "finished");
    let patient = world.resources(ResourceType::Patient).await.remove(0);
    assert!(
        patient["address"].to_string().contains("7 Oak Ave"),
        "{patient}"
    );
    // An admission that was said before the discharge and comes now.
    let late = adt("A01", "M4", "77", "20240110075500");
    let answer = sender.send(late).await;
    world.applied(&answer).await;
    assert_eq!(encounter(&world).await["status"], "finished");
    let patient = world.resources(ResourceType::Patient).await.remove(0);
    assert!(
        patient["address"].to_string().contains("7 Oak Ave"),
        "{patient}"
    );
    assert!(0 < world.count("select count(*) from history").await);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_nothing_makes_no_version() {
    let Some(world) = World::new().await else {
        return;
    };
    let mut sender = world.sender().await;
    let answer = sender.send(adt("A08", "M1", "77", "20240110080000")).await;
    world.applied(&answer).await;
    let before = world.count("select count(*) from change").await;
    let answer = sender.send(adt("A08", "M2", "77", "20240110090000")).await;
    world.applied(&answer).await;
    assert_eq!(world.count("select count(*) from change").await, before);
    assert_eq!(
        world
            .count("select max(version)::bigint from resource")
            .await,
        1
    );
    // It was heard all the same: what was said before it, and comes after it, does not win.
    let between = adt("A08", "M3", "77", "20240110083000").replace("12 Elm St", "7 Oak Ave");
    let answer = sender.send(between).await;
    world.applied(&answer).await;
    let patient = world.resources(ResourceType::Patient).await.remove(0);
    assert!(
        patient["address"].to_string().contains("12 Elm St"),
        "{patient}"
    );
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backlog_is_applied_in_few_transactions_and_each_message_once() {
    let Some(world) = World::new().await else {
        return;
    };
    let mut sender = world.sender().await;
    let n = 400;
    let frames: Vec<u8> = (0..n)
        .flat_map(|n| frame(a01(&format!("M{n}"), &format!("{}", n % 100))))
        .collect();
    sender.write(frames).await;
    sender.answers(n).await;
    world
        .until(
            "select count(*) from applied where disposition = 'applied'",
            400,
        )
        .await;
    assert_eq!(world.resources(ResourceType::Patient).await.len(), 100);
    assert_eq!(world.resources(ResourceType::Encounter).await.len(), 100);
    assert_eq!(world.resources(ResourceType::Practitioner).await.len(), 1);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn arrival_order_and_duplicates_leave_no_trace_in_the_chart() {
    let messages = [
        adt("A01", "M1", "77", "20240110080000"),
        adt("A08", "M2", "77", "20240110090000").replace("12 Elm St", "7 Oak Ave"),
        adt("A02", "M3", "77", "20240111090000").replace("WEST^101", "EAST^202"),
        adt("A03", "M4", "77", "20240112090000")
            .replace("|20240110080000\r", "|20240110080000|20240112090000\r"),
        adt("A13", "M5", "77", "20240112100000"),
        adt("A08", "M6", "77", "20240113090000").replace("^Berta^", "^Bertha^"),
    ];
    let mut charts = Vec::new();
    for order in [[0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0], [3, 0, 5, 1, 4, 2]] {
        let Some(world) = World::new().await else {
            return;
        };
        let mut sender = world.sender().await;
        for n in order {
            let answer = sender.send(&messages[n]).await;
            if n % 2 == 0 {
                world.applied(&answer).await;
            }
            assert_eq!(sender.send(&messages[n]).await.code, "AA");
        }
        world
            .until(
                "select count(*) from applied where disposition = 'applied'",
                6,
            )
            .await;
        charts.push(chart(&world).await);
        world.end().await;
    }
    assert_eq!(charts[0], charts[1]);
    assert_eq!(charts[0], charts[2]);
}

/// The live resources without what differs by design: version, time, source.
async fn chart(world: &World) -> Vec<Value> {
    let sql = "select body from resource where not deleted order by type, id";
    let rows = world.rows(sql, &[]).await;
    let mut bodies: Vec<Value> = rows
        .iter()
        .map(|row| serde_json::from_str(row.get(0)).unwrap())
        .collect();
    for body in &mut bodies {
        let meta = body["meta"].as_object_mut().unwrap();
        for volatile in ["versionId", "lastUpdated", "source"] {
            meta.remove(volatile);
        }
    }
    bodies
}
