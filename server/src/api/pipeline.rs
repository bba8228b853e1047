//! What happens to every FHIR request, whatever it asks for.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use fhir::ResourceType;
use futures_util::FutureExt as _;
use model::{Action, Actor, AuditEvent, AuditOutcome, Tenant};
use tracing::Instrument as _;

use super::call::{Answer, Call, format_of};
use super::route::Interaction;
use super::{
    Api, FhirError, Inner, binary, body, create, history, lineage, media, metadata, read, review,
    search, vread,
};
use crate::door::{Closed, bearer};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What the audit trail will say of a request; grows as more is known.
struct Record {
    tenant: Tenant,
    event: AuditEvent,
    recorded: bool,
}

impl Api {
    /// Answers a request. `tenant` is the one that the path names, `rest` what follows the base.
    pub async fn answer(&self, tenant: Option<&str>, rest: &str, request: Request) -> Response {
        let started = Instant::now();
        let (parts, body) = request.into_parts();
        let request_id = request_id(&parts.headers);
        let interaction = Interaction::parse(&parts.method, rest);
        let word = interaction
            .as_ref()
            .map_or("none", |interaction| interaction.word());
        let kind = interaction
            .as_ref()
            .ok()
            .and_then(|interaction| interaction.kind());
        let is_head = parts.method == Method::HEAD;

        let span =
            tracing::debug_span!("fhir.request", interaction = word, request.id = request_id);
        let conducted = self
            .0
            .conduct(tenant, interaction, parts, body, &request_id);
        let mut response = conducted.instrument(span).await;

        finish(response.headers_mut(), &request_id, self.0.settings.secure);
        let status = response.status().as_u16();
        let kind = kind.map_or("", ResourceType::name);
        self.0.requests.count(word, kind, status, started.elapsed());
        if is_head {
            without_body(response)
        } else {
            response
        }
    }
}

impl Inner {
    /// Does the request and writes the trail; one event, however it ends.
    async fn conduct(
        self: &Arc<Self>,
        tenant: Option<&str>,
        interaction: Result<Interaction, FhirError>,
        parts: Parts,
        body: Body,
        request_id: &str,
    ) -> Response {
        let mut record = Record::of(&interaction, &parts.method, request_id);
        let work = self.admit(&mut record, tenant, interaction, parts, body, request_id);
        let done = AssertUnwindSafe(work)
            .catch_unwind()
            .await
            .unwrap_or_else(|_| {
                tracing::error!(request.id = request_id, "a request panicked");
                Err(FhirError::Broken)
            });
        let response = record.close(done);
        if record.recorded {
            return response;
        }
        match self.trail.record(record.tenant, record.event).await {
            Ok(()) => response,
            // What the trail can't say did not happen.
            Err(error) => FhirError::from(error).into_response(),
        }
    }

    /// Lets the caller in, or not, and does what it asks for.
    async fn admit(
        self: &Arc<Self>,
        record: &mut Record,
        tenant: Option<&str>,
        interaction: Result<Interaction, FhirError>,
        parts: Parts,
        body: Body,
        request_id: &str,
    ) -> Result<Answer, FhirError> {
        let _place = self
            .in_hand
            .try_acquire()
            .map_err(|_| FhirError::Overloaded)?;
        let base = self.base(&parts, tenant);
        let mut parameters = pairs(parts.uri.query().unwrap_or_default().as_bytes());
        match interaction {
            // Open to everybody, and so is the word that a place is not filled yet.
            Ok(Interaction::Capabilities) => {
                let found = self.tenants.find(&self.store, tenant).await?;
                found.ok_or(FhirError::UnknownBase)?;
                media::check_accept(&parts.headers, format_of(&parameters))?;
                return Ok(metadata::metadata(self, &base));
            }
            Err(error @ FhirError::NotYet { .. }) => return Err(error),
            Ok(_) | Err(_) => {}
        }
        let caller = self
            .grants
            .caller(&bearer(&parts.headers, &parts.uri)?)
            .await?;
        record.event.actor = caller.actor();
        record.tenant = caller.tenant;
        let tenant = self.tenants.find(&self.store, tenant).await?;
        let tenant = tenant.filter(|tenant| tenant.tenant == caller.tenant);
        let tenant = tenant.ok_or(FhirError::UnknownBase)?;
        let interaction = interaction?;
        let (Some(kind), Some(permission)) = (interaction.kind(), interaction.permission()) else {
            return Err(FhirError::UnknownPath);
        };
        let access = caller.access(kind, permission)?;
        let is_fhir = kind != ResourceType::Binary && !interaction.is_review();
        if is_fhir {
            media::check_accept(&parts.headers, format_of(&parameters))?;
        }
        let held = self.body(interaction, &parts, body).await?;
        if let (Interaction::Search { .. }, Some(form)) = (interaction, &held) {
            parameters.extend(pairs(&form.bytes));
        }
        let call = Call {
            face: Arc::clone(self),
            tenant,
            caller,
            access,
            base,
            headers: parts.headers,
            parameters,
            body: held,
            request_id: request_id.to_owned(),
        };
        let seconds = self.settings.timeout.as_secs();
        let done = tokio::time::timeout(self.settings.timeout, dispatch(call, interaction)).await;
        done.unwrap_or(Err(FhirError::Timeout { seconds }))
    }

