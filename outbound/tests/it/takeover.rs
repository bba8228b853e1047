//! Two processes and one destination; a process that dies in the middle of a send; a database that
//! goes away in the middle of one.

use std::time::Duration;

use model::Delivery;
use outbound::emr::Behaviour::{Accept, Silent, Slow};

use crate::chart::Chart;
use crate::rig::{
    Emr, Running, attempts, delivery, destination, store, store_behind_a_proxy, until, until_again,
};

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

#[tokio::test]
async fn an_answer_that_comes_while_the_database_is_away_is_not_forgotten() {
    let Some((store, proxy)) = store_behind_a_proxy().await else {
        return;
    };
    let mut emr = Emr::start(&[Slow]).await;
    let chart = Chart::write(&store, &KNOWN).await;
    let id = chart.post(&store, "emr", b"x").await;
    let mut patient = destination(emr.port);
    patient.endpoint.ack_timeout = Duration::from_secs(20);
    patient.lease = Duration::from_secs(20);
    let running = Running::start(&store, patient);
    emr.next().await;
    // The message is with the receiver, whose answer comes 0.8 s later.
    proxy.cut();
    tokio::time::sleep(Duration::from_secs(2)).await;
    proxy.mend();
    until_again(&store, id, "accepted").await;
    assert!(emr.all().is_empty(), "it was not sent again");
    // And the next document finds a dispatcher at work.
    let next = chart.post(&store, "emr", b"y").await;
    until(&store, next, "accepted").await;
    running.stop().await;
}
