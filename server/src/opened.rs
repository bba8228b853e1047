//! A configuration's database, migrated, and the store in it.

use anyhow::Context as _;
use model::Clock;
use store::{InterfaceId, Settings, Store, TenantRow};

use crate::config::Config;
use crate::database::Database;
use crate::keys;

/// The store of a configuration, and the database that it is in. Close it when done.
pub struct Opened {
    /// The store.
    pub store: Store,
    database: Database,
}

impl Opened {
    /// For commands, which may run beside a server.
    pub async fn beside_a_server(
        config: &Config,
        clock: &Clock,
        purpose: &str,
    ) -> anyhow::Result<Self> {
        Self::with(Database::open(config).await?, config, clock, purpose).await
    }

    /// For servers.
    pub async fn alone(config: &Config, clock: &Clock, purpose: &str) -> anyhow::Result<Self> {
        Self::with(Database::open_alone(config).await?, config, clock, purpose).await
    }

    async fn with(
        database: Database,
        config: &Config,
        clock: &Clock,
        purpose: &str,
    ) -> anyhow::Result<Self> {
        match open(&database, config, clock, purpose).await {
            Ok(store) => Ok(Self { store, database }),
            Err(error) => {
                // What we started must not outlive us; the first error is the one to tell.
                let _ = database.close().await;
                Err(error)
            }
        }
    }

    /// What other drivers connect with. Holds the password.
    pub fn url(&self) -> &str {
        self.database.url()
    }

    /// Leaves the store and stops the database if this process started it.
    pub async fn close(self) -> anyhow::Result<()> {
        drop(self.store);
        Ok(self.database.close().await?)
    }
}

/// The tenant of a name that somebody gave.
pub(crate) async fn tenant_row(store: &Store, name: &str) -> anyhow::Result<TenantRow> {
    let row = store.tenant(name).await?;
    row.with_context(|| format!("there is no tenant '{name}'"))
}

/// An interface by the name that somebody gave; none where none was given.
pub(crate) fn interface_named(
    interfaces: &[(InterfaceId, String)],
    name: Option<&str>,
) -> anyhow::Result<Option<InterfaceId>> {
    let Some(name) = name else { return Ok(None) };
    let found = interfaces.iter().find(|(_, known)| known == name);
    let found = found.map(|(id, _)| Some(*id));
    found.with_context(|| format!("no interface '{name}' has ever received a message"))
}

async fn open(
    database: &Database,
    config: &Config,
    clock: &Clock,
    purpose: &str,
) -> anyhow::Result<Store> {
    let url = database.url();
    let applied = store::migrate(url).await?;
    if 0 < applied.n_new {
        tracing::info!(
            n_new = applied.n_new,
            version = applied.version,
            "migrated the database"
        );
    }
    let connections = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
    let settings = Settings {
        purpose: purpose.to_owned(),
        clock: clock.clone(),
        writers_max: connections(
            config.database.ingest_connections + config.database.outbound_connections,
        ),
        readers_max: connections(config.database.fhir_connections),
        ..Settings::new(url, keys::chain_key(config)?)
    };
    Ok(Store::open(&settings).await?)
}
