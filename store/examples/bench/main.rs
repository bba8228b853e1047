//! Measures the store beside its limits, in one run: `cargo run --release -p store --example bench --
//! postgres://user@host:port/postgres [what…]`. It makes a database of its own and drops it.

#![expect(clippy::unwrap_used, reason = "a measurement stops where it fails")]
#![expect(
    clippy::indexing_slicing,
    reason = "a measurement stops where it fails"
)]
#![expect(clippy::cast_precision_loss, reason = "a rate needs no more digits")]
#![expect(clippy::print_stdout, reason = "it prints a table")]

mod chart;
mod ingest;
mod read;

use std::time::{Duration, Instant};

use store::{ChainKey, Settings, Store};
use tokio_postgres::{Client, NoTls};

/// A measured database.
pub(crate) struct Bench {
    pub(crate) url: String,
    pub(crate) store: Store,
}

impl Bench {
    pub(crate) async fn client(&self) -> Client {
        connect(&self.url).await
    }
}

pub(crate) async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

#[tokio::main]
async fn main() {
    let mut args = std::env::args().skip(1);
    let admin = args
        .next()
        .unwrap_or_else(|| "postgres://postgres@127.0.0.1:5499/postgres".into());
    let wanted: Vec<String> = args.collect();
    let wants = |what: &str| wanted.is_empty() || wanted.iter().any(|one| one == what);
    let client = connect(&admin).await;
    client
        .batch_execute("drop database if exists drawbridge_bench with (force)")
        .await
        .unwrap();
    client
        .batch_execute("create database drawbridge_bench")
        .await
        .unwrap();
    let (server, _) = admin.rsplit_once('/').unwrap();
    let url = format!("{server}/drawbridge_bench");
    store::migrate(&url).await.unwrap();
    let settings = Settings::new(&url, ChainKey::new([1; 32]));
    let bench = Bench {
        store: Store::open(&settings).await.unwrap(),
        url,
    };
    if wants("ingest") {
        ingest::measure(&bench).await;
    }
    if wants("chart") {
        chart::measure(&bench).await;
    }
    if wants("read") {
        read::measure(&bench).await;
    }
    drop(bench);
    client
        .batch_execute("drop database drawbridge_bench with (force)")
        .await
        .unwrap();
}

/// Runs `n_tasks` copies of a step for some seconds; prints how many a second, and the latencies.
pub(crate) async fn rate<F, S>(what: &str, n_tasks: usize, step: F) -> f64
where
    F: Fn(usize) -> S + Clone + Send + 'static,
    S: Future<Output = ()> + Send,
{
    let until = Instant::now() + Duration::from_secs(4);
    let tasks: Vec<_> = (0..n_tasks)
        .map(|n| {
            let step = step.clone();
            tokio::spawn(async move {
                let mut latencies = Vec::new();
                while Instant::now() < until {
                    let start = Instant::now();
                    step(n).await;
                    latencies.push(start.elapsed());
                }
                latencies
            })
        })
        .collect();
    let begun = Instant::now();
    let mut latencies = Vec::new();
    for task in tasks {
        latencies.extend(task.await.unwrap());
    }
    let rate = latencies.len() as f64 / begun.elapsed().as_secs_f64();
    latencies.sort_unstable();
    let at = |share: usize| latencies[(latencies.len() - 1) * share / 100].as_secs_f64() * 1e3;
    println!(
        "{what:<44} {n_tasks:>4} {rate:>9.0}/s  p50 {:.2} ms  p99 {:.2} ms",
        at(50),
        at(99)
    );
    rate
}
