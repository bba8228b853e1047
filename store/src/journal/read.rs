//! Reading the journal: one entry, a page of summaries, the bytes for whoever applies them.

use bytes::Bytes;
use jiff::Timestamp;
use model::{IdSource, JournalId, Tenant};
use tokio_postgres::Row;

use crate::text::Text;
use crate::{InterfaceId, Result, Store, blob};

/// What the journal says of a message, without its bytes.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Its id.
    pub id: JournalId,
    /// When it came.
    pub received_at: Timestamp,
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
    /// How many bytes it has.
    pub size: u64,
    /// SHA-256 of the bytes.
    pub digest: Vec<u8>,
    /// What became of it: `applied`, `duplicate`, `unrouted`, `dead`, `discarded`, `expunged`; none while it
    /// waits.
    pub disposition: Option<String>,
    /// Why, in words without patient data.
    pub note: Option<String>,
    /// The mapping version that applied it.
    pub mapping_version: Option<i16>,
    /// The profile version that applied it.
    pub profile: Option<i32>,
    /// Its control id was used before for other content.
    pub reused_control_id: bool,
    /// The codes that were answered, in order.
    pub acks: Vec<String>,
}

/// One entry with its bytes.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What the journal says of it.
    pub summary: Summary,
    /// The bytes as received.
    pub raw: Bytes,
}

/// Which entries to list.
#[derive(Clone, Default, Debug)]
pub struct Filter {
    /// Not before this instant.
    pub since: Option<Timestamp>,
    /// Before this instant.
    pub until: Option<Timestamp>,
    /// Only what stands after this entry, in the order of the list.
    pub after: Option<JournalId>,
    /// Only these dispositions (`waiting` for none); empty is all.
    pub dispositions: Vec<String>,
    /// Only this control id.
    pub control_id: Option<String>,
    /// Only through this interface.
    pub interface: Option<InterfaceId>,
    /// Only messages whose MSH-9 begins so (`ADT^A01`, `ORU`).
    pub message_type: Option<String>,
    /// The oldest first; else the newest.
    pub oldest_first: bool,
}

const COLUMNS: &str = "
    j.id, j.received_at, j.interface, j.peer, j.sending_application, j.sending_facility,
    j.message_type, j.control_id, j.size, j.digest, a.disposition::text, a.note,
    a.mapping_version, a.profile,
    coalesce(a.reused_control_id, q.reused_control_id, false),
    array(
        select code from ack
        where ack.tenant = j.tenant
            and ack.first > j.id - (1::bigint << 38) and ack.first <= j.id
            and j.id <= ack.last and j.id = any (ack.journals)
        order by at, code
    )";

const FROM: &str = "
    from journal j
    left join applied a on a.tenant = j.tenant and a.journal = j.id
    left join queue q on q.tenant = j.tenant and q.journal = j.id";

/// One entry with its bytes; `None` when there is no such entry.
pub async fn get(store: &Store, tenant: Tenant, id: JournalId) -> Result<Option<Entry>> {
    let client = store.readers().get().await?;
    let sql = format!("select {COLUMNS}, j.raw {FROM} where j.tenant = $1 and j.id = $2");
    let statement = client.prepare_cached(&sql).await?;
    let Some(row) = client.query_opt(&statement, &[&tenant.0, &id.0]).await? else {
        return Ok(None);
    };
    drop(client);
    let summary = summary(&row);
    let raw = match row.get::<_, Option<&[u8]>>(16) {
        Some(raw) => Bytes::copy_from_slice(raw),
        None => blob::whole(store, tenant, &summary.digest)
            .await?
            .unwrap_or_default(),
    };
    Ok(Some(Entry { summary, raw }))
}

/// A page of entries.
pub async fn list(
    store: &Store,
    tenant: Tenant,
    filter: &Filter,
    limit: u32,
) -> Result<Vec<Summary>> {
    let since = filter.since.map_or(0, IdSource::floor);
    let until = filter.until.map_or(i64::MAX, IdSource::floor);
    let after = filter.after.map(|id| id.0);
    let (low, high, order) = if filter.oldest_first {
        (since.max(after.map_or(0, |id| id + 1)), until, "asc")
    } else {
        (since, until.min(after.unwrap_or(i64::MAX)), "desc")
    };
    let mut text = Text::default();
    let mut conditions = vec![
        format!("j.tenant = {}", text.bind(tenant.0)),
        format!("{} <= j.id and j.id < {}", text.bind(low), text.bind(high)),
    ];
    if !filter.dispositions.is_empty() {
        let words = text.bind(filter.dispositions.clone());
        conditions.push(format!(
            "coalesce(a.disposition::text, 'waiting') = any({words}::text[])"
        ));
    }
    if let Some(control_id) = &filter.control_id {
        conditions.push(format!("j.control_id = {}", text.bind(control_id.clone())));
    }
    if let Some(interface) = filter.interface {
        conditions.push(format!("j.interface = {}", text.bind(interface.0)));
    }
    if let Some(message_type) = &filter.message_type {
        let begins = text.bind(message_type.clone());
        conditions.push(format!("starts_with(j.message_type, {begins})"));
    }
    let limit = text.bind(i64::from(limit));
    text.sql = format!(
        "select {COLUMNS} {FROM} where {} order by j.id {order} limit {limit}",
        conditions.join(" and ")
    );
    let client = store.readers().get().await?;
    let statement = client.prepare_cached(&text.sql).await?;
    Ok(client
        .query(&statement, &text.params())
        .await?
        .iter()
        .map(summary)
        .collect())
}

/// The bytes of some entries, in journal order; a missing entry is left out.
pub async fn raws(
    store: &Store,
    tenant: Tenant,
    ids: &[JournalId],
) -> Result<Vec<(JournalId, Bytes)>> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let low = ids.iter().min().copied().unwrap_or(0);
    let high = ids.iter().max().copied().unwrap_or(0);
    // The range lets a planned statement pass over the other months.
    let sql = "select id, raw, digest from journal
        where tenant = $1 and id = any($2::bigint[]) and id between $3 and $4
        order by id";
    let client = store.readers().get().await?;
    let statement = client.prepare_cached(sql).await?;
    let rows = client
        .query(&statement, &[&tenant.0, &ids, &low, &high])
        .await?;
    drop(client);
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let raw = match row.get::<_, Option<&[u8]>>(1) {
            Some(raw) => Bytes::copy_from_slice(raw),
            None => blob::whole(store, tenant, row.get(2))
                .await?
                .unwrap_or_default(),
        };
        found.push((JournalId(row.get(0)), raw));
    }
    Ok(found)
}

fn summary(row: &Row) -> Summary {
    Summary {
        id: JournalId(row.get(0)),
        received_at: row.get(1),
        interface: InterfaceId(row.get(2)),
        peer: row.get(3),
        sending_application: row.get(4),
        sending_facility: row.get(5),
        message_type: row.get(6),
        control_id: row.get(7),
        size: u64::try_from(row.get::<_, i32>(8)).unwrap_or(0),
        digest: row.get(9),
        disposition: row.get(10),
        note: row.get(11),
        mapping_version: row.get(12),
        profile: row.get(13),
        reused_control_id: row.get(14),
        acks: row.get(15),
    }
}
