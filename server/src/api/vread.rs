//! `GET Type/id/_history/version`: one version, current or past.

use fhir::ResourceType;
use model::{ResourceId, VersionId};

use super::FhirError;
use super::call::{Answer, Call, Touched};

pub(super) async fn vread(
    call: &Call,
    kind: ResourceType,
    id: Option<ResourceId>,
    version: Option<VersionId>,
) -> Result<Answer, FhirError> {
    let id = id.ok_or(FhirError::NotFound { kind })?;
    // Versions are numbers here; any other text names none.
    let version = version.ok_or(FhirError::NoVersion { kind })?;
    let stored =
        store::resource::vread(call.store(), &call.access, kind.code(), id, version).await?;
    let stored = stored.ok_or(FhirError::NoVersion { kind })?;
    if stored.deleted {
        return Err(FhirError::Gone {
            kind,
            version: version.0,
        });
    }
    let touched = Touched {
        resource: Some(id),
        version: Some(version),
        patient: stored.patient,
        recorded: false,
    };
    Ok(Answer::json(stored.body, touched).versioned(version.0, stored.updated_at))
}
