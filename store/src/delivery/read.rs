//! Reading deliveries.

use jiff::Timestamp;
use model::{DeadReason, Delivery, DeliveryId, ResourceId, Tenant, VersionId};
use postgres_types::ToSql;
use tokio_postgres::Row;
use uuid::Uuid;

use super::Item;
use crate::text::Text;
use crate::{Result, Store, StoreError};

/// Which deliveries to list, the newest first.
#[derive(Clone, Default, Debug)]
pub struct Filter {
    /// Only in these states (the contract's words); empty is all.
    pub states: Vec<String>,
    /// Only to this destination.
    pub destination: Option<String>,
    /// Only of this patient.
    pub patient: Option<ResourceId>,
    /// Only what was made before this instant.
    pub before: Option<Timestamp>,
}

pub(crate) const COLUMNS: &str = "d.id, d.tenant, d.destination, d.document, d.document_version,
    d.patient, d.state::text, d.attempt, d.due_at, d.lease_until, d.dead_reason::text, d.reason,
    d.control_id, d.document_number, d.message_digest, d.answer, d.created_at, d.updated_at,
    d.lease_token";

/// One delivery.
pub async fn get(store: &Store, tenant: Tenant, id: DeliveryId) -> Result<Option<Item>> {
    one(store, "d.tenant = $1 and d.id = $2", &[&tenant.0, &id.0]).await
}

/// The delivery whose message had a control id: for evidence that refers to it.
pub async fn by_control_id(
    store: &Store,
    tenant: Tenant,
    control_id: &str,
) -> Result<Option<Item>> {
    one(
        store,
        "d.tenant = $1 and d.control_id = $2",
        &[&tenant.0, &control_id],
    )
    .await
}

/// A page of deliveries.
pub async fn list(store: &Store, tenant: Tenant, filter: &Filter, limit: u32) -> Result<Vec<Item>> {
    let mut text = Text::default();
    let mut conditions = vec![format!("d.tenant = {}", text.bind(tenant.0))];
    if !filter.states.is_empty() {
        let states = text.bind(filter.states.clone());
        conditions.push(format!("d.state::text = any({states}::text[])"));
    }
    if let Some(destination) = &filter.destination {
        conditions.push(format!(
            "d.destination = {}",
            text.bind(destination.clone())
        ));
    }
    if let Some(patient) = filter.patient {
        conditions.push(format!("d.patient = {}", text.bind(patient.0)));
    }
    if let Some(before) = filter.before {
        conditions.push(format!("d.created_at < {}", text.bind(before)));
    }
    let limit = text.bind(i64::from(limit));
    let conditions = conditions.join(" and ");
    let order = "d.created_at desc, d.id desc";
    many(
        store,
        &format!("{conditions} order by {order} limit {limit}"),
        &text.params(),
    )
    .await
}

async fn one(
    store: &Store,
    conditions: &str,
    params: &[&(dyn ToSql + Sync)],
) -> Result<Option<Item>> {
    Ok(many(store, conditions, params).await?.into_iter().next())
}

async fn many(
    store: &Store,
    conditions: &str,
    params: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Item>> {
    let sql = format!("select {COLUMNS} from delivery d where {conditions}");
    let client = store.readers().get().await?;
    let statement = client.prepare_cached(&sql).await?;
    client
        .query(&statement, params)
        .await?
        .iter()
        .map(item)
        .collect()
}

/// A row of [`COLUMNS`].
pub(crate) fn item(row: &Row) -> Result<Item> {
    let digest: Option<&[u8]> = row.get(14);
    let message_digest = digest
        .map(<[u8; 32]>::try_from)
        .transpose()
        .map_err(|_| StoreError::Inconsistent("a message digest of odd length"))?;
    Ok(Item {
        id: DeliveryId(row.get(0)),
        tenant: Tenant(row.get(1)),
        destination: row.get(2),
        document: ResourceId(row.get(3)),
        document_version: VersionId(row.get(4)),
        patient: row.get::<_, Option<Uuid>>(5).map(ResourceId),
        state: state(row)?,
        control_id: row.get(12),
        document_number: row.get(13),
        message_digest,
        answer: row.get(15),
        created_at: row.get(16),
        updated_at: row.get(17),
    })
}

fn state(row: &Row) -> Result<Delivery> {
    let attempts = u8::try_from(row.get::<_, i16>(7)).unwrap_or(u8::MAX);
    let (due_at, lease_until): (Option<Timestamp>, Option<Timestamp>) = (row.get(8), row.get(9));
    let dead_reason: Option<&str> = row.get(10);
    let at: Timestamp = row.get(17);
    let missing = || StoreError::Inconsistent("a delivery's state and its columns disagree");
    Ok(match row.get(6) {
        "held" => Delivery::Held {
            reason: row.get::<_, Option<String>>(11).unwrap_or_default(),
        },
        "queued" => Delivery::Queued {
            attempt: attempts,
            due: due_at.ok_or_else(missing)?,
        },
        "sending" => Delivery::Sending {
            attempt: attempts,
            lease_until: lease_until.ok_or_else(missing)?,
        },
        "accepted" => Delivery::Accepted { at },
        "confirmed" => Delivery::Confirmed { at },
        "rejected" => Delivery::Rejected { attempts },
        "dead" => Delivery::Dead {
            attempts,
            reason: match dead_reason {
                Some("failed") => DeadReason::Failed,
                Some("unknown") => DeadReason::Unknown,
                _ => return Err(missing()),
            },
        },
        _ => return Err(missing()),
    })
}
