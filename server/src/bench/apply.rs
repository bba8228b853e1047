//! Admissions made readable per second: a backlog that is drained, and a feed that comes in.

use std::time::{Duration, Instant};

use store::{Store, stats};

use super::admission::admission;
use super::load::{self, Until};
use super::report::{Aim, Figure, per_second};
use super::rig::Rig;

const N_BACKLOG: usize = 50_000;
const FEED: Duration = Duration::from_secs(10);
const WORKERS: usize = 3;

pub(super) async fn run(rig: &mut Rig) -> anyhow::Result<Vec<Figure>> {
    rig.serve(0).await?;
    load::send(rig.mllp, 32, 0, Until::Count(N_BACKLOG), admission).await?;
    rig.stop_server().await?;
    let store = rig.store().await?;
    let before = stats::table_bytes(&store).await?;

    rig.serve(WORKERS).await?;
    let start = Instant::now();
    let n_backlog = n_waiting(&store).await?;
    rig.drained().await?;
    let drained = per_second(n_backlog, start.elapsed());
    let mut figures =
        vec![Figure::new("admissions, draining 50,000", drained, "1/s").aim(Aim::AtLeast(4000.0))];
    figures.extend(bytes_per_admission(
        &before,
        &stats::table_bytes(&store).await?,
    ));

    let start = Instant::now();
    let feed = load::send(rig.mllp, 32, N_BACKLOG, Until::Time(FEED), admission).await?;
    let n_left = n_waiting(&store).await?;
    let n_applied = feed.latencies.len().saturating_sub(n_left);
    let applied = per_second(n_applied, start.elapsed());
    figures.push(
        Figure::new("admissions, while the feed comes in", applied, "1/s")
            .aim(Aim::AtLeast(1000.0)),
    );
    figures.push(Figure::new(
        "  the feed, 32 connections",
        feed.per_second(),
        "1/s",
    ));
    rig.drained().await?;
    figures.push(Figure::new("memory, after it", rig.memory_mib()?, "MiB"));
    Ok(figures)
}

async fn n_waiting(store: &Store) -> anyhow::Result<usize> {
    let waiting = stats::waiting(store, model::Tenant::DEFAULT).await?;
    Ok(usize::try_from(waiting.n_queued)?)
}

/// What an admission takes, by table, the largest first.
#[expect(
    clippy::cast_precision_loss,
    reason = "bytes of a benchmark are far below 2^52"
)]
fn bytes_per_admission(before: &[stats::TableBytes], after: &[stats::TableBytes]) -> Vec<Figure> {
    let size = |table: &stats::TableBytes| table.heap + table.indexes;
    let was = |name: &str| before.iter().find(|it| it.table == name).map_or(0, size);
    let mut grown: Vec<_> = after
        .iter()
        .map(|it| (it.table.as_str(), size(it).saturating_sub(was(&it.table))))
        .collect();
    grown.retain(|(_, bytes)| N_BACKLOG < usize::try_from(*bytes).unwrap_or(usize::MAX));
    grown.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    let figure = |(table, bytes): (&str, u64)| {
        Figure::new(
            format!("  bytes per admission: {table}"),
            bytes as f64 / N_BACKLOG as f64,
            "B",
        )
    };
    let all = grown.iter().map(|(_, bytes)| bytes).sum();
    let mut figures = vec![figure(("chart, all tables", all))];
    figures.extend(grown.into_iter().map(figure));
    figures
}
