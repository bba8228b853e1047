//! The audit trail: append-only rows in keyed digest chains, one chain per writing task.

mod chain;
mod read;
mod rows;
mod trail;

use jiff::Timestamp;
use model::{AuditId, ResourceId, VersionId, WriterId};

pub(crate) use chain::Staged;
pub use chain::{AuditChain, in_tx, note};
pub use read::{Filter, Head, Report, heads, list, verify};
pub use trail::Trail;

/// One row of the trail.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuditRow {
    /// Its id; holds the time.
    pub id: AuditId,
    /// When.
    pub at: Timestamp,
    /// The writing task.
    pub writer: WriterId,
    /// `t` token, `m` message, `s` server, `o` operator, `a` anonymous.
    pub actor_kind: char,
    /// The token's or message's number.
    pub actor: Option<i64>,
    /// FHIR's letter: `C R U D E`.
    pub action: char,
    /// FHIR's outcome: 0, 4, 8.
    pub outcome: i16,
    /// A short word.
    pub interaction: String,
    /// FHIR type of what was touched.
    pub resource_type: Option<String>,
    /// Its id.
    pub resource: Option<ResourceId>,
    /// Its version.
    pub version: Option<VersionId>,
    /// The patient whose compartment it is in.
    pub patient: Option<ResourceId>,
    /// The request, message or delivery.
    pub request: Option<String>,
}
