//! The store itself: pools, ids, and the way to a transaction.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::Pool;
use model::{Clock, IdSource, Tenant, WriterId};
use tokio_postgres::Config;

use crate::connect::{self, Shared, Work};
use crate::growth::Growth;
use crate::{ChainKey, Result, Settings, StoreError, Tx, safety};

/// An open store; cheap to clone.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    config: Config,
    appenders: Pool,
    lazy: Pool,
    leaders: Pool,
    writers: Pool,
    readers: Pool,
    shared: Shared,
    clock: Clock,
    ids: IdSource,
    chain_key: ChainKey,
    purpose: String,
    statement_timeout: Duration,
    growth: Growth,
}

impl Store {
    /// Opens a migrated database. Refuses one that would lose commits ([`StoreError::Unsafe`]).
    pub async fn open(settings: &Settings) -> Result<Self> {
        let config = connect::parse(&settings.url)?;
        let timeout = settings.statement_timeout;
        let appenders = connect::pool(&config, Work::Append, 4, timeout)?;
        let leaders = connect::pool(&config, Work::Lazy, 64, timeout)?;
        let lazy = connect::pool(&config, Work::Lazy, 2, timeout)?;
        let writers = connect::pool(&config, Work::Write, settings.writers_max, timeout)?;
        let readers = connect::pool(&config, Work::Read, settings.readers_max, timeout)?;
        let shared = Shared::new(&config, settings.fast_readers, timeout)?;
        safety::refuse_unsafe(&config).await?;
        let client = writers.get().await?;
        let writer = register(&client, &settings.purpose, &settings.chain_key).await?;
        drop(client);
        let store = Self(Arc::new(Inner {
            config,
            appenders,
            lazy,
            leaders,
            writers,
            readers,
            shared,
            clock: settings.clock.clone(),
            ids: IdSource::new(settings.clock.clone(), writer),
            chain_key: settings.chain_key.clone(),
            purpose: settings.purpose.clone(),
            growth: Growth::default(),
            statement_timeout: timeout,
        }));
        store.ensure_partitions().await?;
        Ok(store)
    }

    /// Starts a transaction of one tenant.
    pub async fn begin(&self, tenant: Tenant) -> Result<Tx> {
        Tx::begin(self, tenant).await
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<()> {
        let client = self.0.readers.get().await?;
        client.batch_execute("select 1").await?;
        Ok(())
    }

    /// Makes the month partitions that will be needed; to be called at least daily.
    pub async fn ensure_partitions(&self) -> Result<()> {
        let client = self.0.writers.get().await?;
        let now = self.0.clock.now();
        client
            .execute("select ensure_partitions($1, 3)", &[&now])
            .await?;
        Ok(())
    }

    /// Hands out ids that grow with time.
    pub fn ids(&self) -> &IdSource {
        &self.0.ids
    }

    /// Where now comes from.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    pub(crate) fn config(&self) -> &Config {
        &self.0.config
    }

    pub(crate) fn statement_timeout(&self) -> Duration {
        self.0.statement_timeout
    }

    pub(crate) fn appenders(&self) -> &Pool {
        &self.0.appenders
    }

    pub(crate) fn lazy(&self) -> &Pool {
        &self.0.lazy
    }

    /// Connections that are kept for the session locks they hold.
    pub(crate) fn leaders(&self) -> &Pool {
        &self.0.leaders
    }

    pub(crate) fn writers(&self) -> &Pool {
        &self.0.writers
    }

    pub(crate) fn readers(&self) -> &Pool {
        &self.0.readers
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.0.shared
    }

    pub(crate) fn growth(&self) -> &Growth {
        &self.0.growth
    }

    pub(crate) fn chain_key(&self) -> &ChainKey {
        &self.0.chain_key
    }

    /// A number for a writing task that begins chains of its own.
    pub(crate) async fn new_writer(&self, task: &str) -> Result<WriterId> {
        let client = self.0.writers.get().await?;
        let purpose = format!("{} {task}", self.0.purpose);
        register(&client, &purpose, &self.0.chain_key).await
    }
}

async fn register(
    client: &deadpool_postgres::ClientWrapper,
    purpose: &str,
    key: &ChainKey,
) -> Result<WriterId> {
    let sql = "insert into writer (purpose, key_id) values ($1, $2) returning id";
    let row = client
        .query_one(sql, &[&purpose, &key.id()])
        .await
        .map_err(StoreError::from)?;
    Ok(WriterId(row.get(0)))
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store(..)")
    }
}
