//! The change feed: one row per version, in an order that never lets a reader miss one.

mod settled;

use jiff::SignedDuration;
use model::{ChangeId, IdSource, JournalId, ResourceId, Rid, Tenant, VersionId};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{Result, Store};

pub use settled::{Settled, Settling, settled};

/// Ids and transactions begin at about the same time; a transaction is cut off long before this.
const LONGEST_TRANSACTION: SignedDuration = SignedDuration::from_mins(15);

/// A place in the feed: the transaction, then the change in it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub struct Place {
    /// Transaction.
    pub xid: u64,
    /// Change.
    pub id: i64,
}

/// One version of one resource.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// Its place in the feed.
    pub place: Place,
    /// Its id.
    pub id: ChangeId,
    /// The resource's row number.
    pub rid: Rid,
    /// Type.
    pub kind: i16,
    /// Logical id.
    pub resource: ResourceId,
    /// Version.
    pub version: VersionId,
    /// The patient whose compartment it is in.
    pub patient: Option<ResourceId>,
    /// The message that it follows from.
    pub journal: Option<JournalId>,
}

/// What a reader gets of each change, and the resource's current version.
const COLUMNS: &str =
    "c.xid::text::bigint as xid, c.id, c.rid, c.type, r.id as resource, c.version,
    c.patient, c.journal, c.quiet, r.version as current";

/// What comes after a place: of a tenant ($1), from an id on ($2) that nothing after the place ($3, $4)
/// has a lesser one than, so many ($5).
const AFTER: &str = "from change c
    cross join lateral (
        select id, version from resource
        where tenant = c.tenant and type = c.type and rid = c.rid
        offset 0
    ) r
    where c.tenant = $1 and $2 <= c.id
        and (c.xid, c.id) > ($3::text::xid8, $4)
        and c.xid < pg_snapshot_xmin(pg_current_snapshot())
    order by c.xid, c.id
    limit $5";

/// What was committed after a place, in the feed's order. Only transactions older than every one
/// that is still open are shown: what comes later can never stand before what was shown.
pub async fn since(store: &Store, tenant: Tenant, after: Place, limit: u32) -> Result<Vec<Change>> {
    let sql = format!("select {COLUMNS} {AFTER}");
    let client = store.readers().get().await?;
    let statement = client.prepare_cached(&sql).await?;
    let params: crate::tx::Params<'_> = &[
        &tenant.0,
        &floor(after),
        &after.xid.to_string(),
        &after.id,
        &i64::from(limit),
    ];
    Ok(client
        .query(&statement, params)
        .await?
        .iter()
        .map(change)
        .collect())
}

/// The end of the feed as it can be read now: where a new listener begins.
pub async fn end(store: &Store, tenant: Tenant) -> Result<Place> {
    let sql = "select (pg_snapshot_xmin(pg_current_snapshot()))::text::bigint,
        coalesce((select max(id) from change where tenant = $1), 0)";
    let client = store.readers().get().await?;
    let row = client.query_one(sql, &[&tenant.0]).await?;
    let xid = u64::try_from(row.get::<_, i64>(0)).unwrap_or(0);
    // Everything below the snapshot's oldest transaction is visible; all of that one is yet to come.
    Ok(Place {
        xid: xid.saturating_sub(1),
        id: row.get(1),
    })
}

/// No change after a place has a lesser id.
fn floor(after: Place) -> i64 {
    let oldest = IdSource::instant(after.id).saturating_sub(LONGEST_TRANSACTION);
    oldest.map_or(0, IdSource::floor)
}

fn change(row: &Row) -> Change {
    let xid = u64::try_from(row.get::<_, i64>(0)).unwrap_or(0);
    Change {
        place: Place {
            xid,
            id: row.get(1),
        },
        id: ChangeId(row.get(1)),
        rid: Rid(row.get(2)),
        kind: row.get(3),
        resource: ResourceId(row.get(4)),
        version: VersionId(row.get(5)),
        patient: row.get::<_, Option<Uuid>>(6).map(ResourceId),
        journal: row.get::<_, Option<i64>>(7).map(JournalId),
    }
}
