//! Time to an ACK: one small message at a time, and one large document.

use std::time::{Duration, Instant};

use store::limit;
use tokio::net::TcpStream;

use super::admission::admission;
use super::load::{self, Until};
use super::report::{Aim, Figure, percentile_ms};
use super::rig::Rig;

const TIME: Duration = Duration::from_secs(5);
const DOCUMENT_BYTES: usize = 32_000_000;

pub(super) async fn run(rig: &mut Rig) -> anyhow::Result<Vec<Figure>> {
    rig.serve(0).await?;
    let raw = admission(1).into_bytes();
    // Before and after: a noisy machine shows itself in the limit.
    let mut limit = limit::journal_commits(rig.url(), 1, &raw, TIME / 2)
        .await?
        .latencies;
    let mut load = load::send(rig.mllp, 1, 0, Until::Time(TIME), admission).await?;
    limit.extend(
        limit::journal_commits(rig.url(), 1, &raw, TIME / 2)
            .await?
            .latencies,
    );
    let mut figures = Vec::new();
    for (name, share, aim) in [("p50", 0.5, Aim::AtMost(1.25)), ("p99", 0.99, Aim::None)] {
        let measured = percentile_ms(&mut load.latencies, share);
        let least = percentile_ms(&mut limit, share);
        figures.push(
            Figure::new(format!("ACK, 1 connection, {name}"), measured, "ms")
                .beside("insert and commit", least)
                .aim(aim),
        );
    }
    let text = "TWFkZSB1cA==".repeat(DOCUMENT_BYTES / 12);
    let document = format!(
        "{}OBX|1|ED|PDF||^AP^PDF^Base64^{text}\r",
        admission(1_000_000)
    );
    let mut stream = TcpStream::connect(rig.mllp).await?;
    let start = Instant::now();
    load::exchange(&mut stream, &document).await?;
    let took = start.elapsed().as_secs_f64();
    figures.push(Figure::new("ACK of a 32 MB document", took, "s").aim(Aim::AtMost(0.6)));
    Ok(figures)
}
