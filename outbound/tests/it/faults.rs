//! What a receiver can do to us.

use std::collections::BTreeMap;
use std::time::Duration;

use model::{DeadReason, Delivery};
use outbound::confirm::{Evidence, confirm};
use outbound::emr::Behaviour::{
    self, Accept, Busy, Drop, Error, Garbage, Reject, Silent, Slow, Split, WrongId,
};
use outbound::emr::Received;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::net::TcpListener;

use crate::chart::Chart;
use crate::rig::{Emr, Running, attempts, delivery, destination, settled, store, task, until};

const KNOWN: [(&str, &str); 1] = [("MAPLEMRN", "0001234")];

#[tokio::test]
async fn a_document_is_accepted_with_the_emrs_own_identifiers() {
    let Some(store) = store().await else { return };
    let mut emr = Emr::start(&[Accept]).await;
    let chart = Chart::write(&store, &KNOWN).await;
    let id = chart.post(&store, "emr", b"%PDF-1.4 made up").await;
    assert_eq!(task(&store, id).await["businessStatus"]["text"], "queued");
    let running = Running::start(&store, destination(emr.port));
    let item = until(&store, id, "accepted").await;
    let message = emr.next().await;
    assert_eq!(Some(message.control_id.clone()), item.control_id);
    let text = String::from_utf8(message.bytes.to_vec()).unwrap();
    assert!(
        text.contains("0001234") && text.contains("HHSUM^Summary^L"),
        "{text}"
    );
    assert!(
        !text.contains(&chart.patient.to_string()),
        "our id is nobody's business"
    );
    let kept = store::blob::whole(&store, item.tenant, &item.message_digest.unwrap())
        .await
        .unwrap();
    assert_eq!(kept.unwrap(), message.bytes);
    let task = task(&store, id).await;
    assert_eq!(task["businessStatus"]["text"], "accepted");
    assert_eq!(task["status"], "accepted");
    assert_eq!(task["meta"]["versionId"], "3");
    let said = task["output"][0]["valueString"].as_str().unwrap();
    assert!(said.starts_with("MSA|AA|"), "{said}");
    running.stop().await;
}

/// Posts one document to a receiver that behaves badly first and well afterwards.
async fn check_recovery(bad: Behaviour) {
    let Some(store) = store().await else { return };
    let mut emr = Emr::start(&[bad, bad, Accept]).await;
    let chart = Chart::write(&store, &KNOWN).await;
    let id = chart.post(&store, "emr", b"%PDF-1.4 made up").await;
    let running = Running::start(&store, destination(emr.port));
    until(&store, id, "accepted").await;
    let sent = emr.all();
    assert_eq!(sent.len(), 3, "{bad:?}");
    assert!(
        sent.iter().all(|message| message.bytes == sent[0].bytes),
        "{bad:?}: the same bytes"
    );
    running.stop().await;
}

#[tokio::test]
async fn a_negative_answer_that_may_pass_is_sent_again() {
    check_recovery(Error).await;
    check_recovery(Busy).await;
}

#[tokio::test]
async fn silence_and_broken_connections_resend_the_same_bytes() {
    check_recovery(Silent).await;
    check_recovery(Slow).await;
    check_recovery(Drop).await;
}

#[tokio::test]
async fn answers_that_are_not_ours_count_as_silence() {
    check_recovery(WrongId).await;
    check_recovery(Garbage).await;
}

#[tokio::test]
async fn an_answer_in_single_bytes_is_an_answer() {
    let Some(store) = store().await else { return };
    let mut emr = Emr::start(&[Split]).await;
    let chart = Chart::write(&store, &KNOWN).await;
    let id = chart.post(&store, "emr", b"x").await;
    let mut unhurried = destination(emr.port);
    unhurried.endpoint.ack_timeout = Duration::from_secs(10);
    let running = Running::start(&store, unhurried);
    until(&store, id, "accepted").await;
    assert_eq!(emr.all().len(), 1);
    running.stop().await;
}

