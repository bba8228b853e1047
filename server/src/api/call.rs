//! One request that was let in, and what an interaction gives back.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use fhir::ResourceType;
use jiff::Timestamp;
use model::{Access, ResourceId, VersionId};
use store::Store;

use super::body::Held;
use super::tenants::TenantContext;
use super::{Inner, media, prefer, version};
use crate::door::Caller;
use prefer::Prefer;

/// A request whose caller was let in.
pub(super) struct Call {
    pub(super) face: Arc<Inner>,
    pub(super) tenant: Arc<TenantContext>,
    pub(super) caller: Arc<Caller>,
    /// What the caller reaches in this interaction: goes into every query.
    pub(super) access: Access,
    /// The absolute URL of the FHIR base, without a slash at its end.
    pub(super) base: String,
    pub(super) headers: HeaderMap,
    /// The parameters of the URL, and of the body of a `POST _search`.
    pub(super) parameters: Vec<(String, String)>,
    /// The body of a create (of a search: its form, already among the parameters), with its part of
    /// the memory that bodies may take.
    pub(super) body: Option<Held>,
    pub(super) request_id: String,
}

impl Call {
    pub(super) fn store(&self) -> &Store {
        &self.face.store
    }

    pub(super) fn prefer(&self) -> Prefer {
        Prefer::of(&self.headers)
    }

    /// `_format`, which wins over Accept.
    pub(super) fn format(&self) -> Option<&str> {
        format_of(&self.parameters)
    }

    /// The bytes of the body; none is an empty one.
    pub(super) fn bytes(&self) -> Bytes {
        self.body
            .as_ref()
            .map(|held| held.bytes.clone())
            .unwrap_or_default()
    }

    /// The absolute URL of a resource.
    pub(super) fn url(&self, kind: ResourceType, id: ResourceId) -> String {
        format!("{}/{kind}/{id}", self.base)
    }
}

pub(super) fn format_of(parameters: &[(String, String)]) -> Option<&str> {
    let format = parameters.iter().find(|(name, _)| name == "_format");
    format.map(|(_, value)| value.as_str())
}

/// What an interaction touched, for the audit trail.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Touched {
    pub(super) resource: Option<ResourceId>,
    pub(super) version: Option<VersionId>,
    pub(super) patient: Option<ResourceId>,
    /// The event is already in the trail: it was written in the interaction's own transaction.
    pub(super) recorded: bool,
}

/// What an interaction gives back when it succeeds.
pub(super) struct Answer {
    pub(super) response: Response,
    pub(super) touched: Touched,
}

impl Answer {
    /// FHIR JSON with status 200.
    pub(super) fn json(body: impl Into<Body>, touched: Touched) -> Self {
        let response = (media::FHIR_JSON_HEADER, body.into()).into_response();
        Self { response, touched }
    }

    /// JSON that is no FHIR.
    pub(super) fn plain_json(body: impl Into<Body>, touched: Touched) -> Self {
        let kind = [(header::CONTENT_TYPE, "application/json")];
        let response = (kind, body.into()).into_response();
        Self { response, touched }
    }

    /// The same with the headers of a version.
    #[must_use]
    pub(super) fn versioned(mut self, number: i32, updated_at: Timestamp) -> Self {
        self.response
            .headers_mut()
            .extend(version::headers(number, updated_at));
        self
    }

    /// 304: the caller's copy is the current one.
    pub(super) fn not_modified(number: i32, updated_at: Timestamp, touched: Touched) -> Self {
        let answer = Self {
            response: StatusCode::NOT_MODIFIED.into_response(),
            touched,
        };
        answer.versioned(number, updated_at)
    }

    /// 201, and where the new resource is.
    #[must_use]
    pub(super) fn created(mut self, location: &str) -> Self {
        *self.response.status_mut() = StatusCode::CREATED;
        self.located(location)
    }

    /// Where the resource is.
    #[must_use]
    pub(super) fn located(mut self, location: &str) -> Self {
        if let Ok(location) = HeaderValue::from_str(location) {
            self.response
                .headers_mut()
                .insert(header::LOCATION, location);
        }
        self
    }
}
