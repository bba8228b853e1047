//! Who is one with whom, said by a person or by the matching of patients: everything is pointed anew in
//! one transaction.

use mapping::Link;
use model::{Actor, IdentityKey, Tenant};
use store::{Store, StoreError, Tx};

use crate::worker::{ChartError, Charting};

/// How often a lane that a worker has in hand is waited for.
const ATTEMPTS_MAX: u32 = 8;

/// Says that entities are one, or are not, in a transaction that also does `besides`. Answers how many
/// resources were written.
pub async fn relink<B>(
    store: &Store,
    tenant: Tenant,
    key: &IdentityKey,
    links: &[Link],
    actor: Actor,
    besides: B,
) -> Result<usize, ChartError>
where
    B: AsyncFn(&mut Tx) -> Result<(), StoreError>,
{
    let mut lanes = Vec::new();
    for attempt in 1.. {
        let mut tx = store.begin(tenant).await?;
        store::lanes::claim_exactly(&mut tx, &[], &lanes).await?;
        let mut charting = Charting::of(actor.clone());
        match charting.relink(&mut tx, links.to_vec(), key).await {
            Ok(written) => {
                besides(&mut tx).await?;
                tx.commit().await.map_err(StoreError::from)?;
                return Ok(written);
            }
            Err(ChartError::NeedsLanes(more)) if attempt < ATTEMPTS_MAX => lanes = more,
            Err(ChartError::Store(error)) if error.is_transient() && attempt < ATTEMPTS_MAX => {}
            Err(error) => return Err(error),
        }
    }
    Err(ChartError::NeedsLanes(lanes))
}