#[tokio::test]
async fn one_first_send_and_five_retries_then_dead_with_an_alarm() {
    let Some(store) = store().await else { return };
    let mut emr = Emr::start(&[Silent]).await;
    let chart = Chart::write(&store, &KNOWN).await;
    let id = chart.post(&store, "emr", b"x").await;
    let running = Running::start(&store, destination(emr.port));
    let item = until(&store, id, "dead").await;
    assert_eq!(
        item.state,
        Delivery::Dead {
            attempts: 6,
            reason: DeadReason::Unknown
        }
    );
    let sent = emr.all();
    assert_eq!(sent.len(), 6);
    assert!(sent.iter().all(|message| message.bytes == sent[0].bytes));
    let shown = task(&store, id).await;
    assert_eq!(shown["status"], "failed");
    assert!(
        shown["statusReason"]["text"]
            .as_str()
            .unwrap()
            .contains("no answer within")
    );
    running.stop().await;
    let alarms = store::alarm::raised(&store, item.tenant).await.unwrap();
    assert!(
        alarms
            .iter()
            .any(|alarm| alarm.key == "outbound.given-up.emr"),
        "{alarms:?}"
    );
}

#[tokio::test]
async fn a_refusal_ends_the_delivery_at_once() {
    let Some(store) = store().await else { return };
    let mut emr = Emr::start(&[Reject]).await;
    let chart = Chart::write(&store, &KNOWN).await;
    let id = chart.post(&store, "emr", b"x").await;
    let running = Running::start(&store, destination(emr.port));
    let item = until(&store, id, "rejected").await;
    assert_eq!(emr.all().len(), 1);
    assert!(item.answer.unwrap().contains("ERR|"));
    running.stop().await;
}

