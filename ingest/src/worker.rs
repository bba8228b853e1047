//! A worker: claims the waiting messages of many lanes, and writes what follows from them in one
//! transaction: facts, resources with history and index, audit, identity map, and the mark that
//! they are applied. What fails is tried again; what keeps failing is narrowed down and set aside.

mod batch;
mod chart;
mod charting;
mod knowing;
mod lineage;
mod links;
mod reading;
mod rendering;
mod setting_aside;
mod taking_back;

use std::{collections::HashMap, sync::Arc, time::Duration};

use model::{LaneId, Tenant};
use store::{Store, StoreError, lanes, lanes::Queued};
use tokio::sync::{Mutex, Notify, OwnedMutexGuard};
use tokio_util::sync::CancellationToken;

pub(crate) use reading::{Manner, Manners, text_of};

use crate::{applied::Applied, counters::Applications, directory::Directory};
pub use chart::Poison;
pub(crate) use charting::Charting;
pub(crate) use rendering::Done;
pub(crate) use taking_back::{Back, Others};

/// A worker that hears nothing looks after this time.
const POLL: Duration = Duration::from_secs(1);
/// A batch smaller than this shows that messages come slower than they are applied …
const GATHER_BELOW: usize = 16;
/// … and then some may gather.
const GATHER: Duration = Duration::from_millis(3);
/// Waits after failures that pass by themselves.
const BACKOFF: [Duration; 5] = [
    Duration::from_millis(10),
    Duration::from_millis(50),
    Duration::from_millis(200),
    Duration::from_millis(500),
    Duration::from_secs(1),
];
/// A batch that fails this often in a way that should pass by itself is taken apart.
const TRANSIENT_MAX: u32 = 8;

/// Why a chart was not written.
#[derive(Debug, thiserror::Error)]
pub enum ChartError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It concerns lanes that others have in hand.
    #[error("the batch needs more lanes")]
    NeedsLanes(Vec<LaneId>),
    /// What was said, or what is stored, can't be joined.
    #[error(transparent)]
    Poison(#[from] Poison),
}

/// One applying task.
pub(crate) struct Worker {
    pub(crate) store: Store,
    pub(crate) directory: Directory,
    pub(crate) applied: Applied,
    pub(crate) counters: Arc<Applications>,
    pub(crate) work: Arc<Notify>,
    /// Held by the one worker that looks for work, until it finds more than it can carry.
    pub(crate) lookout: Arc<Mutex<()>>,
    pub(crate) shutdown: CancellationToken,
    pub(crate) batch_messages_max: u32,
    pub(crate) state: State,
}

/// What a worker remembers between batches.
pub(crate) struct State {
    charting: Charting,
    /// This worker is the lookout.
    watch: Option<OwnedMutexGuard<()>>,
    /// Messages of a tenant's first batch.
    size: u32,
    tenants: HashMap<Tenant, Footing>,
}

/// How it stands with a tenant: what goes wrong there is no other's concern.
struct Footing {
    /// Messages of the next batch: fewer after a failure, more again after a success.
    size: u32,
    n_transient: u32,
    /// What the batch in hand holds, should it fail.
    in_hand: Vec<Queued>,
    /// The lanes that the batch in hand was claimed with, besides its messages'.
    besides: Vec<LaneId>,
    /// What the last batch held, and all lanes that it turned out to need besides.
    lacking: Option<(Vec<Queued>, Vec<LaneId>)>,
}

impl Footing {
    fn new(size: u32) -> Self {
        Self {
            size,
            n_transient: 0,
            in_hand: Vec::new(),
            besides: Vec::new(),
            lacking: None,
        }
    }

    /// The batch that lacked lanes, which are claimed with it now.
    fn again(&mut self) -> Option<(Vec<Queued>, Vec<LaneId>)> {
        let again = self.lacking.take();
        let lanes = again.as_ref().map(|(_, lanes)| lanes.clone());
        self.besides = lanes.unwrap_or_default();
        again
    }

    /// The batch in hand needs more lanes. It keeps those that it lacked before: two sets could take turns.
    fn lack(&mut self, messages: Vec<Queued>, lanes: Vec<LaneId>) {
        let mut all = std::mem::take(&mut self.besides);
        all.extend(lanes);
        self.lacking = Some((messages, all));
    }
}

impl State {
    pub(crate) fn new(size: u32) -> Self {
        Self {
            charting: Charting::default(),
            watch: None,
            size,
            tenants: HashMap::new(),
        }
    }

    fn of(&mut self, tenant: Tenant) -> &mut Footing {
        let size = self.size;
        self.tenants
            .entry(tenant)
            .or_insert_with(|| Footing::new(size))
    }
}

