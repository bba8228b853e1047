//! `drawbridge migrate`

use anyhow::Context as _;
use serde_json::json;

use super::{Context, Verdict};
use crate::database::Database;

/// Bring the database up to date; safe to run twice, safe beside running servers.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  DATABASE_URL=postgres://drawbridge@db/drawbridge drawbridge migrate"
)]
pub(super) struct Args {}

impl Args {
    pub(super) async fn run(self, context: &Context) -> anyhow::Result<Verdict> {
        let database = Database::open(&context.config).await?;
        let outcome = store::migrate(database.url()).await;
        // The embedded cluster is stopped whatever came of the migration.
        let closed = database.close().await;
        let applied = outcome.context("the database was not brought up to date")?;
        closed?;
        let result = json!({ "applied": applied.n_new, "version": applied.version });
        context.output.result(&result, |_| match applied.n_new {
            0 => format!("up to date at version {}", applied.version),
            n => format!("{n} applied, now at version {}", applied.version),
        })?;
        Ok(Verdict::Done)
    }
}
