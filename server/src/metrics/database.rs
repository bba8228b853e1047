//! What waits in the database, tenant by tenant.

use model::Timestamp;
use store::stats::Waiting;
use store::{Store, StoreError};

use super::page::{Kind, Page};

/// One tenant's numbers.
struct Counted {
    tenant: String,
    waiting: Waiting,
    n_alarms: usize,
}

/// Writes what the database says; its absence is a number of its own.
pub(super) async fn write(page: &mut Page, store: &Store) {
    const UP: &str = "drawbridge_database_up";
    const BYTES: &str = "drawbridge_database_bytes";
    let counted = count(store).await;
    page.metric(
        UP,
        Kind::Gauge,
        "Whether the database answered this scrape.",
    );
    page.sample(UP, &[], u8::from(counted.is_ok()));
    match counted {
        Ok((counted, bytes)) => {
            gauges(page, &counted, store.clock().now());
            page.metric(BYTES, Kind::Gauge, "Bytes of the database.")
                .sample(BYTES, &[], bytes);
        }
        Err(error) => tracing::warn!(%error, "the database could not be asked for metrics"),
    }
}

async fn count(store: &Store) -> Result<(Vec<Counted>, u64), StoreError> {
    let mut counted = Vec::new();
    for row in store.tenants().await? {
        counted.push(Counted {
            waiting: store::stats::waiting(store, row.tenant).await?,
            n_alarms: store::alarm::raised(store, row.tenant).await?.len(),
            tenant: row.name,
        });
    }
    Ok((counted, store::stats::database_bytes(store).await?))
}

fn gauges(page: &mut Page, counted: &[Counted], now: Timestamp) {
    const DELIVERIES: &str = "drawbridge_deliveries";
    let mut gauge = |name: &str, help: &str, value: &dyn Fn(&Counted) -> u64| {
        page.metric(name, Kind::Gauge, help);
        for tenant in counted {
            page.sample(name, &[("tenant", &tenant.tenant)], value(tenant));
        }
    };
    gauge(
        "drawbridge_queue_messages",
        "Journalled messages that wait to be applied.",
        &|of| of.waiting.n_queued,
    );
    gauge(
        "drawbridge_queue_oldest_seconds",
        "Age of the oldest of them.",
        &|of| {
            let age = of
                .waiting
                .oldest
                .map_or(0, |oldest| now.duration_since(oldest).as_secs());
            u64::try_from(age).unwrap_or(0)
        },
    );
    gauge(
        "drawbridge_dead_letters",
        "Messages that could not be mapped and wait for a person.",
        &|of| of.waiting.n_dead_letters,
    );
    gauge("drawbridge_reviews", "Open reviews.", &|of| {
        of.waiting.n_reviews
    });
    gauge(
        "drawbridge_alarms",
        "Alarms that are raised and not cleared.",
        &|of| u64::try_from(of.n_alarms).unwrap_or(u64::MAX),
    );
    page.metric(
        DELIVERIES,
        Kind::Gauge,
        "Documents on their way out, by state.",
    );
    for of in counted {
        for (state, n) in &of.waiting.deliveries {
            let labels = [("tenant", of.tenant.as_str()), ("state", state.as_str())];
            page.sample(DELIVERIES, &labels, n);
        }
    }
}
