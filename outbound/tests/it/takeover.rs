//! Two processes and one destination, and a process that dies in the middle of a send.

use std::time::Duration;

use model::Delivery;
use outbound::emr::Behaviour::{Accept, Silent};

use crate::chart::Chart;
use crate::rig::{Emr, Running, attempts, delivery, destination, store, until};

const KNOWN: [(&str, &str); 1] = [("MAPLEMRN", "0001234")];

#[tokio::test]
async fn a_send_whose_process_died_is_unknown_and_goes_again_as_it_was() {
    let Some(store) = store().await else { return };
    let mut emr = Emr::start(&[Silent, Accept]).await;
    let chart = Chart::write(&store, &KNOWN).await;
    let id = chart.post(&store, "emr", b"x").await;
    let mut patient = destination(emr.port);
    patient.endpoint.ack_timeout = Duration::from_secs(20);
    let dying = Running::start(&store, patient);
    let first = emr.next().await;
    dying.kill().await;
    assert!(matches!(
        delivery(&store, id).await.state,
        Delivery::Sending { attempt: 0, .. }
    ));
    let running = Running::start(&store, destination(emr.port));
    until(&store, id, "accepted").await;
    assert_eq!(emr.next().await.bytes, first.bytes);
    running.stop().await;
}

#[tokio::test]
async fn a_server_that_stops_does_not_wait_for_a_mute_receiver() {
    let Some(store) = store().await else { return };
    let mut emr = Emr::start(&[Silent, Accept]).await;
    let chart = Chart::write(&store, &KNOWN).await;
    let id = chart.post(&store, "emr", b"x").await;
    let mut patient = destination(emr.port);
    patient.endpoint.ack_timeout = Duration::from_mins(5);
    let stopping = Running::start(&store, patient);
    let first = emr.next().await;
    stopping.stop().await;
    assert_eq!(attempts(&delivery(&store, id).await.state), 1);
    let running = Running::start(&store, destination(emr.port));
    until(&store, id, "accepted").await;
    assert_eq!(emr.next().await.bytes, first.bytes);
    running.stop().await;
}

#[tokio::test]
async fn of_two_dispatchers_one_sends_and_the_other_takes_over() {
    let Some(store) = store().await else { return };
    let mut emr = Emr::start(&[Accept]).await;
    let chart = Chart::write(&store, &KNOWN).await;
    let one = Running::start(&store, destination(emr.port));
    let two = Running::start(&store, destination(emr.port));
    let mut ids = Vec::new();
    for n in 0..10 {
        ids.push(chart.post(&store, "emr", &[n]).await);
    }
    for id in &ids {
        until(&store, *id, "accepted").await;
    }
    assert_eq!(emr.all().len(), ids.len(), "each once");
    one.stop().await;
    let late = chart.post(&store, "emr", b"late").await;
    until(&store, late, "accepted").await;
    assert_eq!(emr.all().len(), 1);
    two.stop().await;
}
