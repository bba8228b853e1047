//! Received frames become submissions, refusals or quarantined bytes.

use std::net::IpAddr;

use bytes::Bytes;
use hl7v2::{
    Header, batch,
    mllp::{Frame, Received, Trailer},
};
use store::quarantine;
use tokio::sync::mpsc;

use super::{Interface, answers::Owed};
use crate::{
    answer::ReturnAddress,
    budget::Share,
    error::IntakeError,
    intake::IntakeHandle,
    judge::{self, Arrival, Habits, Taken, Verdict, judge},
};

/// Larger messages are judged on a thread of their own: digests and index take milliseconds.
const JUDGE_APART_BYTES: usize = 256 << 10;

/// Takes what the codec read.
pub(super) struct Frames<'a> {
    pub(super) interface: &'a Interface,
    pub(super) intake: &'a IntakeHandle,
    pub(super) peer: IpAddr,
    /// Answers are owed in the order of the messages.
    pub(super) owe: mpsc::Sender<Owed>,
}

impl Frames<'_> {
    /// Takes one thing that was received.
    pub(super) async fn take(&self, received: Received, share: &mut Share) {
        let counters = &self.interface.counters;
        match received {
            Received::Frame(frame) => {
                self.count(&frame);
                self.frame(frame.bytes, std::mem::take(share)).await;
            }
            Received::Quarantine { fragment } => {
                counters.fragments.increment();
                self.keep(&fragment, "an unfinished frame").await;
            }
            Received::EmptyFrame => counters.frames_empty.increment(),
            Received::Stray { first, .. } => {
                self.keep(&first, "bytes outside any frame").await;
            }
        }
    }

    fn count(&self, frame: &Frame) {
        let counters = &self.interface.counters;
        let deviations = &frame.deviations;
        counters.frames.increment();
        counters.stray_bytes.add(deviations.n_bytes_before as u64);
        counters
            .inner_trailers
            .add(u64::from(0 < deviations.n_ends_in_body));
        counters
            .inner_starts
            .add(u64::from(0 < deviations.n_starts_in_body));
        counters
            .short_trailers
            .add(u64::from(deviations.trailer != Trailer::Standard));
        counters
            .byte_order_marks
            .add(u64::from(deviations.has_byte_order_mark));
        counters.unended.add(u64::from(deviations.has_no_final_cr));
    }

    async fn frame(&self, bytes: Bytes, share: Share) {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            self.interface.counters.frames_empty.increment();
            return;
        }
        match self.judge(&bytes).await {
            Verdict::Take(taken) => self.submit(*taken, share).await,
            Verdict::Refuse { error, to } => self.refuse(&error, to, &bytes).await,
            Verdict::Batch => self.batch(&bytes, share).await,
        }
    }

    /// One answer per message, in order.
    async fn batch(&self, bytes: &Bytes, share: Share) {
        self.interface.counters.batches.increment();
        let messages: Vec<Bytes> = batch::messages(bytes)
            .map(|message| bytes.slice_ref(message))
            .collect();
        if messages.is_empty() {
            let error = IntakeError::from(hl7v2::HeaderError::NoMsh);
            return self.refuse(&error, ReturnAddress::unknown(), bytes).await;
        }
        let mut share = Some(share);
        for message in messages {
            match self.judge(&message).await {
                Verdict::Take(taken) => {
                    self.submit(*taken, share.take().unwrap_or_default()).await;
                }
                Verdict::Refuse { error, to } => self.refuse(&error, to, &message).await,
                Verdict::Batch => {
                    let error = IntakeError::from(hl7v2::HeaderError::Batch);
                    self.refuse(&error, ReturnAddress::unknown(), &message)
                        .await;
                }
            }
        }
    }

    async fn judge(&self, raw: &Bytes) -> Verdict {
        if raw.len() < JUDGE_APART_BYTES {
            return judge(raw, &self.arrival());
        }
        let arrival = self.arrival();
        let (settings, key) = (arrival.settings.clone(), arrival.key.clone());
        let (interface, peer, at) = (arrival.interface, arrival.peer, arrival.at);
        let raw = raw.clone();
        let judged = tokio::task::spawn_blocking(move || {
            let arrival = Arrival {
                interface,
                settings: &settings,
                key: &key,
                peer,
                at,
            };
            judge(&raw, &arrival)
        });
        judged.await.unwrap_or_else(|_| Verdict::Refuse {
            error: IntakeError::Stopping,
            to: ReturnAddress::unknown(),
        })
    }

    fn arrival(&self) -> Arrival<'_> {
        Arrival {
            interface: self.interface.id,
            settings: &self.interface.settings,
            key: self.intake.key(),
            peer: self.peer,
            at: self.intake.now(),
        }
    }

    async fn submit(&self, taken: Taken, share: Share) {
        let Taken {
            message,
            to,
            unserved,
            habits,
        } = taken;
        self.count_habits(habits);
        let timeout = self.interface.settings.limits.commit_timeout;
        let waiting = self.intake.submit(message, share, timeout).await;
        self.owe(Owed::Waiting {
            to,
            waiting,
            unserved,
        })
        .await;
    }

    fn count_habits(&self, habits: Habits) {
        let counters = &self.interface.counters;
        counters.lf.add(u64::from(habits.lf));
        counters.crlf.add(u64::from(habits.crlf));
        counters.charset.add(u64::from(habits.outside_charset));
    }

    /// What is refused is kept first; when it can't be kept, the sender is asked to try again.
    async fn refuse(&self, error: &IntakeError, to: ReturnAddress, bytes: &Bytes) {
        let kept = self.keep(bytes, &error.to_string()).await;
        let error = if kept {
            error.clone()
        } else {
            IntakeError::Store
        };
        self.owe(Owed::Refusal { to, error }).await;
    }

    /// A frame over the limit: its head is kept, and answered when its MSH can be read.
    pub(super) async fn too_large(&self, head: Bytes, limit: usize) {
        let error = IntakeError::TooLarge { limit };
        self.keep(&head, &error.to_string()).await;
        let fallback = self.interface.settings.charset;
        if let Ok(header) = Header::parse(&head, fallback) {
            let to = judge::address(&header, &head, fallback);
            self.owe(Owed::Refusal { to, error }).await;
        }
    }

    /// Keeps bytes that are no message for us. True when they are safe.
    pub(super) async fn keep(&self, bytes: &Bytes, reason: &str) -> bool {
        let suspect = quarantine::Suspect {
            received_at: self.intake.now(),
            interface: self.interface.id,
            peer: self.peer.to_string(),
            reason: reason.to_owned(),
            raw: bytes.clone(),
        };
        self.intake.quarantine(&suspect).await
    }

    async fn owe(&self, owed: Owed) {
        // Fails only when nothing can be answered any more; the reader then ends by itself.
        let _ = self.owe.send(owed).await;
    }
}
