//! Statistics for tables that grow from nothing. Plans are made once and kept; one that was made for
//! an empty table takes any index that begins with the right column, and reads a whole tenant for
//! every row it looks up. Fresh statistics make Postgres plan again; its own come a minute late.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::Store;

/// Rows after which the tables are looked at; after that at each fourfold. Those that are not four times
/// larger than at their last statistics are left alone.
const FIRST: u64 = 256;
/// Beyond this Postgres's own statistics are good enough.
const LAST: u64 = 1 << 20;
/// The rows that were counted are committed by then.
const PAUSE: Duration = Duration::from_millis(250);

/// Counts what this process has created.
#[derive(Default, Debug)]
pub(crate) struct Growth(AtomicU64);

impl Growth {
    /// Whether the tables are so much larger now that plans should be made anew.
    fn grew(&self, n_rows: u64) -> bool {
        let before = self.0.fetch_add(n_rows, Ordering::Relaxed);
        let after = before.saturating_add(n_rows);
        let mut step = FIRST;
        while step <= LAST {
            if before < step && step <= after {
                return true;
            }
            step *= 4;
        }
        false
    }
}

/// Rows of the repository were created.
pub(crate) fn grew(store: &Store, n_rows: usize) {
    if !store.growth().grew(n_rows as u64) {
        return;
    }
    let store = store.clone();
    tokio::spawn(async move {
        tokio::time::sleep(PAUSE).await;
        if let Err(error) = analyze(&store).await {
            tracing::debug!(%error, "the tables can't be analyzed now");
        }
    });
}

async fn analyze(store: &Store) -> crate::Result<()> {
    let client = store.writers().get().await?;
    // Tables are analyzed by their owner, which need not be the server's role.
    client.batch_execute("select refresh_statistics()").await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_are_made_at_each_fourfold() {
        let growth = Growth::default();
        assert!(!growth.grew(255));
        assert!(growth.grew(1));
        assert!(!growth.grew(100));
        assert!(growth.grew(4000));
        assert!(!growth.grew(1));
    }
}
