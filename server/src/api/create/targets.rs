//! Whether what a document names is there, for this caller.

use fhir::{Fault, IssueCode, ResourceType};
use model::{Access, Reach, ResourceId};

use super::super::FhirError;
use super::super::call::Call;
use super::super::document::{About, Named};

/// Faults for a patient that the caller can't see, and for what is not that patient's.
pub(super) async fn check(call: &Call, about: &About) -> Result<(), FhirError> {
    let mut faults = Vec::new();
    if !is_there(call, &call.access, ResourceType::Patient, about.patient).await? {
        faults.push(Fault {
            path: "DocumentReference.subject".to_owned(),
            code: IssueCode::NotFound,
            what: "names no Patient that you may see: send one that GET Patient shows".to_owned(),
        });
    }
    let of_patient = Access {
        reach: Reach::Patient(about.patient),
        ..call.access
    };
    for Named { path, kind, id } in &about.of_patient {
        if !is_there(call, &of_patient, *kind, *id).await? {
            faults.push(Fault {
                path: path.clone(),
                code: IssueCode::NotFound,
                what: format!("names no {kind} of this document's patient"),
            });
        }
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(FhirError::Invalid(faults))
    }
}

async fn is_there(
    call: &Call,
    access: &Access,
    kind: ResourceType,
    id: ResourceId,
) -> Result<bool, FhirError> {
    let stored = store::resource::read(call.store(), access, kind.code(), id).await?;
    Ok(stored.is_some_and(|stored| !stored.deleted))
}
