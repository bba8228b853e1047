//! What operators do with deliveries that were given up: look, send again, discard.

use model::{Actor, Delivery, DeliveryId, NoSuchStep, ResourceId, Tenant};
use serde_json::Value;
use store::audit::AuditChain;
use store::delivery::{Filter, Item, change, forget_message, list, lock};
use store::{CommitError, Store, StoreError, alarm, resource};

use crate::record::{Note, record};

/// Why an operator's wish was not done.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// There is no such delivery.
    #[error("there is no delivery {0}")]
    Unknown(DeliveryId),
    /// It was not given up.
    #[error(transparent)]
    NotGivenUp(#[from] NoSuchStep),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<CommitError> for OperatorError {
    fn from(error: CommitError) -> Self {
        Self::Store(error.into())
    }
}

/// Deliveries of a tenant that were given up or refused and that nobody has decided about, the
/// newest first; at most `limit`.
pub async fn given_up(
    store: &Store,
    tenant: Tenant,
    destination: Option<&str>,
    limit: u32,
) -> Result<Vec<Item>, StoreError> {
    let mut filter = Filter {
        states: ["dead", "rejected"].map(str::to_owned).into(),
        destination: destination.map(str::to_owned),
        ..Filter::default()
    };
    let mut open = Vec::new();
    loop {
        let page = list(store, tenant, &filter, 100).await?;
        let Some(oldest) = page.last() else {
            return Ok(open);
        };
        filter.before = Some(oldest.created_at);
        for item in page {
            if !is_discarded(store, &item).await? {
                open.push(item);
            }
            if usize::try_from(limit).is_ok_and(|limit| limit <= open.len()) {
                return Ok(open);
            }
        }
    }
}

/// A discarded delivery's Task is cancelled: that is where the decision stands.
async fn is_discarded(store: &Store, item: &Item) -> Result<bool, StoreError> {
    let access = model::Access {
        tenant: item.tenant,
        reach: model::Reach::All,
    };
    let kind = fhir::ResourceType::Task.code();
    let task = resource::read(store, &access, kind, ResourceId(item.id.0)).await?;
    let task = task.and_then(|stored| serde_json::from_str::<Value>(&stored.body).ok());
    Ok(task.is_some_and(|task| task.get("status").and_then(Value::as_str) == Some("cancelled")))
}

/// Sends a delivery again, with all its retries. What may have arrived goes again as it was; what
/// the receiver refused is built anew, under a control id of its own.
pub async fn retry(store: &Store, tenant: Tenant, id: DeliveryId) -> Result<(), OperatorError> {
    let chain = AuditChain::default();
    let mut tx = store.begin(tenant).await?;
    let mut item = lock(&mut tx, id).await?.ok_or(OperatorError::Unknown(id))?;
    let next = item.state.clone().requeue(store.clock().now())?;
    if matches!(item.state, Delivery::Rejected { .. }) {
        forget_message(&mut tx, id).await?;
        item.control_id = None;
    }
    change(&mut tx, id, &next).await?;
    let note = Note {
        by: &Actor::Operator,
        reason: Some("sent again by an operator"),
        discarded: false,
    };
    record(&mut tx, &chain, &item, &next, note).await?;
    tx.commit().await?;
    Ok(look_at_alarm(store, tenant, &item.destination).await?)
}

/// Gives a delivery up for good. Its state stays what it was; its Task is cancelled.
pub async fn discard(store: &Store, tenant: Tenant, id: DeliveryId) -> Result<(), OperatorError> {
    let chain = AuditChain::default();
    let mut tx = store.begin(tenant).await?;
    let item = lock(&mut tx, id).await?.ok_or(OperatorError::Unknown(id))?;
    // Only what could be sent again can be given up.
    item.state.clone().requeue(store.clock().now())?;
    let note = Note {
        by: &Actor::Operator,
        reason: None,
        discarded: true,
    };
    record(&mut tx, &chain, &item, &item.state, note).await?;
    tx.commit().await?;
    Ok(look_at_alarm(store, tenant, &item.destination).await?)
}

/// Raises or clears the alarm of a destination: raised while something to it was given up and
/// nobody has decided.
pub(crate) async fn look_at_alarm(
    store: &Store,
    tenant: Tenant,
    destination: &str,
) -> Result<(), StoreError> {
    let key = format!("outbound.given-up.{destination}");
    if given_up(store, tenant, Some(destination), 1)
        .await?
        .is_empty()
    {
        alarm::clear(store, tenant, &key).await?;
        return Ok(());
    }
    let what = format!("deliveries to {destination} were given up: see drawbridge deadletter list");
    if alarm::raise(store, tenant, &key, &what).await? {
        tracing::error!(destination, "deliveries were given up");
    }
    Ok(())
}
