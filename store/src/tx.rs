//! A transaction that others hold without seeing the driver.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};

use deadpool_postgres::Object;
use futures_util::FutureExt;
use model::{JournalId, Tenant};
use postgres_types::ToSql;
use tokio_postgres::Row;

use crate::audit::Staged;
use crate::store::Store;
use crate::{CommitError, Result, StoreError};

/// What statements take.
pub(crate) type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

/// A transaction of one tenant. Dropped without [`Tx::commit`], it is rolled back.
pub struct Tx {
    /// Gone once the transaction has ended.
    client: Option<Object>,
    tenant: Tenant,
    store: Store,
    /// A statement failed, so `commit` would roll back: Postgres answers that without an error.
    failed: AtomicBool,
    audit: Vec<Staged>,
    /// Messages of which the changes alarm and notify nobody.
    quiet: HashSet<JournalId>,
}

impl Tx {
    pub(crate) async fn begin(store: &Store, tenant: Tenant) -> Result<Self> {
        let client = store.writers().get().await?;
        let tx = Self {
            client: Some(client),
            tenant,
            store: store.clone(),
            failed: AtomicBool::new(false),
            audit: Vec::new(),
            quiet: HashSet::new(),
        };
        tx.client()?.batch_execute("begin").await?;
        Ok(tx)
    }

    /// The one tenant that this transaction touches.
    pub const fn tenant(&self) -> Tenant {
        self.tenant
    }

    /// What follows from these messages alarms and notifies nobody.
    pub fn hush(&mut self, messages: impl IntoIterator<Item = JournalId>) {
        self.quiet.extend(messages);
    }

    pub(crate) fn is_quiet(&self, journal: Option<JournalId>) -> bool {
        journal.is_some_and(|journal| self.quiet.contains(&journal))
    }

    /// The store that it belongs to.
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// Commits. After [`CommitError::Unknown`] the caller must look whether it happened.
    pub async fn commit(mut self) -> Result<(), CommitError> {
        if *self.failed.get_mut() {
            return Err(CommitError::Failed(StoreError::Retry(
                "a statement of it failed",
            )));
        }
        let client = self
            .client
            .take()
            .ok_or(StoreError::Inconsistent("committed twice"))?;
        match client.batch_execute("commit").await {
            Ok(()) => {
                self.audit.drain(..).for_each(Staged::advance);
                Ok(())
            }
            Err(error) => {
                self.audit.drain(..).for_each(Staged::poison);
                Err(commit_error(error))
            }
        }
    }

    /// Undoes everything, at once rather than when dropped.
    pub async fn rollback(mut self) -> Result<()> {
        if let Some(client) = self.client.take() {
            client.batch_execute("rollback").await?;
        }
        Ok(())
    }

    pub(crate) fn client(&self) -> Result<&Object> {
        self.client
            .as_ref()
            .ok_or(StoreError::Inconsistent("the transaction has ended"))
    }

    /// A statement outside the two below failed.
    pub(crate) fn fail(&self) {
        self.failed.store(true, Ordering::Relaxed);
    }

    pub(crate) fn stage(&mut self, staged: Staged) {
        self.audit.push(staged);
    }

    pub(crate) fn staged(&mut self, chain: usize) -> Option<&mut Staged> {
        self.audit.iter_mut().find(|staged| staged.chain() == chain)
    }

    pub(crate) async fn execute(&self, sql: &str, params: Params<'_>) -> Result<u64> {
        let done = self.try_execute(sql, params).await;
        done.inspect_err(|_| self.fail())
    }

    pub(crate) async fn query(&self, sql: &str, params: Params<'_>) -> Result<Vec<Row>> {
        let rows = self.try_query(sql, params).await;
        rows.inspect_err(|_| self.fail())
    }

    async fn try_execute(&self, sql: &str, params: Params<'_>) -> Result<u64> {
        let client = self.client()?;
        let statement = client.prepare_cached(sql).await?;
        Ok(client.execute(&statement, params).await?)
    }

    async fn try_query(&self, sql: &str, params: Params<'_>) -> Result<Vec<Row>> {
        let client = self.client()?;
        let statement = client.prepare_cached(sql).await?;
        Ok(client.query(&statement, params).await?)
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            // The first poll sends the request; whoever takes the connection next queues behind it.
            let _ = client.batch_execute("rollback").now_or_never();
        }
    }
}

/// What a failed `commit` means: only an answer of the server that is about the transaction itself
/// is certain. A connection that broke, or a server that is going down, may have committed.
fn commit_error(error: tokio_postgres::Error) -> CommitError {
    let certain = error.as_db_error().is_some_and(|db| {
        let code = db.code().code();
        !code.starts_with("57P") && !code.starts_with("08")
    });
    if certain {
        CommitError::Failed(error.into())
    } else {
        CommitError::Unknown
    }
}

/// The first failure among statements that were sent together; later ones are its aftermath.
pub(crate) fn first_failure<T>(results: Vec<Result<T>>) -> Result<Vec<T>> {
    let mut done = Vec::with_capacity(results.len());
    let mut aftermath = None;
    for result in results {
        match result {
            Ok(value) => done.push(value),
            Err(error) if error.is_aftermath() => aftermath = aftermath.or(Some(error)),
            Err(error) => return Err(error),
        }
    }
    aftermath.map_or(Ok(done), Err)
}
