//! FHIR R4 over HTTP: one file per interaction, one pipeline around them all.
//!
//! A request is parsed into a `route::Interaction`, its caller let in by the door, the
//! interaction done with the caller's access predicate in its query, and the whole written to the
//! audit trail before the answer leaves: a read that is not in the trail did not happen.

mod binary;
mod body;
mod bundle;
mod call;
mod create;
mod cursor;
mod document;
mod error;
mod history;
mod lineage;
mod media;
mod metadata;
mod pipeline;
mod prefer;
mod read;
mod review;
mod route;
mod search;
mod served;
mod tenants;
mod version;
mod vread;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use store::Store;
use store::audit::Trail;
use store::resource::Coalescer;
use tokio::sync::Semaphore;

use crate::door::Grants;
use crate::metrics::Requests;

pub use create::Destinations;
pub use error::FhirError;

/// How the FHIR face is set.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The address by which apps reach the server, where it is not the one of their requests.
    pub public_url: Option<String>,
    /// Whether connections are TLS: the scheme of URLs in answers.
    pub secure: bool,
    /// The largest body in bytes.
    pub body_bytes_max: usize,
    /// How much memory all bodies may take at a time, in bytes.
    pub bodies_bytes_max: usize,
    /// How long one request may take.
    pub timeout: Duration,
    /// How many requests are worked on at a time.
    pub requests_max: usize,
}

/// The FHIR face; cheap to clone.
#[derive(Clone)]
pub struct Api(Arc<Inner>);

struct Inner {
    store: Store,
    trail: Trail,
    writer: Coalescer,
    grants: Grants,
    destinations: Destinations,
    tenants: tenants::Tenants,
    settings: Settings,
    in_hand: Semaphore,
    bodies: body::Budget,
    requests: Requests,
    started_at: Timestamp,
}

impl Api {
    /// The face of a store. `requests` counts what is answered.
    pub fn new(
        store: Store,
        settings: Settings,
        destinations: Destinations,
        requests: Requests,
    ) -> Self {
        Self(Arc::new(Inner {
            grants: Grants::new(store.clone()),
            tenants: tenants::Tenants::default(),
            in_hand: Semaphore::new(settings.requests_max),
            bodies: body::Budget::new(settings.bodies_bytes_max, settings.body_bytes_max),
            started_at: store.clock().now(),
            trail: Trail::start(&store),
            writer: Coalescer::start(&store),
            store,
            destinations,
            settings,
            requests,
        }))
    }
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Api(..)")
    }
}
