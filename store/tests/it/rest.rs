//! Tokens, alarms, reviews, quarantine, dictionaries, coalesced writes, chores.

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use model::{Delivery, DeliveryId, SignedDuration, Tenant, VersionId};
use store::resource::{Coalescer, Condition, Created, Criterion, IndexRows, Search, Submission};
use store::{
    InterfaceId, alarm, delivery, lineage, profile, quarantine, resource, review, stats, token,
};
use uuid::Uuid;

use crate::chart::{ALL, KIND, create, id, version};
use crate::db;

const T: Tenant = Tenant::DEFAULT;

#[tokio::test]
async fn a_token_is_found_by_its_digest_until_it_is_revoked() {
    let Some(db) = db::fresh().await else { return };
    let now = db.store.clock().now();
    let new = token::NewToken {
        tenant: T,
        hash: [1; 32],
        scope: "system/Patient.rs".to_owned(),
        client: "app".to_owned(),
        user: None,
        patient: Some(id(9)),
        expires_at: now + SignedDuration::from_secs(60),
    };
    let number = token::issue(&db.store, &new).await.unwrap();
    let grant = token::find(&db.store, [1; 32]).await.unwrap().unwrap();
    assert_eq!((grant.id, grant.patient), (number, Some(id(9))));
    assert!(grant.is_valid(now) && !grant.is_valid(grant.expires_at));
    assert!(token::find(&db.store, [2; 32]).await.unwrap().is_none());
    assert!(token::revoke(&db.store, [1; 32]).await.unwrap());
    assert!(!token::revoke(&db.store, [1; 32]).await.unwrap());
    assert!(
        !token::find(&db.store, [1; 32])
            .await
            .unwrap()
            .unwrap()
            .is_valid(now)
    );
    assert_eq!(
        token::purge(&db.store, grant.expires_at + SignedDuration::from_secs(1))
            .await
            .unwrap(),
        1
    );
}

