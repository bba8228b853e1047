//! Messages acknowledged per second, each after its commit.

use std::time::Duration;

use store::{limit, stats};

use super::admission::admission;
use super::load::{self, Until};
use super::report::{Aim, Figure, per_second, percentile_ms};
use super::rig::Rig;

const TIME: Duration = Duration::from_secs(5);
/// With so many waiting, the server's memory is read.
const N_WAITING: usize = 100_000;

pub(super) async fn run(rig: &mut Rig) -> anyhow::Result<Vec<Figure>> {
    let mut figures = Vec::new();
    let ready = rig.serve(0).await?;
    figures.push(
        Figure::new("ready after a clean start", ready.as_secs_f64(), "s").aim(Aim::AtMost(2.0)),
    );
    figures.push(Figure::new("memory, idle", rig.memory_mib()?, "MiB").aim(Aim::AtMost(100.0)));
    let raw = admission(1).into_bytes();
    let mut n_sent = 0;
    for connections in [1, 8, 32] {
        let limit = limit::journal_commits(rig.url(), connections, &raw, TIME).await?;
        let limit = per_second(limit.latencies.len(), limit.elapsed);
        let until = Until::Time(TIME);
        let mut load = load::send(rig.mllp, connections, n_sent, until, admission).await?;
        n_sent += load.latencies.len() + connections;
        let what = format!("ACKs, {connections} connections");
        let aim = if connections == 32 {
            Aim::AtLeast(1.3)
        } else {
            Aim::None
        };
        figures.push(
            Figure::new(what, load.per_second(), "1/s")
                .beside("one-row commits", limit)
                .aim(aim),
        );
        for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
            let ms = percentile_ms(&mut load.latencies, share);
            figures.push(Figure::new(format!("  {name}"), ms, "ms"));
        }
    }
    let until = Until::Count(N_WAITING.saturating_sub(n_sent));
    load::send(rig.mllp, 32, n_sent, until, admission).await?;
    let memory = rig.memory_mib()?;
    figures.push(
        Figure::new("memory, 100,000 messages waiting", memory, "MiB").aim(Aim::AtMost(400.0)),
    );
    figures.push(journal_bytes(rig).await?);
    Ok(figures)
}

/// Bytes of the journal beside the bytes that were received.
#[expect(
    clippy::cast_precision_loss,
    reason = "bytes of a benchmark are far below 2^52"
)]
async fn journal_bytes(rig: &Rig) -> anyhow::Result<Figure> {
    let store = rig.store().await?;
    let n_raw = limit::journal_raw_bytes(rig.url()).await?;
    let tables = stats::table_bytes(&store).await?;
    let journal = tables.iter().find(|table| table.table == "journal");
    let n_bytes = journal.map_or(0, |table| table.heap + table.indexes);
    Ok(
        Figure::new("journal with indexes", n_bytes as f64 / 1e6, "MB")
            .beside("bytes received", n_raw as f64 / 1e6)
            .aim(Aim::AtMost(1.7)),
    )
}
