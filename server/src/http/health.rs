//! `/health/live` and `/health/ready`: for load balancers and service managers.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use store::Store;

/// Says why something is down; `None` while it is up.
pub type Probe = Box<dyn Fn() -> Option<String> + Send + Sync>;

/// How long the database may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(2);

/// What must be up for the server to be ready.
pub struct Health {
    store: Store,
    probes: Vec<Probe>,
}

impl Health {
    /// Ready means: the database answers and no probe complains.
    pub fn new(store: Store, probes: Vec<Probe>) -> Self {
        Self { store, probes }
    }

    /// Why the server is not ready; empty when it is.
    pub async fn complaints(&self) -> Vec<String> {
        let mut complaints: Vec<String> = self.probes.iter().filter_map(|probe| probe()).collect();
        match tokio::time::timeout(PATIENCE, self.store.ping()).await {
            Ok(Ok(())) => {}
            // The driver's words may name hosts and users: the log has them, the answer does not.
            Ok(Err(error)) => {
                tracing::warn!(%error, "the database does not answer");
                complaints.push("the database can't be reached".to_owned());
            }
            Err(_) => complaints.push(format!("the database did not answer in {PATIENCE:?}")),
        }
        complaints
    }
}

impl std::fmt::Debug for Health {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Health({} probes)", self.probes.len())
    }
}

/// The process runs and answers.
pub(super) async fn live() -> Response {
    Json(json!({ "status": "live" })).into_response()
}

/// The process can do its work.
pub(super) async fn ready(State(health): State<Arc<Health>>) -> Response {
    let complaints = health.complaints().await;
    if complaints.is_empty() {
        return Json(json!({ "status": "ready" })).into_response();
    }
    let body = json!({ "status": "not ready", "reasons": complaints });
    (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
}
