//! Taking the next delivery in hand within the caller's transaction, so that its Task and its audit
//! row change with it.

use jiff::SignedDuration;
use model::{DeliveryId, Tenant};
use uuid::Uuid;

use super::read::{COLUMNS, item};
use super::{Item, Lease, Leased};
use crate::{Result, Store, StoreError, Tx};

/// A delivery that was taken in hand.
#[derive(Clone, Debug)]
pub struct Taken {
    /// The delivery, `Sending`, and the proof.
    pub leased: Leased,
    /// Somebody else had it in hand until the lease ran out: its message may have arrived.
    pub expired: bool,
}

/// Takes the oldest due delivery to a destination in hand. Of each patient only the oldest open
/// delivery is taken; one that is locked is passed over.
pub async fn take(tx: &mut Tx, destination: &str, lease: SignedDuration) -> Result<Option<Taken>> {
    let now = tx.store().clock().now();
    let until = now
        .checked_add(lease)
        .map_err(|_| StoreError::Inconsistent("an endless lease"))?;
    let sql = format!(
        "with due as (
            select d.tenant, d.id, d.state = 'sending' as expired
            from delivery d
            where d.tenant = $1 and d.destination = $2 and d.state in ('queued', 'sending')
                and d.due_at <= $3
                and not exists (
                    select from delivery e
                    where e.tenant = $1 and e.destination = $2 and e.state in ('queued', 'sending')
                        and e.patient = d.patient and (e.created_at, e.id) < (d.created_at, d.id)
                )
            order by d.created_at, d.id
            limit 1
            for update skip locked
        )
        update delivery d
        set state = 'sending', lease_token = gen_random_uuid(), lease_until = $4, due_at = $4,
            updated_at = $3
        from due
        where d.tenant = due.tenant and d.id = due.id
        returning {COLUMNS}, due.expired"
    );
    let rows = tx
        .query(&sql, &[&tx.tenant().0, &destination, &now, &until])
        .await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let token: Option<Uuid> = row.get(18);
    let token = token.ok_or(StoreError::Inconsistent("a claim without a lease"))?;
    let leased = Leased {
        item: item(row)?,
        lease: Lease(token),
    };
    Ok(Some(Taken {
        leased,
        expired: row.get(19),
    }))
}

/// Forgets the message of a delivery that the receiver refused, so that the next send builds a new
/// one, with a control id of its own. The document number stays.
pub async fn forget_message(tx: &mut Tx, id: DeliveryId) -> Result<()> {
    let sql = "update delivery set control_id = null, message_digest = null
        where tenant = $1 and id = $2";
    tx.execute(sql, &[&tx.tenant().0, &id.0]).await?;
    Ok(())
}

/// The newest delivery whose message bore a document number (TXA-12): for evidence that names it.
pub async fn by_document_number(
    store: &Store,
    tenant: Tenant,
    document_number: &str,
) -> Result<Option<Item>> {
    let sql = format!(
        "select {COLUMNS} from delivery d where d.tenant = $1 and d.document_number = $2
        order by d.created_at desc limit 1"
    );
    let client = store.readers().get().await?;
    let statement = client.prepare_cached(&sql).await?;
    let row = client
        .query_opt(&statement, &[&tenant.0, &document_number])
        .await?;
    row.as_ref().map(item).transpose()
}
