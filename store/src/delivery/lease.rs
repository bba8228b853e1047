//! Claiming what is due, and settling it with the proof of the claim.

use jiff::{SignedDuration, Timestamp};
use model::{Delivery, DeliveryId, Tenant};
use uuid::Uuid;

use super::change::Columns;
use super::read::{COLUMNS, item};
use super::{Lease, Leased};
use crate::columns::storable;
use crate::{Result, Store, StoreError, Tx};

/// Takes what is due to a destination in hand, oldest first, for the length of a lease. Of each
/// patient only the oldest open delivery is taken: documents of one patient keep their order, and one
/// that backs off holds up nobody else. What another dispatcher let run out is taken over.
pub async fn claim(
    store: &Store,
    tenant: Tenant,
    destination: &str,
    lease: SignedDuration,
    limit: u32,
) -> Result<Vec<Leased>> {
    let now = store.clock().now();
    let until = now
        .checked_add(lease)
        .map_err(|_| StoreError::Inconsistent("an endless lease"))?;
    let sql = format!(
        "with due as (
            select d.ctid as place
            from delivery d
            where d.tenant = $1 and d.destination = $2 and d.state in ('queued', 'sending')
                and d.due_at <= $3
                and not exists (
                    select from delivery e
                    where e.tenant = $1 and e.destination = $2 and e.state in ('queued', 'sending')
                        and e.patient = d.patient and (e.created_at, e.id) < (d.created_at, d.id)
                )
            order by d.created_at, d.id
            limit $5
            for update skip locked
        )
        update delivery d
        set state = 'sending', lease_token = gen_random_uuid(), lease_until = $4, due_at = $4,
            updated_at = $3
        from due
        where d.ctid = due.place
        returning {COLUMNS}"
    );
    let client = store.writers().get().await?;
    let statement = client.prepare_cached(&sql).await?;
    let limit = i64::from(limit);
    let params: crate::tx::Params<'_> = &[&tenant.0, &destination, &now, &until, &limit];
    let rows = client.query(&statement, params).await?;
    let mut claimed = rows
        .iter()
        .map(|row| {
            let token: Option<Uuid> = row.get(18);
            let token = token.ok_or(StoreError::Inconsistent("a claim without a lease"))?;
            Ok(Leased {
                item: item(row)?,
                lease: Lease(token),
            })
        })
        .collect::<Result<Vec<_>>>()?;
    claimed.sort_by_key(|leased| (leased.item.created_at, leased.item.id));
    Ok(claimed)
}

/// Keeps what identifies a delivery's message before its first send: it never changes afterwards.
/// False when the lease is lost.
pub async fn bind(
    tx: &mut Tx,
    id: DeliveryId,
    lease: Lease,
    control_id: &str,
    document_number: &str,
    message_digest: [u8; 32],
) -> Result<bool> {
    let sql = "update delivery set control_id = $4, document_number = $5, message_digest = $6
        where tenant = $1 and id = $2 and lease_token = $3 and state = 'sending'";
    let params: crate::tx::Params<'_> = &[
        &tx.tenant().0,
        &id.0,
        &lease.0,
        &control_id,
        &document_number,
        &message_digest.as_slice(),
    ];
    Ok(tx.execute(sql, params).await? != 0)
}

/// Lengthens a lease while a send is under way. False when it is lost.
pub async fn extend(
    store: &Store,
    tenant: Tenant,
    id: DeliveryId,
    lease: Lease,
    until: Timestamp,
) -> Result<bool> {
    let sql = "update delivery set lease_until = $4, due_at = $4
        where tenant = $1 and id = $2 and lease_token = $3 and state = 'sending'";
    let client = store.writers().get().await?;
    let statement = client.prepare_cached(sql).await?;
    let params: crate::tx::Params<'_> = &[&tenant.0, &id.0, &lease.0, &until];
    Ok(client.execute(&statement, params).await? != 0)
}

/// Writes what a send came to, with the answer that was received. False when the lease is lost:
/// somebody else has it in hand, and nothing was written.
pub async fn settle(
    tx: &mut Tx,
    id: DeliveryId,
    lease: Lease,
    state: &Delivery,
    answer: Option<&str>,
) -> Result<bool> {
    let columns = Columns::of(state);
    let now = columns.at.unwrap_or_else(|| tx.store().clock().now());
    let sql = "update delivery set state = $4::text::delivery_state,
            attempt = coalesce($5, attempt), due_at = $6, lease_until = null, lease_token = null,
            dead_reason = $7::text::dead_reason, reason = $8, answer = coalesce($9, answer),
            updated_at = $10
        where tenant = $1 and id = $2 and lease_token = $3 and state = 'sending'";
    let params: crate::tx::Params<'_> = &[
        &tx.tenant().0,
        &id.0,
        &lease.0,
        &columns.state,
        &columns.attempt,
        &columns.due_at,
        &columns.dead_reason,
        &columns.reason,
        &answer.map(storable),
        &now,
    ];
    Ok(tx.execute(sql, params).await? != 0)
}
