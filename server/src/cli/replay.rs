//! `drawbridge replay`

use model::Timestamp;

use super::{Context, Verdict};

/// Interpret journalled messages again with today's rules.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  drawbridge replay --id 7301 --dry-run\n  \
                        drawbridge replay --since 2026-01-31T00:00:00Z")]
#[group(id = "which", required = true, multiple = false)]
pub(super) struct Args {
    /// These messages (may be repeated).
    #[arg(long, value_name = "ID", group = "which")]
    id: Vec<i64>,
    /// All received at or after this time (RFC 3339).
    #[arg(long, value_name = "TIME", group = "which")]
    since: Option<Timestamp>,
    /// Say what would change; change nothing.
    #[arg(long)]
    dry_run: bool,
}

impl Args {
    pub(super) async fn run(self, _context: &Context) -> anyhow::Result<Verdict> {
        super::not_built("replay").await
    }
}
