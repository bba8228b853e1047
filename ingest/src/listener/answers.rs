//! The answering half of a connection: answers leave in the order of their messages, those that are
//! ready together in one write.

use std::time::Duration;

use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use model::JournalId;
use tokio::{
    io::{AsyncWrite, AsyncWriteExt},
    sync::mpsc,
};

use super::Interface;
use crate::{
    answer::{Mode, ReturnAddress},
    error::{AckCode, IntakeError},
    intake::{IntakeHandle, Outcome, Stored, Waiting},
};

/// Answers of one write.
const WRITE_BYTES_MAX: usize = 64 << 10;
/// Application acknowledgements that may be owed at once.
const APPLICATION_OWED_MAX: usize = 4096;
/// How long application acknowledgements are still owed to a peer that closed its side.
const AFTER_CLOSE: Duration = Duration::from_secs(5);

/// An answer that is owed.
pub(super) enum Owed {
    /// The journal decides.
    Waiting {
        /// Whom to tell.
        to: ReturnAddress,
        /// The journal's answer.
        waiting: Waiting,
        /// Kept, and refused all the same.
        unserved: Option<IntakeError>,
    },
    /// It is decided.
    Refusal {
        /// Whom to tell.
        to: ReturnAddress,
        /// What.
        error: IntakeError,
    },
}

/// The peer can't be answered any more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Unanswerable;

/// An application acknowledgement's turn has come, or its time is up.
struct Due {
    to: ReturnAddress,
    journal: JournalId,
    applied: bool,
}

/// Sends the answers of one connection.
pub(super) struct Answers<'a, W> {
    interface: &'a Interface,
    intake: &'a IntakeHandle,
    output: &'a mut W,
    out: Vec<u8>,
    /// What `out` says, to be recorded once it has left.
    sent: Vec<(JournalId, &'static str)>,
    application: FuturesUnordered<BoxFuture<'static, Due>>,
}

impl<'a, W: AsyncWrite + Unpin> Answers<'a, W> {
    pub(super) fn new(
        interface: &'a Interface,
        intake: &'a IntakeHandle,
        output: &'a mut W,
    ) -> Self {
        let application = FuturesUnordered::new();
        Self {
            interface,
            intake,
            output,
            out: Vec::new(),
            sent: Vec::new(),
            application,
        }
    }

    /// Sends what is owed until nobody can owe any more.
    pub(super) async fn send_all(
        &mut self,
        mut owed: mpsc::Receiver<Owed>,
    ) -> Result<(), Unanswerable> {
        let mut held = None;
        loop {
            let next = match held.take() {
                Some(next) => Some(next),
                None if self.application.is_empty() => owed.recv().await,
                None => tokio::select! {
                    biased;
                    next = owed.recv() => next,
                    Some(due) = self.application.next() => {
                        self.application_ack(&due);
                        self.flush().await?;
                        continue;
                    }
                },
            };
            let Some(next) = next else { break };
            self.settle(next).await;
            while self.out.len() < WRITE_BYTES_MAX {
                let Ok(next) = owed.try_recv() else { break };
                if let Some(next) = self.settle_if_ready(next) {
                    held = Some(next);
                    break;
                }
            }
            self.flush().await?;
        }
        self.last_application_acks().await
    }

    /// A peer that closed its side may still read.
    async fn last_application_acks(&mut self) -> Result<(), Unanswerable> {
        let deadline = tokio::time::Instant::now() + AFTER_CLOSE;
        while !self.application.is_empty() {
            match tokio::time::timeout_at(deadline, self.application.next()).await {
                Ok(Some(due)) => self.application_ack(&due),
                Ok(None) => break,
                Err(_) => {
                    let n_dropped = self.application.len() as u64;
                    self.interface
                        .counters
                        .application_acks_dropped
                        .add(n_dropped);
                    break;
                }
            }
            self.flush().await?;
        }
        Ok(())
    }

    async fn settle(&mut self, owed: Owed) {
        match owed {
            Owed::Waiting {
                to,
                mut waiting,
                unserved,
            } => {
                let outcome = waiting.outcome().await;
                self.answer(&to, outcome, unserved);
            }
            Owed::Refusal { to, error } => self.refuse(&to, &error, None),
        }
    }

    /// Settles what needs no waiting; gives back what does.
    fn settle_if_ready(&mut self, owed: Owed) -> Option<Owed> {
        match owed {
            Owed::Waiting {
                to,
                mut waiting,
                unserved,
            } => match waiting.ready() {
                Some(outcome) => self.answer(&to, outcome, unserved),
                None => {
                    return Some(Owed::Waiting {
                        to,
                        waiting,
                        unserved,
                    });
                }
            },
            Owed::Refusal { to, error } => self.refuse(&to, &error, None),
        }
        None
    }

