//! What a message would change, found out by doing it in a transaction that is rolled back.

use std::collections::BTreeMap;

use fhir::ResourceType;
use mapping::inbound::Interpretation;
use model::{IdentityKey, ResourceId, Tenant};
use store::Store;

use crate::worker::{ChartError, Charting};

/// A resource that would be written or deleted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rehearsed {
    /// Its type.
    pub kind: ResourceType,
    /// Its id.
    pub id: ResourceId,
    /// The resource as it stands; none where there is none yet.
    pub before: Option<String>,
    /// The resource as it would be, without version and time; none where it would be deleted.
    pub after: Option<String>,
}

/// Joins what messages say to the chart as it stands, and says what that would change. Nothing stays
/// written; rows are locked for a moment.
pub async fn rehearse(
    store: &Store,
    tenant: Tenant,
    key: &IdentityKey,
    said: Vec<Interpretation>,
) -> Result<Vec<Rehearsed>, ChartError> {
    let mut tx = store.begin(tenant).await?;
    let rehearsed = Charting::default().rehearse(&mut tx, said, key).await;
    tx.rollback().await?;
    let by_resource: BTreeMap<_, _> = rehearsed?
        .into_iter()
        .map(|one| ((one.kind, one.id), one))
        .collect();
    Ok(by_resource.into_values().collect())
}
