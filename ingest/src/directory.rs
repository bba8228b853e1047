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

use crate::{
    Choice, InterfaceSettings,
    counters::Counters,
    worker::{Manner, Manners},
};

/// Tenants' keys and interfaces' manners; cheap to clone.
#[derive(Clone)]
pub(crate) struct Directory(Arc<Inner>);

struct Inner {
    store: Store,
    keys: Mutex<HashMap<Tenant, IdentityKey>>,
    manners: Mutex<HashMap<InterfaceId, Arc<Manners>>>,
    /// The profile of each tenant's first interface: what is not one interface's alone is done by it.
    profiles: Mutex<HashMap<Tenant, (InterfaceId, Arc<Profile>)>>,
    /// For the messages of an interface that is no longer configured.
    otherwise: Arc<Manners>,
}

impl Directory {
    /// An empty directory.
    pub(crate) fn new(store: Store) -> Self {
        let otherwise = Manner {
            profile: Arc::new(Profile::default()),
            profile_row: None,
            zone: TimeZone::UTC,
            charset: Charset::Windows1252,
            counters: Arc::default(),
        };
        let otherwise = Arc::new(Manners::one(otherwise));
        let (keys, manners) = (Mutex::default(), Mutex::default());
        let profiles = Mutex::default();
        Self(Arc::new(Inner {
            store,
            keys,
            manners,
            profiles,
            otherwise,
        }))
    }

    /// Takes an interface in, or its new profiles; `rows` are theirs, in the order of [`Choice::all`].
    pub(crate) fn add(
        &self,
        id: InterfaceId,
        settings: &InterfaceSettings,
        choice: Choice,
        rows: &[i32],
        counters: &Arc<Counters>,
    ) {
        let manner = |(profile, row): (&Arc<Profile>, &i32)| {
            Arc::new(Manner {
                profile: profile.clone(),
                profile_row: Some(*row),
                zone: settings.zone.clone(),
                charset: profile.charset().unwrap_or(settings.charset),
                counters: Arc::clone(counters),
            })
        };
        self.lead(id, settings.tenant, &choice);
        let all = choice.all().zip(rows).map(manner).collect();
        let manners_of_it = Manners {
            all,
            choice: Some(choice),
            charset: settings.charset,
        };
        let mut manners = self
            .0
            .manners
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        manners.insert(id, Arc::new(manners_of_it));
    }

    fn lead(&self, id: InterfaceId, tenant: Tenant, choice: &Choice) {
        let Some(profile) = choice.all().next() else {
            return;
        };
        let profiles = &self.0.profiles;
        let mut profiles = profiles.lock().unwrap_or_else(PoisonError::into_inner);
        let held = profiles
            .entry(tenant)
            .or_insert_with(|| (id, Arc::clone(profile)));
        if id.0 <= held.0.0 {
            *held = (id, Arc::clone(profile));
        }
    }

    /// The profile of a tenant's first interface.
    pub(crate) fn profile(&self, tenant: Tenant) -> Arc<Profile> {
        let profiles = &self.0.profiles;
        let profiles = profiles.lock().unwrap_or_else(PoisonError::into_inner);
        let held = profiles.get(&tenant);
        held.map_or_else(Arc::default, |(_, profile)| Arc::clone(profile))
    }

    /// How an interface's messages are read.
    pub(crate) fn manners(&self, id: InterfaceId) -> Arc<Manners> {
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
