//! The answers that were sent, kept beside the journal, best effort, afterwards.

use jiff::Timestamp;
use model::{JournalId, Tenant};

use crate::columns::column;
use crate::{Result, Store};

/// Keeps the answers that were sent: journal entry, when, code. Not durable at once: losing one after
/// a crash costs an explanation, never a message.
pub async fn record_acks(
    store: &Store,
    tenant: Tenant,
    acks: &[(JournalId, Timestamp, &str)],
) -> Result<()> {
    let journal = column(acks, |ack| ack.0.0);
    let at = column(acks, |ack| ack.1);
    let code = column(acks, |ack| ack.2);
    let sql = "insert into ack (tenant, journal, at, code)
        select $1::int, * from unnest($2::bigint[], $3::timestamptz[], $4::text[])
        on conflict do nothing";
    let client = store.lazy().get().await?;
    let statement = client.prepare_cached(sql).await?;
    client
        .execute(&statement, &[&tenant.0, &journal, &at, &code])
        .await?;
    Ok(())
}
