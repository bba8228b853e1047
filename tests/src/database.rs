//! A database of a test's own on the cluster that `./test` starts.

use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Result;
use sqlx::{Connection as _, Executor as _, PgConnection, Row as _};

/// The cluster's administrative URL; none: the test says so and is skipped.
#[expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a test's setting; skipped aloud"
)]
pub fn cluster() -> Option<String> {
    let url = std::env::var("DRAWBRIDGE_TEST_DATABASE_URL").ok();
    if url.is_none() {
        eprintln!(
            "SKIPPED: DRAWBRIDGE_TEST_DATABASE_URL is not set (./test starts a cluster and sets it)"
        );
    }
    url
}

/// Makes an empty database and gives its URL.
pub async fn fresh(cluster: &str) -> Result<String> {
    made(cluster, "").await
}

async fn made(cluster: &str, how: &str) -> Result<String> {
    static N: AtomicU32 = AtomicU32::new(0);
    let name = format!(
        "e2e_{}_{}",
        std::process::id(),
        N.fetch_add(1, Ordering::Relaxed)
    );
    let mut admin = PgConnection::connect(cluster).await?;
    admin
        .execute(format!("drop database if exists {name} with (force)").as_str())
        .await?;
    admin
        .execute(format!("create database {name} {how}").as_str())
        .await?;
    let (base, _) = cluster.rsplit_once('/').unwrap_or((cluster, ""));
    Ok(format!("{base}/{name}"))
}

/// A new database with the content of another one, to which nobody is connected.
pub async fn copy(cluster: &str, url: &str) -> Result<String> {
    let from = url.rsplit('/').next().unwrap_or_default();
    made(cluster, &format!("template {from}")).await
}

/// A seed that differs from run to run, unless `DRAWBRIDGE_TEST_SEED` repeats one. It stands in what a test
/// says when it fails.
#[expect(
    clippy::disallowed_methods,
    reason = "a test's setting, and a number that nobody foresees"
)]
pub fn seed() -> u64 {
    let given = std::env::var("DRAWBRIDGE_TEST_SEED").ok();
    let given = given.and_then(|seed| seed.parse().ok());
    given.unwrap_or_else(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        now.map_or(1, |since| u64::from(since.subsec_nanos()))
    })
}

/// One number from the database, for what only rows can tell.
pub async fn number(url: &str, sql: &str) -> Result<i64> {
    let mut connection = PgConnection::connect(url).await?;
    Ok(connection.fetch_one(sql).await?.try_get(0)?)
}

/// Host and port of a database URL, for a proxy in front of it.
pub fn address(url: &str) -> Option<std::net::SocketAddr> {
    let (_, rest) = url.split_once("://")?;
    let host = rest.split('/').next()?;
    host.rsplit('@').next()?.parse().ok()
}
