//! The trail of reads: what many requests have waiting shares a commit.
//!
//! Several tasks write, each its own chains: while one waits for its commit, another gathers what came
//! meanwhile, and Postgres flushes their commits together. An event thus waits for about one flush,
//! where with a single task it would wait for the rest of the one before as well.

use std::sync::Arc;

use model::{AuditEvent, Tenant, WriterId};
use tokio::sync::{Mutex, mpsc, oneshot};

use super::rows::{Columns, INSERT, Place, row};
use crate::{Result, Store, StoreError};

/// Events that wait at most.
const QUEUE_MAX: usize = 4_096;
/// Events that share a commit at most.
const BATCH_MAX: usize = 512;
/// Tasks that write; fewer than there are connections for appending.
const WRITERS: usize = 2;

type Waiting = (Tenant, AuditEvent, oneshot::Sender<Result<()>>);

/// Where requests leave their events. Its tasks end when the last handle is gone.
#[derive(Clone, Debug)]
pub struct Trail(mpsc::Sender<Waiting>);

impl Trail {
    /// Starts the trail's writing tasks.
    pub fn start(store: &Store) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE_MAX);
        let receiver = Arc::new(Mutex::new(receiver));
        for _ in 0..WRITERS {
            tokio::spawn(keep(store.clone(), receiver.clone()));
        }
        Self(sender)
    }

    /// Appends an event; resolves once it is committed. While one batch is being committed the next
    /// one gathers, so a lone event waits for nobody and many share a commit.
    pub async fn record(&self, tenant: Tenant, event: AuditEvent) -> Result<()> {
        let gone = StoreError::Overloaded("the audit trail's tasks have ended");
        let (done, answer) = oneshot::channel();
        if self.0.send((tenant, event, done)).await.is_err() {
            return Err(gone);
        }
        answer.await.unwrap_or(Err(gone))
    }
}

async fn keep(store: Store, receiver: Arc<Mutex<mpsc::Receiver<Waiting>>>) {
    let mut chain: Option<(WriterId, Place)> = None;
    let mut batch = Vec::with_capacity(BATCH_MAX);
    loop {
        // Whoever holds the lock waits for events; it is let go before they are written.
        let n_events = receiver.lock().await.recv_many(&mut batch, BATCH_MAX).await;
        if n_events == 0 {
            return;
        }
        let written = write(&store, &mut chain, &batch).await;
        if let Err(error) = &written {
            tracing::warn!(%error, n_events = batch.len(), "audit events could not be written");
        }
        for (_, _, done) in batch.drain(..) {
            // A request that is gone needs no answer; its event is written all the same.
            let _ = done.send(written.clone());
        }
    }
}

async fn write(
    store: &Store,
    chain: &mut Option<(WriterId, Place)>,
    batch: &[Waiting],
) -> Result<()> {
    // Taken, and given back only after a certain commit: after any other end a new chain begins.
    let (writer, mut end) = match chain.take() {
        Some(chain) => chain,
        None => (store.new_writer("trail").await?, Place::START),
    };
    let before = end;
    let mut rows = Vec::with_capacity(batch.len());
    for (tenant, event, _) in batch {
        let row = row(store.ids(), writer, event);
        end = end.after(store.chain_key(), tenant.0, &row);
        rows.push((tenant.0, row, end));
    }
    let columns = Columns::of(&rows);
    let client = store
        .appenders()
        .get()
        .await
        .inspect_err(|_| *chain = Some((writer, before)))?;
    let statement = client.prepare_cached(INSERT).await?;
    client
        .execute(&statement, &columns.params(&writer.0))
        .await?;
    *chain = Some((writer, end));
    Ok(())
}
