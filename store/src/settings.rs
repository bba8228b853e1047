//! What a process says when it opens the store.

use std::time::Duration;

use model::Clock;

use crate::ChainKey;

/// How a process opens the store.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `postgres://user:password@host:port/database`, or `host=…` pairs. Never logged.
    pub url: String,
    /// What the process is for (`serve`, `replay` …); stands in the writer's row.
    pub purpose: String,
    /// Where now comes from.
    pub clock: Clock,
    /// Keys the digest chains of journal and audit trail; it lives outside the database.
    pub chain_key: ChainKey,
    /// Connections for transactions.
    pub writers_max: usize,
    /// Connections for searches and histories.
    pub readers_max: usize,
    /// Connections that many tasks share for reads by id.
    pub fast_readers: usize,
    /// After this the server gives a statement up.
    pub statement_timeout: Duration,
}

impl Settings {
    /// The usual settings for a database and a chain key.
    pub fn new(url: impl Into<String>, chain_key: ChainKey) -> Self {
        Self {
            url: url.into(),
            purpose: "serve".to_owned(),
            clock: Clock::System,
            chain_key,
            writers_max: 12,
            readers_max: 8,
            fast_readers: 2,
            statement_timeout: Duration::from_secs(15),
        }
    }
}
