//! The current versions of some resources, for a writer.

use jiff::Timestamp;
use model::{ResourceId, Rid, VersionId};
use tokio_postgres::Row;
use uuid::Uuid;

use super::{Head, IndexRows, Origin, Prior};
use crate::columns::column;
use crate::{Result, Tx};

/// The current versions of some resources, locked in sorted order until the transaction ends; what
/// was never written is left out.
pub async fn heads(tx: &mut Tx, keys: &[(i16, ResourceId)]) -> Result<Vec<Head>> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let mut keys = keys.to_vec();
    keys.sort_unstable();
    keys.dedup();
    let kind = column(&keys, |key| key.0);
    let id = column(&keys, |key| key.1.0);
    // Each key is looked up and locked in turn: a subquery that locks is never pulled up, so neither
    // the order of the locks nor the way to the rows depends on statistics.
    let sql = "
        select r.*
        from unnest($2::smallint[], $3::uuid[]) as wanted (type, id)
        cross join lateral (
            select type, id, rid, version, content, deleted, origin::text, body, lineage, patient,
                index_version, tokens, string_params, strings, date_params, date_lows, date_highs
            from resource
            where tenant = $1 and type = wanted.type and id = wanted.id
            for update
        ) r";
    let rows = tx.query(sql, &[&tx.tenant().0, &kind, &id]).await?;
    Ok(rows.iter().map(head).collect())
}

fn head(row: &Row) -> Head {
    Head {
        kind: row.get(0),
        id: ResourceId(row.get(1)),
        prior: Prior {
            rid: Rid(row.get(2)),
            version: VersionId(row.get(3)),
            index: index(row),
        },
        content: row.get(4),
        deleted: row.get(5),
        origin: Origin::of(row.get(6)),
        body: row.get(7),
        lineage: row.get(8),
    }
}

fn index(row: &Row) -> IndexRows {
    let params: Option<Vec<i16>> = row.get(12);
    let values: Option<Vec<String>> = row.get(13);
    let date_params: Option<Vec<i16>> = row.get(14);
    let lows: Option<Vec<Timestamp>> = row.get(15);
    let highs: Option<Vec<Timestamp>> = row.get(16);
    let ranges = lows
        .unwrap_or_default()
        .into_iter()
        .zip(highs.unwrap_or_default());
    IndexRows {
        version: row.get(10),
        tokens: row.get::<_, Option<Vec<i64>>>(11).unwrap_or_default(),
        leads: Vec::new(),
        strings: params
            .unwrap_or_default()
            .into_iter()
            .zip(values.unwrap_or_default())
            .collect(),
        dates: date_params
            .unwrap_or_default()
            .into_iter()
            .zip(ranges)
            .map(|(param, (low, high))| (param, low, high))
            .collect(),
        patient: row.get::<_, Option<Uuid>>(9).map(ResourceId),
    }
}
