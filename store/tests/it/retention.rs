//! Months of the journal are dropped by a recorded policy, and what is left can still be proven.

use bytes::Bytes;
use jiff::civil::Date;
use model::{Clock, JournalId, Tenant, Timestamp};
use store::Broken;
use store::journal::{self, Chains, Raw, Receipt};
use store::retention::{self, Month};
use store::{InterfaceId, Settings, Store, blob, quarantine};

use crate::db::{self, Db};
use crate::faults::blocked;
use crate::journal::{kept, receipt, sha256};
use crate::verify::tamper;

const FIRST: &str = "2024-02-10T08:00:00Z";
const SECOND: &str = "2024-03-05T08:00:00Z";

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A chain that runs over two months of long ago; nothing of it waits.
async fn two_months(db: &Db) -> (Store, Vec<JournalId>) {
    let clock = Clock::fixed(at(FIRST));
    let settings = Settings {
        clock: clock.clone(),
        ..db::settings(&db.url)
    };
    let store = Store::open(&settings).await.unwrap();
    let mut chains = Chains::begin(&store, Tenant::DEFAULT).await.unwrap();
    let mut ids = Vec::new();
    for (month, now) in [FIRST, SECOND].into_iter().enumerate() {
        let Clock::Fixed(micros) = &clock else {
            unreachable!()
        };
        micros.store(
            at(now).as_microsecond(),
            std::sync::atomic::Ordering::Relaxed,
        );
        let batch: Vec<Receipt> = (0..3)
            .map(|n| receipt(&format!("{month}{n}"), "a", at(now)))
            .collect();
        ids.extend(
            kept(&store, &mut chains, &batch)
                .await
                .iter()
                .map(|it| it.id),
        );
    }
    db.client()
        .await
        .batch_execute("delete from queue")
        .await
        .unwrap();
    (store, ids)
}

async fn february(db: &Db) -> Month {
    let months = retention::months(&db.store, db.store.clock().now())
        .await
        .unwrap();
    let february = |month: &Month| month.first_day == day("2024-02-01");
    months.into_iter().find(february).unwrap()
}

async fn drop_february(db: &Db) -> Result<bool, store::StoreError> {
    retention::drop_month(&db.store, day("2024-02-01"), "older than 1 year").await
}

pub(crate) async fn place(store: &Store, tenant: Option<Tenant>, until: Option<Timestamp>) -> i32 {
    let mut tx = store.begin(Tenant::DEFAULT).await.unwrap();
    let hold = retention::place(&mut tx, tenant, None, until, "a lawsuit").await;
    tx.commit().await.unwrap();
    hold.unwrap()
}

async fn lift(store: &Store, hold: i32, why: &str) -> bool {
    let mut tx = store.begin(Tenant::DEFAULT).await.unwrap();
    let lifted = retention::lift(&mut tx, hold, why).await.unwrap();
    tx.commit().await.unwrap();
    lifted
}

async fn broken(db: &Db, heads: &[journal::Head]) -> Option<(JournalId, Broken)> {
    let proof = journal::verify(&db.store, Tenant::DEFAULT, &db::KEY, heads, None, || {});
    proof.await.unwrap().first_broken
}

