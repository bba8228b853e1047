//! Histories of a made-up agency, and what networks and interfaces do to them.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::mllp::Sender;
use crate::server::{PATIENCE, binary};

/// What is to be played.
#[derive(Clone, Copy, Debug)]
pub struct History {
    /// How many patients.
    pub patients: usize,
    /// How many messages over all of them.
    pub events: usize,
    /// Over how many days.
    pub days: usize,
    /// The same seed makes the same history.
    pub seed: u64,
}

impl History {
    /// The messages in the order in which they were recorded.
    pub fn in_order(self) -> Result<Vec<String>> {
        self.made(&[])
    }

    /// The same shuffled, a tenth of them twice.
    pub fn shuffled(self) -> Result<Vec<String>> {
        self.made(&["--shuffle", "--duplicates", "0.1"])
    }

    fn made(self, how: &[&str]) -> Result<Vec<String>> {
        let numbers = [
            ("--patients", self.patients.to_string()),
            ("--events", self.events.to_string()),
            ("--days", self.days.to_string()),
            ("--seed", self.seed.to_string()),
        ];
        let mut command = Command::new(binary()?);
        command.args(["simulate", "adt"]).args(how);
        for (name, number) in &numbers {
            command.args([*name, number]);
        }
        let output = command.output()?;
        ensure!(output.status.success(), "no history was made");
        let text = String::from_utf8(output.stdout)?;
        let starts: Vec<usize> = text.match_indices("MSH|").map(|(at, _)| at).collect();
        let ends = starts.iter().skip(1).copied().chain([text.len()]);
        let messages = starts.iter().zip(ends);
        Ok(messages
            .filter_map(|(start, end)| text.get(*start..end))
            .map(str::to_owned)
            .collect())
    }
}

/// Senders that share a list of messages. Each waits for its answer, and sends again, elsewhere if need be,
/// what was not acknowledged: what a careful EMR does.
#[derive(Debug)]
pub struct Feed {
    waiting: Mutex<VecDeque<String>>,
    n_acknowledged: AtomicUsize,
    to: Vec<SocketAddr>,
}

impl Feed {
    /// Starts to send over so many connections to one or several servers.
    pub fn start(
        messages: Vec<String>,
        to: &[SocketAddr],
        connections: usize,
    ) -> (Arc<Self>, Vec<JoinHandle<()>>) {
        let feed = Arc::new(Self {
            waiting: Mutex::new(messages.into()),
            n_acknowledged: AtomicUsize::new(0),
            to: to.to_vec(),
        });
        let spawn = |nth| {
            let feed = Arc::clone(&feed);
            std::thread::spawn(move || feed.send_all(nth))
        };
        let threads = (0..connections).map(spawn).collect();
        (feed, threads)
    }

    /// How many were acknowledged.
    pub fn n_acknowledged(&self) -> usize {
        self.n_acknowledged.load(Ordering::Relaxed)
    }

    fn send_all(&self, nth: usize) {
        let mut at = nth;
        let mut sender: Option<Sender> = None;
        while let Some(message) = self.next() {
            loop {
                let to = self.to.iter().cycle().nth(at % self.to.len().max(1));
                let connect = || Sender::connect(*to?, PATIENCE).ok();
                let open = sender.take().or_else(connect);
                let sent = open.and_then(|mut open| Some((open.send(&message).ok()?, open)));
                if let Some((ack, open)) = sent {
                    sender = Some(open);
                    if ack.code == "AA" {
                        break;
                    }
                } else {
                    at += 1;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
            self.n_acknowledged.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn next(&self) -> Option<String> {
        let mut waiting = self.waiting.lock().ok()?;
        waiting.pop_front()
    }
}

/// Sends everything and waits until it is acknowledged.
pub fn send(messages: Vec<String>, to: &[SocketAddr], connections: usize) -> Result<()> {
    let (_, threads) = Feed::start(messages, to, connections);
    for thread in threads {
        let ended = thread.join();
        ensure!(ended.is_ok(), "a sender panicked");
    }
    Ok(())
}
