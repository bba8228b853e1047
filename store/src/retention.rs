//! Retention: months of the journal whose time is over are dropped whole, by a recorded policy, unless a
//! legal hold reaches them. Facts, resources and history stay: charts don't rest on the journal.

mod hold;

use jiff::Timestamp;
use jiff::civil::Date;
use model::{IdSource, JournalId, Tenant, WriterId};
use tokio_postgres::{Client, Row};

use crate::{ChainKey, InterfaceId, Result, Store, StoreError, connect};

pub use hold::{Hold, holds, lift, place};

/// The shortest time that a month may be kept for, in years; the database insists on it.
pub const YEARS_MIN: u16 = 1;
/// The usual time, in years: what HIPAA asks of documentation (45 CFR 164.316(b)(2)(i)).
pub const YEARS: u16 = 6;

/// A month of the journal, of all tenants.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Month {
    /// Its first day.
    pub first_day: Date,
    /// How many entries it has.
    pub n_entries: u64,
    /// The tenants that have entries in it, or something in quarantine.
    pub tenants: Vec<Tenant>,
    /// A legal hold reaches it.
    pub held: bool,
    /// Messages of it wait to be applied, or for a person.
    pub unfinished: bool,
}

/// A month that was dropped.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Dropped {
    /// Its first day.
    pub first_day: Date,
    /// When it was dropped.
    pub at: Timestamp,
    /// How many entries it had.
    pub n_entries: u64,
    /// How many refused messages and fragments were quarantined in it.
    pub n_quarantined: u64,
    /// By which policy.
    pub policy: String,
    /// The least id after it: what was received before is no longer kept.
    pub high: JournalId,
}

/// Where a chain stood at the end of a dropped month.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DroppedChain {
    /// The month.
    pub month: Date,
    /// Whose messages.
    pub tenant: Tenant,
    /// The interface.
    pub interface: InterfaceId,
    /// The writing task.
    pub writer: WriterId,
    /// How many entries it had in the month.
    pub n_entries: i64,
    /// The place of the first of them.
    pub first_seq: i64,
    /// The place of the last.
    pub last_seq: i64,
    /// The last of them.
    pub last: JournalId,
    /// Its chain value.
    pub chain: Vec<u8>,
    /// Over all of this.
    pub seal: Vec<u8>,
}

impl DroppedChain {
    fn sealed(&self, key: &ChainKey) -> [u8; 32] {
        let numbers = [self.n_entries, self.first_seq, self.last_seq, self.last.0];
        let numbers = numbers.map(i64::to_be_bytes);
        let month = self.month.to_string();
        let mut parts: Vec<&[u8]> = vec![month.as_bytes()];
        let (tenant, writer) = (self.tenant.0.to_be_bytes(), self.writer.0.to_be_bytes());
        let interface = self.interface.0.to_be_bytes();
        parts.extend::<[&[u8]; 3]>([&tenant, &interface, &writer]);
        parts.extend(numbers.iter().map(<[u8; 8]>::as_slice));
        parts.push(&self.chain);
        key.seal("dropped chain", &parts)
    }

    /// Whether who had the chain key recorded it.
    pub fn is_sealed(&self, key: &ChainKey) -> bool {
        self.seal == self.sealed(key)
    }
}

/// The months that the journal has, the oldest first, up to the one that `until` is in. Counts their
/// entries, so it reads all of them.
pub async fn months(store: &Store, until: Timestamp) -> Result<Vec<Month>> {
    let client = connect::single(store.config()).await?;
    let sql = "select substr(relname, 9) from pg_inherits
        join pg_class c on c.oid = inhrelid
        where inhparent = 'journal'::regclass and relname ~ '^journal_[0-9]{4}_[0-9]{2}$'
        order by 1";
    let mut months = Vec::new();
    for row in client.query(sql, &[]).await? {
        let first_day = first_day_of(row.get(0))?;
        let (low, high) = ids(first_day)?;
        if until <= IdSource::instant(low) {
            break;
        }
        months.push(month(&client, first_day, low, high).await?);
    }
    Ok(months)
}

async fn month(client: &Client, first_day: Date, low: i64, high: i64) -> Result<Month> {
    let sql = "select tenant, sum(n)::bigint from (
            select tenant, count(*) as n from journal where $1 <= id and id < $2 group by 1
            union all
            select tenant, 0 from quarantine where $1 <= id and id < $2 group by 1
        ) kept group by 1 order by 1";
    let rows = client.query(sql, &[&low, &high]).await?;
    let sql = "select held($1, $2), unfinished($1, $2)";
    let kept = client.query_one(sql, &[&low, &high]).await?;
    Ok(Month {
        first_day,
        n_entries: rows.iter().map(|row| count(row.get(1))).sum(),
        tenants: rows.iter().map(|row| Tenant(row.get(0))).collect(),
        held: kept.get(0),
        unfinished: kept.get(1),
    })
}

