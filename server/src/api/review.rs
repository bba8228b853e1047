//! `GET /{tenant}/review`, `GET` and `POST /{tenant}/review/{id}`: what a person must decide about who is
//! who. Plain JSON: FHIR has no resource for it. Whoever looks must reach every patient.

use fhir::ResourceType;
use model::{Reach, ResourceId};
use serde_json::json;

use super::FhirError;
use super::call::{Answer, Call, Touched};
use crate::review::{self, DecideError, Decision};

/// Reviews of a page.
const COUNT: u32 = 100;

/// What a decision is sent as.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Decided {
    decision: Decision,
}

/// The open reviews, the oldest first; `?after=ID` goes on behind one.
pub(super) async fn list(call: &Call) -> Result<Answer, FhirError> {
    everybody(call)?;
    let after = call.parameters.iter().find(|(name, _)| name == "after");
    let after = after.map(|(_, id)| id.parse::<i64>()).transpose();
    let after = after.map_err(|_| bad("after is the number of a review"))?;
    let (store, tenant) = (call.store(), call.access.tenant);
    let open = store::review::list(store, tenant, after, COUNT).await?;
    let lines: Vec<_> = open.iter().map(review::line).collect();
    Ok(plain(&json!({ "reviews": lines }), None))
}

/// One review with what it is about, side by side.
pub(super) async fn show(call: &Call, id: i64) -> Result<Answer, FhirError> {
    everybody(call)?;
    let (store, tenant) = (call.store(), call.access.tenant);
    let found = store::review::get(store, tenant, id).await?;
    let found = found.ok_or(FhirError::UnknownReview)?;
    let about = found.question.other_entity;
    let shown = review::shown(store, tenant, &found).await?;
    Ok(plain(&shown, about.map(|entity| ResourceId(entity.0))))
}

/// Decides: `{"decision": "link" | "apart" | "close" | "undo"}`.
pub(super) async fn decide(call: &Call, id: i64) -> Result<Answer, FhirError> {
    everybody(call)?;
    let wanted = "the body is {\"decision\": \"link\" | \"apart\" | \"close\" | \"undo\"}";
    let decided: Decided = serde_json::from_slice(&call.bytes()).map_err(|_| bad(wanted))?;
    let place = (call.store(), call.access.tenant);
    let actor = call.caller.actor();
    let done = review::decide(place, &call.tenant.key, id, decided.decision, actor).await;
    let done = done.map_err(|error| match error {
        DecideError::Unknown(_) => FhirError::UnknownReview,
        DecideError::NotOpen(_) => FhirError::ReviewNotOpen,
        DecideError::NotOfTwo(_) => bad(&error.to_string()),
        DecideError::Store(error) | DecideError::Chart(ingest::ChartError::Store(error)) => {
            error.into()
        }
        DecideError::Chart(_) => FhirError::Broken,
    })?;
    let about = done.question.other_entity;
    Ok(plain(
        &review::line(&done),
        about.map(|entity| ResourceId(entity.0)),
    ))
}

/// Who is who concerns two patients at least.
fn everybody(call: &Call) -> Result<(), FhirError> {
    match call.access.reach {
        Reach::All => Ok(()),
        Reach::Patient(_) => Err(FhirError::NotFound {
            kind: ResourceType::Patient,
        }),
    }
}

fn bad(what: &str) -> FhirError {
    FhirError::BadRequest {
        what: what.to_owned(),
    }
}

fn plain(body: &serde_json::Value, patient: Option<ResourceId>) -> Answer {
    let touched = Touched {
        patient,
        ..Touched::default()
    };
    Answer::plain_json(body.to_string(), touched)
}
