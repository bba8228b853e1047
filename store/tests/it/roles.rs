//! The server under a role of its own: it does its work and can't undo what was journalled.

use model::Tenant;
use store::Broken;
use store::audit::{self, AuditChain};
use store::journal::{self, Chains};
use store::resource::IndexRows;
use store::{Store, retention};

use crate::chart::{commit, create, id, version};
use crate::db::{self, Db};
use crate::journal::{kept, receipt};

const ROLE: &str = "drawbridge_test_server";

/// The same database under a role with the server's rights.
async fn as_server(db: &Db) -> String {
    let password = db.url.split("password='").nth(1);
    let password = password.and_then(|rest| rest.split('\'').next());
    let password = password.map_or_else(String::new, |word| format!("password '{word}'"));
    let make = format!(
        "do $$ begin create role {ROLE} login; exception when duplicate_object or unique_violation
        then null; end $$;
        alter role {ROLE} {password} login"
    );
    db.client().await.batch_execute(&make).await.unwrap();
    store::grant(&db.url, ROLE).await.unwrap();
    db.url.replace("user='postgres'", &format!("user='{ROLE}'"))
}

#[tokio::test]
async fn the_servers_role_works_and_can_not_change_what_is_append_only() {
    let Some(db) = db::fresh().await else { return };
    let url = as_server(&db).await;
    assert_eq!(store::migrate(&url).await.unwrap().n_new, 0);
    let store = Store::open(&db::settings(&url)).await.unwrap();
    let now = store.clock().now();
    let mut chains = Chains::begin(&store, Tenant::DEFAULT).await.unwrap();
    kept(&store, &mut chains, &[receipt("1", "a", now)]).await;
    kept(&store, &mut chains, &[receipt("1", "a", now)]).await;
    commit(
        &store,
        &[create(id(1), now, version("v1", IndexRows::default()))],
    )
    .await
    .unwrap();
    let mut tx = store.begin(Tenant::DEFAULT).await.unwrap();
    audit::in_tx(&mut tx, &AuditChain::default(), &[crate::audit::event(1)])
        .await
        .unwrap();
    tx.commit().await.unwrap();
    crate::retention::place(&store, None, None).await;
    retention::release(&store).await.unwrap();

    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    let month = "select inhrelid::regclass::text from pg_inherits
        where inhparent = 'journal'::regclass limit 1";
    let month: String = client.query_one(month, &[]).await.unwrap().get(0);
    for table in [
        "journal",
        "audit",
        "expunged",
        "dropped_month",
        "dropped_chain",
        "hold",
        &month,
    ] {
        for sql in [
            format!("update {table} set tenant = 2"),
            format!("delete from {table}"),
            format!("truncate {table}"),
            format!("drop table {table}"),
            format!("alter table {table} disable trigger all"),
        ] {
            let refused = client.batch_execute(&sql).await.unwrap_err();
            let code = refused.code().unwrap().code();
            // `dropped_month` has no tenant: an unknown column is no way in either.
            assert!(code == "42501" || code == "42703", "{sql}: {refused}");
        }
    }
    for sql in [
        "set session_replication_role = replica",
        "insert into expunged values (1, now(), 1, '', 'x', '')",
        "insert into hold (reason) values ('x')",
        "create table mine ()",
        "select drop_month(date_trunc('month', now())::date, 'x', '{}', '{}', '{}', '{}')",
    ] {
        let refused = client.batch_execute(sql).await.unwrap_err();
        assert_eq!(refused.code().unwrap().code(), "42501", "{sql}");
    }
    let report = journal::verify(&store, Tenant::DEFAULT, &db::KEY, &[], None, || {});
    assert_eq!(report.await.unwrap().first_broken, None);
}

#[tokio::test]
async fn grants_are_for_a_role_that_is_there() {
    let Some(db) = db::fresh().await else { return };
    let refused = store::grant(&db.url, "nobody_at_all").await.unwrap_err();
    assert!(refused.to_string().contains("nobody_at_all"));
    as_server(&db).await;
    as_server(&db).await;
}

#[tokio::test]
async fn bytes_go_by_order_alone() {
    let Some(db) = db::fresh().await else { return };
    let now = db.store.clock().now();
    let mut chains = Chains::begin(&db.store, Tenant::DEFAULT).await.unwrap();
    let entries = kept(
        &db.store,
        &mut chains,
        &[receipt("1", "a", now), receipt("2", "b", now)],
    )
    .await;
    let client = db.client().await;
    let refused = client
        .batch_execute("update journal set raw = null")
        .await
        .unwrap_err();
    assert_eq!(refused.code().unwrap().code(), "42501");
    let no_reason = "select expunge_entry(1, id, now(), ' ', '') from journal limit 1";
    assert!(client.batch_execute(no_reason).await.is_err());
    // An order that who has the database alone gives removes the bytes, and shows.
    let order = "select expunge_entry(1, id, now(), 'no reason', 'no seal') from journal
        where control_id = '1'";
    client.batch_execute(order).await.unwrap();
    let report = journal::verify(&db.store, Tenant::DEFAULT, &db::KEY, &[], None, || {});
    assert_eq!(
        report.await.unwrap().first_broken,
        Some((entries[0].id, Broken::Record))
    );
    let again = client
        .batch_execute("update journal set raw = 'x' where control_id = '1'")
        .await
        .unwrap_err();
    assert_eq!(again.code().unwrap().code(), "42501");
}
