//! `DocumentReference`s created per second over HTTP: checked, stored with attachment, delivery, Task
//! and audit row.

use std::time::Duration;

use bytes::Bytes;
use hyper::Method;
use model::ResourceId;
use serde_json::json;
use store::limit;

use super::load::{self, Until};
use super::report::{Figure, per_second, percentile_ms};
use super::rig::Rig;

const TIME: Duration = Duration::from_secs(5);
const N_PATIENTS: usize = 1_000;

pub(super) async fn run(rig: &mut Rig) -> anyhow::Result<Vec<Figure>> {
    let ids = rig.fill(N_PATIENTS).await?;
    let token = rig.token("system/DocumentReference.cruds system/*.rs")?;
    let mut figures = Vec::new();
    for clients in [1, 32] {
        let body = String::from_utf8(document(ids.first().copied()).to_vec())?;
        let limit = limit::resource_commits(rig.url(), clients, &body, TIME).await?;
        let limit = per_second(limit.latencies.len(), limit.elapsed);
        let ids = ids.clone();
        let wanted = move |n: usize| {
            let body = document(ids.get(n % ids.len().max(1)).copied());
            (Method::POST, "/fhir/DocumentReference".to_owned(), body)
        };
        let mut load = load::ask(rig.http, clients, Until::Time(TIME), &token, wanted).await?;
        let what = format!("POST DocumentReference, {clients} clients");
        figures.push(Figure::new(what, load.per_second(), "1/s").beside("one-row commits", limit));
        figures.push(Figure::new(
            "  p99",
            percentile_ms(&mut load.latencies, 0.99),
            "ms",
        ));
    }
    Ok(figures)
}

/// A progress note of about 2 kB about one patient.
pub(super) fn document(patient: Option<ResourceId>) -> Bytes {
    let patient = patient
        .map(|id| format!("Patient/{id}"))
        .unwrap_or_default();
    let document = json!({
        "resourceType": "DocumentReference",
        "status": "current",
        "docStatus": "final",
        "type": {"coding": [{"system": "http://loinc.org", "code": "34133-9"}]},
        "subject": {"reference": patient},
        "date": "2026-03-02T10:00:00Z",
        "content": [{"attachment": {"contentType": "application/pdf", "data": "TWFkZSB1cCAh".repeat(150)}}],
    });
    Bytes::from(document.to_string())
}
