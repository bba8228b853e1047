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
    let digest = binary::content_digest(&resource).ok_or_else(|| broken("no content"))?;
    let answer = match binary_form(&call.headers, call.format()) {
        BinaryForm::Resource => {
            let response = with_data(call, resource, digest).await?;
            Answer::json(response, touched)
        }
        BinaryForm::Content => {
            let content_type = resource.get("contentType").and_then(Value::as_str);
            let response = content(call, content_type.unwrap_or_default(), digest).await?;
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

/// The bytes, streamed.
async fn content(call: &Call, content_type: &str, digest: [u8; 32]) -> Result<Response, FhirError> {
    if !accepts(&call.headers, content_type) {
        return Err(FhirError::NotAcceptable);
    }
    let tenant = call.access.tenant;
    let size = store::blob::size(call.store(), tenant, &digest).await?;
    let chunks = store::blob::read(call.store(), tenant, digest).await?;
    let (Some(size), Some(chunks)) = (size, chunks) else {
        return Err(broken("content lost"));
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
    Ok((headers, Body::from_stream(chunks)).into_response())
}

fn broken(what: &'static str) -> FhirError {
    tracing::error!(what, "a stored Binary is broken");
    FhirError::Broken
}
