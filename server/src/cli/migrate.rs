//! `drawbridge migrate`

use anyhow::Context as _;
use serde_json::json;
use store::{Applied, StoreError};

use super::{Context, Verdict};
use crate::database::Database;

/// Bring the database up to date; safe to run twice, safe beside running servers.
///
/// With `database.role`, that role is given what a server needs and no more.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  DATABASE_URL=postgres://owner@db/drawbridge drawbridge migrate\n  \
                  DRAWBRIDGE__DATABASE__ROLE=server DATABASE_URL=postgres://owner@db/drawbridge drawbridge migrate"
)]
pub(super) struct Args {}

impl Args {
    pub(super) async fn run(self, context: &Context) -> anyhow::Result<Verdict> {
        let database = Database::open(&context.config).await?;
        let outcome = migrate(database.url(), context.config.database.role.as_deref()).await;
        // The embedded cluster is stopped whatever came of the migration.
        let closed = database.close().await;
        let applied = outcome.context("the database was not brought up to date")?;
        closed?;
        let role = context.config.database.role.as_deref();
        let result = json!({
            "applied": applied.n_new, "version": applied.version, "granted_to": role,
        });
        let granted = role.map(|role| format!("; role {role} has what a server needs"));
        let granted = granted.unwrap_or_default();
        context.output.result(&result, |_| match applied.n_new {
            0 => format!("up to date at version {}{granted}", applied.version),
            n => format!("{n} applied, now at version {}{granted}", applied.version),
        })?;
        Ok(Verdict::Done)
    }
}

async fn migrate(url: &str, role: Option<&str>) -> Result<Applied, StoreError> {
    let applied = store::migrate(url).await?;
    if let Some(role) = role {
        store::grant(url, role).await?;
    }
    Ok(applied)
}
