//! Claiming: as many waiting messages as asked for, with the locks of their lanes.

use jiff::Timestamp;
use model::{JournalId, LaneId, Tenant};
use tokio_postgres::Row;
use uuid::Uuid;

use super::{Claim, Queued};
use crate::{InterfaceId, Result, Store, Tx};

/// Walks the queue in journal order and tries the lock of each message's lane until `limit` are had;
/// lanes in other hands are passed over, a lane that newer rules have written is left alone. The
/// order of the walk comes from the primary key: `offset 0` keeps the locks out of the scan, so that
/// no plan can take more of them than it returns.
const LOCK: &str = "
    select journal
    from (
        select q.journal, q.lane, q.other_lane
        from queue q
        where q.tenant = $1 and q.due_at <= $2
            and coalesce(
                (select fold_version from lane l where l.tenant = $1 and l.lane = q.lane), 0
            ) <= $4::smallint
            and coalesce(
                (select fold_version from lane l where l.tenant = $1 and l.lane = q.other_lane), 0
            ) <= $4::smallint
        order by q.journal
        offset 0
    ) waiting
    where pg_try_advisory_xact_lock(('x' || left(replace(lane::text, '-', ''), 16))::bit(64)::bigint)
        and (
            other_lane is null
            or pg_try_advisory_xact_lock(
                ('x' || left(replace(other_lane::text, '-', ''), 16))::bit(64)::bigint
            )
        )
    limit $3";

/// A message may have been applied between the snapshot of [`LOCK`] and the lock: this statement sees
/// what is true once the locks are had.
const STILL_WAITING: &str = "
    select journal, lane, other_lane, interface, attempts, reused_control_id, quiet
    from queue
    where tenant = $1 and journal = any($2)
    order by journal";

/// Claims up to `limit` messages for a worker whose rules have `fold_version`. An empty claim means
/// that nothing waits, or that others have it in hand.
pub async fn claim(tx: &mut Tx, fold_version: i16, limit: u32) -> Result<Claim> {
    let now = tx.store().clock().now();
    for _ in 0..3 {
        let params: crate::tx::Params<'_> =
            &[&tx.tenant().0, &now, &i64::from(limit), &fold_version];
        let locked = tx.query(LOCK, params).await?;
        if locked.is_empty() {
            break;
        }
        let ids: Vec<i64> = locked.iter().map(|row| row.get(0)).collect();
        let claim = still_waiting(tx, &ids).await?;
        if !claim.messages.is_empty() {
            return Ok(claim);
        }
    }
    Ok(Claim::default())
}

/// Claims exactly these messages and lanes, in sorted order, waiting for each lock: for a batch that
/// is halved, and when applying a message turns out to need another lane. Messages that are no longer
/// queued are left out.
pub async fn claim_exactly(
    tx: &mut Tx,
    messages: &[Queued],
    more_lanes: &[LaneId],
) -> Result<Claim> {
    let mut locks: Vec<i64> = messages
        .iter()
        .flat_map(|message| std::iter::once(message.lane).chain(message.other_lane))
        .chain(more_lanes.iter().copied())
        .map(|lane| lock_key(lane.0))
        .collect();
    locks.sort_unstable();
    locks.dedup();
    let sql = "select pg_advisory_xact_lock(key)
        from (select key from unnest($1::bigint[]) key order by key offset 0) sorted";
    tx.query(sql, &[&locks]).await?;
    let ids: Vec<i64> = messages.iter().map(|message| message.journal.0).collect();
    still_waiting(tx, &ids).await
}

/// Tries the locks of more lanes; false when another has one of them in hand.
pub async fn try_lock(tx: &mut Tx, lanes: &[LaneId]) -> Result<bool> {
    let mut locks: Vec<i64> = lanes.iter().map(|lane| lock_key(lane.0)).collect();
    locks.sort_unstable();
    locks.dedup();
    let sql = "select coalesce(bool_and(pg_try_advisory_xact_lock(key)), true)
        from unnest($1::bigint[]) key";
    let row = tx.query(sql, &[&locks]).await?;
    Ok(row.first().is_some_and(|row| row.get(0)))
}

/// The tenants that have messages waiting which are due.
pub async fn tenants_with_work(store: &Store) -> Result<Vec<Tenant>> {
    let now: Timestamp = store.clock().now();
    let client = store.writers().get().await?;
    let sql = "select id from tenant
        where exists (select from queue q where q.tenant = tenant.id and q.due_at <= $1)
        order by id";
    let statement = client.prepare_cached(sql).await?;
    let rows = client.query(&statement, &[&now]).await?;
    Ok(rows.iter().map(|row| Tenant(row.get(0))).collect())
}

async fn still_waiting(tx: &mut Tx, ids: &[i64]) -> Result<Claim> {
    let rows = tx.query(STILL_WAITING, &[&tx.tenant().0, &ids]).await?;
    Ok(Claim {
        messages: rows.iter().map(queued).collect(),
    })
}

fn queued(row: &Row) -> Queued {
    Queued {
        journal: JournalId(row.get(0)),
        lane: LaneId(row.get(1)),
        other_lane: row.get::<_, Option<Uuid>>(2).map(LaneId),
        interface: InterfaceId(row.get(3)),
        attempts: row.get(4),
        reused_control_id: row.get(5),
        quiet: row.get(6),
    }
}

/// The number of an advisory lock: the first 64 bits of an id. Ids are keyed digests, so a collision is a
/// rare moment of waiting and nothing else.
pub(crate) fn lock_key(id: Uuid) -> i64 {
    i64::from_be_bytes(id.as_bytes().first_chunk().copied().unwrap_or_default())
}
