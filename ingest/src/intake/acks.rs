//! Keeps which answers were sent: best effort, in batches, afterwards. Nothing waits for it.

use std::time::Duration;

use jiff::Timestamp;
use model::{JournalId, Tenant};
use store::Store;
use tokio::sync::mpsc;

/// Answers of one statement.
const ROWS_MAX: usize = 2000;
/// How long answers gather.
const PAUSE: Duration = Duration::from_millis(200);

/// An answer that left.
pub(crate) type Sent = (JournalId, Timestamp, &'static str);

/// Records until every handle is dropped.
pub(super) async fn run(store: Store, tenant: Tenant, mut sent: mpsc::Receiver<Sent>) {
    let mut batch = Vec::new();
    while sent.recv_many(&mut batch, ROWS_MAX).await > 0 {
        if let Err(error) = store::journal::record_acks(&store, tenant, &batch).await {
            tracing::debug!(%error, "sent answers are not recorded");
        }
        let n_rows = batch.len();
        batch.clear();
        if n_rows < ROWS_MAX && !sent.is_closed() {
            tokio::time::sleep(PAUSE).await;
        }
    }
}
