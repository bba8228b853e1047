//! The database a command works with: the one a URL names, else the embedded one, started for the
//! command or shared with the server that runs it.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::config::Config;
use crate::embedded::{Embedded, EmbeddedError};

/// How long a server waits for a command (`token`, `migrate`) that owns the cluster at the moment.
const OWNER_WAIT: Duration = Duration::from_secs(3);

/// A reachable database; close it when done.
#[derive(Debug)]
pub enum Database {
    /// Named by `DATABASE_URL` or `database.url`.
    External(String),
    /// Ours: started by this process, and stopped with it.
    Embedded(Embedded),
    /// Started by another `drawbridge` on the same data folder.
    Shared(String),
}

impl Database {
    /// For commands that may run beside a server: shares its embedded database.
    pub async fn open(config: &Config) -> anyhow::Result<Self> {
        match Self::own(config).await {
            Err(error) if is_in_use(&error) => Ok(Self::Shared(
                Embedded::url_of_running(&config.data()).await?,
            )),
            other => other,
        }
    }

    /// For servers: an embedded database that another process owns is refused, unless that was a
    /// command about to end.
    pub async fn open_alone(config: &Config) -> anyhow::Result<Self> {
        let deadline = Instant::now() + OWNER_WAIT;
        loop {
            match Self::own(config).await {
                Err(error) if is_in_use(&error) && Instant::now() < deadline => {
                    sleep(Duration::from_millis(100)).await;
                }
                other => return other,
            }
        }
    }

    async fn own(config: &Config) -> anyhow::Result<Self> {
        if let Some(url) = config.database.external_url()? {
            return Ok(Self::External(url));
        }
        Ok(Self::Embedded(
            Embedded::start(&config.data(), &config.programs()).await?,
        ))
    }

    /// What sqlx and tokio-postgres connect with. Holds the password.
    pub fn url(&self) -> &str {
        match self {
            Self::External(url) | Self::Shared(url) => url,
            Self::Embedded(embedded) => embedded.url(),
        }
    }

    /// Stops the database if this process started it.
    pub async fn close(self) -> Result<(), EmbeddedError> {
        match self {
            Self::Embedded(embedded) => embedded.stop().await,
            Self::External(_) | Self::Shared(_) => Ok(()),
        }
    }
}

fn is_in_use(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(EmbeddedError::InUse { .. }))
}
