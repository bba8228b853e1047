//! Taking the next due delivery in hand: one transaction that ends with a lease, or with what kept
//! it from being sent.

use bytes::Bytes;
use model::{Delivery, Outcome, SignedDuration, Timestamp};
use store::delivery::{Item, Leased, bind, settle, take};
use store::{StoreError, Tx, blob};

use super::{Dispatcher, SERVER};
use crate::backoff::jittered;
use crate::prepare::{Message, Prepared, prepare};
use crate::record::{Note, record};

/// What a turn has in hand.
pub(super) enum Errand {
    /// The delivery changed without a send.
    Settled,
    /// These bytes are to be sent.
    Send {
        /// The delivery and the proof.
        leased: Box<Leased>,
        /// Exactly what was sent before, if it was sent before.
        bytes: Bytes,
    },
}

impl Dispatcher {
    /// Whether something is due; nothing is changed.
    pub(super) async fn has_due(&self) -> Result<bool, StoreError> {
        let mut tx = self.store.begin(self.destination.tenant).await?;
        let due = take(&mut tx, &self.destination.name, SignedDuration::ZERO).await?;
        tx.rollback().await?;
        Ok(due.is_some())
    }

    /// Takes the oldest due delivery; `None` when nothing is due.
    pub(super) async fn take(&mut self) -> Result<Option<Errand>, StoreError> {
        let lease = SignedDuration::try_from(self.destination.lease).unwrap_or(SignedDuration::MAX);
        let mut tx = self.store.begin(self.destination.tenant).await?;
        let Some(taken) = take(&mut tx, &self.destination.name, lease).await? else {
            tx.rollback().await?;
            return Ok(None);
        };
        let leased = taken.leased;
        if taken.expired {
            // Whoever had it died: the message may have arrived, as after a time-out.
            let why = "the process that was sending it stopped";
            self.settle_in(&mut tx, &leased, Outcome::Unknown, why)
                .await?;
            tx.commit().await?;
            return Ok(Some(Errand::Settled));
        }
        let errand = match leased.item.message_digest {
            Some(digest) => self.again(&mut tx, leased, digest).await?,
            None => self.first(&mut tx, leased).await?,
        };
        tx.commit().await?;
        Ok(Some(errand))
    }

    /// A resend: the same bytes, whatever has changed since.
    async fn again(
        &mut self,
        tx: &mut Tx,
        leased: Leased,
        digest: [u8; 32],
    ) -> Result<Errand, StoreError> {
        let bytes = blob::whole(&self.store, self.destination.tenant, &digest).await?;
        let bytes = bytes.ok_or(StoreError::Inconsistent("a delivery's message is gone"))?;
        self.record(tx, &leased.item, &leased.item.state, None)
            .await?;
        Ok(Errand::Send {
            leased: Box::new(leased),
            bytes,
        })
    }

    /// A first send: the message is built and kept before it leaves.
    async fn first(&mut self, tx: &mut Tx, mut leased: Leased) -> Result<Errand, StoreError> {
        let now = self.store.clock().now();
        match prepare(&self.store, &self.destination, &leased.item, now).await? {
            Prepared::Message(message) => {
                let Message {
                    bytes,
                    control_id,
                    document_number,
                } = message;
                let staged = stage(self, &bytes).await?;
                let (id, lease) = (leased.item.id, leased.lease);
                bind(tx, id, lease, control_id.as_str(), &document_number, staged).await?;
                leased.item.control_id = Some(control_id.as_str().to_owned());
                leased.item.document_number = Some(document_number);
                leased.item.message_digest = Some(staged);
                self.record(tx, &leased.item, &leased.item.state, None)
                    .await?;
                Ok(Errand::Send {
                    leased: Box::new(leased),
                    bytes,
                })
            }
            Prepared::Held(why) => {
                let state = leased.item.state.clone().hold(why);
                let state = state.map_err(|_| StoreError::Inconsistent("a resend was held"))?;
                settle(tx, leased.item.id, leased.lease, &state, None).await?;
                self.record(tx, &leased.item, &state, None).await?;
                Ok(Errand::Settled)
            }
            Prepared::Refused(why) => {
                self.settle_in(tx, &leased, Outcome::Rejected, &why).await?;
                Ok(Errand::Settled)
            }
        }
    }

    /// Settles a delivery without an answer, in this transaction.
    pub(super) async fn settle_in(
        &mut self,
        tx: &mut Tx,
        leased: &Leased,
        outcome: Outcome,
        why: &str,
    ) -> Result<(), StoreError> {
        let state = self.after(&leased.item, outcome, tx.store().clock().now())?;
        settle(tx, leased.item.id, leased.lease, &state, None).await?;
        self.record(tx, &leased.item, &state, Some(why)).await
    }

    /// The state after a send came to `outcome`.
    pub(super) fn after(
        &mut self,
        item: &Item,
        outcome: Outcome,
        now: Timestamp,
    ) -> Result<Delivery, StoreError> {
        let waits = self.destination.backoff.draw(&mut self.rng);
        let reconnect = jittered(self.destination.reconnect, &mut self.rng);
        let state = item.state.clone().settle(outcome, &waits, reconnect, now);
        state.map_err(|_| StoreError::Inconsistent("a delivery in hand that is not being sent"))
    }

    pub(super) async fn record(
        &self,
        tx: &mut Tx,
        item: &Item,
        state: &Delivery,
        reason: Option<&str>,
    ) -> Result<(), StoreError> {
        let note = Note {
            by: &SERVER,
            reason,
            discarded: false,
        };
        record(tx, &self.chain, item, state, note).await
    }
}

/// Keeps the exact bytes under their digest, committed before the row that names them.
async fn stage(dispatcher: &Dispatcher, bytes: &Bytes) -> Result<[u8; 32], StoreError> {
    use sha2::Digest as _;
    let digest = sha2::Sha256::digest(bytes).into();
    let staged = blob::stage(
        &dispatcher.store,
        dispatcher.destination.tenant,
        digest,
        bytes,
    )
    .await?;
    Ok(staged.digest)
}
