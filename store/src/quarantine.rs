//! What arrived and is no message for us: refused, or a fragment. Kept with its bytes.

use bytes::Bytes;
use jiff::Timestamp;
use model::{JournalId, Tenant};
use sha2::{Digest, Sha256};

use crate::columns::storable;
use crate::{InterfaceId, Result, Store};

/// Something to be quarantined.
#[derive(Clone, Debug)]
pub struct Suspect {
    /// When it came.
    pub received_at: Timestamp,
    /// Through which interface.
    pub interface: InterfaceId,
    /// The sender's address.
    pub peer: String,
    /// Why, in words without patient data.
    pub reason: String,
    /// The bytes.
    pub raw: Bytes,
}

/// Something in quarantine, without its bytes.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its id; of the same kind as a journal id.
    pub id: JournalId,
    /// When it came.
    pub received_at: Timestamp,
    /// Through which interface.
    pub interface: InterfaceId,
    /// The sender's address.
    pub peer: String,
    /// Why.
    pub reason: String,
    /// How many bytes.
    pub size: u64,
}

/// Keeps a suspect; returns once it is committed.
pub async fn keep(store: &Store, tenant: Tenant, suspect: &Suspect) -> Result<JournalId> {
    let id = store.ids().journal();
    let sql = "insert into quarantine
            (tenant, id, received_at, interface, peer, reason, digest, size, raw)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let digest = Sha256::digest(&suspect.raw);
    let size = i32::try_from(suspect.raw.len()).unwrap_or(i32::MAX);
    let client = store.appenders().get().await?;
    let statement = client.prepare_cached(sql).await?;
    let params: crate::tx::Params<'_> = &[
        &tenant.0,
        &id.0,
        &suspect.received_at,
        &suspect.interface.0,
        &storable(&suspect.peer),
        &storable(&suspect.reason),
        &digest.as_slice(),
        &size,
        &suspect.raw.as_ref(),
    ];
    client.execute(&statement, params).await?;
    Ok(id)
}

/// What is in quarantine, the newest first, before `before`.
pub async fn list(
    store: &Store,
    tenant: Tenant,
    before: Option<JournalId>,
    limit: u32,
) -> Result<Vec<Entry>> {
    let sql = "select id, received_at, interface, peer, reason, size from quarantine
        where tenant = $1 and id < $2 order by id desc limit $3";
    let before = before.map_or(i64::MAX, |id| id.0);
    let client = store.readers().get().await?;
    let rows = client
        .query(sql, &[&tenant.0, &before, &i64::from(limit)])
        .await?;
    let entry = |row: &tokio_postgres::Row| Entry {
        id: JournalId(row.get(0)),
        received_at: row.get(1),
        interface: InterfaceId(row.get(2)),
        peer: row.get(3),
        reason: row.get(4),
        size: u64::try_from(row.get::<_, i32>(5)).unwrap_or(0),
    };
    Ok(rows.iter().map(entry).collect())
}

/// The bytes of something in quarantine.
pub async fn raw(store: &Store, tenant: Tenant, id: JournalId) -> Result<Option<Bytes>> {
    let client = store.readers().get().await?;
    let sql = "select raw from quarantine where tenant = $1 and id = $2";
    let row = client.query_opt(sql, &[&tenant.0, &id.0]).await?;
    Ok(row.map(|row| Bytes::copy_from_slice(row.get(0))))
}
