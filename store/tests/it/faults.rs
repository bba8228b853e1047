//! What happens when the database does not do as it is told.

use std::time::Duration;

use model::Tenant;
use store::journal::{self, AppendError, Chains};
use store::resource::{self, IndexRows};
use store::{CommitError, Settings, Store, StoreError};

use crate::chart::{ALL, KIND, commit, create, id, version};
use crate::db::{self, Db};
use crate::journal::{DEADLINE, kept, receipt};

/// Holds the row that an append of message `1` must wait for.
async fn block(db: &Db) -> tokio_postgres::Client {
    let client = db.client().await;
    let one = receipt("1", "a", db.store.clock().now());
    client.batch_execute("begin").await.unwrap();
    let sql = "insert into seen (tenant, key, digest, journal, at) values (1, $1, $2, 0, now())";
    client
        .execute(sql, &[&one.seen_key, &one.seen_digest])
        .await
        .unwrap();
    client
}

/// Waits until a session waits for a lock; answers its process id.
pub(crate) async fn blocked(db: &Db) -> i32 {
    let client = db.client().await;
    let sql = "select pid from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'";
    for _ in 0..500 {
        if let Some(row) = client.query_opt(sql, &[]).await.unwrap() {
            return row.get(0);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("nobody waits");
}

#[tokio::test]
async fn an_append_whose_connection_dies_is_unknown_and_the_next_begins_a_new_chain() {
    let Some(db) = db::fresh().await else { return };
    let mut chains = Chains::begin(&db.store, Tenant::DEFAULT).await.unwrap();
    let now = db.store.clock().now();
    kept(&db.store, &mut chains, &[receipt("0", "a", now)]).await;
    let blocker = block(&db).await;
    let batch = [receipt("1", "a", now)];
    let (answers, ()) = tokio::join!(
        journal::append(&db.store, &mut chains, &batch, DEADLINE),
        async {
            let pid = blocked(&db).await;
            db.client()
                .await
                .execute("select pg_terminate_backend($1)", &[&pid])
                .await
                .unwrap();
        }
    );
    assert!(matches!(answers[0], Err(AppendError::Unknown)));
    blocker.batch_execute("rollback").await.unwrap();
    kept(&db.store, &mut chains, &batch).await;
    let report = journal::verify(&db.store, Tenant::DEFAULT, &db::KEY, &[], None, || {})
        .await
        .unwrap();
    assert_eq!(
        (report.n_entries, report.n_chains, report.first_broken),
        (2, 2, None)
    );
}

#[tokio::test]
async fn an_append_past_its_deadline_is_unknown() {
    let Some(db) = db::fresh().await else { return };
    let mut chains = Chains::begin(&db.store, Tenant::DEFAULT).await.unwrap();
    let batch = [receipt("1", "a", db.store.clock().now())];
    let _blocker = block(&db).await;
    let brief = Duration::from_millis(100);
    let answers = journal::append(&db.store, &mut chains, &batch, brief).await;
    assert!(matches!(answers[0], Err(AppendError::Unknown)));
}

#[tokio::test]
async fn an_append_that_the_server_gives_up_has_failed_for_certain() {
    let Some(db) = db::fresh().await else { return };
    let settings = Settings {
        statement_timeout: Duration::from_millis(200),
        ..db::settings(&db.url)
    };
    let store = Store::open(&settings).await.unwrap();
    let mut chains = Chains::begin(&store, Tenant::DEFAULT).await.unwrap();
    let batch = [receipt("1", "a", store.clock().now())];
    let _blocker = block(&db).await;
    let answers = journal::append(&store, &mut chains, &batch, DEADLINE).await;
    assert!(matches!(&answers[0], Err(AppendError::Failed(error)) if error.is_transient()));
}

#[tokio::test]
async fn a_transaction_with_a_failed_statement_can_not_be_committed_by_mistake() {
    let Some(db) = db::fresh().await else { return };
    let one = create(
        id(1),
        db.store.clock().now(),
        version("v1", IndexRows::default()),
    );
    commit(&db.store, std::slice::from_ref(&one)).await.unwrap();
    db.client()
        .await
        .batch_execute("alter table change rename to elsewhere")
        .await
        .unwrap();
    let other = create(
        id(2),
        db.store.clock().now(),
        version("v1", IndexRows::default()),
    );
    let mut tx = db.store.begin(Tenant::DEFAULT).await.unwrap();
    assert!(resource::write(&mut tx, &[other]).await.is_err());
    assert!(matches!(tx.commit().await, Err(CommitError::Failed(_))));
    assert!(
        resource::read(&db.store, &ALL, KIND, id(2))
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn every_connection_may_die_and_the_store_goes_on() {
    let Some(db) = db::fresh().await else { return };
    let one = create(
        id(1),
        db.store.clock().now(),
        version("v1", IndexRows::default()),
    );
    commit(&db.store, &[one]).await.unwrap();
    let mut chains = Chains::begin(&db.store, Tenant::DEFAULT).await.unwrap();
    kept(
        &db.store,
        &mut chains,
        &[receipt("1", "a", db.store.clock().now())],
    )
    .await;
    let client = db.client().await;
    let sql = "select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()";
    client.execute(sql, &[]).await.unwrap();
    // A connection is known to be dead once its end was read: callers retry what is transient.
    let deadline = tokio::time::Instant::now() + DEADLINE;
    loop {
        match resource::read(&db.store, &ALL, KIND, id(1)).await {
            Ok(found) => break assert!(found.is_some()),
            Err(error) => assert!(error.is_transient(), "{error}"),
        }
        assert!(tokio::time::Instant::now() < deadline);
    }
    loop {
        let batch = [receipt("2", "a", db.store.clock().now())];
        let answers = journal::append(&db.store, &mut chains, &batch, DEADLINE).await;
        if answers[0].is_ok() {
            break;
        }
        assert!(tokio::time::Instant::now() < deadline);
    }
}

#[tokio::test]
async fn a_database_that_may_lose_commits_is_refused() {
    let Some(db) = db::fresh().await else { return };
    let client = db.client().await;
    let name: String = client
        .query_one("select current_database()::text", &[])
        .await
        .unwrap()
        .get(0);
    let sql = format!("alter database {name} set synchronous_commit = off");
    client.batch_execute(&sql).await.unwrap();
    let refused = Store::open(&db::settings(&db.url)).await.unwrap_err();
    assert!(
        matches!(refused, StoreError::Unsafe { setting, .. } if setting == "synchronous_commit")
    );
}

#[tokio::test]
async fn migrations_run_twice_and_at_the_same_time() {
    let Some(db) = db::fresh().await else { return };
    let (one, other) = tokio::join!(store::migrate(&db.url), store::migrate(&db.url));
    assert_eq!((one.unwrap().n_new, other.unwrap().n_new), (0, 0));
}
