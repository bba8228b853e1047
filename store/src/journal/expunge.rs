//! Messages that should never have been kept: their bytes go, digest and reason stay.

use jiff::Timestamp;
use model::{JournalId, Tenant};
use uuid::Uuid;

use super::Kept;
use crate::{ChainKey, Result, Store, Tx, connect, lanes};

/// The order by which the bytes of an entry went.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expunged {
    /// When.
    pub at: Timestamp,
    /// Why, in words without patient data.
    pub reason: String,
    /// Over all that the order says.
    pub seal: Vec<u8>,
}

impl Expunged {
    /// Whether who had the chain key gave this order about an entry of this digest.
    pub fn is_sealed(&self, key: &ChainKey, tenant: Tenant, entry: (JournalId, &[u8])) -> bool {
        self.seal == seal(key, tenant, entry, self.at, &self.reason)
    }
}

fn seal(
    key: &ChainKey,
    tenant: Tenant,
    (id, digest): (JournalId, &[u8]),
    at: Timestamp,
    reason: &str,
) -> [u8; 32] {
    let parts: [&[u8]; 5] = [
        &tenant.0.to_be_bytes(),
        &id.0.to_be_bytes(),
        digest,
        &at.as_microsecond().to_be_bytes(),
        reason.as_bytes(),
    ];
    key.seal("expunged", &parts)
}

/// The order by which an entry was expunged, if it was.
pub async fn expunged(store: &Store, tenant: Tenant, id: JournalId) -> Result<Option<Expunged>> {
    let client = store.readers().get().await?;
    let sql = "select at, reason, seal from expunged where tenant = $1 and journal = $2";
    let row = client.query_opt(sql, &[&tenant.0, &id.0]).await?;
    Ok(row.map(|row| Expunged {
        at: row.get(0),
        reason: row.get(1),
        seal: row.get(2),
    }))
}

/// The entries with the header of one of them, itself included: whether they are resends of it their
/// content tells.
pub async fn alike(store: &Store, tenant: Tenant, entry: &Kept) -> Result<Vec<JournalId>> {
    let client = connect::single(store.config()).await?;
    let sql = "select id from journal
        where tenant = $1 and control_id = $2 and sending_application = $3 and sending_facility = $4
        order by id";
    let params: crate::tx::Params<'_> = &[
        &tenant.0,
        &entry.control_id,
        &entry.sending_application,
        &entry.sending_facility,
    ];
    let rows = client.query(sql, params).await?;
    Ok(rows.iter().map(|row| JournalId(row.get(0))).collect())
}

/// Removes the bytes of an entry by a recorded order, and what waits to be done with it. A resend of it
/// is recognised for ever: `key` and `content` are those of [`super::Receipt`].
pub async fn expunge(
    tx: &mut Tx,
    entry: &Kept,
    reason: &str,
    (key, content): (Uuid, Uuid),
) -> Result<bool> {
    let tenant = tx.tenant().0;
    let id = entry.id.0;
    // Removing the chunks of a large message looks at all that may still name them.
    tx.execute("set local statement_timeout = 0", &[]).await?;
    let now = tx.store().clock().now();
    let seal = seal(
        tx.store().chain_key(),
        tx.tenant(),
        (entry.id, &entry.digest),
        now,
        reason,
    );
    let params: crate::tx::Params<'_> = &[&tenant, &id, &now, &reason, &seal.as_slice()];
    let rows = tx
        .query("select expunge_entry($1, $2, $3, $4, $5)", params)
        .await?;
    if !rows.first().is_some_and(|row| row.get(0)) {
        return Ok(false);
    }
    tx.execute(
        "delete from queue where tenant = $1 and journal = $2",
        &[&tenant, &id],
    )
    .await?;
    let mark = "insert into applied (journal, at, tenant, disposition, note)
        values ($2, $3, $1, 'expunged', 'expunged')
        on conflict (tenant, journal) do update
        set disposition = 'expunged', at = excluded.at, note = excluded.note";
    tx.execute(mark, &[&tenant, &id, &now]).await?;
    let settle = "update dead_letter set settled_at = $3, settled_as = 'discarded'
        where tenant = $1 and journal = $2 and settled_at is null";
    tx.execute(settle, &[&tenant, &id, &now]).await?;
    lanes::complete(tx, entry.id).await?;
    let decide = "update review set decided_at = $3, decision = 'expunged'
        where tenant = $1 and journal = $2 and decided_at is null";
    tx.execute(decide, &[&tenant, &id, &now]).await?;
    let remember = "insert into seen (key, digest, journal, at, tenant)
        values ($2, $3, $4, 'infinity', $1)
        on conflict (tenant, key, digest) do update set at = 'infinity'";
    tx.execute(remember, &[&tenant, &key, &content, &id])
        .await?;
    Ok(true)
}