/// Drops a month by a policy, which is recorded with the end of each chain. False where there is no such
/// month. The database refuses a month that is held, that has waiting messages, or that is too young.
/// The chunks of its large messages are still there: see [`release`].
pub async fn drop_month(store: &Store, first_day: Date, policy: &str) -> Result<bool> {
    let client = connect::single(store.config()).await?;
    let (low, high) = ids(first_day)?;
    let sql = "select tenant, interface, writer, n_entries, first_seq, last_seq, last, chain,
            $3::text, ''::bytea
        from chain_ends($1, $2)";
    let month = first_day.to_string();
    let rows = client.query(sql, &[&low, &high, &month]).await?;
    let ends: Vec<DroppedChain> = rows.iter().map(dropped_chain).collect::<Result<_>>()?;
    let seal = |end: &DroppedChain| end.sealed(store.chain_key()).to_vec();
    let tenants: Vec<i32> = ends.iter().map(|end| end.tenant.0).collect();
    let interfaces: Vec<i16> = ends.iter().map(|end| end.interface.0).collect();
    let writers: Vec<i32> = ends.iter().map(|end| end.writer.0).collect();
    let seals: Vec<Vec<u8>> = ends.iter().map(seal).collect();
    let sql = "select drop_month($1::text::date, $2, $3, $4, $5, $6)";
    let params: crate::tx::Params<'_> = &[&month, &policy, &tenants, &interfaces, &writers, &seals];
    let row = client.query_one(sql, params).await?;
    Ok(row.get::<_, Option<i64>>(0).is_some())
}

/// Releases the chunks that only dropped messages named, of this run and of any that was cut short. Looks
/// at all that may still name them, so it takes its time; nobody waits for it.
pub async fn release(store: &Store) -> Result<()> {
    let client = connect::single(store.config()).await?;
    loop {
        let row = client.query_one("select release_dropped()", &[]).await?;
        if row.get::<_, i64>(0) == 0 {
            return Ok(());
        }
    }
}

/// The months that were dropped, the oldest first.
pub async fn dropped(store: &Store) -> Result<Vec<Dropped>> {
    let client = store.readers().get().await?;
    let sql = "select month::text, at, n_entries, policy, high, n_quarantined
        from dropped_month order by month";
    let rows = client.query(sql, &[]).await?;
    let dropped = |row: &Row| {
        Ok(Dropped {
            first_day: day(row.get(0))?,
            at: row.get(1),
            n_entries: count(row.get(2)),
            policy: row.get(3),
            high: JournalId(row.get(4)),
            n_quarantined: count(row.get(5)),
        })
    };
    rows.iter().map(dropped).collect()
}

/// Where a tenant's chains stood at the end of each dropped month.
pub async fn dropped_chains(store: &Store, tenant: Tenant) -> Result<Vec<DroppedChain>> {
    let client = store.readers().get().await?;
    let sql = "select tenant, interface, writer, n_entries, first_seq, last_seq, last, chain,
            month::text, seal
        from dropped_chain where tenant = $1 order by last";
    let rows = client.query(sql, &[&tenant.0]).await?;
    rows.iter().map(dropped_chain).collect()
}

fn dropped_chain(row: &Row) -> Result<DroppedChain> {
    Ok(DroppedChain {
        tenant: Tenant(row.get(0)),
        interface: InterfaceId(row.get(1)),
        writer: WriterId(row.get(2)),
        n_entries: row.get(3),
        first_seq: row.get(4),
        last_seq: row.get(5),
        last: JournalId(row.get(6)),
        chain: row.get(7),
        month: day(row.get(8))?,
        seal: row.get(9),
    })
}

/// The ids of a month: the least one, and the least one after it.
fn ids(first_day: Date) -> Result<(i64, i64)> {
    let next = first_day.checked_add(jiff::Span::new().months(1));
    let next = next.map_err(|_| StoreError::Inconsistent("a month at the end of time"))?;
    let floor = |day: Date| {
        let start = day.to_zoned(jiff::tz::TimeZone::UTC);
        let start = start.map_err(|_| StoreError::Inconsistent("a day without a beginning"));
        start.map(|start| IdSource::floor(start.timestamp()))
    };
    Ok((floor(first_day)?, floor(next)?))
}

/// `2026_01`, as partitions are called.
fn first_day_of(suffix: &str) -> Result<Date> {
    day(&format!("{}-01", suffix.replace('_', "-")))
}

fn day(text: &str) -> Result<Date> {
    let day = text.parse();
    day.map_err(|_| StoreError::Inconsistent("a partition of no month"))
}

fn count(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}
