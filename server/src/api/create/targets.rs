//! Whether what a document names is there, for this caller.

use fhir::{Fault, IssueCode, ResourceType};
use model::{Access, Reach, ResourceId};

use super::super::FhirError;
use super::super::call::Call;
use super::super::document::About;

/// Faults for a patient, or encounters of the patient, that the caller can't see.
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
    for (path, encounter) in &about.encounters {
        if !is_there(call, &of_patient, ResourceType::Encounter, *encounter).await? {
            faults.push(Fault {
                path: path.clone(),
                code: IssueCode::NotFound,
                what: "names no Encounter of this document's patient: send one that \
                       GET Encounter?patient=… shows"
                    .to_owned(),
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
