//! `drawbridge deadletter list|show|retry|discard`

use clap::Subcommand;

use super::{Context, Verdict};

/// Messages and deliveries that need a person: look, retry, or set aside.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  drawbridge deadletter list\n  drawbridge deadletter retry 7301\n  \
                        drawbridge deadletter discard 7301 --reason \"test message\""
)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// What waits: id, since when, why.
    List,
    /// One of them with its explanation. Shows patient data.
    Show {
        /// The number that `list` shows.
        id: i64,
    },
    /// Try again now.
    Retry {
        /// The numbers that `list` shows.
        #[arg(required = true)]
        ids: Vec<i64>,
    },
    /// Set aside for good; it stays in the journal.
    Discard {
        /// The numbers that `list` shows.
        #[arg(required = true)]
        ids: Vec<i64>,
        /// Why: kept in the audit trail.
        #[arg(long)]
        reason: String,
    },
}

impl Args {
    pub(super) async fn run(self, _context: &Context) -> anyhow::Result<Verdict> {
        super::not_built("deadletter").await
    }
}
