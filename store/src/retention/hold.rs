//! Legal holds. A hold that was lifted stays on record.

use jiff::Timestamp;
use model::Tenant;
use tokio_postgres::Row;

use crate::{Result, Store, StoreError, Tx};

/// A legal hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hold {
    /// Its number.
    pub id: i32,
    /// Whose messages; none for every tenant.
    pub tenant: Option<Tenant>,
    /// Received at or after this instant.
    pub since: Option<Timestamp>,
    /// Received before this instant.
    pub until: Option<Timestamp>,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// Why.
    pub reason: String,
    /// When it was lifted, and why; none while it stands.
    pub lifted: Option<(Timestamp, String)>,
}

impl Hold {
    /// Whether it stands and reaches what a tenant received at an instant.
    pub fn reaches(&self, tenant: Tenant, received_at: Timestamp) -> bool {
        self.lifted.is_none()
            && self.tenant.is_none_or(|own| own == tenant)
            && self.since.is_none_or(|since| since <= received_at)
            && self.until.is_none_or(|until| received_at < until)
    }
}

/// Places a hold; answers its number.
pub async fn place(
    tx: &mut Tx,
    tenant: Option<Tenant>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    reason: &str,
) -> Result<i32> {
    let tenant = tenant.map(|tenant| tenant.0);
    let params: crate::tx::Params<'_> = &[&tenant, &since, &until, &reason];
    let rows = tx
        .query("select place_hold($1, $2, $3, $4)", params)
        .await?;
    let placed = rows.first().map(|row| row.get(0));
    placed.ok_or(StoreError::Inconsistent("a hold without a number"))
}

/// Lifts a hold; false when none of that number stands.
pub async fn lift(tx: &mut Tx, id: i32, why: &str) -> Result<bool> {
    let rows = tx.query("select lift_hold($1, $2)", &[&id, &why]).await?;
    Ok(rows.first().is_some_and(|row| row.get(0)))
}

/// Every hold that was ever placed, by number.
pub async fn holds(store: &Store) -> Result<Vec<Hold>> {
    let client = store.readers().get().await?;
    let sql = "select id, tenant, since, until, placed_at, reason, lifted_at, lifted_why
        from hold order by id";
    let rows = client.query(sql, &[]).await?;
    Ok(rows.iter().map(hold).collect())
}

fn hold(row: &Row) -> Hold {
    let lifted_at: Option<Timestamp> = row.get(6);
    Hold {
        id: row.get(0),
        tenant: row.get::<_, Option<i32>>(1).map(Tenant),
        since: row.get(2),
        until: row.get(3),
        placed_at: row.get(4),
        reason: row.get(5),
        lifted: lifted_at.map(|at| (at, row.get::<_, Option<String>>(7).unwrap_or_default())),
    }
}
