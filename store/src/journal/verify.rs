//! Proving the journal: every digest, every link, no gap.

use model::{IdSource, JournalId, Tenant, WriterId};

use super::proof::{Head, Proof, Report};
use super::scan::{Range, Scan};
use crate::retention::{self, DroppedChain};
use crate::{ChainKey, InterfaceId, Result, Store, connect};

/// The ends of a tenant's chains among the entries after `since`, the last entry that an earlier
/// export knew of: what it said of chains that are not named here still holds.
pub async fn heads(store: &Store, tenant: Tenant, since: Option<JournalId>) -> Result<Vec<Head>> {
    let client = connect::single(store.config()).await?;
    let sql = "select distinct on (interface, writer) interface, writer, id, seq, chain
        from (
            select interface, writer, id, seq, chain from journal where tenant = $1
            union all
            select interface, writer, last, last_seq, chain from dropped_chain where tenant = $1
        ) known
        where $2 < id
        order by interface, writer, seq desc";
    let since = since.map_or(0, |id| id.0);
    let rows = client.query(sql, &[&tenant.0, &since]).await?;
    Ok(rows
        .iter()
        .map(|row| Head {
            interface: InterfaceId(row.get(0)),
            writer: WriterId(row.get(1)),
            journal: JournalId(row.get(2)),
            seq: row.get(3),
            chain: row.get(4),
        })
        .collect())
}

/// Recomputes every digest and every link of a tenant's journal, oldest first, and stops at the first
/// entry that is not as it was written. `known_heads` are heads that were exported before: each must
/// still be there, or be dropped by a recorded policy. With `from`, what is older is passed over and
/// each chain is taken up where it stands. `looked` hears of each entry.
pub async fn verify(
    store: &Store,
    tenant: Tenant,
    key: &ChainKey,
    known_heads: &[Head],
    from: Option<JournalId>,
    mut looked: impl FnMut(),
) -> Result<Report> {
    let low = from.unwrap_or(JournalId(0));
    let dropped: Vec<DroppedChain> = retention::dropped_chains(store, tenant).await?;
    let dropped: Vec<DroppedChain> = dropped
        .into_iter()
        .filter(|part| from.is_none_or(|_| low <= part.last))
        .collect();
    let heads: Vec<Head> = known_heads
        .iter()
        .filter(|head| low <= head.journal)
        .cloned()
        .collect();
    let mut proof = Proof::new(key, tenant, &dropped, &heads, from.is_some());
    let range = Range {
        since: from.map(|from| IdSource::instant(from.0)),
        ..Range::default()
    };
    let mut entries = Scan::begin(store, tenant, &range).await?;
    while let Some(entry) = entries.next().await? {
        looked();
        if !proof.entry(&entry) {
            break;
        }
    }
    Ok(proof.finish())
}