    /// The body, where the interaction has one.
    async fn body(
        &self,
        interaction: Interaction,
        parts: &Parts,
        body: Body,
    ) -> Result<Option<body::Held>, FhirError> {
        match interaction {
            Interaction::Create { .. } | Interaction::Decide { .. } => {
                media::check_content_type(&parts.headers)?;
            }
            Interaction::Search { .. } if parts.method == Method::POST => {
                media::check_form(&parts.headers)?;
            }
            Interaction::Capabilities
            | Interaction::Read { .. }
            | Interaction::Vread { .. }
            | Interaction::History { .. }
            | Interaction::Lineage { .. }
            | Interaction::Reviews
            | Interaction::Review { .. }
            | Interaction::Search { .. } => return Ok(None),
        }
        self.bodies
            .read(&parts.headers, body, self.settings.timeout)
            .await
            .map(Some)
    }

    /// The absolute URL of the base that the caller used.
    fn base(&self, parts: &Parts, tenant: Option<&str>) -> String {
        let root = self.settings.public_url.as_ref().map_or_else(
            || {
                let scheme = if self.settings.secure {
                    "https"
                } else {
                    "http"
                };
                let host = parts
                    .headers
                    .get(header::HOST)
                    .and_then(|host| host.to_str().ok());
                let authority = parts
                    .uri
                    .authority()
                    .map(axum::http::uri::Authority::as_str);
                format!("{scheme}://{}", authority.or(host).unwrap_or("localhost"))
            },
            |url| url.trim_end_matches('/').to_owned(),
        );
        match tenant {
            None => format!("{root}/fhir"),
            Some(tenant) => format!("{root}/{tenant}/fhir"),
        }
    }
}

async fn dispatch(call: Call, interaction: Interaction) -> Result<Answer, FhirError> {
    match interaction {
        Interaction::Read {
            kind: ResourceType::Binary,
            id,
        } => binary::read(&call, id).await,
        Interaction::Read { kind, id } => read::read(&call, kind, id).await,
        Interaction::Vread { kind, id, version } => vread::vread(&call, kind, id, version).await,
        Interaction::History { kind, id } => history::history(&call, kind, id).await,
        Interaction::Lineage { kind, id } => lineage::lineage(&call, kind, id).await,
        Interaction::Reviews => review::list(&call).await,
        Interaction::Review { id } => review::show(&call, id).await,
        Interaction::Decide { id } => review::decide(&call, id).await,
        Interaction::Search { kind } => search::search(&call, kind).await,
        Interaction::Create { kind } => create::create(call, kind).await,
        Interaction::Capabilities => Err(FhirError::UnknownPath),
    }
}

impl Record {
    /// What is known before anything was done.
    fn of(interaction: &Result<Interaction, FhirError>, method: &Method, request: &str) -> Self {
        let known = interaction.as_ref().ok();
        let kind = known.and_then(|interaction| interaction.kind());
        let resource = known.and_then(|interaction| interaction.id());
        let event = AuditEvent {
            actor: Actor::Anonymous,
            action: action(known, method),
            outcome: AuditOutcome::Success,
            interaction: known.map_or("none", |interaction| interaction.word()),
            resource_type: kind.map(ResourceType::name),
            resource,
            version: None,
            patient: resource.filter(|_| kind == Some(ResourceType::Patient)),
            request: Some(request.to_owned()),
        };
        Self {
            tenant: Tenant::DEFAULT,
            event,
            recorded: false,
        }
    }

    /// Adds how it ended.
    fn close(&mut self, done: Result<Answer, FhirError>) -> Response {
        match done {
            Ok(Answer { response, touched }) => {
                self.event.resource = touched.resource.or(self.event.resource);
                self.event.version = touched.version;
                self.event.patient = touched.patient.or(self.event.patient);
                self.recorded = touched.recorded;
                response
            }
            Err(error) => {
                let failed = error.status().is_server_error();
                self.event.outcome = if failed {
                    AuditOutcome::Failed
                } else {
                    AuditOutcome::Refused
                };
                error.into_response()
            }
        }
    }
}

/// FHIR's AuditEvent.action for a request that may not have become an interaction.
fn action(interaction: Option<&Interaction>, method: &Method) -> Action {
    match (interaction, method) {
        (Some(Interaction::Search { .. }), _) => Action::Execute,
        (Some(Interaction::Create { .. }), _) | (None, &Method::POST) => Action::Create,
        (Some(Interaction::Decide { .. }), _) | (None, &Method::PUT | &Method::PATCH) => {
            Action::Update
        }
        (None, &Method::DELETE) => Action::Delete,
        (Some(_) | None, _) => Action::Read,
    }
}

impl From<Closed> for FhirError {
    fn from(closed: Closed) -> Self {
        match closed {
            Closed::Refused(refusal) => refusal.into(),
            Closed::Store(error) => error.into(),
        }
    }
}

/// The caller's own id of the request when it is one that can't hold much else, or a new one.
fn request_id(headers: &HeaderMap) -> String {
    let is_plain = |id: &&str| {
        (1..=64).contains(&id.len())
            && id
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    let given = headers
        .get(REQUEST_ID)
        .and_then(|id| id.to_str().ok())
        .filter(is_plain);
    given.map_or_else(|| uuid::Uuid::now_v7().to_string(), str::to_owned)
}

/// What every answer says.
fn finish(headers: &mut HeaderMap, request_id: &str, secure: bool) {
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(REQUEST_ID, id);
    }
    // Charts must not stay in the caches of proxies and browsers.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    if secure {
        let a_year = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, a_year);
    }
}

/// RFC 9110 §9.3.2: the headers of the answer to GET, its length too.
fn without_body(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let length = axum::body::HttpBody::size_hint(&body).exact();
    if let Some(length) = length {
        parts.headers.insert(header::CONTENT_LENGTH, length.into());
    }
    Response::from_parts(parts, Body::empty())
}

fn pairs(query: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(query).into_owned().collect()
}
