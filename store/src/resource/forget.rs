//! Versions that should never have been: what an expunged message had a part in.

use jiff::Timestamp;
use model::{JournalId, ResourceId, Tenant, VersionId};
use tokio_postgres::Row;

use crate::columns::column;
use crate::{Result, Store, Tx, connect};

/// A version, current or not, and where it came from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Traced {
    /// Type.
    pub kind: i16,
    /// Logical id.
    pub id: ResourceId,
    /// Its version.
    pub version: VersionId,
    /// When it was written.
    pub updated_at: Timestamp,
    /// The message that it follows from.
    pub journal: Option<JournalId>,
    /// Where each element came from.
    pub lineage: Option<Vec<u8>>,
}

const COLUMNS: &str = "type, id, version, updated_at, journal, lineage";

/// The versions that may come from one of some messages: `marks` are what their lineage holds of it.
/// Reads every version of the tenant, without its text.
pub async fn naming(
    store: &Store,
    tenant: Tenant,
    messages: &[JournalId],
    marks: &[Vec<u8>],
) -> Result<Vec<Traced>> {
    let messages = column(messages, |message| message.0);
    let client = connect::single(store.config()).await?;
    let from = |table: &str| {
        format!(
            "select {COLUMNS} from {table} v
            where tenant = $1 and (journal = any($2) or exists (
                select from unnest($3::bytea[]) as mark where position(mark in v.lineage) > 0
            ))"
        )
    };
    let sql = format!("{} union all {}", from("resource"), from("history"));
    let rows = client.query(&sql, &[&tenant.0, &messages, &marks]).await?;
    Ok(rows.iter().map(traced).collect())
}

/// The versions of some resources that are not current.
pub async fn past(tx: &mut Tx, keys: &[(i16, ResourceId)]) -> Result<Vec<Traced>> {
    let kind = column(keys, |key| key.0);
    let id = column(keys, |key| key.1.0);
    let sql = format!(
        "select v.* from unnest($2::smallint[], $3::uuid[]) as wanted (type, id)
        cross join lateral (
            select {COLUMNS} from history
            where tenant = $1 and type = wanted.type and id = wanted.id
            offset 0
        ) v"
    );
    let rows = tx.query(&sql, &[&tx.tenant().0, &kind, &id]).await?;
    Ok(rows.iter().map(traced).collect())
}

/// Removes versions that are not current.
pub async fn forget(tx: &mut Tx, versions: &[Traced]) -> Result<u64> {
    let kind = column(versions, |version| version.kind);
    let id = column(versions, |version| version.id.0);
    let version = column(versions, |version| version.version.0);
    let sql = "delete from history h
        using unnest($2::smallint[], $3::uuid[], $4::int[]) as t (type, id, version)
        where h.tenant = $1 and h.type = t.type and h.id = t.id and h.version = t.version";
    tx.execute(sql, &[&tx.tenant().0, &kind, &id, &version])
        .await
}

fn traced(row: &Row) -> Traced {
    Traced {
        kind: row.get(0),
        id: ResourceId(row.get(1)),
        version: VersionId(row.get(2)),
        updated_at: row.get(3),
        journal: row.get::<_, Option<i64>>(4).map(JournalId),
        lineage: row.get(5),
    }
}
