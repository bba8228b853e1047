//! `GET Binary/id`: the content as it was sent, or the resource with the content in Base64.

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fhir::{ResourceType, binary};
use model::{ResourceId, VersionId};
use serde_json::Value;

use super::FhirError;
use super::call::{Answer, Call, Touched};
use super::media::{BinaryForm, accepts, binary_form};
use super::version::is_known;

const KIND: ResourceType = ResourceType::Binary;

pub(super) async fn read(call: &Call, id: Option<ResourceId>) -> Result<Answer, FhirError> {
    let id = id.ok_or(FhirError::NotFound { kind: KIND })?;
    let stored = store::resource::read(call.store(), &call.access, KIND.code(), id).await?;
    let stored = stored.ok_or(FhirError::NotFound { kind: KIND })?;
    let (version, at) = (stored.version.0, stored.updated_at);
    if stored.deleted {
        return Err(FhirError::Gone {
            kind: KIND,
            version,
        });
    }
    let touched = Touched {
        resource: Some(id),
        version: Some(VersionId(version)),
        patient: stored.patient,
        recorded: false,
    };
    if is_known(&call.headers, version, at) {
        return Ok(Answer::not_modified(version, at, touched));
    }
    let resource: Value = serde_json::from_str(&stored.body).map_err(|_| broken("no JSON"))?;
    let answer = match binary_form(&call.headers, call.format()) {
        BinaryForm::Resource => {
            let text = match binary::content_digest(&resource) {
                Some(digest) => with_data(call, resource, digest).await?,
                None => stored.body,
            };
            Answer::json(text, touched)
        }
        BinaryForm::Content => {
            let response = content(call, &resource).await?;
            Answer { response, touched }
        }
    };
    Ok(answer.versioned(version, at))
}

/// The resource with its content, as one text.
async fn with_data(call: &Call, resource: Value, digest: [u8; 32]) -> Result<String, FhirError> {
    let tenant = call.access.tenant;
    let content = store::blob::whole(call.store(), tenant, &digest).await?;
    let content = content.ok_or_else(|| broken("content lost"))?;
    let mut text = Value::Object(binary::without_pointer(resource)).to_string();
    // Base64 needs no escapes in JSON.
    text.pop();
    text.reserve(content.len() / 3 * 4 + 16);
    text.push_str(",\"data\":\"");
    STANDARD.encode_string(&content, &mut text);
    text.push_str("\"}");
    Ok(text)
}

/// The bytes.
async fn content(call: &Call, resource: &Value) -> Result<Response, FhirError> {
    let text = |name| resource.get(name).and_then(Value::as_str);
    let content_type = text("contentType").unwrap_or_default();
    if !accepts(&call.headers, content_type) {
        return Err(FhirError::NotAcceptable);
    }
    let (size, body) = match binary::content_digest(resource) {
        Some(digest) => streamed(call, digest).await?,
        None => enclosed(text("data").ok_or_else(|| broken("no content"))?)?,
    };
    let octets = HeaderValue::from_static("application/octet-stream");
    let content_type = HeaderValue::from_str(content_type).unwrap_or(octets);
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::CONTENT_LENGTH, size.into()),
        // R4 security.html#binary: what an app sent must not run in our name in a browser.
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("sandbox"),
        ),
    ];
    Ok((headers, body).into_response())
}

/// What lies beside its Binary.
async fn streamed(call: &Call, digest: [u8; 32]) -> Result<(u64, Body), FhirError> {
    let tenant = call.access.tenant;
    let size = store::blob::size(call.store(), tenant, &digest).await?;
    let chunks = store::blob::read(call.store(), tenant, digest).await?;
    match (size, chunks) {
        (Some(size), Some(chunks)) => Ok((size, Body::from_stream(chunks))),
        _ => Err(broken("content lost")),
    }
}

/// What came in a message: its Binary holds it as all that is made of messages holds what they said.
fn enclosed(data: &str) -> Result<(u64, Body), FhirError> {
    let content = STANDARD.decode(data);
    let content = content.map_err(|_| broken("content is no Base64"))?;
    Ok((content.len() as u64, content.into()))
}

fn broken(what: &'static str) -> FhirError {
    tracing::error!(what, "a stored Binary is broken");
    FhirError::Broken
}
