//! Journalled messages are interpreted again with today's rules: what that would change, and doing it.

mod again;
mod preview;

use std::collections::HashMap;
use std::sync::Arc;

use ingest::InterfaceSettings;
use model::{IdentityKey, Tenant};
use store::{InterfaceId, Store, journal};

use crate::config::Config;
use crate::opened::tenant_row;
use crate::profiles::Library;
use crate::serve::interface_settings;

pub use again::{replay, wait};
pub use preview::{Preview, lane, preview, said};

/// What it takes to read a tenant's messages.
pub struct Reader {
    /// Whose messages.
    pub tenant: Tenant,
    key: IdentityKey,
    interfaces: HashMap<InterfaceId, Arc<InterfaceSettings>>,
    /// For the messages of an interface that is no longer configured.
    otherwise: Arc<InterfaceSettings>,
}

impl Reader {
    /// The reader of a tenant, with the configured interfaces.
    pub async fn of(store: &Store, config: &Config, name: &str) -> anyhow::Result<Self> {
        let row = tenant_row(store, name).await?;
        let known = store.interfaces(row.tenant).await?;
        let profiles = Library::load(config)?;
        let mut interfaces = HashMap::new();
        for configured in config
            .inbound
            .iter()
            .filter(|inbound| inbound.tenant == name)
        {
            let id = known
                .iter()
                .find(|(_, name)| *name == configured.name)
                .map(|(id, _)| *id);
            if let Some(id) = id {
                let settings = interface_settings(configured, row.tenant, &profiles)?;
                interfaces.insert(id, Arc::new(settings));
            }
        }
        let profile = Arc::new(mapping::Profile::default());
        let otherwise = Arc::new(InterfaceSettings::new("", row.tenant, profile));
        Ok(Self {
            tenant: row.tenant,
            key: row.identity_key,
            interfaces,
            otherwise,
        })
    }

    pub(crate) fn settings(&self, interface: InterfaceId) -> &InterfaceSettings {
        self.interfaces.get(&interface).unwrap_or(&self.otherwise)
    }

    /// Refuses while messages of an interface are kept that nobody can tell how to read: the zone of their
    /// times and their profile went with its configuration.
    pub(crate) async fn knows_all(&self, store: &Store) -> anyhow::Result<()> {
        for (id, name) in store.interfaces(self.tenant).await? {
            let is_known = self.interfaces.contains_key(&id);
            anyhow::ensure!(
                is_known || !journal::has_any(store, self.tenant, id).await?,
                "interface '{name}' has messages and is not configured, so they can't be read as they \
                 were meant; give this command a configuration that has an [[inbound]] of that name, with \
                 its zone, charset and profile"
            );
        }
        Ok(())
    }

    /// The tenant's key.
    pub(crate) fn key(&self) -> &IdentityKey {
        &self.key
    }

    /// The configured interfaces.
    pub fn configured(&self) -> impl Iterator<Item = &InterfaceSettings> {
        self.interfaces.values().map(Arc::as_ref)
    }
}
