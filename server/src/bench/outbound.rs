//! Documents delivered per second to a receiver that accepts each at once.

use std::time::{Duration, Instant};

use hyper::Method;
use model::Tenant;
use outbound::emr;
use store::stats;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::load::{self, Until};
use super::report::{Figure, per_second};
use super::rig::Rig;
use super::write::document;

const N_PATIENTS: usize = 200;
const N_DOCUMENTS: usize = 2_000;

pub(super) async fn run(rig: &mut Rig) -> anyhow::Result<Vec<Figure>> {
    let ids = rig.fill(N_PATIENTS).await?;
    let token = rig.token("system/DocumentReference.cruds system/*.rs")?;
    let wanted = move |n: usize| {
        let body = document(ids.get(n % ids.len().max(1)).copied());
        (Method::POST, "/fhir/DocumentReference".to_owned(), body)
    };
    load::ask(rig.http, 16, Until::Count(N_DOCUMENTS), &token, wanted).await?;
    let listener = TcpListener::bind(rig.emr).await?;
    let stop = CancellationToken::new();
    let receiver = tokio::spawn(emr::serve(listener, emr::Settings::default(), stop.clone()));
    let store = rig.store().await?;
    let start = Instant::now();
    let n_accepted = loop {
        let states = stats::waiting(&store, Tenant::DEFAULT).await?.deliveries;
        let count = |word: &str| states.iter().find(|it| it.0 == word).map_or(0, |it| it.1);
        let n_accepted = usize::try_from(count("accepted") + count("confirmed"))?;
        if count("queued") + count("sending") == 0 {
            break n_accepted;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let rate = per_second(n_accepted, start.elapsed());
    stop.cancel();
    drop(receiver.await);
    Ok(vec![
        Figure::new("documents accepted by one destination", rate, "1/s"),
        Figure::new(
            "  not accepted, of 2,000",
            per_second(N_DOCUMENTS - n_accepted, Duration::from_secs(1)),
            "",
        ),
    ])
}
