//! Evidence that the receiver has a document, or has refused it after all.

use model::{Actor, Delivery, Tenant};
use store::audit::AuditChain;
use store::delivery::{Item, by_control_id, by_document_number, change, lock};
use store::{Store, StoreError};

use crate::ack::Ack;
use crate::record::{Note, record};

/// What speaks for a delivery.
#[derive(Clone, Copy, Debug)]
pub enum Evidence<'a> {
    /// An application's acknowledgement that came late; its MSA-2 is our control id.
    Answered(&'a Ack),
    /// A message of the receiver names our MSH-10.
    ControlId(&'a str),
    /// A message of the receiver names our TXA-12.
    DocumentNumber(&'a str),
}

/// Takes evidence in; answers whether it changed a delivery. Only a delivery to `destination` is
/// touched: another receiver can't speak for it.
pub async fn confirm(
    store: &Store,
    chain: &AuditChain,
    tenant: Tenant,
    destination: &str,
    evidence: Evidence<'_>,
) -> Result<bool, StoreError> {
    let found = match evidence {
        Evidence::Answered(ack) => by_control_id(store, tenant, &ack.acknowledges).await?,
        Evidence::ControlId(control_id) => by_control_id(store, tenant, control_id).await?,
        Evidence::DocumentNumber(number) => by_document_number(store, tenant, number).await?,
    };
    let Some(found) = found.filter(|item| item.destination == destination) else {
        return Ok(false);
    };
    let mut tx = store.begin(tenant).await?;
    let Some(mut item) = lock(&mut tx, found.id).await? else {
        return Ok(false);
    };
    let Some(next) = next(&item, evidence, store.clock().now()) else {
        tx.rollback().await?;
        return Ok(false);
    };
    if let Evidence::Answered(ack) = evidence {
        item.answer = Some(ack.segments.expose().clone());
    }
    change(&mut tx, item.id, &next).await?;
    let note = Note {
        by: &Actor::Server,
        reason: Some("evidence of the receiver"),
        discarded: false,
    };
    record(&mut tx, chain, &item, &next, note).await?;
    tx.commit().await?;
    Ok(true)
}

/// The state that the evidence leads to; `None` when it changes nothing.
fn next(item: &Item, evidence: Evidence<'_>, now: model::Timestamp) -> Option<Delivery> {
    let positive = match evidence {
        Evidence::Answered(ack) => ack.code.is_positive(),
        Evidence::ControlId(_) | Evidence::DocumentNumber(_) => true,
    };
    let state = item.state.clone();
    let next = if positive {
        state.confirm(now)
    } else {
        state.refuse()
    };
    next.ok().filter(|next| *next != item.state)
}
