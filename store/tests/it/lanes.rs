//! Claiming and settling messages.

use model::{LaneId, SignedDuration, Tenant};
use store::journal::{Chains, Receipt, Route};
use store::lanes::{self, Death, Disposition, Done, Queued};
use store::{StoreError, deadletter};

use crate::db::{self, Db};
use crate::journal::{half, kept, receipt};

fn lane(name: &str) -> LaneId {
    LaneId(half(name.as_bytes()))
}

/// Journals one message for each pair of lanes.
async fn queue(db: &Db, lanes: &[(&str, Option<&str>)]) {
    let mut chains = Chains::begin(&db.store, Tenant::DEFAULT).await.unwrap();
    let now = db.store.clock().now();
    let batch: Vec<Receipt> = lanes
        .iter()
        .enumerate()
        .map(|(n, (one, other))| Receipt {
            route: Route::Queue {
                lane: lane(one),
                other: other.map(lane),
            },
            ..receipt(&n.to_string(), "a", now)
        })
        .collect();
    kept(&db.store, &mut chains, &batch).await;
}

fn applied(message: &Queued) -> Done {
    Done {
        journal: message.journal,
        disposition: Disposition::Applied,
        profile: None,
        mapping_version: 1,
        note: None,
        reused_control_id: message.reused_control_id,
    }
}

fn lanes_of(messages: &[Queued]) -> Vec<LaneId> {
    messages.iter().map(|message| message.lane).collect()
}

#[tokio::test]
async fn two_workers_never_have_the_same_lane() {
    let Some(db) = db::fresh().await else { return };
    queue(
        &db,
        &[
            ("a", None),
            ("b", None),
            ("a", None),
            ("c", None),
            ("d", Some("b")),
        ],
    )
    .await;
    let mut one = db.store.begin(Tenant::DEFAULT).await.unwrap();
    let mut other = db.store.begin(Tenant::DEFAULT).await.unwrap();
    let first = lanes::claim(&mut one, 1, 2).await.unwrap();
    assert_eq!(lanes_of(&first.messages), [lane("a"), lane("b")]);
    // The second message of `a` and the one that also names `b` are passed over.
    let second = lanes::claim(&mut other, 1, 9).await.unwrap();
    assert_eq!(lanes_of(&second.messages), [lane("c")]);
}

