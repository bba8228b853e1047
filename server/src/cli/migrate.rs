//! `drawbridge migrate`

use super::{Context, Verdict};

/// Bring the database up to date; safe to run twice, safe beside running servers.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  DATABASE_URL=postgres://drawbridge@db/drawbridge drawbridge migrate"
)]
pub(super) struct Args {}

impl Args {
    pub(super) async fn run(self, _context: &Context) -> anyhow::Result<Verdict> {
        super::not_built("migrate").await
    }
}
