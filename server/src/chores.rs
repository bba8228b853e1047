//! What a server does again and again beside its work: it makes next month's partitions, forgets old
//! resends, and drops what retention says.

use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use model::Actor;
use store::Store;
use tokio_util::sync::CancellationToken;

use crate::config::JournalConfig;
use crate::retention::{self, Policy};

/// How often it looks whether there is something to do.
pub const EVERY: Duration = Duration::from_hours(1);

/// Does the chores at once and `every` so often, until `stop`; retention once a day.
pub async fn run(store: Store, journal: JournalConfig, every: Duration, stop: CancellationToken) {
    let mut retained = None;
    while !stop.is_cancelled() {
        tidy(&store).await;
        retained = retain_today(&store, &journal, retained).await;
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(every) => {}
        }
    }
}

async fn tidy(store: &Store) {
    let made = store.ensure_partitions().await;
    let purged = store::stats::purge_seen(store).await;
    for error in [made.err(), purged.err()].into_iter().flatten() {
        tracing::warn!(%error, "a regular chore failed; it is tried again");
    }
}

/// Applies the policy unless that was done today; answers the day on which it was done last.
async fn retain_today(store: &Store, journal: &JournalConfig, last: Option<Date>) -> Option<Date> {
    let today = store.clock().now().to_zoned(TimeZone::UTC).date();
    if journal.retention_years.is_none() || last == Some(today) {
        return last;
    }
    match retain(store, journal).await {
        Ok(()) => Some(today),
        Err(error) => {
            tracing::warn!(%error, "retention failed; it is tried again");
            last
        }
    }
}

async fn retain(store: &Store, journal: &JournalConfig) -> anyhow::Result<()> {
    let policy = Policy::of(journal, store).await?;
    retention::apply(store, &policy, Actor::Server).await?;
    Ok(())
}
