//! What the audit trail says: who did what to which resource, with which result.

use crate::id::{JournalId, ResourceId, VersionId};

/// Who acted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Actor {
    /// A bearer of an access token; the token's row number, never the token.
    Token(i64),
    /// The EMR, by a journalled message.
    Message(JournalId),
    /// The server itself (a delivery's dispatcher, a purge).
    Server,
    /// An operator at the command line.
    Operator,
    /// Nobody we know: a request without a valid token.
    Anonymous,
}

/// What was done. The letters are FHIR's AuditEvent.action (valueset-audit-event-action).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// `C`
    Create,
    /// `R`: read, vread, history
    Read,
    /// `U`
    Update,
    /// `D`
    Delete,
    /// `E`: search, delivery, login, replay …
    Execute,
}

/// How it ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It was done (AuditEvent.outcome `0`).
    Success,
    /// Refused or not found (`4`).
    Refused,
    /// It failed on our side (`8`).
    Failed,
}

/// One event of the trail. It holds ids and codes only.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuditEvent {
    /// Who.
    pub actor: Actor,
    /// What.
    pub action: Action,
    /// With which result.
    pub outcome: Outcome,
    /// A short word for the interaction: `read`, `search`, `apply`, `deliver`, `token` …
    pub interaction: &'static str,
    /// FHIR type of what was touched, when there is one.
    pub resource_type: Option<&'static str>,
    /// Its id.
    pub resource: Option<ResourceId>,
    /// Its version.
    pub version: Option<VersionId>,
    /// The patient whose compartment it is in.
    pub patient: Option<ResourceId>,
    /// X-Request-Id, or a message's or delivery's id; no patient data.
    pub request: Option<String>,
}

impl AuditEvent {
    /// What an operator did at the command line: a word for it, and what it was done to.
    pub fn operator(action: Action, interaction: &'static str, request: String) -> Self {
        Self {
            actor: Actor::Operator,
            action,
            outcome: Outcome::Success,
            interaction,
            resource_type: None,
            resource: None,
            version: None,
            patient: None,
            request: Some(request),
        }
    }
}

impl Action {
    /// FHIR's letter.
    pub const fn letter(self) -> &'static str {
        match self {
            Self::Create => "C",
            Self::Read => "R",
            Self::Update => "U",
            Self::Delete => "D",
            Self::Execute => "E",
        }
    }
}

impl Outcome {
    /// FHIR's AuditEvent.outcome.
    pub const fn code(self) -> i16 {
        match self {
            Self::Success => 0,
            Self::Refused => 4,
            Self::Failed => 8,
        }
    }
}