#[tokio::test]
async fn an_alarm_is_one_row_from_onset_to_recovery() {
    let Some(db) = db::fresh().await else { return };
    assert!(
        alarm::raise(&db.store, T, "feed adt", "nothing came for an hour")
            .await
            .unwrap()
    );
    assert!(
        !alarm::raise(&db.store, T, "feed adt", "nothing came for an hour")
            .await
            .unwrap()
    );
    let raised = alarm::raised(&db.store, T).await.unwrap();
    assert!(
        alarm::acknowledge(&db.store, T, raised[0].id)
            .await
            .unwrap()
    );
    assert!(alarm::clear(&db.store, T, "feed adt").await.unwrap());
    assert!(alarm::raised(&db.store, T).await.unwrap().is_empty());
    assert!(
        alarm::raise(&db.store, T, "feed adt", "again")
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn reviews_stay_open_until_they_are_decided() {
    let Some(db) = db::fresh().await else { return };
    let question = review::Question {
        kind: "no-patient".to_owned(),
        journal: None,
        entity: None,
        other_entity: None,
        explained: None,
    };
    let mut tx = db.store.begin(T).await.unwrap();
    review::open(&mut tx, &[question.clone(), question.clone()])
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let open = review::list(&db.store, T, None, 9).await.unwrap();
    assert_eq!(open.len(), 2);
    let mut tx = db.store.begin(T).await.unwrap();
    assert!(review::decide(&mut tx, open[0].id, "none").await.unwrap());
    assert!(!review::decide(&mut tx, open[0].id, "none").await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(
        review::list(&db.store, T, None, 9).await.unwrap(),
        open[1..]
    );
}

#[tokio::test]
async fn quarantine_keeps_the_bytes() {
    let Some(db) = db::fresh().await else { return };
    let suspect = quarantine::Suspect {
        received_at: db.store.clock().now(),
        interface: InterfaceId(1),
        peer: "127.0.0.1:1".to_owned(),
        reason: "no MSH".to_owned(),
        raw: Bytes::from_static(b"\0\xff"),
    };
    let id = quarantine::keep(&db.store, T, &suspect).await.unwrap();
    let listed = quarantine::list(&db.store, T, None, 9).await.unwrap();
    assert_eq!((listed[0].id, listed[0].size), (id, 2));
    assert_eq!(
        quarantine::raw(&db.store, T, id).await.unwrap(),
        Some(suspect.raw)
    );
}

#[tokio::test]
async fn names_are_interned_once() {
    let Some(db) = db::fresh().await else { return };
    let first = lineage::intern(&db.store, &["PID-8", "Patient.gender", "PID-8"])
        .await
        .unwrap();
    assert_eq!(first[0], first[2]);
    let again = lineage::intern(&db.store, &["Patient.gender", "PID-5"])
        .await
        .unwrap();
    assert_eq!(first[1], again[0]);
    assert_eq!(lineage::terms(&db.store).await.unwrap().len(), 3);
    let one = profile::version(&db.store, "hchb", "1", [1; 32])
        .await
        .unwrap();
    assert_eq!(
        profile::version(&db.store, "hchb", "1", [1; 32])
            .await
            .unwrap(),
        one
    );
    assert_ne!(
        profile::version(&db.store, "hchb", "1", [2; 32])
            .await
            .unwrap(),
        one
    );
    let name = profile::name(&db.store, one).await.unwrap();
    assert_eq!(name, Some(("hchb".to_owned(), "1".to_owned())));
    let adt = db.store.interface_id(T, "adt").await.unwrap();
    assert_eq!(db.store.interface_id(T, "adt").await.unwrap(), adt);
    assert_eq!(
        db.store.interfaces(T).await.unwrap(),
        [(adt, "adt".to_owned())]
    );
    let agency = db.store.create_tenant("agency").await.unwrap();
    assert_eq!(
        db.store.create_tenant("agency").await.unwrap().tenant,
        agency.tenant
    );
    assert_eq!(
        db.store.tenant("agency").await.unwrap().unwrap().tenant,
        agency.tenant
    );
    assert!(db.store.tenant("nobody").await.unwrap().is_none());
}

fn submission(n: u128, store: &store::Store, key: Option<i64>) -> Submission {
    let index = IndexRows {
        tokens: key.into_iter().collect(),
        leads: key.into_iter().collect(),
        ..IndexRows::default()
    };
    let now = store.clock().now();
    Submission {
        tenant: T,
        condition: key.map(|key| Condition {
            search: Search::of(KIND, vec![Criterion::Tokens(vec![key])], 2),
            locks: vec![key],
        }),
        writes: vec![create(id(n), now, version(&n.to_string(), index))],
        deliveries: vec![delivery::New {
            id: DeliveryId(Uuid::from_u128(n)),
            destination: "emr".to_owned(),
            document: id(n),
            document_version: VersionId::FIRST,
            patient: None,
            state: Delivery::new(now),
        }],
        audit: Vec::new(),
    }
}

#[tokio::test]
async fn conditional_creates_at_the_same_time_make_one_resource() {
    let Some(db) = db::fresh().await else { return };
    // Two writing tasks, as two processes would have.
    let tasks = [Coalescer::start(&db.store), Coalescer::start(&db.store)];
    let posts = (1..=40_u128).map(|n| {
        let task = tasks[usize::try_from(n % 2).unwrap()].clone();
        let submission = submission(n, &db.store, Some(555));
        async move { task.submit(submission).await.unwrap() }
    });
    let made = join_all(posts).await;
    let n_written = made
        .iter()
        .filter(|one| matches!(one, Created::Written))
        .count();
    assert_eq!(n_written, 1);
    assert!(made.iter().all(|one| !matches!(one, Created::Several)));
    let deliveries = delivery::list(&db.store, T, &delivery::Filter::default(), 99)
        .await
        .unwrap();
    assert_eq!(deliveries.len(), 1);
}

#[tokio::test]
async fn a_write_that_fails_does_not_fail_those_that_share_its_commit() {
    let Some(db) = db::fresh().await else { return };
    let task = Coalescer::start(&db.store);
    // Every second one has an id that is taken.
    task.submit(submission(1, &db.store, None)).await.unwrap();
    let posts = (0..20_u128).map(|n| {
        let n = if n % 2 == 0 { 1 } else { n + 100 };
        task.submit(submission(n, &db.store, None))
    });
    let n_written = join_all(posts).await.into_iter().flatten().count();
    assert_eq!(n_written, 10);
    assert!(
        resource::read(&db.store, &ALL, KIND, id(119))
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test]
async fn a_bell_wakes_sleepers_here_and_in_other_processes() {
    let Some(db) = db::fresh().await else { return };
    let here = store::wake::Bell::hang(&db.store);
    let elsewhere = store::wake::Bell::hang(&db.store);
    let deadline = Duration::from_secs(10);
    let heard = async {
        tokio::join!(here.heard(deadline * 2), elsewhere.heard(deadline * 2));
    };
    let ringing = async {
        loop {
            here.ring();
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let woken = tokio::time::timeout(deadline, async {
        tokio::select! { () = heard => {}, () = ringing => {} }
    });
    woken.await.unwrap();
}

#[tokio::test]
async fn a_ring_that_nobody_was_listening_to_is_heard_by_the_next_who_does() {
    let Some(db) = db::fresh().await else { return };
    let bell = store::wake::Bell::hang(&db.store);
    bell.ring();
    let long = Duration::from_mins(1);
    tokio::time::timeout(Duration::from_secs(5), bell.heard(long))
        .await
        .unwrap();
}

#[tokio::test]
async fn chores_and_numbers() {
    let Some(db) = db::fresh().await else { return };
    db.store.ping().await.unwrap();
    db.store.ensure_partitions().await.unwrap();
    let sql = "insert into seen (tenant, key, digest, journal, at)
        select 1, gen_random_uuid(), gen_random_uuid(), 0, now() - n * interval '1 hour'
        from generate_series(1, 60) n";
    db.client().await.batch_execute(sql).await.unwrap();
    assert_eq!(stats::purge_seen(&db.store).await.unwrap(), 13);
    let waiting = stats::waiting(&db.store, T).await.unwrap();
    assert_eq!((waiting.n_queued, waiting.oldest), (0, None));
    let tables = stats::table_bytes(&db.store).await.unwrap();
    assert!(tables.iter().any(|table| table.table == "journal"));
    assert!(stats::database_bytes(&db.store).await.unwrap() > 0);
    assert!(stats::data_directory(&db.store).await.unwrap().is_some());
}
