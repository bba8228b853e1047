//! Numbers for metrics and for readiness, and the daily chores.

use jiff::{SignedDuration, Timestamp};
use model::{IdSource, JournalId, Tenant};

use crate::{Result, Store};

/// How long resends are recognised.
pub const SEEN_FOR: SignedDuration = SignedDuration::from_hours(48);

/// What waits in a tenant.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Waiting {
    /// Messages that wait to be applied.
    pub n_queued: u64,
    /// When the oldest of them was received.
    pub oldest: Option<Timestamp>,
    /// Open dead letters.
    pub n_dead_letters: u64,
    /// Open reviews.
    pub n_reviews: u64,
    /// Deliveries by state.
    pub deliveries: Vec<(String, u64)>,
}

/// Bytes of a table, its indexes and partitions included.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TableBytes {
    /// Its name; that of the parent for partitions.
    pub table: String,
    /// Rows and large values.
    pub heap: u64,
    /// Indexes.
    pub indexes: u64,
}

/// What waits in a tenant.
pub async fn waiting(store: &Store, tenant: Tenant) -> Result<Waiting> {
    let client = store.readers().get().await?;
    let sql = "select
            (select count(*) from queue where tenant = $1),
            (select min(journal) from queue where tenant = $1),
            (select count(*) from dead_letter where tenant = $1 and settled_at is null),
            (select count(*) from review where tenant = $1 and decided_at is null)";
    let row = client.query_one(sql, &[&tenant.0]).await?;
    let sql = "select state::text, count(*) from delivery where tenant = $1 group by 1 order by 1";
    let states = client.query(sql, &[&tenant.0]).await?;
    let count = |n: i64| u64::try_from(n).unwrap_or(0);
    Ok(Waiting {
        n_queued: count(row.get(0)),
        oldest: row
            .get::<_, Option<i64>>(1)
            .map(|id| IdSource::instant(JournalId(id).0)),
        n_dead_letters: count(row.get(2)),
        n_reviews: count(row.get(3)),
        deliveries: states
            .iter()
            .map(|row| (row.get(0), count(row.get(1))))
            .collect(),
    })
}

/// The bytes of every table, the largest first.
pub async fn table_bytes(store: &Store) -> Result<Vec<TableBytes>> {
    let client = store.readers().get().await?;
    let sql = "select coalesce(parent.relname, c.relname)::text,
            sum(pg_table_size(c.oid))::bigint, sum(pg_indexes_size(c.oid))::bigint
        from pg_class c
        left join pg_inherits i on i.inhrelid = c.oid
        left join pg_class parent on parent.oid = i.inhparent
        where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace
        group by 1
        order by 2 desc, 1";
    let count = |n: i64| u64::try_from(n).unwrap_or(0);
    let bytes = |row: &tokio_postgres::Row| TableBytes {
        table: row.get(0),
        heap: count(row.get(1)),
        indexes: count(row.get(2)),
    };
    Ok(client.query(sql, &[]).await?.iter().map(bytes).collect())
}

/// The bytes of the whole database.
pub async fn database_bytes(store: &Store) -> Result<u64> {
    let client = store.readers().get().await?;
    let row = client
        .query_one("select pg_database_size(current_database())", &[])
        .await?;
    Ok(u64::try_from(row.get::<_, i64>(0)).unwrap_or(0))
}

/// Where the server keeps its data, when we may know: to watch the disk of a local server.
pub async fn data_directory(store: &Store) -> Result<Option<String>> {
    let client = store.readers().get().await?;
    let sql = "select setting from pg_settings where name = 'data_directory'";
    Ok(client.query_opt(sql, &[]).await?.map(|row| row.get(0)))
}

/// Forgets resends older than 48 hours, some at a time; answers how many.
pub async fn purge_seen(store: &Store) -> Result<u64> {
    const SOME: i64 = 50_000;
    let until = store
        .clock()
        .now()
        .saturating_sub(SEEN_FOR)
        .unwrap_or(Timestamp::MIN);
    // On a connection whose planner may take the block range index; losing it in a crash costs nothing.
    let client = store.lazy().get().await?;
    let sql = "delete from seen
        where ctid = any (array(select ctid from seen where at < $1 limit $2)) and at < $1";
    let mut n_purged = 0;
    loop {
        let n_rows = client.execute(sql, &[&until, &SOME]).await?;
        n_purged += n_rows;
        if n_rows < SOME.unsigned_abs() {
            return Ok(n_purged);
        }
    }
}
