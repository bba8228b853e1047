//! What a dispatcher has done, for `/metrics`.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use model::Outcome;

/// Counts since the process began. Reading them never waits.
#[derive(Default, Debug)]
pub struct Counters {
    leading: AtomicBool,
    accepted: AtomicU64,
    rejected: AtomicU64,
    failed: AtomicU64,
    unknown: AtomicU64,
    not_connected: AtomicU64,
    held: AtomicU64,
    waited_us: AtomicU64,
}

/// The counts at one moment.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Counts {
    /// Whether this process leads the destination.
    pub leading: bool,
    /// Sends that were accepted.
    pub accepted: u64,
    /// Sends that were refused for good.
    pub rejected: u64,
    /// Sends that failed at the receiver and are tried again.
    pub failed: u64,
    /// Sends without an answer.
    pub unknown: u64,
    /// Attempts to connect that failed.
    pub not_connected: u64,
    /// Deliveries that were held when last looked at.
    pub held: u64,
    /// Microseconds spent in sends, answered or not.
    pub waited_us: u64,
}

impl Counters {
    pub(crate) fn leads(&self, leading: bool) {
        self.leading.store(leading, Ordering::Relaxed);
    }

    pub(crate) fn held(&self, n: usize) {
        self.held.store(n as u64, Ordering::Relaxed);
    }

    pub(crate) fn not_connected(&self) {
        self.not_connected.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn sent(&self, outcome: Outcome, took: Duration) {
        let counter = match outcome {
            Outcome::Accepted => &self.accepted,
            Outcome::Rejected => &self.rejected,
            Outcome::Failed => &self.failed,
            Outcome::Unknown => &self.unknown,
            Outcome::NotConnected => &self.not_connected,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.waited_us.fetch_add(took, Ordering::Relaxed);
    }

    /// The counts now.
    pub fn read(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            leading: self.leading.load(Ordering::Relaxed),
            accepted: read(&self.accepted),
            rejected: read(&self.rejected),
            failed: read(&self.failed),
            unknown: read(&self.unknown),
            not_connected: read(&self.not_connected),
            held: read(&self.held),
            waited_us: read(&self.waited_us),
        }
    }
}
