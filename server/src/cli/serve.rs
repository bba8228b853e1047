//! `drawbridge serve`

use super::{Context, Verdict};

/// Run everything the configuration names until SIGTERM or Ctrl-C; then answer what is in hand.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  drawbridge serve --config /etc/drawbridge.toml")]
pub(super) struct Args {}

impl Args {
    pub(super) async fn run(self, _context: &Context) -> anyhow::Result<Verdict> {
        super::not_built("serve").await
    }
}