impl Worker {
    /// Applies until `shutdown`; the batch in hand is finished. While messages come slower than one
    /// worker applies them, only one works: more would only stand in the way of the senders.
    pub(crate) async fn run(mut self) {
        while self.stand_watch().await {
            match self.round().await {
                Ok(0) => self.rest().await,
                // While senders wait for their answers, a transaction for each message would stand
                // in the way of their commits.
                Ok(n_messages) if n_messages < GATHER_BELOW => tokio::time::sleep(GATHER).await,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, "the queue can't be looked at");
                    self.pause(1).await;
                }
            }
        }
    }

    /// Waits for the watch; false when the server stops.
    async fn stand_watch(&mut self) -> bool {
        if self.state.watch.is_none() {
            let lookout = self.lookout.clone();
            tokio::select! {
                watch = lookout.lock_owned() => self.state.watch = Some(watch),
                () = self.shutdown.cancelled() => {}
            }
        }
        !self.shutdown.is_cancelled()
    }

    /// One batch of each tenant that has work. Answers how many messages were dealt with.
    async fn round(&mut self) -> Result<usize, StoreError> {
        let mut n_messages = 0;
        for tenant in lanes::tenants_with_work(&self.store).await? {
            n_messages += self.turn(tenant).await;
            if self.shutdown.is_cancelled() {
                break;
            }
        }
        Ok(n_messages)
    }

    /// One batch of a tenant.
    async fn turn(&mut self, tenant: Tenant) -> usize {
        self.state.of(tenant).in_hand.clear();
        match self.apply(tenant).await {
            // Nothing was had, so nothing is known to go better than before.
            Ok(0) => 0,
            Ok(n_messages) => {
                let most = self.batch_messages_max;
                let footing = self.state.of(tenant);
                footing.n_transient = 0;
                footing.size = footing.size.saturating_mul(2).min(most);
                n_messages
            }
            Err(error) => {
                let n_messages = self.cope(tenant, error).await;
                if n_messages != 0 {
                    // The lookout may have found nothing because we had the lanes.
                    self.work.notify_one();
                }
                n_messages
            }
        }
    }

    /// A failed batch: wait and try again, take it apart, or set its one message aside.
    async fn cope(&mut self, tenant: Tenant, error: ChartError) -> usize {
        if matches!(error, ChartError::Poison(Poison::Newer)) {
            // Nothing is wrong with the messages: they are left to a process of the newer build.
            tracing::warn!("facts bear a newer fold: this build leaves them alone");
            self.rest().await;
            return 0;
        }
        let footing = self.state.of(tenant);
        let in_hand = std::mem::take(&mut footing.in_hand);
        if let ChartError::NeedsLanes(lanes) = error {
            footing.lack(in_hand, lanes);
            return 1;
        }
        let passes = matches!(&error, ChartError::Store(error) if error.is_transient());
        footing.n_transient += 1;
        let n_transient = footing.n_transient;
        if passes && n_transient < TRANSIENT_MAX {
            tracing::debug!(%error, "a batch is tried again");
            self.counters.retried.increment();
            self.pause(n_transient).await;
            return 1;
        }
        if let [message] = in_hand.as_slice() {
            return self.set_aside(tenant, *message, &error).await;
        }
        tracing::warn!(%error, n_messages = in_hand.len(), "a batch is taken apart");
        self.counters.divided.increment();
        let n_messages = u32::try_from(in_hand.len()).unwrap_or(u32::MAX);
        footing.size = (n_messages.min(footing.size) / 2).max(1);
        if passes {
            self.pause(n_transient).await;
        }
        1
    }

    async fn rest(&self) {
        tokio::select! {
            () = self.work.notified() => tokio::time::sleep(GATHER).await,
            () = tokio::time::sleep(POLL) => {}
            () = self.shutdown.cancelled() => {}
        }
    }

    async fn pause(&self, n_failures: u32) {
        let n_failures = usize::try_from(n_failures).unwrap_or(usize::MAX);
        let pause = BACKOFF.get(n_failures.saturating_sub(1)).or(BACKOFF.last());
        tokio::select! {
            () = tokio::time::sleep(pause.copied().unwrap_or_default()) => {}
            () = self.shutdown.cancelled() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_batch_that_lacks_more_lanes_keeps_those_that_it_lacked_before() {
        let lane = |n| LaneId(Uuid::from_u128(n));
        let mut footing = Footing::new(8);
        footing.lack(Vec::new(), vec![lane(1)]);
        footing.again();
        footing.lack(Vec::new(), vec![lane(2)]);
        let (_, lanes) = footing.again().unwrap();
        assert_eq!(lanes, [lane(1), lane(2)]);
        assert!(footing.again().is_none());
        footing.lack(Vec::new(), vec![lane(3)]);
        let (_, lanes) = footing.again().unwrap();
        assert_eq!(lanes, [lane(3)], "of another batch");
    }
}
