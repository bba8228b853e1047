//! `drawbridge demo`

use super::{Context, Verdict};

/// Serve with the embedded database and a simulated EMR, and play the story of one patient.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  drawbridge demo\n  drawbridge demo --exit")]
pub(super) struct Args {
    /// End after the story; exit 0 only if every step was seen to happen.
    #[arg(long)]
    exit: bool,
}

impl Args {
    pub(super) async fn run(self, _context: &Context) -> anyhow::Result<Verdict> {
        super::not_built("demo").await
    }
}
