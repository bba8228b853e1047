//! `POST Type`: check, take the content out, stage it, and write everything in one transaction:
//! the resource, its Binaries, its deliveries with their Tasks, the audit event.

mod condition;
mod deliveries;
mod prepare;
mod targets;
mod write;

use axum::response::{IntoResponse, Response};
use fhir::{OperationOutcome, ResourceType};
use model::{ResourceId, VersionId};
use store::resource::{Created, Stored};

use super::FhirError;
use super::call::{Answer, Call, Touched};
use super::media;
use super::prefer::Return;
use prepare::{Prepared, prepare};

pub use deliveries::Destinations;

/// A posted body longer than this is read and checked on a thread of its own, so that it holds up
/// nobody else.
const LONG_BODY: usize = 256 << 10;

pub(super) async fn create(call: Call, kind: ResourceType) -> Result<Answer, FhirError> {
    let condition = condition::parse(&call, kind)?;
    let prepared = prepared(&call).await?;
    targets::check(&call, &prepared.about).await?;
    for content in &prepared.contents {
        let tenant = call.access.tenant;
        store::blob::stage(call.store(), tenant, content.digest, &content.bytes).await?;
    }
    let touched = Touched {
        resource: Some(prepared.id),
        version: Some(VersionId::FIRST),
        patient: Some(prepared.about.patient),
        recorded: true,
    };
    let (id, at) = (prepared.id, prepared.at);
    let shown = shown(&call, kind, &prepared.row.body);
    let submission = write::submission(&call, condition, prepared);
    match call.face.writer.submit(submission).await? {
        Created::Written => {
            call.face.destinations.ring();
            let answer = Answer {
                response: shown,
                touched,
            };
            let location = location(&call, kind, id, VersionId::FIRST);
            Ok(answer.versioned(VersionId::FIRST.0, at).created(&location))
        }
        Created::Exists(stored) => existing(&call, kind, stored).await,
        Created::Several => Err(FhirError::MultipleMatches),
    }
}

/// Reads and checks the body; a long one away from the threads that answer others.
async fn prepared(call: &Call) -> Result<Prepared, FhirError> {
    let at = call.store().clock().now();
    let (body, base) = (call.bytes(), call.base.clone());
    if body.len() <= LONG_BODY {
        return prepare(&body, &base, at);
    }
    let work = tokio::task::spawn_blocking(move || prepare(&body, &base, at)).await;
    work.unwrap_or(Err(FhirError::Broken))
}

/// What the caller wants to see of a write.
fn shown(call: &Call, kind: ResourceType, body: &str) -> Response {
    match call.prefer().returning {
        Return::Minimal => Response::default(),
        Return::Representation => (media::FHIR_JSON_HEADER, body.to_owned()).into_response(),
        Return::OperationOutcome => {
            let outcome = OperationOutcome::information(format!("the {kind} was stored"));
            (media::FHIR_JSON_HEADER, outcome.to_json()).into_response()
        }
    }
}

/// R4 http.html#ccreate: one match is answered as if it had been created now, with 200.
async fn existing(call: &Call, kind: ResourceType, found: Stored) -> Result<Answer, FhirError> {
    // The search saw all of the tenant; the answer shows what the caller may see.
    let seen = store::resource::read(call.store(), &call.access, kind.code(), found.id).await?;
    let seen = seen
        .filter(|seen| !seen.deleted)
        .ok_or(FhirError::HiddenMatch)?;
    let touched = Touched {
        resource: Some(seen.id),
        version: Some(seen.version),
        patient: seen.patient,
        recorded: false,
    };
    let answer = Answer {
        response: shown(call, kind, &seen.body),
        touched,
    };
    let location = location(call, kind, seen.id, seen.version);
    Ok(answer
        .versioned(seen.version.0, seen.updated_at)
        .located(&location))
}

fn location(call: &Call, kind: ResourceType, id: ResourceId, version: VersionId) -> String {
    format!("{}/_history/{version}", call.url(kind, id))
}
