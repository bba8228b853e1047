//! `GET Type/id`: the current version, exactly as it is stored.

use fhir::ResourceType;
use model::{ResourceId, VersionId};

use super::FhirError;
use super::call::{Answer, Call, Touched};
use super::version::is_known;

pub(super) async fn read(
    call: &Call,
    kind: ResourceType,
    id: Option<ResourceId>,
) -> Result<Answer, FhirError> {
    let id = id.ok_or(FhirError::NotFound { kind })?;
    let stored = store::resource::read(call.store(), &call.access, kind.code(), id).await?;
    let stored = stored.ok_or(FhirError::NotFound { kind })?;
    let (version, at) = (stored.version.0, stored.updated_at);
    if stored.deleted {
        return Err(FhirError::Gone { kind, version });
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
    Ok(Answer::json(stored.body, touched).versioned(version, at))
}
