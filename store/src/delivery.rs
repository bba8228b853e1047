//! Deliveries: documents on their way to a destination, claimed with a lease.

mod change;
mod lead;
mod lease;
mod read;
mod take;

use jiff::Timestamp;
use model::{Delivery, DeliveryId, ResourceId, Tenant, VersionId};
use uuid::Uuid;

pub use change::{change, create, lock};
pub use lead::{Leadership, lead};
pub use lease::{bind, claim, extend, settle};
pub use read::{Filter, by_control_id, get, list};
pub use take::{Taken, by_document_number, forget_message, take};

/// A delivery as it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Item {
    /// Its id; also that of the Task that shows it.
    pub id: DeliveryId,
    /// Its tenant.
    pub tenant: Tenant,
    /// Where it goes.
    pub destination: String,
    /// The DocumentReference.
    pub document: ResourceId,
    /// Which version of it.
    pub document_version: VersionId,
    /// Whose document it is.
    pub patient: Option<ResourceId>,
    /// Where it stands.
    pub state: Delivery,
    /// MSH-10 of its message, once it was built: the same on every resend.
    pub control_id: Option<String>,
    /// TXA-12.
    pub document_number: Option<String>,
    /// The exact bytes of its message, kept as a blob.
    pub message_digest: Option<[u8; 32]>,
    /// MSA and ERR of the last answer.
    pub answer: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A delivery to be made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct New {
    /// Its id.
    pub id: DeliveryId,
    /// Where it goes.
    pub destination: String,
    /// The DocumentReference.
    pub document: ResourceId,
    /// Which version of it.
    pub document_version: VersionId,
    /// Whose document it is.
    pub patient: Option<ResourceId>,
    /// Where it begins: queued, or held.
    pub state: Delivery,
}

/// Proves that a dispatcher still has a delivery in hand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lease(Uuid);

/// A delivery in the hands of a dispatcher.
#[derive(Clone, Debug)]
pub struct Leased {
    /// The delivery; its state is `Sending`.
    pub item: Item,
    /// The proof.
    pub lease: Lease,
}
