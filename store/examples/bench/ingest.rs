//! Journal appends beside one-row commits of the same bytes into a table of the same shape.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use model::{LaneId, Tenant};
use sha2::{Digest, Sha256};
use store::InterfaceId;
use store::journal::{self, Chains, Raw, Receipt, Route};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use crate::{Bench, rate};

const LIMIT: &str =
    "insert into one_row (id, received_at, seq, tenant, writer, size, interface, peer,
        sending_application, sending_facility, message_type, control_id, digest, chain, raw)
    values ($1, now(), $1, 1, 1, 738, 1, 'p', 'A', 'B', 'ADT^A01', $2, $3, $3, $4)";

pub(crate) async fn measure(bench: &Bench) {
    let client = bench.client().await;
    client
        .batch_execute("create table one_row (like journal including all)")
        .await
        .unwrap();
    let now = bench.store.clock().now();
    let begun = std::time::Instant::now();
    let n_bytes: usize = (0..100_000).map(|n| receipt(n, now).control_id.len()).sum();
    let each = begun.elapsed() / 100_000;
    println!("a message is made and hashed by the client in {each:?} ({n_bytes})");
    let next = Arc::new(AtomicU64::new(1));
    alone(bench, &next).await;
    for n_tasks in [1, 8, 32] {
        let mut clients = Vec::new();
        for _ in 0..n_tasks {
            let client = bench.client().await;
            let statement = client.prepare(LIMIT).await.unwrap();
            clients.push(Arc::new((client, statement)));
        }
        let source = Arc::clone(&next);
        let limit = rate("one-row insert and commit", n_tasks, move |task| {
            let client = Arc::clone(&clients[task]);
            let n = source.fetch_add(1, Ordering::Relaxed);
            async move {
                let (digest, raw) = message(n);
                let (id, name) = (i64::try_from(n).unwrap(), n.to_string());
                let (client, statement) = &*client;
                let digest = digest.as_slice();
                client
                    .execute(statement, &[&id, &name, &digest, &raw.as_ref()])
                    .await
                    .unwrap();
            }
        })
        .await;
        for n_writers in [1, 2] {
            if n_tasks < n_writers {
                continue;
            }
            let mut writers = Vec::new();
            for _ in 0..n_writers {
                writers.push(intake(bench).await);
            }
            let (source, store) = (Arc::clone(&next), bench.store.clone());
            let what = format!("group commit of appends, {n_writers} writers");
            let ours = rate(&what, n_tasks, move |task| {
                let n = source.fetch_add(1, Ordering::Relaxed);
                let (writer, now) = (writers[task % writers.len()].clone(), store.clock().now());
                async move {
                    let (done, answer) = oneshot::channel();
                    writer.send((receipt(n, now), done)).await.unwrap();
                    answer.await.unwrap();
                }
            })
            .await;
            println!("    {:.2} of the limit", ours / limit);
        }
    }
}

/// The append without a queue before it.
async fn alone(bench: &Bench, next: &AtomicU64) {
    let mut chains = Chains::begin(&bench.store, Tenant::DEFAULT).await.unwrap();
    for n_batch in [1, 8, 32, 128] {
        let begun = std::time::Instant::now();
        let n_rounds = 4_096 / n_batch;
        for _ in 0..n_rounds {
            let now = bench.store.clock().now();
            let batch: Vec<Receipt> = (0..n_batch)
                .map(|_| receipt(next.fetch_add(1, Ordering::Relaxed), now))
                .collect();
            let second = Duration::from_secs(1);
            for answer in journal::append(&bench.store, &mut chains, &batch, second).await {
                answer.unwrap();
            }
        }
        let each = begun.elapsed() / n_rounds;
        println!("a batch of {n_batch:<3} is appended in {each:?}");
    }
}

fn message(n: u64) -> ([u8; 32], Bytes) {
    let mut raw = format!("MSH|^~\\&|A|B|C|D|20240101||ADT^A01|{n}|P|2.5.1\r").into_bytes();
    let mut state = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    while raw.len() < 738 {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        raw.push(b' ' + u8::try_from(state >> 58).unwrap());
    }
    (Sha256::digest(&raw).into(), raw.into())
}

pub(crate) fn receipt(n: u64, at: model::Timestamp) -> Receipt {
    let (digest, raw) = message(n);
    let half = |bytes: &[u8]| Uuid::from_slice(&Sha256::digest(bytes)[..16]).unwrap();
    Receipt {
        received_at: at,
        interface: InterfaceId(1),
        peer: "127.0.0.1:50000".to_owned(),
        sending_application: "A".to_owned(),
        sending_facility: "B".to_owned(),
        message_type: "ADT^A01".to_owned(),
        control_id: n.to_string(),
        digest,
        raw: Raw::Inline(raw),
        seen_key: half(n.to_string().as_bytes()),
        seen_digest: half(&digest),
        route: Route::Queue {
            lane: LaneId(half(&n.to_be_bytes())),
            other: None,
        },
    }
}

type Waiting = (Receipt, oneshot::Sender<()>);

/// One writer task: whatever waits goes in one statement.
async fn intake(bench: &Bench) -> mpsc::Sender<Waiting> {
    let (sender, mut receiver) = mpsc::channel::<Waiting>(1024);
    let store = bench.store.clone();
    let mut chains = Chains::begin(&store, Tenant::DEFAULT).await.unwrap();
    tokio::spawn(async move {
        let mut waiting = Vec::new();
        while receiver.recv_many(&mut waiting, 256).await != 0 {
            let (batch, done): (Vec<Receipt>, Vec<_>) = waiting.drain(..).unzip();
            let answers =
                journal::append(&store, &mut chains, &batch, Duration::from_secs(5)).await;
            for (answer, done) in answers.into_iter().zip(done) {
                answer.unwrap();
                let _ = done.send(());
            }
        }
    });
    sender
}
