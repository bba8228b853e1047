//! Appending and reading the journal.

use std::time::Duration;

use bytes::Bytes;
use model::{LaneId, SignedDuration, Tenant, Timestamp};
use store::journal::{self, AppendError, Appended, Chains, Raw, Receipt, Route};
use store::{InterfaceId, Store, blob};
use uuid::Uuid;

use crate::db;
use crate::faults::blocked;

pub(crate) const DEADLINE: Duration = Duration::from_secs(5);

/// A message that is told apart by a control id and a content.
pub(crate) fn receipt(control_id: &str, content: &str, at: Timestamp) -> Receipt {
    let raw = Bytes::from(format!("MSH|^~\\&|A|B|||{control_id}\r{content}"));
    Receipt {
        received_at: at,
        interface: InterfaceId(1),
        peer: "127.0.0.1:1".to_owned(),
        sending_application: "A".to_owned(),
        sending_facility: "B".to_owned(),
        message_type: "ADT^A01".to_owned(),
        control_id: control_id.to_owned(),
        digest: sha256(&raw),
        raw: Raw::Inline(raw),
        seen_key: half(control_id.as_bytes()),
        seen_digest: half(content.as_bytes()),
        route: Route::Queue {
            lane: LaneId(half(b"lane")),
            other: None,
        },
    }
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).into()
}

pub(crate) fn half(bytes: &[u8]) -> Uuid {
    Uuid::from_slice(&sha256(bytes)[..16]).unwrap()
}

/// Appends and expects every message to be kept.
pub(crate) async fn kept(store: &Store, chains: &mut Chains, batch: &[Receipt]) -> Vec<Appended> {
    let answers = journal::append(store, chains, batch, DEADLINE).await;
    answers.into_iter().map(Result::unwrap).collect()
}

