//! Reading many entries as they are kept, in the order of their ids, one at a time.

use std::pin::Pin;

use bytes::Bytes;
use futures_util::TryStreamExt;
use jiff::Timestamp;
use model::{IdSource, JournalId, Tenant, WriterId};
use tokio_postgres::{Client, Row, RowStream};

use super::expunge::Expunged;
use crate::text::Text;
use crate::{InterfaceId, Result, Store, blob, connect};

/// An entry as it is kept: everything that its chain and its seal are made over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kept {
    /// Its id.
    pub id: JournalId,
    /// When it came.
    pub received_at: Timestamp,
    /// Its place in the chain of interface and writer, from 1.
    pub seq: i64,
    /// The writing task.
    pub writer: WriterId,
    /// Through which interface.
    pub interface: InterfaceId,
    /// The sender's address.
    pub peer: String,
    /// MSH-3.
    pub sending_application: String,
    /// MSH-4.
    pub sending_facility: String,
    /// MSH-9.
    pub message_type: String,
    /// MSH-10.
    pub control_id: String,
    /// SHA-256 of the bytes.
    pub digest: Vec<u8>,
    /// Its chain value.
    pub chain: Vec<u8>,
    /// The bytes as received; none where they were expunged (or are lost).
    pub raw: Option<Bytes>,
    /// By which order its bytes went.
    pub expunged: Option<Expunged>,
}

/// Which entries are read.
#[derive(Clone, Default, Debug)]
pub struct Range {
    /// Not before this instant.
    pub since: Option<Timestamp>,
    /// Before this instant.
    pub until: Option<Timestamp>,
    /// Only through this interface.
    pub interface: Option<InterfaceId>,
    /// Only messages that hold one of these byte strings; empty is all. Messages that are too large
    /// for a row, or written in UTF-16, are read in any case.
    pub holding: Vec<Vec<u8>>,
    /// Only what was applied, or waits to be: no resends, nothing that was set aside.
    pub applied: bool,
}

/// A reading of the journal. It has a connection of its own, so it may take as long as it takes.
pub struct Scan {
    rows: Pin<Box<RowStream>>,
    store: Store,
    tenant: Tenant,
    // Ends the connection when it is dropped.
    _client: Client,
}

impl std::fmt::Debug for Scan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Scan({})", self.tenant)
    }
}

const COLUMNS: &str = "j.id, j.received_at, j.seq, j.writer, j.interface, j.peer,
    j.sending_application, j.sending_facility, j.message_type, j.control_id, j.digest, j.chain,
    j.raw, e.at, e.reason, e.seal";

impl Scan {
    /// Begins to read a tenant's entries, the oldest first.
    pub async fn begin(store: &Store, tenant: Tenant, range: &Range) -> Result<Self> {
        let client = connect::single(store.config()).await?;
        let (text, from) = text(tenant, range, COLUMNS);
        let sql = format!("{from} order by j.id");
        let rows = client.query_raw(&sql, text.params()).await?;
        Ok(Self {
            rows: Box::pin(rows),
            store: store.clone(),
            tenant,
            _client: client,
        })
    }

    /// The next entry; none after the last.
    pub async fn next(&mut self) -> Result<Option<Kept>> {
        let Some(row) = self.rows.try_next().await? else {
            return Ok(None);
        };
        Ok(Some(whole(&self.store, self.tenant, &row).await?))
    }
}

/// One entry as it is kept; none where there is no such entry.
pub async fn kept(store: &Store, tenant: Tenant, id: JournalId) -> Result<Option<Kept>> {
    let client = connect::single(store.config()).await?;
    let (mut text, sql) = text(tenant, &Range::default(), COLUMNS);
    let sql = format!("{sql} and j.id = {}", text.bind(id.0));
    match client.query_opt(&sql, &text.params()).await? {
        Some(row) => Ok(Some(whole(store, tenant, &row).await?)),
        None => Ok(None),
    }
}

async fn whole(store: &Store, tenant: Tenant, row: &Row) -> Result<Kept> {
    let mut entry = entry(row);
    if entry.raw.is_none() && entry.expunged.is_none() {
        entry.raw = blob::whole(store, tenant, &entry.digest).await?;
    }
    Ok(entry)
}

