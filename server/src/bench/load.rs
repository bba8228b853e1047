//! Clients that cost as little as a client can, because they share the machine with what is measured.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use hyper::Method;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::client::HttpClient;

/// Operations that were answered, and how long each took.
#[derive(Debug, Default)]
pub(super) struct Load {
    /// One per answer.
    pub(super) latencies: Vec<Duration>,
    /// From the first request to the last answer.
    pub(super) elapsed: Duration,
}

impl Load {
    /// Answers per second.
    pub(super) fn per_second(&self) -> f64 {
        super::report::per_second(self.latencies.len(), self.elapsed)
    }
}

/// How many messages or requests, or for how long.
#[derive(Clone, Copy, Debug)]
pub(super) enum Until {
    /// So many in all.
    Count(usize),
    /// So long.
    Time(Duration),
}

impl Until {
    fn is_over(self, n: usize, start: Instant) -> bool {
        match self {
            Self::Count(count) => count <= n,
            Self::Time(time) => time <= start.elapsed(),
        }
    }
}

/// Senders that each wait for their ACK. `message` makes the n-th message, counted from `first`.
pub(super) async fn send(
    to: SocketAddr,
    connections: usize,
    first: usize,
    until: Until,
    message: fn(usize) -> String,
) -> anyhow::Result<Load> {
    let next = Arc::new(AtomicUsize::new(0));
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..connections {
        let next = Arc::clone(&next);
        tasks.spawn(async move {
            let mut stream = TcpStream::connect(to).await?;
            stream.set_nodelay(true)?;
            let mut latencies = Vec::new();
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if until.is_over(n, start) {
                    return anyhow::Ok(latencies);
                }
                let text = message(first + n);
                let began = Instant::now();
                exchange(&mut stream, &text).await?;
                latencies.push(began.elapsed());
            }
        });
    }
    gather(tasks, start).await
}

/// One frame out, one acknowledgement in; anything but `AA` is an error.
pub(super) async fn exchange(stream: &mut TcpStream, message: &str) -> anyhow::Result<()> {
    stream
        .write_all(&[b"\x0b", message.as_bytes(), b"\x1c\r"].concat())
        .await?;
    let mut answer = Vec::with_capacity(512);
    while !answer.ends_with(b"\x1c\r") {
        ensure!(
            stream.read_buf(&mut answer).await? != 0,
            "the server closed the connection"
        );
    }
    let accepted = answer.windows(7).any(|window| window == b"\rMSA|AA");
    ensure!(accepted, "a message was not acknowledged with AA");
    Ok(())
}

/// Clients that each wait for their answer; `wanted` makes the n-th request's method, path and body.
pub(super) async fn ask(
    to: SocketAddr,
    connections: usize,
    until: Until,
    token: &str,
    wanted: impl Fn(usize) -> (Method, String, Bytes) + Send + Sync + 'static,
) -> anyhow::Result<Load> {
    let (next, wanted) = (Arc::new(AtomicUsize::new(0)), Arc::new(wanted));
    let token: Arc<str> = token.into();
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..connections {
        let (next, wanted, token) = (Arc::clone(&next), Arc::clone(&wanted), Arc::clone(&token));
        tasks.spawn(async move {
            let mut client = HttpClient::connect(to).await?;
            let mut latencies = Vec::new();
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if until.is_over(n, start) {
                    return anyhow::Ok(latencies);
                }
                let (method, path, body) = wanted(n);
                let began = Instant::now();
                let answer = client.request(method, &path, Some(&token), body).await?;
                let status = answer.status;
                ensure!(
                    (200..300).contains(&status),
                    "a request was answered {status}"
                );
                latencies.push(began.elapsed());
            }
        });
    }
    gather(tasks, start).await
}

async fn gather(
    mut tasks: JoinSet<anyhow::Result<Vec<Duration>>>,
    start: Instant,
) -> anyhow::Result<Load> {
    let mut load = Load::default();
    while let Some(ended) = tasks.join_next().await {
        load.latencies.extend(ended.context("a client panicked")??);
    }
    load.elapsed = start.elapsed();
    Ok(load)
}