async fn count(client: &tokio_postgres::Client, what: &str) -> i64 {
    let sql = format!("select count(*) from {what}");
    client.query_one(&sql, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn a_message_is_kept_with_its_exact_bytes_and_queued() {
    let Some(db) = db::fresh().await else { return };
    let mut chains = Chains::begin(&db.store, Tenant::DEFAULT).await.unwrap();
    let now = db.store.clock().now();
    let receipts = [receipt("1", "a", now), receipt("2", "b", now)];
    let appended = kept(&db.store, &mut chains, &receipts).await;
    assert!(
        appended
            .iter()
            .all(|one| one.duplicate_of.is_none() && !one.reused_control_id)
    );
    let entry = journal::get(&db.store, Tenant::DEFAULT, appended[1].id)
        .await
        .unwrap()
        .unwrap();
    let Raw::Inline(raw) = &receipts[1].raw else {
        unreachable!()
    };
    assert_eq!(&entry.raw, raw);
    assert_eq!(entry.summary.control_id, "2");
    assert_eq!(entry.summary.disposition, None);
    assert_eq!(count(&db.client().await, "queue").await, 2);
}

#[tokio::test]
async fn a_resend_is_kept_but_not_applied_again() {
    let Some(db) = db::fresh().await else { return };
    let mut chains = Chains::begin(&db.store, Tenant::DEFAULT).await.unwrap();
    let now = db.store.clock().now();
    let first = kept(&db.store, &mut chains, &[receipt("1", "a", now)]).await;
    // Once more in a later batch, twice in the same batch.
    let batch = [
        receipt("1", "a", now),
        receipt("2", "b", now),
        receipt("2", "b", now),
    ];
    let again = kept(&db.store, &mut chains, &batch).await;
    assert_eq!(again[0].duplicate_of, Some(first[0].id));
    assert_eq!(again[1].duplicate_of, None);
    assert_eq!(again[2].duplicate_of, Some(again[1].id));
    let client = db.client().await;
    assert_eq!(count(&client, "journal").await, 4);
    assert_eq!(count(&client, "queue").await, 2);
    assert_eq!(
        count(&client, "applied where disposition = 'duplicate'").await,
        2
    );
}

#[tokio::test]
async fn after_48_hours_the_same_message_is_applied_again() {
    let Some(db) = db::fresh().await else { return };
    let mut chains = Chains::begin(&db.store, Tenant::DEFAULT).await.unwrap();
    let now = db.store.clock().now();
    let long_ago = now - SignedDuration::from_hours(49);
    kept(&db.store, &mut chains, &[receipt("1", "a", long_ago)]).await;
    let again = kept(&db.store, &mut chains, &[receipt("1", "a", now)]).await;
    assert_eq!(again[0].duplicate_of, None);
    let third = kept(&db.store, &mut chains, &[receipt("1", "a", now)]).await;
    assert_eq!(third[0].duplicate_of, Some(again[0].id));
}

#[tokio::test]
async fn a_control_id_with_other_content_is_applied_and_flagged() {
    let Some(db) = db::fresh().await else { return };
    let mut chains = Chains::begin(&db.store, Tenant::DEFAULT).await.unwrap();
    let now = db.store.clock().now();
    kept(&db.store, &mut chains, &[receipt("1", "a", now)]).await;
    let batch = [
        receipt("1", "b", now),
        receipt("2", "x", now),
        receipt("2", "y", now),
    ];
    let flags: Vec<bool> = kept(&db.store, &mut chains, &batch)
        .await
        .iter()
        .map(|one| one.reused_control_id)
        .collect();
    assert_eq!(flags, [true, false, true]);
    let client = db.client().await;
    assert_eq!(count(&client, "queue").await, 4);
    assert_eq!(count(&client, "queue where reused_control_id").await, 2);
}

#[tokio::test]
async fn two_writers_that_get_the_same_message_at_once_apply_it_once() {
    let Some(db) = db::fresh().await else { return };
    let now = db.store.clock().now();
    let mut one = Chains::begin(&db.store, Tenant::DEFAULT).await.unwrap();
    let mut other = Chains::begin(&db.store, Tenant::DEFAULT).await.unwrap();
    let forth: Vec<Receipt> = (0..50).map(|n| receipt(&n.to_string(), "a", now)).collect();
    let back: Vec<Receipt> = forth.iter().rev().cloned().collect();
    let (a, b) = tokio::join!(
        kept(&db.store, &mut one, &forth),
        kept(&db.store, &mut other, &back)
    );
    let n_new = a
        .iter()
        .chain(&b)
        .filter(|one| one.duplicate_of.is_none())
        .count();
    assert_eq!(n_new, 50);
    assert_eq!(count(&db.client().await, "queue").await, 50);
}

#[tokio::test]
async fn what_nothing_of_ours_applies_is_kept_as_unrouted() {
    let Some(db) = db::fresh().await else { return };
    let mut chains = Chains::begin(&db.store, Tenant::DEFAULT).await.unwrap();
    let unrouted = Receipt {
        route: Route::Unrouted,
        ..receipt("1", "a", db.store.clock().now())
    };
    let appended = kept(&db.store, &mut chains, &[unrouted]).await;
    let entry = journal::get(&db.store, Tenant::DEFAULT, appended[0].id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(entry.summary.disposition.as_deref(), Some("unrouted"));
}

#[tokio::test]
async fn a_row_that_cannot_be_stored_fails_alone() {
    let Some(db) = db::fresh().await else { return };
    let sql = "alter table journal add constraint no_bad check (control_id <> 'bad')";
    db.client().await.batch_execute(sql).await.unwrap();
    let mut chains = Chains::begin(&db.store, Tenant::DEFAULT).await.unwrap();
    let now = db.store.clock().now();
    let batch = [
        receipt("1", "a", now),
        receipt("bad", "a", now),
        receipt("2", "a", now),
    ];
    let answers = journal::append(&db.store, &mut chains, &batch, DEADLINE).await;
    assert!(answers[0].is_ok() && answers[2].is_ok());
    assert!(matches!(answers[1], Err(AppendError::Row(_))));
    // The chain goes on without a gap.
    let report = journal::verify(&db.store, Tenant::DEFAULT, &db::KEY, &[], None, || {})
        .await
        .unwrap();
    assert_eq!((report.n_entries, report.first_broken), (2, None));
}

#[tokio::test]
async fn a_nul_in_a_header_field_does_not_keep_a_message_out() {
    let Some(db) = db::fresh().await else { return };
    let mut chains = Chains::begin(&db.store, Tenant::DEFAULT).await.unwrap();
    let odd = Receipt {
        sending_application: "A\0B".to_owned(),
        ..receipt("1", "a\0b", db.store.clock().now())
    };
    let appended = kept(&db.store, &mut chains, &[odd]).await;
    let entry = journal::get(&db.store, Tenant::DEFAULT, appended[0].id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(entry.summary.sending_application, "A\u{fffd}B");
    assert!(entry.raw.ends_with(b"a\0b"));
}

#[tokio::test]
async fn big_bytes_live_as_chunks_and_come_back_whole() {
    let Some(db) = db::fresh().await else { return };
    let raw = Bytes::from(vec![b'x'; 2_500_000]);
    let digest = sha256(&raw);
    let blob = blob::stage(&db.store, Tenant::DEFAULT, digest, &raw)
        .await
        .unwrap();
    let again = blob::stage(&db.store, Tenant::DEFAULT, digest, &raw)
        .await
        .unwrap();
    assert_eq!(blob, again);
    let mut chains = Chains::begin(&db.store, Tenant::DEFAULT).await.unwrap();
    let big = Receipt {
        digest,
        raw: Raw::Staged(blob.size),
        ..receipt("1", "a", db.store.clock().now())
    };
    let appended = kept(&db.store, &mut chains, &[big]).await;
    let ids = [appended[0].id];
    let raws = journal::raws(&db.store, Tenant::DEFAULT, &ids)
        .await
        .unwrap();
    assert_eq!(raws, [(ids[0], raw)]);
    let report = journal::verify(&db.store, Tenant::DEFAULT, &db::KEY, &[], None, || {})
        .await
        .unwrap();
    assert_eq!(report.first_broken, None);
}

/// The chunks of a large message are there when a resend looks, and are expunged before it is journalled.
#[tokio::test]
async fn a_large_message_whose_chunks_are_just_being_released_is_not_journalled_without_them() {
    let Some(db) = db::fresh().await else { return };
    let raw = Bytes::from(vec![b'x'; 2_500_000]);
    let stage = async || {
        let staged = blob::stage(&db.store, Tenant::DEFAULT, sha256(&raw), &raw);
        Receipt {
            digest: sha256(&raw),
            raw: Raw::Staged(staged.await.unwrap().size),
            ..receipt("1", "a", db.store.clock().now())
        }
    };
    let resend = stage().await;
    let mut client = db.client().await;
    let release = client.transaction().await.unwrap();
    let sql = "select release_blobs(1, array[$1::bytea])";
    let digest = resend.digest.as_slice();
    release.execute(sql, &[&digest]).await.unwrap();
    let mut chains = Chains::begin(&db.store, Tenant::DEFAULT).await.unwrap();
    let batch = [stage().await];
    let append = journal::append(&db.store, &mut chains, &batch, DEADLINE);
    let meanwhile = async {
        blocked(&db).await;
        release.commit().await.unwrap();
    };
    let (answers, ()) = tokio::join!(append, meanwhile);
    let is_to_be_resent =
        matches!(&answers[0], Err(AppendError::Failed(error)) if error.is_transient());
    assert!(is_to_be_resent, "{answers:?}");
    let batch = [stage().await];
    kept(&db.store, &mut chains, &batch).await;
    let report = journal::verify(&db.store, Tenant::DEFAULT, &db::KEY, &[], None, || {});
    assert_eq!(report.await.unwrap().first_broken, None);
}

#[tokio::test]
async fn the_control_id_of_an_expunged_message_may_be_used_again_and_the_message_may_not() {
    let Some(db) = db::fresh().await else { return };
    let mut chains = Chains::begin(&db.store, Tenant::DEFAULT).await.unwrap();
    let now = db.store.clock().now();
    for control_id in ["1", "2"] {
        let one = receipt(control_id, "a", now);
        let fingerprint = (one.seen_key, one.seen_digest);
        let appended = kept(&db.store, &mut chains, &[one]).await;
        let entry = journal::kept(&db.store, Tenant::DEFAULT, appended[0].id).await;
        let mut tx = db.store.begin(Tenant::DEFAULT).await.unwrap();
        let entry = entry.unwrap().unwrap();
        let expunged = journal::expunge(&mut tx, &entry, "another's", fingerprint).await;
        assert!(expunged.unwrap());
        tx.commit().await.unwrap();
    }
    // The resend makes the statement a wary one.
    for (control_id, content, is_duplicate) in
        [("1", "b", false), ("1", "a", true), ("2", "b", false)]
    {
        let one = receipt(control_id, content, now);
        let one = kept(&db.store, &mut chains, &[one]).await[0];
        let told = (one.duplicate_of.is_some(), one.reused_control_id);
        assert_eq!(told, (is_duplicate, false), "{control_id} {content}");
    }
}

#[tokio::test]
async fn the_journal_is_listed_in_either_order_and_by_what_became_of_it() {
    let Some(db) = db::fresh().await else { return };
    let mut chains = Chains::begin(&db.store, Tenant::DEFAULT).await.unwrap();
    let now = db.store.clock().now();
    let batch: Vec<Receipt> = (0..5).map(|n| receipt(&n.to_string(), "a", now)).collect();
    let appended = kept(&db.store, &mut chains, &batch).await;
    kept(&db.store, &mut chains, &[receipt("0", "a", now)]).await;
    let later = now + SignedDuration::from_secs(1);
    let accept = [(appended[3].id, now, "CA"), (appended[0].id, now, "CA")];
    let application = [(appended[0].id, later, "AA")];
    for acks in [&accept[..], &application] {
        journal::record_acks(&db.store, Tenant::DEFAULT, acks)
            .await
            .unwrap();
    }
    let ids = async |filter: journal::Filter, limit| -> Vec<String> {
        let page = journal::list(&db.store, Tenant::DEFAULT, &filter, limit)
            .await
            .unwrap();
        page.into_iter().map(|one| one.control_id).collect()
    };
    let newest = journal::Filter::default();
    assert_eq!(ids(newest, 2).await, ["0", "4"]);
    let oldest = journal::Filter {
        oldest_first: true,
        after: Some(appended[0].id),
        since: Some(now - SignedDuration::from_secs(1)),
        ..journal::Filter::default()
    };
    assert_eq!(ids(oldest, 2).await, ["1", "2"]);
    let duplicates = journal::Filter {
        dispositions: vec!["duplicate".to_owned()],
        control_id: Some("0".to_owned()),
        interface: Some(InterfaceId(1)),
        ..journal::Filter::default()
    };
    assert_eq!(ids(duplicates, 9).await, ["0"]);
    let entry = journal::get(&db.store, Tenant::DEFAULT, appended[0].id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(entry.summary.acks, ["CA", "AA"]);
}
