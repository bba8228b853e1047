//! How long after its ACK a message can be read as FHIR, at the pace of a busy feed.

use std::time::{Duration, Instant};

use anyhow::ensure;
use bytes::Bytes;
use hyper::Method;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use super::admission::{admission, record_number};
use super::load;
use super::report::{Aim, Figure, percentile_ms};
use super::rig::Rig;
use crate::client::HttpClient;

const PER_SECOND: u32 = 300;
const SENDERS: u32 = 30;
const TIME: Duration = Duration::from_secs(10);
/// Between two looks whether the patient is there.
const LOOK: Duration = Duration::from_millis(3);
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) async fn run(rig: &mut Rig) -> anyhow::Result<Vec<Figure>> {
    rig.serve(2).await?;
    let mut delays = delays(rig, 0).await?;
    Ok(figures("visible after the ACK, 300/s", &mut delays))
}

/// Median and 99th percentile of some delays.
pub(super) fn figures(what: &str, delays: &mut [Duration]) -> Vec<Figure> {
    let figure = |share, name: &str, aim, delays: &mut [Duration]| {
        Figure::new(
            format!("{what}, {name}"),
            percentile_ms(delays, share),
            "ms",
        )
        .aim(aim)
    };
    vec![
        figure(0.5, "p50", Aim::None, delays),
        figure(0.99, "p99", Aim::AtMost(100.0), delays),
    ]
}

/// From each ACK until a search finds the patient that was admitted. Admissions are counted from `first`.
pub(super) async fn delays(rig: &Rig, first: usize) -> anyhow::Result<Vec<Duration>> {
    let token = rig.token("system/*.rs")?;
    let mut senders = JoinSet::new();
    for sender in 0..SENDERS {
        let (mllp, http, token) = (rig.mllp, rig.http, token.clone());
        senders.spawn(async move {
            let mut mllp = TcpStream::connect(mllp).await?;
            mllp.set_nodelay(true)?;
            let mut http = HttpClient::connect(http).await?;
            let mut pace = interval(Duration::from_secs(SENDERS.into()) / PER_SECOND);
            // One that is late does not slow the feed down.
            pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
            tokio::time::sleep(Duration::from_millis(3) * sender).await;
            let (start, mut n) = (Instant::now(), first + sender as usize);
            let mut delays = Vec::new();
            while start.elapsed() < TIME {
                pace.tick().await;
                load::exchange(&mut mllp, &admission(n)).await?;
                delays.push(seen(&mut http, &token, n).await?);
                n += SENDERS as usize;
            }
            anyhow::Ok(delays)
        });
    }
    let mut delays = Vec::new();
    while let Some(ended) = senders.join_next().await {
        delays.extend(ended??);
    }
    Ok(delays)
}

/// Looks until the `n`-th patient is there; answers how long that took.
async fn seen(http: &mut HttpClient, token: &str, n: usize) -> anyhow::Result<Duration> {
    let start = Instant::now();
    let path = format!("/fhir/Patient?identifier={}&_elements=id", record_number(n));
    loop {
        let answer = http
            .request(Method::GET, &path, Some(token), Bytes::new())
            .await?;
        ensure!(
            answer.status == 200,
            "a search was answered {}",
            answer.status
        );
        let found = answer.json()?;
        let entries = found.get("entry").and_then(Value::as_array);
        if entries.is_some_and(|entries| !entries.is_empty()) {
            return Ok(start.elapsed());
        }
        ensure!(
            start.elapsed() < PATIENCE,
            "an admission does not become visible"
        );
        tokio::time::sleep(LOOK).await;
    }
}
