//! Who is one with whom, said by a person or by the matching of patients: everything is pointed anew in
//! one transaction.

use mapping::Link;
use mapping::inbound::EntityKind;
use model::{Actor, EntityId, IdentityKey, Tenant};
use store::review::{self, Question};
use store::{Store, StoreError, Tx, matching};

use crate::worker::{ChartError, Charting};

/// How often a lane that a worker has in hand is waited for.
const ATTEMPTS_MAX: u32 = 8;

/// What changes of who is one with whom, at once.
#[derive(Clone, Default, Debug)]
pub struct Relinked {
    /// What is said.
    pub links: Vec<Link>,
    /// What a person must decide.
    pub asked: Vec<Question>,
    /// What a person decided: the review, and in a word how.
    pub decided: Option<(i64, &'static str)>,
    /// A review that is to be decided anew.
    pub reopened: Option<i64>,
    /// Patients whose reviews changed.
    pub about: Vec<EntityId>,
}

/// A review was decided by somebody else meanwhile, or never asked.
#[derive(Debug, thiserror::Error)]
pub enum RelinkError {
    /// Nothing was written.
    #[error(transparent)]
    Chart(#[from] ChartError),
    /// Look at the review again.
    #[error("the review is not open")]
    NotOpen,
}

/// Says who is one with whom and folds what that changes. Answers how many resources were written.
pub async fn relink(
    (store, tenant): (&Store, Tenant),
    key: &IdentityKey,
    relinked: &Relinked,
    actor: Actor,
) -> Result<usize, RelinkError> {
    let mut lanes = Vec::new();
    for attempt in 1..=ATTEMPTS_MAX {
        let mut tx = store.begin(tenant).await.map_err(ChartError::from)?;
        let done = async {
            store::lanes::claim_exactly(&mut tx, &[], &lanes).await?;
            if !reviewed(&mut tx, relinked).await? {
                return Ok(None);
            }
            let mut charting = Charting::of(actor.clone());
            let patients = relinked.links.iter();
            let patients = patients.filter(|link| link.kind == EntityKind::Patient);
            let ends = patients.flat_map(|link| [link.from, link.to]);
            let mut again: Vec<EntityId> = ends.chain(relinked.about.iter().copied()).collect();
            matching::stage(&mut tx, &again).await?;
            again.sort_unstable();
            again.dedup();
            let links = relinked.links.clone();
            charting.relink(&mut tx, links, again, key).await.map(Some)
        };
        let written = match done.await {
            Ok(Some(written)) => tx
                .commit()
                .await
                .map(|()| written)
                .map_err(StoreError::from),
            Ok(None) => return Err(RelinkError::NotOpen),
            Err(ChartError::NeedsLanes(more)) if attempt < ATTEMPTS_MAX => {
                // Besides those of the attempts before: two sets could take turns.
                lanes.extend(more);
                continue;
            }
            Err(ChartError::Store(error)) => Err(error),
            Err(error) => return Err(error.into()),
        };
        match written {
            Ok(written) => return Ok(written),
            Err(error) if error.is_transient() && attempt < ATTEMPTS_MAX => {}
            Err(error) => return Err(ChartError::Store(error).into()),
        }
    }
    Err(ChartError::NeedsLanes(lanes).into())
}

/// Opens and decides reviews; false where one is not in the state that was seen.
async fn reviewed(tx: &mut Tx, relinked: &Relinked) -> Result<bool, StoreError> {
    review::open(tx, &relinked.asked).await?;
    if let Some((id, decision)) = relinked.decided
        && !review::decide(tx, id, decision).await?
    {
        return Ok(false);
    }
    match relinked.reopened {
        Some(id) => review::reopen(tx, id).await,
        None => Ok(true),
    }
}
