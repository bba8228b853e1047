//! Making deliveries and changing their state.

use jiff::Timestamp;
use model::{DeadReason, Delivery, DeliveryId};

use super::read::{COLUMNS, item};
use super::{Item, New};
use crate::columns::storable;
use crate::{Result, Tx};

/// The columns of a state.
pub(crate) struct Columns {
    pub(crate) state: &'static str,
    pub(crate) attempt: Option<i16>,
    pub(crate) due_at: Option<Timestamp>,
    pub(crate) lease_until: Option<Timestamp>,
    pub(crate) dead_reason: Option<&'static str>,
    pub(crate) reason: Option<String>,
    /// When it was accepted or confirmed: for those two `updated_at` says it.
    pub(crate) at: Option<Timestamp>,
}

impl Columns {
    pub(crate) fn of(state: &Delivery) -> Self {
        let mut columns = Self {
            state: state.word(),
            attempt: None,
            due_at: None,
            lease_until: None,
            dead_reason: None,
            reason: None,
            at: None,
        };
        match state {
            Delivery::Held { reason } => columns.reason = Some(storable(reason).into_owned()),
            Delivery::Queued { attempt, due } => {
                columns.attempt = Some(i16::from(*attempt));
                columns.due_at = Some(*due);
            }
            Delivery::Sending {
                attempt,
                lease_until,
            } => {
                columns.attempt = Some(i16::from(*attempt));
                columns.lease_until = Some(*lease_until);
                columns.due_at = Some(*lease_until);
            }
            Delivery::Accepted { at } | Delivery::Confirmed { at } => columns.at = Some(*at),
            Delivery::Rejected { attempts } => columns.attempt = Some(i16::from(*attempts)),
            Delivery::Dead { attempts, reason } => {
                columns.attempt = Some(i16::from(*attempts));
                columns.dead_reason = Some(match reason {
                    DeadReason::Failed => "failed",
                    DeadReason::Unknown => "unknown",
                });
            }
        }
        columns
    }
}

/// Makes a delivery; a second one of the same document version to the same destination is not made.
/// Answers whether it was made.
pub async fn create(tx: &mut Tx, new: &New) -> Result<bool> {
    let columns = Columns::of(&new.state);
    let sql = "insert into delivery (
            tenant, id, destination, document, document_version, patient, state, attempt, due_at,
            reason, created_at, updated_at
        )
        values ($1, $2, $3, $4, $5, $6, $7::text::delivery_state, $8, $9, $10, $11, $11)
        on conflict (tenant, destination, document, document_version) do nothing";
    let patient = new.patient.map(|patient| patient.0);
    let now = tx.store().clock().now();
    let params: crate::tx::Params<'_> = &[
        &tx.tenant().0,
        &new.id.0,
        &new.destination,
        &new.document.0,
        &new.document_version.0,
        &patient,
        &columns.state,
        &columns.attempt.unwrap_or(0),
        &columns.due_at,
        &columns.reason,
        &now,
    ];
    Ok(tx.execute(sql, params).await? != 0)
}

/// A delivery, locked until the transaction ends: to be changed by a person, or by evidence.
pub async fn lock(tx: &mut Tx, id: DeliveryId) -> Result<Option<Item>> {
    let sql =
        format!("select {COLUMNS} from delivery d where d.tenant = $1 and d.id = $2 for update");
    let rows = tx.query(&sql, &[&tx.tenant().0, &id.0]).await?;
    rows.first().map(item).transpose()
}

/// Puts a delivery that [`lock`] has locked into another state. Whoever was sending it has lost it.
pub async fn change(tx: &mut Tx, id: DeliveryId, state: &Delivery) -> Result<()> {
    let columns = Columns::of(state);
    let now = columns.at.unwrap_or_else(|| tx.store().clock().now());
    let sql = "update delivery set state = $3::text::delivery_state,
            attempt = coalesce($4, attempt), due_at = $5, lease_until = $6, lease_token = null,
            dead_reason = $7::text::dead_reason, reason = $8, updated_at = $9
        where tenant = $1 and id = $2";
    let params: crate::tx::Params<'_> = &[
        &tx.tenant().0,
        &id.0,
        &columns.state,
        &columns.attempt,
        &columns.due_at,
        &columns.lease_until,
        &columns.dead_reason,
        &columns.reason,
        &now,
    ];
    tx.execute(sql, params).await?;
    Ok(())
}
