//! Tampering with the journal shows.

use model::Tenant;
use store::Broken;
use store::audit;
use store::journal::{self, Appended, Chains, Receipt};

use crate::db::{self, Db};
use crate::journal::{kept, receipt};

async fn five(db: &Db) -> Vec<Appended> {
    let mut chains = Chains::begin(&db.store, Tenant::DEFAULT).await.unwrap();
    let now = db.store.clock().now();
    let batch: Vec<Receipt> = (0..5).map(|n| receipt(&n.to_string(), "a", now)).collect();
    kept(&db.store, &mut chains, &batch).await
}

async fn five_more(db: &Db) -> Vec<Appended> {
    let mut chains = Chains::begin(&db.store, Tenant::DEFAULT).await.unwrap();
    let now = db.store.clock().now();
    let more = |n: u32| receipt(&format!("more{n}"), "a", now);
    let batch: Vec<Receipt> = (0..5).map(more).collect();
    kept(&db.store, &mut chains, &batch).await
}

/// Does what the triggers refuse, as somebody with the server's highest rights could.
pub(crate) async fn tamper(db: &Db, sql: &str) {
    let client = db.client().await;
    client
        .batch_execute("set session_replication_role = replica")
        .await
        .unwrap();
    client.batch_execute(sql).await.unwrap();
}

async fn first_broken(db: &Db) -> Option<(model::JournalId, Broken)> {
    let report = journal::verify(&db.store, Tenant::DEFAULT, &db::KEY, &[], None, || {}).await;
    report.unwrap().first_broken
}

#[tokio::test]
async fn an_untouched_journal_is_proven_and_its_heads_hold() {
    let Some(db) = db::fresh().await else { return };
    five(&db).await;
    let heads = journal::heads(&db.store, Tenant::DEFAULT, None)
        .await
        .unwrap();
    assert_eq!(heads.len(), 1);
    assert_eq!(heads[0].seq, 5);
    let report = journal::verify(&db.store, Tenant::DEFAULT, &db::KEY, &heads, None, || {}).await;
    let report = report.unwrap();
    assert_eq!(
        (report.n_entries, report.n_chains, report.first_broken),
        (5, 1, None)
    );
}

#[tokio::test]
async fn changed_bytes_are_named() {
    let Some(db) = db::fresh().await else { return };
    let entries = five(&db).await;
    tamper(&db, "update journal set raw = 'x' where control_id = '2'").await;
    assert_eq!(
        first_broken(&db).await,
        Some((entries[2].id, Broken::Bytes))
    );
}

#[tokio::test]
async fn a_forged_row_has_no_link() {
    let Some(db) = db::fresh().await else { return };
    let entries = five(&db).await;
    let sql = "update journal set raw = 'x', digest = sha256('x') where control_id = '2'";
    tamper(&db, sql).await;
    assert_eq!(first_broken(&db).await, Some((entries[2].id, Broken::Link)));
}

#[tokio::test]
async fn a_removed_entry_leaves_a_gap_and_a_removed_end_contradicts_the_heads() {
    let Some(db) = db::fresh().await else { return };
    let entries = five(&db).await;
    let heads = journal::heads(&db.store, Tenant::DEFAULT, None)
        .await
        .unwrap();
    tamper(&db, "delete from journal where control_id = '4'").await;
    assert_eq!(first_broken(&db).await, None);
    let report = journal::verify(&db.store, Tenant::DEFAULT, &db::KEY, &heads, None, || {}).await;
    assert_eq!(
        report.unwrap().first_broken,
        Some((entries[4].id, Broken::Tail))
    );
    tamper(&db, "delete from journal where control_id = '0'").await;
    assert_eq!(first_broken(&db).await, Some((entries[1].id, Broken::Gap)));
}

#[tokio::test]
async fn a_chain_that_is_gone_and_one_that_was_written_anew_contradict_the_heads() {
    let Some(db) = db::fresh().await else { return };
    five(&db).await;
    let other = five_more(&db).await;
    let heads = journal::heads(&db.store, Tenant::DEFAULT, None)
        .await
        .unwrap();
    assert_eq!(heads.len(), 2);
    tamper(
        &db,
        &format!("delete from journal where id >= {}", other[0].id),
    )
    .await;
    assert_eq!(first_broken(&db).await, None);
    let report = journal::verify(&db.store, Tenant::DEFAULT, &db::KEY, &heads, None, || {});
    assert_eq!(
        report.await.unwrap().first_broken,
        Some((other[4].id, Broken::Missing))
    );
    // Somebody with the key, but without our copy of the heads, writes the end of the other chain anew.
    let forged = journal::Head {
        chain: vec![9; 32],
        ..heads[0].clone()
    };
    let report = journal::verify(
        &db.store,
        Tenant::DEFAULT,
        &db::KEY,
        std::slice::from_ref(&forged),
        None,
        || {},
    );
    assert_eq!(
        report.await.unwrap().first_broken,
        Some((forged.journal, Broken::Head))
    );
}

#[tokio::test]
async fn the_trail_is_held_against_its_heads() {
    let Some(db) = db::fresh().await else { return };
    crate::audit::three(&db).await;
    let heads = audit::heads(&db.store).await.unwrap();
    assert_eq!(heads.len(), 1);
    let verify = || audit::verify(&db.store, &db::KEY, &heads, None);
    assert_eq!(verify().await.unwrap().first_broken, None);
    tamper(&db, "delete from audit where seq = 3").await;
    let broken = verify().await.unwrap().first_broken;
    assert_eq!(broken, Some((heads[0].id, Broken::Tail)));
    tamper(&db, "delete from audit").await;
    let broken = verify().await.unwrap().first_broken;
    assert_eq!(broken, Some((heads[0].id, Broken::Missing)));
}

#[tokio::test]
async fn the_journal_and_the_trail_refuse_changes() {
    let Some(db) = db::fresh().await else { return };
    five(&db).await;
    let client = db.client().await;
    let month = "select inhrelid::regclass::text from pg_inherits, journal
        where inhparent = 'journal'::regclass and journal.tableoid = inhrelid limit 1";
    let month: String = client.query_one(month, &[]).await.unwrap().get(0);
    for sql in [
        "update journal set peer = ''",
        "delete from journal",
        "truncate audit",
        // A partition by its own name is no way round.
        &format!("update {month} set peer = ''"),
        &format!("truncate {month}"),
    ] {
        let refused = client.batch_execute(sql).await.unwrap_err();
        assert_eq!(refused.code().unwrap().code(), "42501");
    }
}
