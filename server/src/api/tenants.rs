//! Tenants by the name in the path, remembered: a tenant never changes its name or key.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use model::{IdentityKey, Tenant};
use store::{Store, StoreError};

use super::cursor::Sealer;

/// One tenant, as the FHIR face needs it.
#[derive(Debug)]
pub(super) struct TenantContext {
    pub(super) tenant: Tenant,
    pub(super) sealer: Sealer,
    pub(super) key: IdentityKey,
}

/// The tenant of `/fhir`.
const DEFAULT: &str = "default";

#[derive(Debug, Default)]
pub(super) struct Tenants(RwLock<HashMap<String, Arc<TenantContext>>>);

impl Tenants {
    /// The tenant of a path; `None` when there is none of that name.
    pub(super) async fn find(
        &self,
        store: &Store,
        name: Option<&str>,
    ) -> Result<Option<Arc<TenantContext>>, StoreError> {
        let name = name.unwrap_or(DEFAULT);
        if let Some(known) = self
            .0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
        {
            return Ok(Some(Arc::clone(known)));
        }
        let Some(row) = store.tenant(name).await? else {
            return Ok(None);
        };
        let sealer = Sealer::new(&row.identity_key);
        let found = Arc::new(TenantContext {
            tenant: row.tenant,
            sealer,
            key: row.identity_key,
        });
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(row.name, Arc::clone(&found));
        Ok(Some(found))
    }
}
