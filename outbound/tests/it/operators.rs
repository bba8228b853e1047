//! What people do with what was given up.

use outbound::emr::Behaviour::{Accept, Reject, Silent};
use outbound::operator::{OperatorError, discard, given_up, retry};

use crate::chart::{Chart, T};
use crate::rig::{Emr, Running, delivery, destination, store, task, until};

const KNOWN: [(&str, &str); 1] = [("MAPLEMRN", "0001234")];

#[tokio::test]
async fn what_may_have_arrived_is_retried_as_it_was() {
    let Some(store) = store().await else { return };
    let mut emr = Emr::start(&[Silent, Silent, Silent, Silent, Silent, Silent, Accept]).await;
    let chart = Chart::write(&store, &KNOWN).await;
    let id = chart.post(&store, "emr", b"x").await;
    let running = Running::start(&store, destination(emr.port));
    until(&store, id, "dead").await;
    retry(&store, T, id).await.unwrap();
    until(&store, id, "accepted").await;
    let sent = emr.all();
    assert_eq!(sent.len(), 7);
    assert!(sent.iter().all(|message| message.bytes == sent[0].bytes));
    running.stop().await;
    assert!(given_up(&store, T, None, 10).await.unwrap().is_empty());
    assert!(store::alarm::raised(&store, T).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_was_refused_is_built_anew_under_another_control_id() {
    let Some(store) = store().await else { return };
    let mut emr = Emr::start(&[Reject, Accept]).await;
    let chart = Chart::write(&store, &KNOWN).await;
    let id = chart.post(&store, "emr", b"x").await;
    let running = Running::start(&store, destination(emr.port));
    let number = until(&store, id, "rejected").await.document_number;
    retry(&store, T, id).await.unwrap();
    let item = until(&store, id, "accepted").await;
    let sent = emr.all();
    assert_ne!(sent[0].control_id, sent[1].control_id);
    assert_eq!(item.document_number, number);
    running.stop().await;
}

#[tokio::test]
async fn what_is_discarded_is_not_listed_any_more_and_the_alarm_ends() {
    let Some(store) = store().await else { return };
    let emr = Emr::start(&[Reject]).await;
    let chart = Chart::write(&store, &KNOWN).await;
    let id = chart.post(&store, "emr", b"x").await;
    let running = Running::start(&store, destination(emr.port));
    until(&store, id, "rejected").await;
    running.stop().await;
    assert_eq!(given_up(&store, T, Some("emr"), 10).await.unwrap().len(), 1);
    assert_eq!(store::alarm::raised(&store, T).await.unwrap().len(), 1);
    discard(&store, T, id).await.unwrap();
    assert!(given_up(&store, T, None, 10).await.unwrap().is_empty());
    assert!(store::alarm::raised(&store, T).await.unwrap().is_empty());
    assert_eq!(task(&store, id).await["status"], "cancelled");
    assert_eq!(delivery(&store, id).await.state.word(), "rejected");
}

#[tokio::test]
async fn what_was_not_given_up_is_left_alone() {
    let Some(store) = store().await else { return };
    let chart = Chart::write(&store, &KNOWN).await;
    let id = chart.post(&store, "emr", b"x").await;
    assert!(matches!(
        retry(&store, T, id).await,
        Err(OperatorError::NotGivenUp(_))
    ));
    assert!(matches!(
        discard(&store, T, id).await,
        Err(OperatorError::NotGivenUp(_))
    ));
    assert_eq!(delivery(&store, id).await.state.word(), "queued");
}
