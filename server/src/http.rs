//! The HTTP face: which paths there are, and the sockets they are reached by.
//!
//! Paths: FHIR under `/fhir` and `/{tenant}/fhir`, reviews under `/{tenant}/review`, `/health/*`, `/metrics`. The places of SMART's
//! flows are kept: they answer that they are not served yet.

mod health;
mod listener;
mod tls;

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderName, Method, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{self, CorsLayer};

use crate::api::{Api, FhirError};
use crate::metrics::{Metrics, Page};

pub use health::{Health, Probe};
pub use listener::{Limits, serve};
pub use tls::{TlsError, acceptor};

/// What the operators' endpoints need.
#[derive(Clone)]
pub struct Operations {
    /// Whether everything that should run does.
    pub health: Arc<Health>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
}

/// The routes of the main address; `/metrics` unless it has an address of its own.
pub fn router(api: Api, operations: Operations, with_metrics: bool) -> Router {
    let router = Router::new()
        .route("/oauth/{*rest}", any(oauth))
        .fallback(fhir)
        .with_state(api)
        .layer(apps_in_browsers())
        .merge(health_routes(&operations));
    let router = if with_metrics {
        router.merge(metrics_routes(operations))
    } else {
        router
    };
    // The FHIR pipeline catches its own; this is for the rest.
    router.layer(CatchPanicLayer::custom(panicked))
}

/// The routes of the operators' own address.
pub fn operations_router(operations: Operations) -> Router {
    health_routes(&operations)
        .merge(metrics_routes(operations))
        .fallback(async || FhirError::UnknownRoute)
        .layer(CatchPanicLayer::custom(panicked))
}

/// Apps that run in a browser may call from any origin: what lets a caller in is its token, which a
/// browser never adds by itself.
fn apps_in_browsers() -> CorsLayer {
    let sent = ["if-none-exist", "prefer", "x-request-id"].map(HeaderName::from_static);
    let asked = [
        header::ACCEPT,
        header::AUTHORIZATION,
        header::CONTENT_TYPE,
        header::IF_MODIFIED_SINCE,
        header::IF_NONE_MATCH,
    ];
    let shown = [
        header::ETAG,
        header::LAST_MODIFIED,
        header::LOCATION,
        header::WWW_AUTHENTICATE,
    ];
    CorsLayer::new()
        .allow_origin(cors::Any)
        .allow_methods([Method::GET, Method::HEAD, Method::POST])
        .allow_headers(asked.into_iter().chain(sent).collect::<Vec<_>>())
        .expose_headers(shown)
        .max_age(Duration::from_hours(1))
}

fn health_routes(operations: &Operations) -> Router {
    Router::new()
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .method_not_allowed_fallback(only_get)
        .with_state(Arc::clone(&operations.health))
}

fn metrics_routes(operations: Operations) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .method_not_allowed_fallback(only_get)
        .with_state(operations.metrics)
}

async fn metrics(State(metrics): State<Arc<Metrics>>) -> Response {
    let page = metrics.page().await;
    ([(header::CONTENT_TYPE, Page::CONTENT_TYPE)], page).into_response()
}

/// Everything that is no operators' path: FHIR, when the path has a FHIR base.
async fn fhir(State(api): State<Api>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    if let Some((tenant, rest)) = split_review(&path) {
        return api.answer(Some(tenant), &rest, request).await;
    }
    match split_base(&path) {
        Some((tenant, rest)) => api.answer(tenant, rest, request).await,
        None => FhirError::UnknownRoute.into_response(),
    }
}

async fn only_get(method: Method) -> FhirError {
    FhirError::NotServed {
        method,
        allow: "GET, HEAD",
    }
}

async fn oauth() -> FhirError {
    FhirError::NotYet {
        what: "the authorization server",
    }
}

/// The tenant's name and the operation of a path of reviews: `/{tenant}/review…`.
fn split_review(path: &str) -> Option<(&str, String)> {
    let (tenant, rest) = path.strip_prefix('/')?.split_once('/')?;
    let id = rest.strip_prefix("review")?;
    (id.is_empty() || id.starts_with('/')).then(|| (tenant, format!("$review{id}")))
}

/// The tenant's name (`None`: the default one) and what follows the base.
fn split_base(path: &str) -> Option<(Option<&str>, &str)> {
    let after_base = |rest: &'_ str| match rest.strip_prefix("fhir") {
        Some("") => Some(0),
        Some(rest) if rest.starts_with('/') => Some(1),
        _ => None,
    };
    let path = path.strip_prefix('/')?;
    if let Some(slash) = after_base(path) {
        return Some((None, path.get("fhir".len() + slash..)?));
    }
    let (tenant, rest) = path.split_once('/')?;
    let slash = after_base(rest)?;
    Some((Some(tenant), rest.get("fhir".len() + slash..)?))
}

fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    tracing::error!("a request panicked");
    FhirError::Broken.into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_is_fhir_alone_or_after_a_tenant() {
        for (path, expected) in [
            ("/fhir", Some((None, ""))),
            ("/fhir/", Some((None, ""))),
            ("/fhir/Patient/1", Some((None, "Patient/1"))),
            ("/acme/fhir/Patient", Some((Some("acme"), "Patient"))),
            ("/acme/fhir", Some((Some("acme"), ""))),
            ("/fhir/fhir/x", Some((None, "fhir/x"))),
            ("/fhirx/Patient", None),
            ("/acme/fhirx", None),
            ("/", None),
        ] {
            assert_eq!(split_base(path), expected, "{path}");
        }
    }
}