#[tokio::test]
async fn a_receiver_that_is_down_spends_no_retries() {
    let Some(store) = store().await else { return };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let chart = Chart::write(&store, &KNOWN).await;
    let id = chart.post(&store, "emr", b"x").await;
    let running = Running::start(&store, destination(port));
    // Long enough for more attempts to connect than there are retries.
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    let alarm = loop {
        let alarms = store::alarm::raised(&store, crate::chart::T).await.unwrap();
        if let Some(alarm) = alarms.into_iter().next() {
            break alarm;
        }
        assert!(tokio::time::Instant::now() < deadline, "no alarm");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(alarm.key, "outbound.unreachable.emr");
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(attempts(&delivery(&store, id).await.state), 0);
    let shown = task(&store, id).await;
    assert_eq!(shown["meta"]["versionId"], "1", "an outage writes nothing");
    let mut emr = Emr::on(
        TcpListener::bind(("127.0.0.1", port)).await.unwrap(),
        &[Accept],
    );
    until(&store, id, "accepted").await;
    emr.next().await;
    running.stop().await;
    assert!(
        store::alarm::raised(&store, crate::chart::T)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_message_that_backs_off_blocks_only_its_own_patient() {
    let Some(store) = store().await else { return };
    let mut emr = Emr::start(&[Error, Accept]).await;
    let (first, second) = (
        Chart::write(&store, &KNOWN).await,
        Chart::write(&store, &KNOWN).await,
    );
    let failing = first.post(&store, "emr", b"1").await;
    let behind_it = first.post(&store, "emr", b"2").await;
    let other = second.post(&store, "emr", b"3").await;
    let mut slow = destination(emr.port);
    slow.backoff = outbound::backoff::Backoff::new(vec![Duration::from_secs(3); 5]);
    let running = Running::start(&store, slow);
    until(&store, other, "accepted").await;
    assert_eq!(delivery(&store, failing).await.state.word(), "queued");
    assert_eq!(delivery(&store, behind_it).await.state.word(), "queued");
    until(&store, behind_it, "accepted").await;
    until(&store, failing, "accepted").await;
    let order: Vec<_> = emr
        .all()
        .into_iter()
        .map(|message| message.control_id)
        .collect();
    let control_ids = [failing, other, failing, behind_it];
    for (received, id) in order.iter().zip(control_ids) {
        assert_eq!(
            Some(received),
            delivery(&store, id).await.control_id.as_ref()
        );
    }
    running.stop().await;
}

#[tokio::test]
async fn in_enhanced_mode_the_applications_answer_confirms() {
    let Some(store) = store().await else { return };
    let emr = Emr::start(&[Accept]).await;
    let chart = Chart::write(&store, &KNOWN).await;
    let id = chart.post(&store, "emr", b"x").await;
    let mut enhanced = destination(emr.port);
    enhanced.mdm.accept_ack = "AL".to_owned();
    enhanced.mdm.application_ack = "AL".to_owned();
    let running = Running::start(&store, enhanced);
    let item = until(&store, id, "confirmed").await;
    let said = item.answer.unwrap();
    assert!(
        said.contains("MSA|CA|") && said.contains("MSA|AA|"),
        "{said}"
    );
    assert_eq!(task(&store, id).await["status"], "completed");
    running.stop().await;
}

#[tokio::test]
async fn evidence_of_the_receiver_confirms_what_was_accepted() {
    let Some(store) = store().await else { return };
    let emr = Emr::start(&[Accept]).await;
    let chart = Chart::write(&store, &KNOWN).await;
    let id = chart.post(&store, "emr", b"x").await;
    let running = Running::start(&store, destination(emr.port));
    let item = until(&store, id, "accepted").await;
    running.stop().await;
    let chain = store::audit::AuditChain::default();
    let number = item.document_number.unwrap();
    let evidence = Evidence::DocumentNumber(&number);
    let stranger = confirm(&store, &chain, item.tenant, "lab", evidence).await;
    assert!(!stranger.unwrap(), "another receiver can't speak for it");
    assert!(
        confirm(&store, &chain, item.tenant, "emr", evidence)
            .await
            .unwrap()
    );
    assert_eq!(delivery(&store, id).await.state.word(), "confirmed");
    let again = confirm(&store, &chain, item.tenant, "emr", evidence).await;
    assert!(!again.unwrap(), "it is confirmed already");
}

/// Many documents to a receiver that does whatever it likes: nothing is taken for delivered that
/// was not acknowledged, nothing is lost, nothing is sent more than six times.
#[tokio::test]
async fn random_faults_lose_nothing_and_believe_nothing() {
    let Some(store) = store().await else { return };
    let mut rng = StdRng::seed_from_u64(20_261_121);
    let faults = [
        Silent, Drop, WrongId, Error, Busy, Reject, Garbage, Split, Accept, Accept, Accept,
    ];
    let behaviours: Vec<Behaviour> = (0..400)
        .map(|_| faults[rng.random_range(0..faults.len())])
        .chain([Accept])
        .collect();
    let mut emr = Emr::start(&behaviours).await;
    let mut ids = Vec::new();
    for n in 0..60_u8 {
        let chart = Chart::write(&store, &KNOWN).await;
        ids.push(chart.post(&store, "emr", &[n]).await);
    }
    let mut hurried = destination(emr.port);
    hurried.endpoint.ack_timeout = Duration::from_millis(100);
    let running = Running::start(&store, hurried);
    let mut sends: BTreeMap<String, Vec<Received>> = BTreeMap::new();
    let mut items = Vec::new();
    for id in ids {
        items.push(settled(&store, id).await);
    }
    running.stop().await;
    for received in emr.all() {
        sends
            .entry(received.control_id.clone())
            .or_default()
            .push(received);
    }
    assert_eq!(sends.len(), 60);
    for item in items {
        let sent = &sends[item.control_id.as_ref().unwrap()];
        assert!(sent.iter().all(|message| message.bytes == sent[0].bytes));
        assert!((1..=6).contains(&sent.len()));
        let last = sent.last().unwrap().behaviour;
        match item.state {
            Delivery::Accepted { .. } => assert!(matches!(last, Accept | Split), "{last:?}"),
            Delivery::Rejected { .. } => assert_eq!(last, Reject),
            ref other => assert_eq!(sent.len(), 6, "{other:?}"),
        }
    }
}