/// How many entries a scan will read.
pub async fn count(store: &Store, tenant: Tenant, range: &Range) -> Result<u64> {
    let client = connect::single(store.config()).await?;
    let (text, sql) = text(tenant, range, "count(*)");
    let row = client.query_one(&sql, &text.params()).await?;
    Ok(u64::try_from(row.get::<_, i64>(0)).unwrap_or(0))
}

/// Whether an interface has entries.
pub async fn has_any(store: &Store, tenant: Tenant, interface: InterfaceId) -> Result<bool> {
    let client = connect::single(store.config()).await?;
    let sql = "select exists (select from journal where tenant = $1 and interface = $2)";
    let row = client.query_one(sql, &[&tenant.0, &interface.0]).await?;
    Ok(row.get(0))
}

/// The chain value before an entry; none where it is the first of its chain, or the one before it is
/// gone without a record.
pub async fn link_before(store: &Store, tenant: Tenant, entry: &Kept) -> Result<Option<Vec<u8>>> {
    // The entry before in the same chain is mostly near; the walk is down the primary key.
    let sql = "select chain from (
            (select seq, chain from journal
            where tenant = $1 and id < $2 and interface = $3 and writer = $4
            order by id desc limit 1)
            union all
            select last_seq, chain from dropped_chain
            where tenant = $1 and interface = $3 and writer = $4
        ) before
        where seq = $5";
    let client = connect::single(store.config()).await?;
    let before = entry.seq - 1;
    let params: crate::tx::Params<'_> = &[
        &tenant.0,
        &entry.id.0,
        &entry.interface.0,
        &entry.writer.0,
        &before,
    ];
    let row = client.query_opt(sql, params).await?;
    Ok(row.map(|row| row.get(0)))
}

fn text(tenant: Tenant, range: &Range, columns: &str) -> (Text, String) {
    let mut text = Text::default();
    let low = range.since.map_or(0, IdSource::floor);
    let high = range.until.map_or(i64::MAX, IdSource::floor);
    let mut conditions = vec![
        format!("j.tenant = {}", text.bind(tenant.0)),
        format!("{} <= j.id and j.id < {}", text.bind(low), text.bind(high)),
    ];
    if let Some(interface) = range.interface {
        conditions.push(format!("j.interface = {}", text.bind(interface.0)));
    }
    if !range.holding.is_empty() {
        let held = range.holding.iter().map(|bytes| {
            let bytes = text.bind(bytes.clone());
            format!("position({bytes}::bytea in j.raw) > 0")
        });
        let held = held.collect::<Vec<_>>().join(" or ");
        // UTF-16 shows by its zero bytes: no other text has any.
        conditions.push(format!(
            "(j.raw is null or {held} or position('\\x00'::bytea in j.raw) > 0)"
        ));
    }
    if range.applied {
        conditions.push(
            "not exists (
                select from applied a
                where a.tenant = j.tenant and a.journal = j.id and a.disposition <> 'applied'
            )"
            .to_owned(),
        );
    }
    let sql = format!(
        "select {columns} from journal j
        left join expunged e on e.tenant = j.tenant and e.journal = j.id
        where {}",
        conditions.join(" and ")
    );
    (text, sql)
}

fn entry(row: &Row) -> Kept {
    let digest: Vec<u8> = row.get(10);
    let at: Option<Timestamp> = row.get(13);
    let expunged = at.map(|at| Expunged {
        at,
        reason: row.get(14),
        seal: row.get(15),
    });
    Kept {
        id: JournalId(row.get(0)),
        received_at: row.get(1),
        seq: row.get(2),
        writer: WriterId(row.get(3)),
        interface: InterfaceId(row.get(4)),
        peer: row.get(5),
        sending_application: row.get(6),
        sending_facility: row.get(7),
        message_type: row.get(8),
        control_id: row.get(9),
        chain: row.get(11),
        raw: row.get::<_, Option<&[u8]>>(12).map(Bytes::copy_from_slice),
        digest,
        expunged,
    }
}
