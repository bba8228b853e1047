//! Brings a database up to date.

use sha2::{Digest as _, Sha256};
use sqlx::migrate::{Migrate, Migrator};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection};
use tokio_postgres::config::Host;

use crate::{Result, StoreError, connect};

static MIGRATIONS: Migrator = sqlx::migrate!("../migrations");

/// What a migration did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Applied {
    /// How many migrations were applied now.
    pub n_new: usize,
    /// The schema's version afterwards.
    pub version: i64,
}

/// Applies the embedded migrations. Safe to run twice, and beside running servers: an advisory lock
/// lets one through at a time.
pub async fn migrate(url: &str) -> Result<Applied> {
    let set_up = |error: &dyn std::fmt::Display| StoreError::SetUp(format!("migration: {error}"));
    let options = sqlx_options(&connect::parse(url)?);
    let mut connection = options
        .connect()
        .await
        .map_err(|error| StoreError::Unreachable(error.to_string()))?;
    if let Some(version) = up_to_date(&mut connection).await {
        return Ok(Applied { n_new: 0, version });
    }
    connection
        .ensure_migrations_table()
        .await
        .map_err(|error| set_up(&error))?;
    let before = connection
        .list_applied_migrations()
        .await
        .map_err(|error| set_up(&error))?
        .len();
    MIGRATIONS
        .run(&mut connection)
        .await
        .map_err(|error| set_up(&error))?;
    let after = connection
        .list_applied_migrations()
        .await
        .map_err(|error| set_up(&error))?;
    Ok(Applied {
        n_new: after.len().saturating_sub(before),
        version: after
            .iter()
            .map(|migration| migration.version)
            .max()
            .unwrap_or(0),
    })
}

/// The schema's version, where it is that of this build. The server's role may look and no more, so
/// this asks for nothing that only the owner of the tables may do.
async fn up_to_date(connection: &mut PgConnection) -> Option<i64> {
    let applied = connection.list_applied_migrations().await.ok()?;
    let known = MIGRATIONS.iter();
    let is_same = applied.len() == known.clone().count()
        && known.zip(&applied).all(|(known, applied)| {
            (known.version, &known.checksum) == (applied.version, &applied.checksum)
        });
    let latest = applied.last().map(|migration| migration.version);
    latest.filter(|_| is_same)
}

/// Gives a role what the server needs and no more: it can't change or remove what is append-only. The
/// role is there already; who calls this owns the tables.
pub async fn grant(url: &str, role: &str) -> Result<()> {
    let client = connect::single(&connect::parse(url)?).await?;
    let known = "select from pg_roles where rolname = $1";
    if client.query_opt(known, &[&role]).await?.is_none() {
        return Err(StoreError::SetUp(format!("there is no role '{role}'")));
    }
    let sql = "select grant_server($1::text::name)";
    client.execute(sql, &[&role]).await?;
    Ok(())
}

/// A name for the embedded schema, 24 characters long: changes whenever a migration does.
pub fn schema_digest() -> String {
    let mut hasher = Sha256::new();
    for migration in MIGRATIONS.iter() {
        hasher.update(&migration.checksum);
    }
    let digest = hasher.finalize();
    let parts = digest.iter().take(12).map(|byte| format!("{byte:02x}"));
    parts.collect()
}

/// The same address for the other driver: their URL dialects differ, so only one of them is parsed.
fn sqlx_options(config: &tokio_postgres::Config) -> PgConnectOptions {
    let mut options = PgConnectOptions::new_without_pgpass().application_name("drawbridge migrate");
    match config.get_hosts().first() {
        Some(Host::Tcp(host)) => options = options.host(host),
        #[cfg(unix)]
        Some(Host::Unix(path)) => options = options.socket(path),
        _ => {}
    }
    if let Some(port) = config.get_ports().first() {
        options = options.port(*port);
    }
    if let Some(user) = config.get_user() {
        options = options.username(user);
    }
    if let Some(password) = config.get_password() {
        options = options.password(&String::from_utf8_lossy(password));
    }
    if let Some(database) = config.get_dbname() {
        options = options.database(database);
    }
    options.disable_statement_logging()
}
