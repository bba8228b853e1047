//! How many bytes of frames may be in memory at once, over all connections.

use std::{sync::Arc, time::Duration};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes that each connection may hold for nothing: small messages never wait here.
const FREE_BYTES: usize = 64 << 10;
/// The unit of account. A semaphore counts in `u32`, a byte would be too small a unit.
const UNIT: usize = 4 << 10;
/// A frame that can't get memory for this long is given up: half frames of many senders that wait
/// for each other would wait for ever.
const PATIENCE: Duration = Duration::from_secs(10);

/// The bytes that all connections share.
#[derive(Clone, Debug)]
pub(crate) struct Budget(Arc<Semaphore>);

/// The bytes that one frame holds; given back when dropped.
#[derive(Default, Debug)]
pub(crate) struct Share {
    permit: Option<OwnedSemaphorePermit>,
}

/// Too many bytes are in memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("too many bytes are in memory")]
pub(crate) struct Exhausted;

impl Budget {
    /// A budget of so many bytes.
    pub(crate) fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes.div_ceil(UNIT))))
    }

    /// Makes `share` cover a frame of `bytes`, waiting for others to give back.
    pub(crate) async fn cover(&self, share: &mut Share, bytes: usize) -> Result<(), Exhausted> {
        let wanted = bytes.saturating_sub(FREE_BYTES).div_ceil(UNIT);
        let missing = wanted.saturating_sub(share.units());
        if missing == 0 {
            return Ok(());
        }
        let missing = u32::try_from(missing).map_err(|_| Exhausted)?;
        let acquired = tokio::time::timeout(PATIENCE, self.0.clone().acquire_many_owned(missing));
        let permit = acquired
            .await
            .map_err(|_| Exhausted)?
            .map_err(|_| Exhausted)?;
        match &mut share.permit {
            Some(held) => held.merge(permit),
            None => share.permit = Some(permit),
        }
        Ok(())
    }
}

impl Share {
    fn units(&self) -> usize {
        self.permit
            .as_ref()
            .map_or(0, OwnedSemaphorePermit::num_permits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn small_frames_cost_nothing_and_large_ones_wait_for_their_turn() {
        let budget = Budget::new(1 << 20);
        let mut small = Share::default();
        budget.cover(&mut small, 1000).await.unwrap();
        let mut first = Share::default();
        budget.cover(&mut first, 1 << 20).await.unwrap();
        let mut second = Share::default();
        let wait = tokio::time::timeout(
            Duration::from_millis(10),
            budget.cover(&mut second, 1 << 20),
        );
        assert!(wait.await.is_err());
        drop(first);
        assert_eq!(budget.cover(&mut second, 1 << 20).await, Ok(()));
    }

    #[tokio::test]
    async fn a_growing_frame_pays_only_for_its_growth() {
        let budget = Budget::new(1 << 20);
        let mut share = Share::default();
        for bytes in [100 << 10, 200 << 10, 1 << 20] {
            budget.cover(&mut share, bytes).await.unwrap();
        }
        assert_eq!(share.units(), ((1 << 20) - FREE_BYTES) / UNIT);
    }
}
