//! The words of the domain, shared by every room: ids, tenants, lanes, the delivery and encounter
//! state machines, audit events, patient data that can't be printed, and time.
//!
//! This crate never does I/O and knows neither SQL, HL7 nor FHIR types.

mod access;
mod audit;
mod clock;
mod control_id;
mod delivery;
mod encounter;
mod episode;
mod id;
mod identity;
mod phi;

pub use access::{Access, Reach};
pub use audit::{Action, Actor, AuditEvent, Outcome as AuditOutcome};
pub use clock::{Clock, IdSource};
pub use control_id::{ControlId, ControlIdError};
pub use delivery::{DeadReason, Delivery, NoSuchStep, NotSending, Outcome};
pub use encounter::{Refused, Stage, Trigger};
pub use episode::EpisodeStage;
pub use id::{
    AuditId, ChangeId, DeliveryId, EntityId, JournalId, LaneId, ResourceId, Rid, Tenant, VersionId,
    WriterId,
};
pub use identity::{IdentityKey, IdentityKind, SourceIdentity};
pub use jiff::{SignedDuration, Timestamp};
pub use phi::Phi;
