//! Audit rows in the transaction that does what they tell.

use std::sync::Arc;

use model::{AuditEvent, WriterId};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::rows::{Columns, INSERT, Place, row};
use crate::{Result, Store, Tx};

/// The chain of one writing task. It advances when the transaction commits; after an unknown commit
/// a new one begins. Two transactions that use the same chain wait for each other.
#[derive(Clone, Debug, Default)]
pub struct AuditChain(Arc<Mutex<State>>);

#[derive(Clone, Copy, Debug)]
pub(crate) struct State {
    /// None before the first event and after an unknown commit.
    writer: Option<WriterId>,
    end: Place,
}

impl Default for State {
    fn default() -> Self {
        Self {
            writer: None,
            end: Place::START,
        }
    }
}

/// A chain as a transaction will leave it, locked until the transaction ends.
pub(crate) struct Staged {
    guard: OwnedMutexGuard<State>,
    chain: usize,
    writer: WriterId,
    end: Place,
}

impl Staged {
    pub(crate) fn chain(&self) -> usize {
        self.chain
    }

    /// The transaction was committed.
    pub(crate) fn advance(mut self) {
        self.guard.end = self.end;
    }

    /// Nobody knows whether it was: the chain ends here.
    pub(crate) fn poison(mut self) {
        *self.guard = State::default();
    }
}

impl AuditChain {
    fn key(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    async fn stage(&self, store: &Store) -> Result<Staged> {
        let mut guard = Arc::clone(&self.0).lock_owned().await;
        let writer = if let Some(writer) = guard.writer {
            writer
        } else {
            let writer = store.new_writer("audit").await?;
            *guard = State {
                writer: Some(writer),
                end: Place::START,
            };
            writer
        };
        let end = guard.end;
        Ok(Staged {
            guard,
            chain: self.key(),
            writer,
            end,
        })
    }
}

/// Appends a lone event, in a chain of its own: for who does one thing and ends.
pub async fn note(tx: &mut Tx, event: AuditEvent) -> Result<()> {
    in_tx(tx, &AuditChain::default(), &[event]).await
}

/// Appends events to the trail in the transaction that does what they tell.
pub async fn in_tx(tx: &mut Tx, chain: &AuditChain, events: &[AuditEvent]) -> Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    if tx.staged(chain.key()).is_none() {
        let staged = chain.stage(tx.store()).await?;
        tx.stage(staged);
    }
    let store = tx.store().clone();
    let tenant = tx.tenant().0;
    let Some(staged) = tx.staged(chain.key()) else {
        return Ok(());
    };
    let writer = staged.writer;
    let mut rows = Vec::with_capacity(events.len());
    for event in events {
        let row = row(store.ids(), writer, event);
        staged.end = staged.end.after(store.chain_key(), tenant, &row);
        rows.push((tenant, row, staged.end));
    }
    let columns = Columns::of(&rows);
    tx.execute(INSERT, &columns.params(&writer.0)).await?;
    Ok(())
}
