//! FHIR reads per second over HTTP, each with its token checked and its audit row committed.

use std::time::Duration;

use bytes::Bytes;
use hyper::Method;
use model::{ResourceId, Tenant};
use store::limit;

use super::load::{self, Until};
use super::report::{Aim, Figure, per_second, percentile_ms};
use super::rig::Rig;

const TIME: Duration = Duration::from_secs(5);
const N_PATIENTS: usize = 10_000;

pub(super) async fn run(rig: &mut Rig) -> anyhow::Result<Vec<Figure>> {
    let ids = rig.fill(N_PATIENTS).await?;
    let token = rig.token("system/Patient.rs")?;
    let mut figures = Vec::new();
    for connections in [16, 64] {
        let kind = fhir::ResourceType::Patient.code();
        let tenant = Tenant::DEFAULT;
        let limit = limit::point_selects(rig.url(), connections, tenant, kind, &ids, TIME).await?;
        let limit = per_second(limit.latencies.len(), limit.elapsed);
        let wanted = paths(ids.clone());
        let mut load = load::ask(rig.http, connections, Until::Time(TIME), &token, wanted).await?;
        let what = format!("GET Patient/id, {connections} clients");
        figures.push(
            Figure::new(what, load.per_second(), "1/s")
                .beside("prepared point selects", limit)
                .aim(Aim::AtLeast(0.4)),
        );
        let p99 = percentile_ms(&mut load.latencies, 0.99);
        figures.push(Figure::new("  p99", p99, "ms"));
    }
    Ok(figures)
}

fn paths(ids: Vec<ResourceId>) -> impl Fn(usize) -> (Method, String, Bytes) {
    move |n| {
        let id = ids.get(n.wrapping_mul(7919) % ids.len().max(1));
        let path = id.map_or_else(String::new, |id| format!("/fhir/Patient/{id}"));
        (Method::GET, path, Bytes::new())
    }
}
