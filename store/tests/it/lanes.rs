//! Claiming and settling messages.

use std::time::Duration;

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
        other_lane: message.other_lane,
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

#[tokio::test]
async fn a_retried_dead_letter_keeps_both_lanes_which_are_complete_once_it_is_applied() {
    let Some(db) = db::fresh().await else { return };
    queue(&db, &[("a", Some("b"))]).await;
    let mut tx = db.store.begin(Tenant::DEFAULT).await.unwrap();
    let message = lanes::claim(&mut tx, 1, 9).await.unwrap().messages[0];
    bury(&mut tx, &message).await;
    tx.commit().await.unwrap();
    assert_eq!(incomplete(&db).await, 2);
    let mut tx = db.store.begin(Tenant::DEFAULT).await.unwrap();
    let retried = deadletter::Settled::Retried;
    deadletter::settle(&mut tx, message.journal, retried)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(incomplete(&db).await, 2, "it is not applied yet");
    let mut tx = db.store.begin(Tenant::DEFAULT).await.unwrap();
    let again = lanes::claim(&mut tx, 1, 9).await.unwrap().messages;
    assert_eq!(
        (again[0].lane, again[0].other_lane),
        (lane("a"), Some(lane("b")))
    );
    lanes::finish(&mut tx, &[applied(&message)], &[], 1)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(incomplete(&db).await, 0);
}

#[tokio::test]
async fn a_lane_is_complete_when_the_last_of_its_dead_letters_is_discarded() {
    let Some(db) = db::fresh().await else { return };
    queue(&db, &[("a", None), ("a", None)]).await;
    let mut tx = db.store.begin(Tenant::DEFAULT).await.unwrap();
    let messages = lanes::claim(&mut tx, 1, 9).await.unwrap().messages;
    for message in &messages {
        bury(&mut tx, message).await;
    }
    tx.commit().await.unwrap();
    for (message, left) in messages.iter().zip([1, 0]) {
        let mut tx = db.store.begin(Tenant::DEFAULT).await.unwrap();
        let discarded = deadletter::Settled::Discarded;
        deadletter::settle(&mut tx, message.journal, discarded)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(incomplete(&db).await, left);
    }
}

#[tokio::test]
async fn an_open_dead_letter_that_is_applied_after_all_is_settled() {
    let Some(db) = db::fresh().await else { return };
    queue(&db, &[("a", None)]).await;
    let mut tx = db.store.begin(Tenant::DEFAULT).await.unwrap();
    let message = lanes::claim(&mut tx, 1, 9).await.unwrap().messages[0];
    bury(&mut tx, &message).await;
    let again = lanes::Again {
        journal: message.journal,
        lane: lane("c"),
        other_lane: None,
        interface: message.interface,
        quiet: false,
    };
    lanes::requeue(&mut tx, again).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = db.store.begin(Tenant::DEFAULT).await.unwrap();
    let again = lanes::claim(&mut tx, 1, 9).await.unwrap().messages;
    assert_eq!(again[0].lane, lane("c"));
    lanes::finish(&mut tx, &[applied(&again[0])], &lanes_of(&again), 1)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(incomplete(&db).await, 0);
    let open = deadletter::list(&db.store, Tenant::DEFAULT, None, 9).await;
    assert!(open.unwrap().is_empty());
}

/// After a mistake in a profile.
#[tokio::test]
async fn whether_a_lane_is_complete_is_asked_of_its_own_dead_letters_alone() {
    let Some(db) = db::fresh().await else { return };
    let made = "
        insert into dead_letter
            (tenant, journal, lane, at, attempts, reason, diagnostics, settled_at, settled_as)
        select $1, n, md5(n::text)::uuid, now(), 3, 'unmappable', 'made up',
            case when n % 2 = 0 then now() end, case when n % 2 = 0 then 'discarded' end
        from generate_series(1, 100000) n";
    let lanes = "insert into lane (tenant, lane, fold_version, incomplete)
        select $1, md5(n::text)::uuid, 1, true from generate_series(1, 1000) n returning lane";
    let client = db.client().await;
    client.execute(made, &[&Tenant::DEFAULT.0]).await.unwrap();
    let rows = client.query(lanes, &[&Tenant::DEFAULT.0]).await.unwrap();
    let lanes: Vec<LaneId> = rows.iter().map(|row| LaneId(row.get(0))).collect();
    let settings = store::Settings {
        // Each with each would take ten times as long.
        statement_timeout: Duration::from_secs(2),
        ..db::settings(&db.url)
    };
    let store = store::Store::open(&settings).await.unwrap();
    let mut tx = store.begin(Tenant::DEFAULT).await.unwrap();
    lanes::finish(&mut tx, &[], &lanes, 1).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(incomplete(&db).await, 500);
}

#[tokio::test]
async fn a_message_that_waits_loudly_is_not_hushed_by_a_replay() {
    let Some(db) = db::fresh().await else { return };
    queue(&db, &[("a", None)]).await;
    let mut tx = db.store.begin(Tenant::DEFAULT).await.unwrap();
    let message = lanes::claim(&mut tx, 1, 9).await.unwrap().messages[0];
    let quietly = lanes::Again {
        journal: message.journal,
        lane: message.lane,
        other_lane: None,
        interface: message.interface,
        quiet: true,
    };
    lanes::requeue(&mut tx, quietly).await.unwrap();
    let waiting = lanes::claim(&mut tx, 1, 9).await.unwrap().messages;
    assert!(!waiting[0].quiet, "nobody was told of it yet");
    lanes::finish(&mut tx, &[applied(&message)], &lanes_of(&waiting), 1)
        .await
        .unwrap();
    lanes::requeue(&mut tx, quietly).await.unwrap();
    let again = lanes::claim(&mut tx, 1, 9).await.unwrap().messages;
    assert!(again[0].quiet);
}

async fn bury(tx: &mut store::Tx, message: &Queued) {
    let death = Death {
        journal: message.journal,
        lane: message.lane,
        other_lane: message.other_lane,
        attempts: 3,
        reason: "unmappable".to_owned(),
        place: None,
        diagnostics: "made up".to_owned(),
        at: tx.store().clock().now(),
    };
    lanes::dead_letter(tx, &death, 1).await.unwrap();
    let done = [Done {
        disposition: Disposition::Dead,
        ..applied(message)
    }];
    let lanes: Vec<LaneId> = std::iter::once(message.lane)
        .chain(message.other_lane)
        .collect();
    lanes::finish(tx, &done, &lanes, 1).await.unwrap();
}

async fn incomplete(db: &Db) -> i64 {
    let sql = "select count(*) from lane where incomplete";
    db.client().await.query_one(sql, &[]).await.unwrap().get(0)
}
