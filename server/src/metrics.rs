//! What operators watch: Prometheus text, made when it is asked for. No patient data.

mod database;
mod http;
mod interfaces;
mod page;
mod process;

use std::sync::Arc;
use std::time::Instant;

use ingest::Interface;
use store::Store;

pub use http::Requests;
pub use page::{Kind, Page};

/// Everything that is counted in this process, and the store that counts the rest.
pub struct Metrics {
    store: Store,
    requests: Requests,
    interfaces: Vec<Arc<Interface>>,
    started: Instant,
}

impl Metrics {
    /// Metrics of a process that starts now.
    pub fn new(store: Store, requests: Requests, interfaces: Vec<Arc<Interface>>) -> Self {
        Self {
            store,
            requests,
            interfaces,
            started: Instant::now(),
        }
    }

    /// The page.
    pub async fn page(&self) -> String {
        let mut page = Page::default();
        process::write(&mut page, self.started.elapsed());
        self.requests.write(&mut page);
        interfaces::write(&mut page, &self.interfaces);
        database::write(&mut page, &self.store).await;
        page.finish()
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics(..)")
    }
}
