//! Connections: one pool per kind of work, because each kind wants other planner settings.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use tokio::sync::{RwLock, RwLockReadGuard};
use tokio_postgres::{Client, Config, NoTls};

use crate::{Result, StoreError};

/// How long a caller waits for a free connection, and for a new one.
const CHECKOUT_TIMEOUT: Duration = Duration::from_secs(5);

/// What a pool's connections are for.
#[derive(Clone, Copy)]
pub(crate) enum Work {
    /// Journal appends and audit batches: the caller's arrays are joined with each other, never with
    /// a table, so hashing is right whatever the planner believes about their size.
    Append,
    /// What may be lost in a crash: answers that were sent.
    Lazy,
    /// Transactions: the caller's arrays are looked up in tables by key. Table statistics lag far
    /// behind queues that fill and empty, so sequential scans are out of the question.
    Write,
    /// Search and history: a text per predicate shape, planned once.
    Read,
}

impl Work {
    /// Server settings of the pool's sessions.
    fn options(self) -> &'static str {
        match self {
            Self::Append => {
                "-c plan_cache_mode=force_generic_plan -c enable_nestloop=off \
                 -c enable_mergejoin=off -c enable_seqscan=off"
            }
            Self::Lazy => "-c synchronous_commit=off",
            Self::Write => {
                "-c plan_cache_mode=force_generic_plan -c enable_hashjoin=off \
                 -c enable_mergejoin=off -c enable_seqscan=off -c enable_bitmapscan=off \
                 -c lock_timeout=10s -c idle_in_transaction_session_timeout=60s"
            }
            Self::Read => {
                "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off \
                 -c enable_mergejoin=off -c enable_hashjoin=off -c enable_bitmapscan=off"
            }
        }
    }
}

/// Reads the database's address.
pub(crate) fn parse(url: &str) -> Result<Config> {
    let mut config: Config = url
        .parse()
        .map_err(|_| StoreError::SetUp("the database's address can't be understood".to_owned()))?;
    config.connect_timeout(CHECKOUT_TIMEOUT);
    // A server that is gone without a word is found out within a minute, also in a transaction.
    config.keepalives_idle(Duration::from_secs(30));
    config.keepalives_interval(Duration::from_secs(10));
    config.keepalives_retries(3);
    config.tcp_user_timeout(Duration::from_secs(30));
    Ok(config)
}

/// A configuration for one kind of work.
pub(crate) fn config_for(base: &Config, work: Work, statement_timeout: Duration) -> Config {
    let mut config = base.clone();
    let given = base.get_options().unwrap_or_default();
    // A later option wins: the kind of work may lower synchronous_commit again.
    config.options(format!(
        "{given} -c synchronous_commit=on {} -c jit=off -c statement_timeout={}ms -c TimeZone=UTC",
        work.options(),
        statement_timeout.as_millis()
    ));
    config.application_name("drawbridge");
    config
}

/// A pool for one kind of work; connects when first used.
pub(crate) fn pool(
    base: &Config,
    work: Work,
    max: usize,
    statement_timeout: Duration,
) -> Result<Pool> {
    let config = config_for(base, work, statement_timeout);
    let recycling = ManagerConfig {
        recycling_method: RecyclingMethod::Fast,
    };
    Pool::builder(Manager::from_config(config, NoTls, recycling))
        .max_size(max)
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(CHECKOUT_TIMEOUT))
        .create_timeout(Some(CHECKOUT_TIMEOUT))
        .build()
        .map_err(|error| StoreError::SetUp(error.to_string()))
}

/// One connection of its own, as the address says; it ends when the client is dropped.
pub(crate) async fn single(config: &Config) -> Result<Client> {
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// Connections that many tasks share, each sending its one-row read down a common pipeline: no
/// checkout, and many requests to a system call. Only for statements that can't take long.
pub(crate) struct Shared {
    pool: Pool,
    slots: Vec<RwLock<Option<Object>>>,
    next: AtomicUsize,
}

impl Shared {
    pub(crate) fn new(base: &Config, n: usize, statement_timeout: Duration) -> Result<Self> {
        let n = n.max(1);
        Ok(Self {
            pool: pool(base, Work::Read, n, statement_timeout)?,
            slots: (0..n).map(|_| RwLock::new(None)).collect(),
            next: AtomicUsize::new(0),
        })
    }

    /// A shared connection for one read; connects anew where the old connection broke.
    ///
    /// A guard rather than a closure: a future that holds an async closure is not known to be `Send`.
    pub(crate) async fn client(&self) -> Result<RwLockReadGuard<'_, Object>> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % self.slots.len();
        let slot = self
            .slots
            .get(turn)
            .ok_or(StoreError::Inconsistent("no shared connection"))?;
        if let Ok(client) = RwLockReadGuard::try_map(slot.read().await, live) {
            return Ok(client);
        }
        {
            let mut held = slot.write().await;
            if live(&held).is_none() {
                *held = None; // gives the broken one back first: the pool has one per slot
                *held = Some(self.pool.get().await?);
            }
        }
        RwLockReadGuard::try_map(slot.read().await, live)
            .map_err(|_| StoreError::Retry("a shared connection broke"))
    }
}

#[expect(clippy::ref_option, reason = "what a guard of a slot maps")]
fn live(held: &Option<Object>) -> Option<&Object> {
    held.as_ref().filter(|client| !client.is_closed())
}
