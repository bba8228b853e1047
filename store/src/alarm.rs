//! Alarms: one row from onset to recovery; what shows and sends alarms reads these rows.

use jiff::Timestamp;
use model::Tenant;

use crate::columns::storable;
use crate::{Result, Store};

/// An alarm.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Alarm {
    /// Its number.
    pub id: i64,
    /// What it is about: the same while it lasts.
    pub key: String,
    /// In words.
    pub what: String,
    /// Since when.
    pub raised_at: Timestamp,
    /// When it was over.
    pub cleared_at: Option<Timestamp>,
    /// When a person saw it.
    pub acknowledged_at: Option<Timestamp>,
}

/// Raises an alarm, unless it is raised already; answers whether it is new.
pub async fn raise(store: &Store, tenant: Tenant, key: &str, what: &str) -> Result<bool> {
    let sql = "insert into alarm (tenant, key, what, raised_at) values ($1, $2, $3, $4)
        on conflict (tenant, key) where cleared_at is null do nothing";
    let now = store.clock().now();
    let client = store.writers().get().await?;
    let n_rows = client
        .execute(sql, &[&tenant.0, &storable(key), &storable(what), &now])
        .await?;
    Ok(n_rows != 0)
}

/// Clears an alarm; answers whether it was raised.
pub async fn clear(store: &Store, tenant: Tenant, key: &str) -> Result<bool> {
    let sql = "update alarm set cleared_at = $3
        where tenant = $1 and key = $2 and cleared_at is null";
    let now = store.clock().now();
    let client = store.writers().get().await?;
    Ok(client
        .execute(sql, &[&tenant.0, &storable(key), &now])
        .await?
        != 0)
}

/// A person has seen an alarm.
pub async fn acknowledge(store: &Store, tenant: Tenant, id: i64) -> Result<bool> {
    let sql = "update alarm set acknowledged_at = $3
        where tenant = $1 and id = $2 and acknowledged_at is null";
    let now = store.clock().now();
    let client = store.writers().get().await?;
    Ok(client.execute(sql, &[&tenant.0, &id, &now]).await? != 0)
}

/// Raised alarms, the oldest first.
pub async fn raised(store: &Store, tenant: Tenant) -> Result<Vec<Alarm>> {
    let sql = "select id, key, what, raised_at, cleared_at, acknowledged_at from alarm
        where tenant = $1 and cleared_at is null order by raised_at, id";
    let client = store.readers().get().await?;
    let rows = client.query(sql, &[&tenant.0]).await?;
    let alarm = |row: &tokio_postgres::Row| Alarm {
        id: row.get(0),
        key: row.get(1),
        what: row.get(2),
        raised_at: row.get(3),
        cleared_at: row.get(4),
        acknowledged_at: row.get(5),
    };
    Ok(rows.iter().map(alarm).collect())
}
