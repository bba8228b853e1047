//! One destination's dispatcher: leads or waits, takes what is due, sends it, settles it.
//!
//! No network I/O happens inside a transaction. A delivery is taken in hand with a lease and the
//! commit that says so holds its Task and its audit row, too; then it is sent; then it is settled
//! under the same lease. A process that dies in between leaves a lease that runs out, and its send
//! counts as unknown: the same bytes go again.

mod held;
mod reach;
mod settle;
mod take;

use std::sync::Arc;
use std::time::Duration;

use model::{Actor, SignedDuration};
use rand::SeedableRng;
use rand::rngs::StdRng;
use store::audit::AuditChain;
use store::delivery::{Leadership, lead};
use store::wake::Bell;
use store::{Store, StoreError};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::client::{Answer, Client, Outgoing};
use crate::counters::Counters;
use crate::destination::Destination;
use reach::Reach;
use take::Errand;

/// How long a follower waits before it asks again who leads.
const FOLLOW: Duration = Duration::from_secs(2);
/// How often work is looked for when nobody rings.
const POLL: Duration = Duration::from_millis(500);
/// After a ring, what is held is looked at again when the message has had time to be applied.
const AFTER_RING: Duration = Duration::from_secs(2);
/// After the shutdown a send in hand has this long to be answered.
const GRACE: Duration = Duration::from_secs(5);
/// After a failure of the store.
const STORE_RETRY: Duration = Duration::from_secs(1);
/// Rings of a busy feed are not for us each time: so long we rest between two looks in vain.
const REST: Duration = Duration::from_millis(100);

/// Sends the documents of one destination.
pub struct Dispatcher {
    store: Store,
    bell: Bell,
    destination: Destination,
    client: Client,
    chain: AuditChain,
    counters: Arc<Counters>,
    rng: StdRng,
    reach: Reach,
    stop: CancellationToken,
}

impl Dispatcher {
    /// A dispatcher that has not begun.
    pub fn new(store: Store, bell: Bell, destination: Destination) -> Self {
        Self {
            client: Client::new(destination.endpoint.clone()),
            counters: Arc::new(Counters::default()),
            chain: AuditChain::default(),
            rng: StdRng::from_os_rng(),
            reach: Reach::default(),
            stop: CancellationToken::new(),
            store,
            bell,
            destination,
        }
    }

    /// What it has done so far, for `/metrics`.
    pub fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }

    /// Leads whenever it can and sends what is due, until `shutdown`; a send in hand is settled first,
    /// within seconds.
    pub async fn run(mut self, shutdown: CancellationToken) {
        self.stop = shutdown.clone();
        while !shutdown.is_cancelled() {
            let name = &self.destination.name;
            match lead(&self.store, self.destination.tenant, name).await {
                Ok(Some(leadership)) => {
                    info!(destination = %name, "leading");
                    self.counters.leads(true);
                    self.serve(&leadership, &shutdown).await;
                    self.counters.leads(false);
                }
                Ok(None) => debug!(destination = %name, "another process leads"),
                Err(error) => warn!(destination = %name, %error, "could not ask who leads"),
            }
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = tokio::time::sleep(FOLLOW) => {}
            }
        }
    }

    /// Works until leadership is lost or the shutdown comes.
    async fn serve(&mut self, leadership: &Leadership, shutdown: &CancellationToken) {
        // What was held may have come while nobody led.
        let mut recheck = Instant::now();
        while !shutdown.is_cancelled() && leadership.holds().await {
            let done = self.turn(&mut recheck).await;
            let wait = match done {
                Ok(true) => continue,
                Ok(false) => POLL,
                Err(error) => {
                    warn!(destination = %self.destination.name, %error, "the store failed");
                    STORE_RETRY
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => {}
                rang = self.rang(wait) => if rang {
                    recheck = recheck.min(Instant::now() + AFTER_RING);
                }
            }
        }
    }

    async fn rang(&self, wait: Duration) -> bool {
        let before = Instant::now();
        tokio::time::sleep(REST).await;
        self.bell.heard(wait.saturating_sub(REST)).await;
        before.elapsed() < wait
    }

    /// One delivery, or one look at what is held; false when there was nothing to do.
    async fn turn(&mut self, recheck: &mut Instant) -> Result<bool, StoreError> {
        if *recheck <= Instant::now() {
            *recheck = Instant::now() + self.destination.recheck;
            self.look_at_held().await?;
        }
        if !self.client.is_connected() && !self.reach().await? {
            return Ok(false);
        }
        match self.take().await? {
            None => Ok(false),
            Some(Errand::Settled) => {
                self.look_at_alarms().await?;
                Ok(true)
            }
            Some(Errand::Send { leased, bytes }) => {
                let answer = self.send(&leased, &bytes).await;
                self.settle(&leased, &answer).await;
                self.hear_others(&answer).await;
                Ok(true)
            }
        }
    }

    /// Sends, keeping the lease alive for as long as it takes.
    async fn send(&mut self, leased: &store::delivery::Leased, bytes: &[u8]) -> Answer {
        let outgoing = Outgoing::new(bytes);
        let (store, item) = (self.store.clone(), leased.item.clone());
        let (lease, every) = (leased.lease, self.destination.lease / 3);
        let length =
            SignedDuration::try_from(self.destination.lease).unwrap_or(SignedDuration::MAX);
        let keeping = async {
            // Without end: the send's own time-outs end it.
            loop {
                tokio::time::sleep(every).await;
                let until = store
                    .clock()
                    .now()
                    .saturating_add(length)
                    .unwrap_or_default();
                let kept =
                    store::delivery::extend(&store, item.tenant, item.id, lease, until).await;
                debug!(delivery = %item.id, kept = ?kept.is_ok_and(|kept| kept), "lease");
            }
        };
        let stop = self.stop.clone();
        let stopping = async {
            stop.cancelled().await;
            tokio::time::sleep(GRACE).await;
        };
        let started = Instant::now();
        let answered = tokio::select! {
            answer = self.client.send(&outgoing) => Some(answer),
            () = stopping => None,
            () = keeping => None,
        };
        let answer = answered.unwrap_or_else(|| Answer::abandoned(started.elapsed()));
        self.counters.sent(answer.outcome, answer.elapsed);
        info!(
            delivery = %leased.item.id, destination = %self.destination.name,
            outcome = ?answer.outcome, cause = %answer.cause, bytes = bytes.len(), "sent"
        );
        answer
    }
}

/// Who changes deliveries here.
const SERVER: Actor = Actor::Server;

impl std::fmt::Debug for Dispatcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Dispatcher({})", self.destination.name)
    }
}
