//! Messages that should never have been kept: their bytes go, digest and reason stay.

use jiff::Timestamp;
use model::{JournalId, Tenant};
use uuid::Uuid;

use super::Kept;
use crate::{ChainKey, Result, Store, Tx};

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
    /// An order, sealed.
    pub fn order(
        key: &ChainKey,
        tenant: Tenant,
        entry: (JournalId, &[u8]),
        at: Timestamp,
        reason: &str,
    ) -> Self {
        Self {
            at,
            reason: reason.to_owned(),
            seal: seal(key, tenant, entry, at, reason).to_vec(),
        }
    }

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

/// Which of some entries still have their bytes to give: those that no order expunged.
pub async fn standing(store: &Store, tenant: Tenant, ids: &[JournalId]) -> Result<Vec<JournalId>> {
    let client = store.readers().get().await?;
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let sql = "select j.id from journal j
        where j.tenant = $1 and j.id = any($2::bigint[]) and not exists (
            select from expunged e where e.tenant = j.tenant and e.journal = j.id
        )
        order by j.id";
    let rows = client.query(sql, &[&tenant.0, &ids]).await?;
    Ok(rows.iter().map(|row| JournalId(row.get(0))).collect())
}

/// Removes the bytes of an entry by a recorded order, and what waits to be done with it. A resend of it
/// is recognised for ever: `key` and `content` are those of [`super::Receipt`].
pub async fn expunge(
    tx: &mut Tx,
    entry: &Kept,
    order: &Expunged,
    (key, content): (Uuid, Uuid),
) -> Result<bool> {
    let tenant = tx.tenant().0;
    let id = entry.id.0;
    // Removing the chunks of a large message looks at all that may still name them.
    tx.execute("set local statement_timeout = 0", &[]).await?;
    let params: crate::tx::Params<'_> = &[&tenant, &id, &order.at, &order.reason, &order.seal];
    let rows = tx
        .query("select expunge_entry($1, $2, $3, $4, $5)", params)
        .await?;
    if !rows.first().is_some_and(|row| row.get(0)) {
        return Ok(false);
    }
    let now = tx.store().clock().now();
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