    fn answer(&mut self, to: &ReturnAddress, outcome: Outcome, unserved: Option<IntakeError>) {
        match (outcome, unserved) {
            (Ok(stored), None) => self.accept(to, stored),
            (Ok(stored), Some(error)) => {
                self.interface.counters.unrouted.increment();
                self.refuse(to, &error, Some(stored.id));
            }
            (Err(error), _) => self.refuse(to, &error, None),
        }
    }

    fn accept(&mut self, to: &ReturnAddress, stored: Stored) {
        let counters = &self.interface.counters;
        counters.accepts.increment();
        counters
            .duplicates
            .add(u64::from(stored.duplicate_of.is_some()));
        counters.reused.add(u64::from(stored.reused_control_id));
        counters.unrouted.add(u64::from(!stored.routed));
        let (accept, application) = match to.mode() {
            Mode::Original => (true, false),
            Mode::Enhanced {
                accept,
                application,
            } => (accept, application),
        };
        if accept {
            self.accept_now(to, stored.id);
        }
        if application {
            self.owe_application_ack(to, stored);
        }
    }

    fn accept_now(&mut self, to: &ReturnAddress, journal: JournalId) {
        let zone = &self.interface.settings.zone;
        let (frame, code) = to.accept(&journal.to_string(), self.intake.now(), zone);
        self.out.extend_from_slice(&frame);
        self.sent.push((journal, code));
    }

    fn refuse(&mut self, to: &ReturnAddress, error: &IntakeError, journal: Option<JournalId>) {
        let counters = &self.interface.counters;
        match AckCode::from(error) {
            AckCode::Accept => {}
            AckCode::Error => counters.errors.increment(),
            AckCode::Reject => counters.rejects.increment(),
        }
        let control_id =
            journal.map_or_else(|| self.intake.fresh_control_id(), |id| id.to_string());
        let zone = &self.interface.settings.zone;
        let (frame, code) = to.refuse(error, &control_id, self.intake.now(), zone);
        self.out.extend_from_slice(&frame);
        self.sent.extend(journal.map(|journal| (journal, code)));
    }

    fn owe_application_ack(&mut self, to: &ReturnAddress, stored: Stored) {
        if APPLICATION_OWED_MAX <= self.application.len() {
            self.interface.counters.application_acks_dropped.increment();
            return;
        }
        let limit = self.interface.settings.limits.application_ack_timeout;
        let (to, intake) = (to.detached(), self.intake.clone());
        let waited = async move {
            let applied = match stored {
                Stored { routed: false, .. } => true,
                Stored {
                    id, duplicate_of, ..
                } => is_applied(&intake, duplicate_of.unwrap_or(id), limit).await,
            };
            Due {
                to,
                journal: stored.id,
                applied,
            }
        };
        self.application.push(waited.boxed());
    }

    fn application_ack(&mut self, due: &Due) {
        let counters = &self.interface.counters;
        let accepted_before = matches!(due.to.mode(), Mode::Enhanced { accept: true, .. });
        if due.applied {
            counters.application_acks.increment();
            let control_id = format!("A{}", due.journal);
            let zone = &self.interface.settings.zone;
            let frame = due.to.application(&control_id, self.intake.now(), zone);
            self.out.extend_from_slice(&frame);
            self.sent.push((due.journal, "AA"));
        } else if accepted_before {
            counters.application_acks_dropped.increment();
        } else {
            // The sender has no answer at all yet: at least it is told that the message is safe.
            counters.application_acks_dropped.increment();
            self.accept_now(&due.to, due.journal);
        }
    }

    /// Sends what has gathered, in one write.
    async fn flush(&mut self) -> Result<(), Unanswerable> {
        if self.out.is_empty() {
            return Ok(());
        }
        let limit = self.interface.settings.limits.write_timeout;
        let write = async {
            self.output.write_all(&self.out).await?;
            self.output.flush().await
        };
        match tokio::time::timeout(limit, write).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => return Err(Unanswerable),
        }
        self.out.clear();
        let now = self.intake.now();
        for (journal, code) in self.sent.drain(..) {
            self.intake.acknowledged((journal, now, code));
        }
        Ok(())
    }
}

/// Waits until a message is done with. What was done with before this process started, or in another
/// one, is known to the database alone.
async fn is_applied(intake: &IntakeHandle, journal: JournalId, limit: Duration) -> bool {
    let asked = async {
        let mut pause = Duration::from_millis(500);
        loop {
            tokio::time::sleep(pause).await;
            if intake.is_settled(journal).await {
                return;
            }
            pause = (pause * 2).min(Duration::from_secs(5));
        }
    };
    let either = async {
        tokio::select! {
            () = intake.applied().wait(journal) => {}
            () = asked => {}
        }
    };
    tokio::time::timeout(limit, either).await.is_ok()
}
