//! The trail: in the transaction that it tells of, or in batches; tampering shows.

use futures_util::future::join_all;
use model::{Action, Actor, AuditEvent, AuditOutcome, Tenant};
use store::Broken;
use store::audit::{self, AuditChain, Filter, Trail};

use crate::chart::id;
use crate::db;

pub(crate) fn event(n: u128) -> AuditEvent {
    AuditEvent {
        actor: Actor::Token(7),
        action: Action::Read,
        outcome: AuditOutcome::Success,
        interaction: "read",
        resource_type: Some("Patient"),
        resource: Some(id(n)),
        version: None,
        patient: Some(id(n % 2)),
        request: Some("r\0eq".to_owned()),
    }
}

/// Three rows in one chain.
pub(crate) async fn three(db: &db::Db) {
    let mut tx = db.store.begin(Tenant::DEFAULT).await.unwrap();
    let events = [event(1), event(2), event(3)];
    audit::in_tx(&mut tx, &AuditChain::default(), &events)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn reads_of_many_tasks_share_commits_and_each_leaves_its_row() {
    let Some(db) = db::fresh().await else { return };
    let trail = Trail::start(&db.store);
    let recorded = (0..200).map(|n| trail.record(Tenant::DEFAULT, event(n)));
    for result in join_all(recorded).await {
        result.unwrap();
    }
    let filter = Filter {
        patient: Some(id(1)),
        ..Filter::default()
    };
    let rows = audit::list(&db.store, Tenant::DEFAULT, &filter, 500)
        .await
        .unwrap();
    assert_eq!(rows.len(), 100);
    assert_eq!(
        (rows[0].actor_kind, rows[0].actor, rows[0].action),
        ('t', Some(7), 'R')
    );
    let page = Filter {
        before: Some(rows[97].id),
        ..filter
    };
    assert_eq!(
        audit::list(&db.store, Tenant::DEFAULT, &page, 500)
            .await
            .unwrap(),
        rows[98..]
    );
    let report = audit::verify(&db.store, &db::KEY, &[], None).await.unwrap();
    assert_eq!((report.n_rows, report.first_broken), (200, None));
}

#[tokio::test]
async fn a_rolled_back_transaction_leaves_no_gap_in_its_chain() {
    let Some(db) = db::fresh().await else { return };
    let chain = AuditChain::default();
    for (n, commit) in [(1, true), (2, false), (3, true)] {
        let mut tx = db.store.begin(Tenant::DEFAULT).await.unwrap();
        audit::in_tx(&mut tx, &chain, &[event(n), event(n)])
            .await
            .unwrap();
        audit::in_tx(&mut tx, &chain, &[event(n)]).await.unwrap();
        if commit {
            tx.commit().await.unwrap();
        }
    }
    let report = audit::verify(&db.store, &db::KEY, &[], None).await.unwrap();
    assert_eq!(
        (report.n_rows, report.n_chains, report.first_broken),
        (6, 1, None)
    );
}

#[tokio::test]
async fn a_changed_or_removed_row_of_the_trail_shows() {
    let Some(db) = db::fresh().await else { return };
    let chain = AuditChain::default();
    let mut tx = db.store.begin(Tenant::DEFAULT).await.unwrap();
    audit::in_tx(&mut tx, &chain, &[event(1), event(2), event(3)])
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let rows = audit::list(&db.store, Tenant::DEFAULT, &Filter::default(), 9)
        .await
        .unwrap();
    let client = db.client().await;
    client
        .batch_execute("set session_replication_role = replica")
        .await
        .unwrap();
    let broken = async || {
        audit::verify(&db.store, &db::KEY, &[], None)
            .await
            .unwrap()
            .first_broken
    };
    client
        .execute("update audit set outcome = 4 where seq = 2", &[])
        .await
        .unwrap();
    assert_eq!(broken().await, Some((rows[1].id, Broken::Link)));
    client
        .execute("delete from audit where seq = 2", &[])
        .await
        .unwrap();
    assert_eq!(broken().await, Some((rows[0].id, Broken::Gap)));
}
