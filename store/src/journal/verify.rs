//! Proving the journal: every digest, every link, no gap.

use std::collections::HashMap;

use futures_util::TryStreamExt;
use jiff::Timestamp;
use model::{JournalId, Tenant, WriterId};
use sha2::{Digest, Sha256};
use tokio_postgres::Row;

use super::chains::Place;
use crate::{ChainKey, InterfaceId, Result, Store, blob};

/// The end of one chain; kept elsewhere, it proves that nothing was cut off.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Head {
    /// The interface.
    pub interface: InterfaceId,
    /// The writing task.
    pub writer: WriterId,
    /// The last entry.
    pub journal: JournalId,
    /// Its place, from 1.
    pub seq: i64,
    /// Its chain value.
    pub chain: Vec<u8>,
}

/// What is wrong with an entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Broken {
    /// Its bytes are not those that were received.
    Bytes,
    /// Its chain value does not follow from the entry before it: one of the two was changed.
    Link,
    /// Entries are missing before it.
    Gap,
    /// An exported head names an entry that is not there, or not as it was.
    Head,
}

/// What a verification found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Entries that were looked at.
    pub n_entries: u64,
    /// Chains that they are in.
    pub n_chains: usize,
    /// The first entry that is not as it was written, and what is wrong with it.
    pub first_broken: Option<(JournalId, Broken)>,
}

const COLUMNS: &str = "id, received_at, seq, writer, interface, digest, chain";

/// The ends of a tenant's chains among the entries after `since`, the last entry that an earlier
/// export knew of: what it said of chains that are not named here still holds.
pub async fn heads(store: &Store, tenant: Tenant, since: Option<JournalId>) -> Result<Vec<Head>> {
    let client = store.readers().get().await?;
    client.batch_execute("set statement_timeout = 0").await?;
    let sql = "select distinct on (interface, writer) interface, writer, id, seq, chain
        from journal
        where tenant = $1 and $2 < id
        order by interface, writer, seq desc";
    let since = since.map_or(0, |id| id.0);
    let rows = client.query(sql, &[&tenant.0, &since]).await?;
    // The session's time-out was lifted for this long read: it does not go back to the pool.
    drop(deadpool_postgres::Object::take(client));
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
/// still be there. With `from`, what is older is passed over (its partitions were dropped by order)
/// and each chain is taken up where it stands.
pub async fn verify(
    store: &Store,
    tenant: Tenant,
    key: &ChainKey,
    known_heads: &[Head],
    from: Option<JournalId>,
) -> Result<Report> {
    let mut report = Report::default();
    let mut ends: HashMap<(i16, i32), Place> = HashMap::new();
    let mut expected: HashMap<i64, &Head> = known_heads
        .iter()
        .filter(|head| from.is_none_or(|from| from <= head.journal))
        .map(|head| (head.journal.0, head))
        .collect();
    let client = store.readers().get().await?;
    client.batch_execute("set statement_timeout = 0").await?;
    let sql =
        format!("select {COLUMNS}, raw from journal where tenant = $1 and $2 <= id order by id");
    let low = from.map_or(0, |id| id.0);
    let params: [&(dyn postgres_types::ToSql + Sync); 2] = [&tenant.0, &low];
    let stream = client.query_raw(&sql, params).await?;
    let mut stream = std::pin::pin!(stream);
    while let Some(row) = stream.try_next().await? {
        let id: i64 = row.get(0);
        report.n_entries += 1;
        let mut broken = if bytes_match(store, tenant, &row).await? {
            check_link(key, &mut ends, &row, from.is_some()).err()
        } else {
            Some(Broken::Bytes)
        };
        if let Some(head) = expected.remove(&id) {
            let same = head.chain == row.get::<_, &[u8]>(6);
            broken = broken.or((!same).then_some(Broken::Head));
        }
        if let Some(what) = broken {
            report.first_broken = Some((JournalId(id), what));
            break;
        }
    }
    // The session's time-out was lifted for this long read: it does not go back to the pool.
    drop(deadpool_postgres::Object::take(client));
    report.n_chains = ends.len();
    if report.first_broken.is_none() {
        let lost = expected.keys().min();
        report.first_broken = lost.map(|id| (JournalId(*id), Broken::Head));
    }
    Ok(report)
}

async fn bytes_match(store: &Store, tenant: Tenant, row: &Row) -> Result<bool> {
    let digest: &[u8] = row.get(5);
    Ok(match row.get::<_, Option<&[u8]>>(7) {
        Some(raw) => Sha256::digest(raw).as_slice() == digest,
        None => blob::digest_matches(store, tenant, digest).await?,
    })
}

fn check_link(
    key: &ChainKey,
    ends: &mut HashMap<(i16, i32), Place>,
    row: &Row,
    may_begin_late: bool,
) -> Result<(), Broken> {
    let (received_at, seq): (Timestamp, i64) = (row.get(1), row.get(2));
    let (writer, interface): (i32, i16) = (row.get(3), row.get(4));
    let stored: &[u8] = row.get(6);
    let link = stored.try_into().map_err(|_| Broken::Link)?;
    let known = ends.insert((interface, writer), Place { seq, link });
    if known.is_none() && may_begin_late {
        return Ok(());
    }
    let before = known.unwrap_or(Place::START);
    if before.seq + 1 != seq {
        return Err(Broken::Gap);
    }
    let expected = before.after(key, received_at, row.get(5));
    if expected.link == link {
        Ok(())
    } else {
        Err(Broken::Link)
    }
}
