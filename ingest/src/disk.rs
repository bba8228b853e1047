//! Whether the database's disk has room: a sender is asked to try again before it is full, because
//! a full disk stops more than the journal.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

/// How long an answer is believed.
const BELIEVED: Duration = Duration::from_secs(2);
/// How long a database that said its disk is full is left alone.
const AFTER_FULL: Duration = Duration::from_secs(5);

/// Watches the free space of one folder's disk.
#[derive(Debug)]
pub(crate) struct Disk {
    folder: Option<PathBuf>,
    bytes_min: u64,
    low: Arc<AtomicBool>,
    /// When to look again.
    look_at: Instant,
}

impl Disk {
    /// Without a folder only the database's own words count. `low` shows others what was seen.
    pub(crate) fn new(folder: Option<PathBuf>, bytes_min: u64, low: Arc<AtomicBool>) -> Self {
        Self {
            folder,
            bytes_min,
            low,
            look_at: Instant::now(),
        }
    }

    /// Whether there is too little room now.
    pub(crate) fn is_low(&mut self) -> bool {
        if self.look_at <= Instant::now() {
            self.look_at = Instant::now() + BELIEVED;
            let low = self.free_bytes().is_some_and(|free| free < self.bytes_min);
            if low != self.low.swap(low, Ordering::Relaxed) {
                if low {
                    tracing::error!("the database's disk is almost full");
                } else {
                    tracing::info!("the database's disk has room again");
                }
            }
        }
        self.low.load(Ordering::Relaxed)
    }

    /// The database said that its disk is full.
    pub(crate) fn said_full(&mut self) {
        self.low.store(true, Ordering::Relaxed);
        self.look_at = Instant::now() + AFTER_FULL;
    }

    fn free_bytes(&self) -> Option<u64> {
        let stat = nix::sys::statvfs::statvfs(self.folder.as_deref()?).ok()?;
        Some(stat.blocks_available().saturating_mul(stat.fragment_size()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_disk_is_low_when_less_is_free_than_asked_for() {
        let low =
            |bytes_min| Disk::new(Some(std::env::temp_dir()), bytes_min, Arc::default()).is_low();
        assert!(!low(1));
        assert!(low(u64::MAX));
    }

    #[tokio::test]
    async fn a_database_that_said_full_is_believed_for_a_while() {
        let mut disk = Disk::new(None, 1, Arc::default());
        disk.said_full();
        assert!(disk.is_low());
        disk.look_at = Instant::now();
        assert!(!disk.is_low());
    }
}