#[tokio::test]
async fn a_dropped_month_is_on_record_and_the_rest_is_still_proven() {
    let Some(db) = db::fresh().await else { return };
    let (_, ids) = two_months(&db).await;
    let heads = journal::heads(&db.store, Tenant::DEFAULT, None)
        .await
        .unwrap();
    let month = february(&db).await;
    assert_eq!(
        (month.n_entries, month.held, month.unfinished),
        (3, false, false)
    );
    assert!(drop_february(&db).await.unwrap());
    assert!(!drop_february(&db).await.unwrap());
    let gone = journal::get(&db.store, Tenant::DEFAULT, ids[0])
        .await
        .unwrap();
    assert!(gone.is_none());
    let proof = journal::verify(&db.store, Tenant::DEFAULT, &db::KEY, &heads, None, || {});
    let report = proof.await.unwrap();
    assert_eq!(
        (report.n_entries, report.n_dropped, report.first_broken),
        (3, 3, None)
    );
    let dropped = retention::dropped(&db.store).await.unwrap();
    assert_eq!(dropped[0].policy, "older than 1 year");
    // A head of the dropped part itself holds too, and a false one does not.
    let chain = retention::dropped_chains(&db.store, Tenant::DEFAULT)
        .await
        .unwrap()
        .remove(0);
    let mut head = journal::Head {
        interface: chain.interface,
        writer: chain.writer,
        journal: chain.last,
        seq: chain.last_seq,
        chain: chain.chain.clone(),
    };
    assert_eq!(broken(&db, std::slice::from_ref(&head)).await, None);
    head.chain = vec![1; 32];
    assert_eq!(broken(&db, &[head]).await, Some((chain.last, Broken::Head)));
}

#[tokio::test]
async fn what_went_without_a_record_or_by_a_forged_one_shows() {
    let Some(db) = db::fresh().await else { return };
    let (_, ids) = two_months(&db).await;
    tamper(&db, "drop table journal_2024_02").await;
    assert_eq!(broken(&db, &[]).await, Some((ids[3], Broken::Gap)));
    let forged = "insert into dropped_month
            select '2024-02-01', 0, 1, now(), 3, 'none';
        insert into dropped_chain
            select id - 1, 3, 1, 3, '2024-02-01', tenant, writer, interface, '\\x00', '\\x00'
            from journal where seq = 4";
    tamper(&db, forged).await;
    let found = broken(&db, &[]).await.unwrap();
    assert_eq!(found.1, Broken::Record);
}

#[tokio::test]
async fn a_hold_a_waiting_message_and_youth_keep_a_month() {
    let Some(db) = db::fresh().await else { return };
    two_months(&db).await;
    let until = Some(at("2024-02-11T00:00:00Z"));
    let hold = place(&db.store, Some(Tenant::DEFAULT), until).await;
    assert!(february(&db).await.held);
    assert!(drop_february(&db).await.is_err());
    let march = retention::drop_month(&db.store, day("2024-03-01"), "older than 1 year").await;
    assert!(march.unwrap(), "the hold does not reach it");
    assert!(lift(&db.store, hold, "settled").await);
    assert!(!lift(&db.store, hold, "again").await);
    let holds = retention::holds(&db.store).await.unwrap();
    assert_eq!(holds[0].lifted.as_ref().unwrap().1, "settled");

    let client = db.client().await;
    let wait = "insert into queue (journal, lane, tenant, interface)
        select id, gen_random_uuid(), tenant, interface from journal limit 1";
    client.batch_execute(wait).await.unwrap();
    assert!(february(&db).await.unfinished);
    assert!(drop_february(&db).await.is_err());
    client.batch_execute("delete from queue").await.unwrap();
    assert!(drop_february(&db).await.unwrap());

    let now = db.store.clock().now().to_zoned(jiff::tz::TimeZone::UTC);
    let this = now.date().first_of_month();
    assert!(
        retention::drop_month(&db.store, this, "at once")
            .await
            .is_err()
    );
}

/// A store whose clock stands in February.
async fn in_february(db: &Db) -> Store {
    let settings = Settings {
        clock: Clock::fixed(at(FIRST)),
        ..db::settings(&db.url)
    };
    Store::open(&settings).await.unwrap()
}

fn big(n: u8) -> Bytes {
    Bytes::from(vec![n; blob::CHUNK_BYTES + 1])
}

/// A message that is too large for a row, staged.
async fn large(store: &Store, control_id: &str, n: u8) -> Receipt {
    let bytes = big(n);
    let digest = sha256(&bytes);
    let staged = blob::stage(store, Tenant::DEFAULT, digest, &bytes);
    Receipt {
        digest,
        raw: Raw::Staged(staged.await.unwrap().size),
        ..receipt(control_id, "big", store.clock().now())
    }
}

