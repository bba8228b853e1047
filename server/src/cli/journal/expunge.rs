//! `drawbridge journal expunge`

use store::Store;

use crate::cli::{Context, Verdict};

/// Which message, and why.
#[derive(Debug, clap::Args)]
pub(super) struct Expunge {
    /// The number that `list` shows.
    id: i64,
    /// Why: kept beside the digest and in the audit trail. No patient data, please.
    #[arg(long)]
    pub(super) reason: String,
    /// Say what would be removed and what would change; do nothing.
    #[arg(long)]
    dry_run: bool,
}

impl Expunge {
    pub(super) async fn run(
        &self,
        _store: &Store,
        _tenant: &str,
        _context: &Context,
    ) -> anyhow::Result<Verdict> {
        anyhow::bail!("{} {}", self.id, self.dry_run)
    }
}
