//! `drawbridge journal list|show|verify|export`

use std::path::PathBuf;

use clap::Subcommand;
use model::Timestamp;

use super::{Context, Verdict};

/// Look into the log of everything received.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  drawbridge journal list --limit 20\n  drawbridge journal show 7301\n  \
                        drawbridge journal verify"
)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Newest messages first: id, time, interface, type, control id, what became of it.
    List {
        /// Only of this interface.
        #[arg(long, value_name = "NAME")]
        interface: Option<String>,
        /// Only received at or after this time (RFC 3339).
        #[arg(long, value_name = "TIME")]
        since: Option<Timestamp>,
        /// How many.
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: u32,
    },
    /// One message as it came, and what became of it. Shows patient data.
    Show {
        /// The number that `list` shows.
        id: i64,
    },
    /// Recompute the digest chains and compare.
    Verify {
        /// Only from this time on (RFC 3339).
        #[arg(long, value_name = "TIME")]
        since: Option<Timestamp>,
    },
    /// Write messages, exactly as they came, into a folder. Patient data.
    Export {
        /// Where to.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// Only received at or after this time (RFC 3339).
        #[arg(long, value_name = "TIME")]
        since: Option<Timestamp>,
    },
}

impl Args {
    pub(super) async fn run(self, _context: &Context) -> anyhow::Result<Verdict> {
        super::not_built("journal").await
    }
}
