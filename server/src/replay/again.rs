//! Messages back into the queue, for the workers of this process and of running servers.

use std::time::Duration;

use ingest::today;
use model::{Action, AuditEvent, IdSource, JournalId, Timestamp};
use store::deadletter::{self, Settled};
use store::journal::Entry;
use store::{Store, audit, lanes};
use tokio::time::Instant;

use super::Reader;

/// How long nothing may move before [`wait`] gives up.
const PATIENCE: Duration = Duration::from_mins(1);
/// How often it looks.
const LOOK: Duration = Duration::from_millis(200);

/// Puts a message back into the queue, quietly without side effects; false for one that has no lane because
/// it can't be read.
pub async fn replay(
    store: &Store,
    reader: &Reader,
    entry: &Entry,
    quiet: bool,
) -> anyhow::Result<bool> {
    let summary = &entry.summary;
    let settings = reader.settings(summary.interface);
    let Ok(route) = today::route(settings, &reader.key, &entry.raw) else {
        return Ok(false);
    };
    let mut tx = store.begin(reader.tenant).await?;
    // An open dead letter of the message is answered by this: it is tried again.
    deadletter::settle(&mut tx, summary.id, Settled::Retried).await?;
    let again = lanes::Again {
        journal: summary.id,
        lane: route.lane,
        other_lane: route.other,
        interface: summary.interface,
        quiet,
    };
    lanes::requeue(&mut tx, again).await?;
    let event = AuditEvent::operator(Action::Execute, "replay", summary.id.to_string());
    audit::note(&mut tx, event).await?;
    tx.commit().await?;
    Ok(true)
}

/// Waits until nothing that came up to `last` is queued any more; false when nothing moves.
pub async fn wait(store: &Store, reader: &Reader, last: JournalId) -> anyhow::Result<bool> {
    let last = IdSource::instant(last.0);
    let mut moved = (Instant::now(), None::<Timestamp>);
    loop {
        let waiting = store::stats::waiting(store, reader.tenant).await?;
        let Some(oldest) = waiting.oldest.filter(|oldest| *oldest <= last) else {
            return Ok(true);
        };
        if moved.1 != Some(oldest) {
            moved = (Instant::now(), Some(oldest));
        }
        if PATIENCE < moved.0.elapsed() {
            return Ok(false);
        }
        tokio::time::sleep(LOOK).await;
    }
}
