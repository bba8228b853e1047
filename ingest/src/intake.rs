//! Intake: what many connections have waiting goes to the journal in one commit, then every sender
//! gets its answer.

mod acks;
mod writer;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use model::{IdentityKey, JournalId, Tenant};
use store::{
    InterfaceId, Store,
    journal::{Raw, Receipt, Route},
    quarantine,
    wake::Bell,
};
use tokio::{
    sync::{Notify, Semaphore, mpsc, oneshot},
    time::Instant,
};
use tokio_util::task::TaskTracker;

pub(crate) use acks::Sent;

use crate::{Settings, applied::Applied, budget::Budget, budget::Share, error::IntakeError};

/// Messages that wait for the writer, over all connections of a tenant.
const WAITING_MAX: usize = 4096;
/// Answers that wait to be recorded; more are not recorded.
const ACKS_WAITING_MAX: usize = 16_384;
/// Larger messages are staged in chunks by a task of their own, so that they don't delay others.
pub(crate) const BIG_BYTES: usize = 1 << 20;
/// Big messages that are staged at once.
const BIG_AT_ONCE: usize = 3;
/// What staging may take, for each so many bytes, on top of a commit.
const STAGE_BYTES_PER_SECOND: u64 = 8 << 20;

/// What happened to a message that the journal has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Stored {
    pub(crate) id: JournalId,
    pub(crate) duplicate_of: Option<JournalId>,
    pub(crate) reused_control_id: bool,
    /// It waits to be applied (or a message that it repeats does, or did).
    pub(crate) routed: bool,
}

/// What a sender is told.
pub(crate) type Outcome = Result<Stored, IntakeError>;

/// A message on its way to the journal.
pub(crate) struct Submission {
    receipt: Receipt,
    reply: oneshot::Sender<Outcome>,
    deadline: Instant,
    /// Gives the bytes back to the budget when the message is stored.
    _share: Share,
}

/// A message that waits for the journal's answer.
#[derive(Debug)]
pub(crate) struct Waiting {
    outcome: oneshot::Receiver<Outcome>,
    deadline: Instant,
}

/// The intake of one tenant; cheap to clone. The writer ends when the last handle is dropped.
#[derive(Clone)]
pub struct IntakeHandle {
    submissions: mpsc::Sender<Submission>,
    acks: mpsc::Sender<Sent>,
    shared: Arc<Shared>,
}

struct Shared {
    store: Store,
    tenant: Tenant,
    key: IdentityKey,
    budget: Budget,
    applied: Applied,
    disk_low: Arc<AtomicBool>,
    big: Semaphore,
    tasks: TaskTracker,
}

impl IntakeHandle {
    /// Starts the writer of a tenant on `tasks`. `work` is notified after each commit.
    pub(crate) fn start(
        store: &Store,
        tenant: Tenant,
        key: IdentityKey,
        settings: &Settings,
        common: Common,
    ) -> Self {
        let (submissions, waiting) = mpsc::channel(WAITING_MAX);
        let (acks, sent) = mpsc::channel(ACKS_WAITING_MAX);
        let disk_low = Arc::new(AtomicBool::new(false));
        let disk = crate::disk::Disk::new(
            settings.data_dir.clone(),
            settings.disk_bytes_min,
            disk_low.clone(),
        );
        let Common {
            budget,
            applied,
            work,
            bell,
            tasks,
        } = common;
        tasks.spawn(writer::run(
            store.clone(),
            tenant,
            waiting,
            disk,
            (work, bell),
        ));
        tasks.spawn(acks::run(store.clone(), tenant, sent));
        let big = Semaphore::new(BIG_AT_ONCE);
        let store = store.clone();
        let shared = Shared {
            store,
            tenant,
            key,
            budget,
            applied,
            disk_low,
            big,
            tasks,
        };
        Self {
            submissions,
            acks,
            shared: Arc::new(shared),
        }
    }

    /// Hands a message over. The answer is due after `timeout`, and then it is "try again".
    pub(crate) async fn submit(
        &self,
        message: Accepted,
        share: Share,
        timeout: Duration,
    ) -> Waiting {
        let deadline = Instant::now() + timeout;
        let (reply, outcome) = oneshot::channel();
        if BIG_BYTES < message.raw.len() {
            let staging = message.raw.len() as u64 / STAGE_BYTES_PER_SECOND;
            let deadline = deadline + Duration::from_secs(staging);
            let task = self.clone().submit_big(message, share, reply, deadline);
            self.shared.tasks.spawn(task);
            return Waiting { outcome, deadline };
        }
        let raw = Raw::Inline(message.raw.clone());
        let receipt = message.into_receipt(raw);
        self.send(Submission {
            receipt,
            reply,
            deadline,
            _share: share,
        })
        .await;
        Waiting { outcome, deadline }
    }

