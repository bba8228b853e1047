//! FHIR searches per second over HTTP: the questions that apps ask most.

use std::time::Duration;

use bytes::Bytes;
use hyper::Method;
use model::Tenant;
use store::limit;

use super::admission::{N_FAMILIES, family, record_number};
use super::load::{self, Until};
use super::report::{Figure, per_second, percentile_ms};
use super::rig::Rig;

const TIME: Duration = Duration::from_secs(4);
const N_PATIENTS: usize = 10_000;
const CLIENTS: usize = 32;

/// The query of the n-th search.
type Question = Box<dyn Fn(usize) -> String + Send + Sync>;

pub(super) async fn run(rig: &mut Rig) -> anyhow::Result<Vec<Figure>> {
    let ids = rig.fill(N_PATIENTS).await?;
    let token = rig.token("system/*.rs")?;
    let kind = fhir::ResourceType::Patient.code();
    let limit = limit::point_selects(rig.url(), CLIENTS, Tenant::DEFAULT, kind, &ids, TIME).await?;
    let limit = per_second(limit.latencies.len(), limit.elapsed);
    let of = move |n: usize| ids.get(n.wrapping_mul(7919) % ids.len().max(1)).copied();
    let (encounter_of, condition_of) = (of.clone(), of);
    let id = |id: Option<model::ResourceId>| id.map(|id| id.to_string()).unwrap_or_default();
    let questions: [(&str, Question); 5] = [
        (
            "Patient?identifier",
            Box::new(|n| format!("Patient?identifier={}", record_number(n % N_PATIENTS))),
        ),
        (
            "Encounter?patient",
            Box::new(move |n| format!("Encounter?patient={}", id(encounter_of(n)))),
        ),
        (
            "Condition?patient&code",
            Box::new(move |n| format!("Condition?patient={}&code=I50.9", id(condition_of(n)))),
        ),
        (
            "Patient?family (all of a name)",
            Box::new(|n| format!("Patient?family={}&_count=20", family(n % N_FAMILIES))),
        ),
        (
            "Patient?gender (newest 20)",
            Box::new(|_| "Patient?gender=female&_count=20".to_owned()),
        ),
    ];
    let mut figures = Vec::new();
    for (what, question) in questions {
        let wanted = move |n| (Method::GET, format!("/fhir/{}", question(n)), Bytes::new());
        let mut load = load::ask(rig.http, CLIENTS, Until::Time(TIME), &token, wanted).await?;
        figures.push(
            Figure::new(what, load.per_second(), "1/s").beside("prepared point selects", limit),
        );
        figures.push(Figure::new(
            "  p99",
            percentile_ms(&mut load.latencies, 0.99),
            "ms",
        ));
    }
    Ok(figures)
}