async fn is_staged(db: &Db, n: u8) -> bool {
    let digest = sha256(&big(n));
    let exists = blob::exists(&db.store, Tenant::DEFAULT, &digest);
    exists.await.unwrap()
}

#[tokio::test]
async fn chunks_that_only_dropped_entries_name_go_after_them() {
    let Some(db) = db::fresh().await else { return };
    let (march, _) = two_months(&db).await;
    let february_store = in_february(&db).await;
    let mut months = Vec::new();
    for (store, large_ones) in [(&february_store, &[1, 2][..]), (&march, &[2])] {
        let mut chains = Chains::begin(store, Tenant::DEFAULT).await.unwrap();
        for n in large_ones {
            let receipt = large(store, &format!("big{n}"), *n).await;
            let id = kept(store, &mut chains, &[receipt]).await[0].id;
            let received = model::IdSource::instant(id.0);
            months.push(received.strftime("%Y-%m").to_string());
        }
    }
    assert_eq!(months, ["2024-02", "2024-02", "2024-03"]);
    let client = db.client().await;
    client.batch_execute("delete from queue").await.unwrap();
    assert!(drop_february(&db).await.unwrap());
    // A server that dies here has lost nothing: the next one goes on.
    assert!(is_staged(&db, 1).await);
    retention::release(&db.store).await.unwrap();
    assert_eq!(
        (is_staged(&db, 1).await, is_staged(&db, 2).await),
        (false, true)
    );
    assert_eq!(broken(&db, &[]).await, None);
}

#[tokio::test]
async fn a_month_that_another_server_is_dropping_is_waited_for_and_then_gone() {
    let Some(db) = db::fresh().await else { return };
    two_months(&db).await;
    let mut other = db.client().await;
    let first = other.transaction().await.unwrap();
    let lock = "select pg_advisory_xact_lock(hashtext('drawbridge.ensure_partitions'))";
    first.batch_execute(lock).await.unwrap();
    let second = drop_february(&db);
    let meanwhile = async {
        blocked(&db).await;
        let drop = "insert into dropped_month (month, low, high, at, n_entries, policy)
                values ('2024-02-01', 0, 1, now(), 3, 'older');
            drop table journal_2024_02";
        first.batch_execute(drop).await.unwrap();
        first.commit().await.unwrap();
    };
    let (second, ()) = tokio::join!(second, meanwhile);
    assert!(!second.unwrap());
}

#[tokio::test]
async fn what_was_quarantined_in_a_month_goes_with_it_and_is_held_with_it() {
    let Some(db) = db::fresh().await else { return };
    let (march, _) = two_months(&db).await;
    let february_store = in_february(&db).await;
    let other = db.store.create_tenant("other").await.unwrap().tenant;
    let suspect = quarantine::Suspect {
        received_at: at(FIRST),
        interface: InterfaceId(1),
        peer: "127.0.0.1:1".to_owned(),
        reason: "no MSH".to_owned(),
        raw: Bytes::from_static(b"who knows whose"),
    };
    for (store, tenant) in [
        (&february_store, Tenant::DEFAULT),
        (&february_store, other),
        (&march, Tenant::DEFAULT),
    ] {
        quarantine::keep(store, tenant, &suspect).await.unwrap();
    }
    assert_eq!(february(&db).await.tenants, [Tenant::DEFAULT, other]);
    // The other tenant has nothing else in the month.
    let hold = place(&db.store, Some(other), None).await;
    assert!(february(&db).await.held);
    assert!(drop_february(&db).await.is_err());
    assert!(lift(&db.store, hold, "settled").await);
    assert!(drop_february(&db).await.unwrap());
    let dropped = retention::dropped(&db.store).await.unwrap();
    assert_eq!((dropped[0].n_entries, dropped[0].n_quarantined), (3, 2));
    let left = async |tenant| {
        let list = quarantine::list(&db.store, tenant, None, 9).await;
        list.unwrap().len()
    };
    assert_eq!((left(Tenant::DEFAULT).await, left(other).await), (1, 0));
}
