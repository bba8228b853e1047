//! Where a tenant's documents go, and the deliveries and Tasks that a new document makes.

use std::collections::HashMap;
use std::sync::Arc;

use model::{Actor, Tenant, VersionId};
use outbound::{Document, Made, delivery_for};

use super::prepare::Prepared;

/// The destinations of each tenant, and the bell that wakes their dispatchers.
#[derive(Clone, Default)]
pub struct Destinations {
    names: Arc<HashMap<Tenant, Vec<String>>>,
    bell: Option<Arc<dyn Fn() + Send + Sync>>,
}

impl Destinations {
    /// Destinations by tenant; `bell` is rung when a delivery was committed.
    pub fn new(
        names: HashMap<Tenant, Vec<String>>,
        bell: Option<Arc<dyn Fn() + Send + Sync>>,
    ) -> Self {
        Self {
            names: Arc::new(names),
            bell,
        }
    }

    /// Wakes the dispatchers; what nobody hears is found by polling.
    pub(super) fn ring(&self) {
        if let Some(bell) = &self.bell {
            bell();
        }
    }

    /// A delivery, with its Task and its event, for each of the tenant's destinations.
    pub(super) fn of(&self, tenant: Tenant, prepared: &Prepared, by: &Actor) -> Vec<Made> {
        let document = Document {
            id: prepared.id,
            version: VersionId::FIRST,
            patient: Some(prepared.about.patient),
            at: prepared.at,
        };
        let names = self.names.get(&tenant).into_iter().flatten();
        names
            .map(|name| delivery_for(&document, name, by))
            .collect()
    }
}

impl std::fmt::Debug for Destinations {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Destinations").field(&self.names).finish()
    }
}
