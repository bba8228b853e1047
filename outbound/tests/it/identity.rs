//! Never sent hopefully: what can't be resolved is held, and released when it can.

use outbound::emr::Behaviour::Accept;
use serde_json::Value;

use crate::chart::Chart;
use crate::rig::{Emr, Running, destination, store, task, until};

async fn check_held(identifiers: &[(&str, &str)], reason: &str) {
    let Some(store) = store().await else { return };
    let mut emr = Emr::start(&[Accept]).await;
    let chart = Chart::write(&store, identifiers).await;
    let id = chart.post(&store, "emr", b"x").await;
    let running = Running::start(&store, destination(emr.port));
    until(&store, id, "held").await;
    let shown = task(&store, id).await;
    let words = shown
        .pointer("/statusReason/text")
        .and_then(Value::as_str)
        .unwrap();
    assert!(words.contains(reason), "{words}");
    assert_eq!(shown["status"], "on-hold");
    assert!(emr.all().is_empty());
    // The identity map learns who it is.
    chart.identify(&store, &[("MAPLEMRN", "0007777")]).await;
    until(&store, id, "accepted").await;
    let text = String::from_utf8(emr.next().await.bytes.to_vec()).unwrap();
    assert!(text.contains("0007777"));
    running.stop().await;
}

#[tokio::test]
async fn an_unknown_patient_is_held_until_the_identity_map_knows() {
    check_held(&[], "no identifier of the patient under MAPLEMRN").await;
    check_held(&[("RIVERMRN", "R000501")], "no identifier of the patient").await;
}

#[tokio::test]
async fn an_ambiguous_or_misshapen_identifier_is_held() {
    check_held(
        &[("MAPLEMRN", "0000001"), ("MAPLEMRN", "0000002")],
        "2 identifiers",
    )
    .await;
    check_held(&[("MAPLEMRN", "77")], "not the form").await;
}

#[tokio::test]
async fn a_document_type_that_the_receiver_does_not_know_is_held_until_it_is_configured() {
    let Some(store) = store().await else { return };
    let mut emr = Emr::start(&[Accept]).await;
    let chart = Chart::write(&store, &[("MAPLEMRN", "0001234")]).await;
    let id = chart.post(&store, "emr", b"x").await;
    let mut ignorant = destination(emr.port);
    let summary = ignorant.mdm.types.remove("34133-9").unwrap();
    ignorant.mdm.types.insert("18842-5".to_owned(), summary);
    let running = Running::start(&store, ignorant);
    until(&store, id, "held").await;
    running.stop().await;
    let running = Running::start(&store, destination(emr.port));
    until(&store, id, "accepted").await;
    assert_eq!(emr.all().len(), 1);
    running.stop().await;
}