    async fn submit_big(
        self,
        message: Accepted,
        share: Share,
        reply: oneshot::Sender<Outcome>,
        deadline: Instant,
    ) {
        let staged = tokio::time::timeout_at(deadline, self.stage(&message)).await;
        if let Ok(Ok(size)) = staged {
            let receipt = message.into_receipt(Raw::Staged(size));
            return self
                .send(Submission {
                    receipt,
                    reply,
                    deadline,
                    _share: share,
                })
                .await;
        }
        if let Ok(Err(error)) = staged {
            tracing::warn!(%error, "a big message could not be staged");
        }
        let _ = reply.send(Err(IntakeError::Store));
    }

    async fn stage(&self, message: &Accepted) -> store::Result<u64> {
        if self.shared.disk_low.load(Ordering::Relaxed) {
            return Err(store::StoreError::Overloaded("the disk is almost full"));
        }
        let permit = self.shared.big.acquire().await;
        let _permit = permit.map_err(|_| store::StoreError::Overloaded("intake has ended"))?;
        let Shared { store, tenant, .. } = &*self.shared;
        let blob = store::blob::stage(store, *tenant, message.digest, &message.raw).await?;
        Ok(blob.size)
    }

    /// A submission that finds no room in time is dropped, and thereby answered "try again".
    async fn send(&self, submission: Submission) {
        let deadline = submission.deadline;
        let _ = tokio::time::timeout_at(deadline, self.submissions.send(submission)).await;
    }

    /// Keeps what is refused, or is no message. True when it is safe.
    pub(crate) async fn quarantine(&self, suspect: &quarantine::Suspect) -> bool {
        let limit = Duration::from_secs(5);
        let keep = quarantine::keep(&self.shared.store, self.shared.tenant, suspect);
        match tokio::time::timeout(limit, keep).await {
            Ok(Ok(_)) => true,
            Ok(Err(error)) => {
                tracing::warn!(%error, "nothing could be quarantined");
                false
            }
            Err(_) => false,
        }
    }

    /// Notes an answer that has been sent; best effort.
    pub(crate) fn acknowledged(&self, sent: Sent) {
        let _ = self.acks.try_send(sent);
    }

    /// Whether the database's disk is almost full.
    pub fn disk_is_low(&self) -> bool {
        self.shared.disk_low.load(Ordering::Relaxed)
    }

    /// The tenant whose messages these are.
    pub fn tenant(&self) -> Tenant {
        self.shared.tenant
    }

    pub(crate) fn key(&self) -> &IdentityKey {
        &self.shared.key
    }

    pub(crate) fn applied(&self) -> &Applied {
        &self.shared.applied
    }

    pub(crate) fn budget(&self) -> &Budget {
        &self.shared.budget
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.shared.store.clock().now()
    }

    /// An MSH-10 for an answer to what has no row in the journal.
    pub(crate) fn fresh_control_id(&self) -> String {
        self.shared.store.ids().journal().to_string()
    }

    /// Whether the database knows what became of a message.
    pub(crate) async fn is_settled(&self, journal: JournalId) -> bool {
        let found = store::journal::get(&self.shared.store, self.tenant(), journal).await;
        matches!(found, Ok(Some(entry)) if entry.summary.disposition.is_some())
    }
}

/// What all intakes share.
#[derive(Clone)]
pub(crate) struct Common {
    pub(crate) budget: Budget,
    pub(crate) applied: Applied,
    /// Told after each commit that there is something to apply.
    pub(crate) work: Arc<Notify>,
    /// The same, for other processes.
    pub(crate) bell: Bell,
    pub(crate) tasks: TaskTracker,
}

/// A message that may go to the journal.
#[derive(Clone, Debug)]
pub(crate) struct Accepted {
    pub(crate) raw: bytes::Bytes,
    pub(crate) received_at: Timestamp,
    pub(crate) interface: InterfaceId,
    pub(crate) peer: String,
    pub(crate) sending_application: String,
    pub(crate) sending_facility: String,
    pub(crate) message_type: String,
    pub(crate) control_id: String,
    pub(crate) digest: [u8; 32],
    pub(crate) seen_key: uuid::Uuid,
    pub(crate) seen_digest: uuid::Uuid,
    pub(crate) route: Route,
}

impl Accepted {
    fn into_receipt(self, raw: Raw) -> Receipt {
        Receipt {
            received_at: self.received_at,
            interface: self.interface,
            peer: self.peer,
            sending_application: self.sending_application,
            sending_facility: self.sending_facility,
            message_type: self.message_type,
            control_id: self.control_id,
            digest: self.digest,
            raw,
            seen_key: self.seen_key,
            seen_digest: self.seen_digest,
            route: self.route,
        }
    }
}

impl Waiting {
    /// The journal's answer, or "try again" when it is overdue.
    pub(crate) async fn outcome(&mut self) -> Outcome {
        match tokio::time::timeout_at(self.deadline, &mut self.outcome).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) | Err(_) => Err(IntakeError::Store),
        }
    }

    /// The answer, if it is there already.
    pub(crate) fn ready(&mut self) -> Option<Outcome> {
        match self.outcome.try_recv() {
            Ok(outcome) => Some(outcome),
            Err(oneshot::error::TryRecvError::Empty) => None,
            Err(oneshot::error::TryRecvError::Closed) => Some(Err(IntakeError::Store)),
        }
    }
}
