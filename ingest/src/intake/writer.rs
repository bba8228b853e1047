//! The writer: one task per tenant that appends whatever waits. While one append is on its way, the
//! next batch gathers; a lone sender waits for nobody.

use std::{sync::Arc, time::Duration};

use model::Tenant;
use store::{
    Store,
    journal::{self, AppendError, Appended, Chains, Receipt, Route},
    wake::Bell,
};
use tokio::{
    sync::{Notify, mpsc, oneshot},
    time::Instant,
};

use super::{Outcome, Stored, Submission};
use crate::{disk::Disk, error::IntakeError};

const ROWS_MAX: usize = 256;
const BYTES_MAX: u64 = 4 << 20;
/// Waits between attempts while the database is away.
const BACKOFF: [Duration; 4] = [
    Duration::from_millis(20),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
];
/// A statement gets at least this long, even when its senders have little time left.
const STATEMENT_MIN: Duration = Duration::from_millis(250);

/// A message that waits, without its receipt.
struct Sender {
    reply: oneshot::Sender<Outcome>,
    deadline: Instant,
}

/// What goes to the journal together.
#[derive(Default)]
struct Batch {
    receipts: Vec<Receipt>,
    senders: Vec<Sender>,
    bytes: u64,
    shares: Vec<crate::budget::Share>,
}

/// Appends until every handle is dropped.
pub(super) async fn run(
    store: Store,
    tenant: Tenant,
    mut waiting: mpsc::Receiver<Submission>,
    disk: Disk,
    (work, bell): (Arc<Notify>, Bell),
) {
    let mut writer = Writer {
        store,
        tenant,
        chains: None,
        disk,
        work,
        bell,
    };
    while let Some(first) = waiting.recv().await {
        let mut batch = Batch::default();
        batch.push(first);
        while batch.has_room() {
            let Ok(next) = waiting.try_recv() else { break };
            batch.push(next);
        }
        writer.append(batch).await;
    }
}

struct Writer {
    store: Store,
    tenant: Tenant,
    chains: Option<Chains>,
    disk: Disk,
    work: Arc<Notify>,
    bell: Bell,
}

impl Writer {
    /// Appends a batch and answers everybody in it. What can't be committed is tried again for as
    /// long as its sender waits: a message that was committed after all is then a duplicate.
    async fn append(&mut self, mut batch: Batch) {
        let mut backoff = BACKOFF.iter();
        loop {
            batch.drop_overdue();
            if batch.receipts.is_empty() {
                return;
            }
            if self.disk.is_low() {
                return batch.refuse(&IntakeError::DiskLow);
            }
            if let Some(answers) = self.attempt(&batch).await {
                batch = self.settle(batch, answers);
            } else {
                tracing::debug!("the journal does not answer");
            }
            if batch.receipts.is_empty() {
                return;
            }
            let pause = backoff
                .next()
                .or(BACKOFF.last())
                .copied()
                .unwrap_or_default();
            tokio::time::sleep(pause).await;
        }
    }

    /// One attempt; `None` when even a connection was not to be had in time.
    async fn attempt(&mut self, batch: &Batch) -> Option<Vec<Result<Appended, AppendError>>> {
        let left = batch.time_left().max(STATEMENT_MIN);
        let attempt = async {
            let chains = match &mut self.chains {
                Some(chains) => chains,
                none => match Chains::begin(&self.store, self.tenant).await {
                    Ok(chains) => none.insert(chains),
                    Err(error) => {
                        tracing::warn!(%error, "the journal's chain can't begin");
                        return None;
                    }
                },
            };
            Some(journal::append(&self.store, chains, &batch.receipts, left).await)
        };
        // The statement has a limit of its own. This one is for getting there, and where it strikes
        // in the middle of a statement nobody knows the outcome: the chains begin anew.
        if let Ok(answers) = tokio::time::timeout(left * 2, attempt).await {
            return answers;
        }
        self.chains = None;
        None
    }

    /// Answers who has an answer; who has none stays in the batch.
    fn settle(&mut self, batch: Batch, answers: Vec<Result<Appended, AppendError>>) -> Batch {
        let mut again = Batch::default();
        let mut appended_any = false;
        let waiting = batch
            .receipts
            .into_iter()
            .zip(batch.senders)
            .zip(batch.shares);
        for (((receipt, sender), share), answer) in waiting.zip(answers) {
            let outcome = match answer {
                Ok(appended) => {
                    appended_any = true;
                    Ok(stored(&appended, &receipt))
                }
                Err(AppendError::Row(error)) => {
                    tracing::error!(%error, "a message can't be stored");
                    Err(IntakeError::Unstorable)
                }
                Err(AppendError::Failed(error)) if is_full(&error) => {
                    self.disk.said_full();
                    Err(IntakeError::DiskLow)
                }
                Err(error @ (AppendError::Failed(_) | AppendError::Unknown)) => {
                    if again.receipts.is_empty() {
                        tracing::warn!(%error, "the journal could not be appended to");
                    }
                    again.keep(receipt, sender, share);
                    continue;
                }
            };
            let _ = sender.reply.send(outcome);
        }
        if appended_any {
            self.work.notify_one();
            self.bell.ring();
        }
        again
    }
}

fn stored(appended: &Appended, receipt: &Receipt) -> Stored {
    Stored {
        id: appended.id,
        duplicate_of: appended.duplicate_of,
        reused_control_id: appended.reused_control_id,
        routed: matches!(receipt.route, Route::Queue { .. }),
    }
}

/// SQLSTATE 53100: disk full.
fn is_full(error: &store::StoreError) -> bool {
    matches!(error, store::StoreError::Refused { code, .. } if code == "53100")
}

impl Batch {
    fn push(&mut self, submission: Submission) {
        let Submission {
            receipt,
            reply,
            deadline,
            _share: share,
        } = submission;
        self.keep(receipt, Sender { reply, deadline }, share);
    }

    fn keep(&mut self, receipt: Receipt, sender: Sender, share: crate::budget::Share) {
        if let journal::Raw::Inline(raw) = &receipt.raw {
            self.bytes += raw.len() as u64;
        }
        self.receipts.push(receipt);
        self.senders.push(sender);
        self.shares.push(share);
    }

    fn has_room(&self) -> bool {
        self.receipts.len() < ROWS_MAX && self.bytes < BYTES_MAX
    }

    fn time_left(&self) -> Duration {
        let deadline = self.senders.iter().map(|sender| sender.deadline).min();
        deadline.map_or(Duration::ZERO, |deadline| {
            deadline.saturating_duration_since(Instant::now())
        })
    }

    /// Whoever was answered "try again" meanwhile is not stored: its resend will be.
    fn drop_overdue(&mut self) {
        let now = Instant::now();
        let batch = std::mem::take(self);
        let waiting = batch
            .receipts
            .into_iter()
            .zip(batch.senders)
            .zip(batch.shares);
        for ((receipt, sender), share) in waiting {
            if sender.reply.is_closed() {
                continue;
            }
            if sender.deadline <= now {
                let _ = sender.reply.send(Err(IntakeError::Store));
                continue;
            }
            self.keep(receipt, sender, share);
        }
    }

    fn refuse(self, error: &IntakeError) {
        for sender in self.senders {
            let _ = sender.reply.send(Err(error.clone()));
        }
    }
}
