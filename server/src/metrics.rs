//! What operators watch: Prometheus text, made when it is asked for. No patient data.

mod applied;
mod database;
mod destinations;
mod http;
mod interfaces;
mod page;
mod process;

use std::sync::Arc;
use std::time::Instant;

use ingest::{Applications, Interface};
use store::Store;

pub use http::Requests;
pub use page::{Kind, Page};

/// What is counted in this process.
#[derive(Clone, Default)]
pub struct Counted {
    /// HTTP requests.
    pub requests: Requests,
    /// MLLP interfaces.
    pub interfaces: Vec<Arc<Interface>>,
    /// What workers apply.
    pub applications: Option<Arc<Applications>>,
    /// Dispatchers, by destination.
    pub destinations: Vec<(String, Arc<outbound::Counters>)>,
}

/// Everything that is counted in this process, and the store that counts the rest.
pub struct Metrics {
    store: Store,
    counted: Counted,
    started: Instant,
}

impl Metrics {
    /// Metrics of a process that starts now.
    pub fn new(store: Store, counted: Counted) -> Self {
        Self {
            store,
            counted,
            started: Instant::now(),
        }
    }

    /// The page.
    pub async fn page(&self) -> String {
        let mut page = Page::default();
        let counted = &self.counted;
        process::write(&mut page, self.started.elapsed());
        counted.requests.write(&mut page);
        interfaces::write(&mut page, &counted.interfaces);
        if let Some(applications) = &counted.applications {
            applied::write(&mut page, applications);
        }
        destinations::write(&mut page, &counted.destinations);
        database::write(&mut page, &self.store).await;
        page.finish()
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics(..)")
    }
}