#[tokio::test]
async fn what_is_finished_leaves_the_queue_and_what_is_rolled_back_does_not() {
    let Some(db) = db::fresh().await else { return };
    queue(&db, &[("a", None), ("b", None)]).await;
    for commit in [false, true] {
        let mut tx = db.store.begin(Tenant::DEFAULT).await.unwrap();
        let claim = lanes::claim(&mut tx, 1, 9).await.unwrap();
        assert_eq!(claim.messages.len(), 2);
        let done: Vec<Done> = claim.messages.iter().map(applied).collect();
        lanes::finish(&mut tx, &done, &lanes_of(&claim.messages), 1)
            .await
            .unwrap();
        if commit {
            tx.commit().await.unwrap();
        }
    }
    let mut tx = db.store.begin(Tenant::DEFAULT).await.unwrap();
    assert!(
        lanes::claim(&mut tx, 1, 9)
            .await
            .unwrap()
            .messages
            .is_empty()
    );
    assert!(
        lanes::tenants_with_work(&db.store)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_message_is_finished_once() {
    let Some(db) = db::fresh().await else { return };
    queue(&db, &[("a", None)]).await;
    let mut tx = db.store.begin(Tenant::DEFAULT).await.unwrap();
    let claim = lanes::claim(&mut tx, 1, 9).await.unwrap();
    let done = [applied(&claim.messages[0])];
    lanes::finish(&mut tx, &done, &[], 1).await.unwrap();
    let again = lanes::finish(&mut tx, &done, &[], 1).await;
    assert!(matches!(again, Err(StoreError::Retry(_))));
}

#[tokio::test]
async fn a_lane_that_newer_rules_wrote_is_left_alone() {
    let Some(db) = db::fresh().await else { return };
    queue(&db, &[("a", None), ("a", None)]).await;
    let mut tx = db.store.begin(Tenant::DEFAULT).await.unwrap();
    let claim = lanes::claim(&mut tx, 2, 1).await.unwrap();
    let done = [applied(&claim.messages[0])];
    lanes::finish(&mut tx, &done, &lanes_of(&claim.messages), 2)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let mut tx = db.store.begin(Tenant::DEFAULT).await.unwrap();
    assert!(
        lanes::claim(&mut tx, 1, 9)
            .await
            .unwrap()
            .messages
            .is_empty()
    );
    assert_eq!(lanes::claim(&mut tx, 2, 9).await.unwrap().messages.len(), 1);
}

#[tokio::test]
async fn exactly_named_messages_are_claimed_with_further_lanes() {
    let Some(db) = db::fresh().await else { return };
    queue(&db, &[("a", None), ("b", None)]).await;
    let mut tx = db.store.begin(Tenant::DEFAULT).await.unwrap();
    let all = lanes::claim(&mut tx, 1, 9).await.unwrap();
    tx.rollback().await.unwrap();
    let mut tx = db.store.begin(Tenant::DEFAULT).await.unwrap();
    let one = lanes::claim_exactly(&mut tx, &all.messages[..1], &[lane("z")])
        .await
        .unwrap();
    assert_eq!(one.messages, all.messages[..1]);
    let mut other = db.store.begin(Tenant::DEFAULT).await.unwrap();
    let rest = lanes::claim(&mut other, 1, 9).await.unwrap();
    assert_eq!(rest.messages, all.messages[1..]);
}

#[tokio::test]
async fn a_postponed_message_waits_for_its_time() {
    let Some(db) = db::fresh().await else { return };
    queue(&db, &[("a", None)]).await;
    let mut tx = db.store.begin(Tenant::DEFAULT).await.unwrap();
    let claim = lanes::claim(&mut tx, 1, 9).await.unwrap();
    let due_at = db.store.clock().now() + SignedDuration::from_hours(1);
    lanes::postpone(&mut tx, &[claim.messages[0].journal], due_at)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let mut tx = db.store.begin(Tenant::DEFAULT).await.unwrap();
    assert!(
        lanes::claim(&mut tx, 1, 9)
            .await
            .unwrap()
            .messages
            .is_empty()
    );
}

#[tokio::test]
async fn a_dead_letter_is_kept_and_can_be_retried() {
    let Some(db) = db::fresh().await else { return };
    queue(&db, &[("a", None)]).await;
    let mut tx = db.store.begin(Tenant::DEFAULT).await.unwrap();
    let message = lanes::claim(&mut tx, 1, 9).await.unwrap().messages[0];
    let death = Death {
        journal: message.journal,
        lane: message.lane,
        attempts: 3,
        reason: "no-visit".to_owned(),
        place: Some("PV1-19".to_owned()),
        diagnostics: "the visit has no number".to_owned(),
        at: db.store.clock().now(),
    };
    lanes::dead_letter(&mut tx, &death, 1).await.unwrap();
    let done = [Done {
        disposition: Disposition::Dead,
        ..applied(&message)
    }];
    lanes::finish(&mut tx, &done, &[], 1).await.unwrap();
    tx.commit().await.unwrap();
    let open = deadletter::list(&db.store, Tenant::DEFAULT, None, 9)
        .await
        .unwrap();
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].place.as_deref(), Some("PV1-19"));
    let mut tx = db.store.begin(Tenant::DEFAULT).await.unwrap();
    let retried = deadletter::Settled::Retried;
    assert!(
        deadletter::settle(&mut tx, message.journal, retried)
            .await
            .unwrap()
    );
    assert!(
        !deadletter::settle(&mut tx, message.journal, retried)
            .await
            .unwrap()
    );
    tx.commit().await.unwrap();
    let mut tx = db.store.begin(Tenant::DEFAULT).await.unwrap();
    let again = lanes::claim(&mut tx, 1, 9).await.unwrap().messages;
    assert_eq!(again[0].journal, message.journal);
    lanes::finish(&mut tx, &[applied(&message)], &[], 1)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let letter = deadletter::get(&db.store, Tenant::DEFAULT, message.journal)
        .await
        .unwrap();
    assert_eq!(letter.unwrap().settled_as.as_deref(), Some("retried"));
}
