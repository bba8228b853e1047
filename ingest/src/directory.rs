//! What the workers need to know of tenants and interfaces: rows carry ids only.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use hl7v2::Charset;
use jiff::tz::TimeZone;
use mapping::Profile;
use model::{IdentityKey, Tenant};
use store::{InterfaceId, Store, StoreError};

use crate::{InterfaceSettings, counters::Counters, worker::Manner};

/// Tenants' keys and interfaces' manners; cheap to clone.
#[derive(Clone)]
pub(crate) struct Directory(Arc<Inner>);

struct Inner {
    store: Store,
    keys: Mutex<HashMap<Tenant, IdentityKey>>,
    manners: Mutex<HashMap<InterfaceId, Arc<Manner>>>,
    /// For the messages of an interface that is no longer configured.
    otherwise: Arc<Manner>,
}

impl Directory {
    /// An empty directory.
    pub(crate) fn new(store: Store) -> Self {
        let otherwise = Arc::new(Manner {
            profile: Arc::new(Profile::default()),
            profile_row: None,
            zone: TimeZone::UTC,
            charset: Charset::Windows1252,
            counters: Arc::default(),
        });
        let (keys, manners) = (Mutex::default(), Mutex::default());
        Self(Arc::new(Inner {
            store,
            keys,
            manners,
            otherwise,
        }))
    }

    /// Takes an interface in; `row` is its profile's.
    pub(crate) fn add(
        &self,
        id: InterfaceId,
        settings: &InterfaceSettings,
        row: i32,
        counters: &Arc<Counters>,
    ) {
        let manner = Manner {
            profile: settings.profile.clone(),
            profile_row: Some(row),
            zone: settings.zone.clone(),
            charset: settings.charset,
            counters: Arc::clone(counters),
        };
        let mut manners = self
            .0
            .manners
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        manners.insert(id, Arc::new(manner));
    }

    /// How an interface's messages are read.
    pub(crate) fn manner(&self, id: InterfaceId) -> Arc<Manner> {
        let manners = self
            .0
            .manners
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        manners.get(&id).unwrap_or(&self.0.otherwise).clone()
    }

    /// The tenant's key; asked for once.
    pub(crate) async fn key(&self, tenant: Tenant) -> Result<IdentityKey, StoreError> {
        if let Some(key) = self.known_key(tenant) {
            return Ok(key);
        }
        let tenants = self.0.store.tenants().await?;
        let mut keys = self.0.keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.extend(
            tenants
                .into_iter()
                .map(|row| (row.tenant, row.identity_key)),
        );
        keys.get(&tenant)
            .cloned()
            .ok_or(StoreError::Inconsistent("a message of no tenant"))
    }

    fn known_key(&self, tenant: Tenant) -> Option<IdentityKey> {
        self.0
            .keys
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&tenant)
            .cloned()
    }
}
