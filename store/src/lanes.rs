//! Lanes: which messages wait, who applies them, and what became of them.
//!
//! A lane is locked by an advisory lock of the claiming transaction, named by the lane's first 64
//! bits: nobody waits for anybody, a lane needs no row before its first message was applied, and a
//! worker that dies lets go of what it had.

mod claim;
mod settle;

use jiff::Timestamp;
use model::{JournalId, LaneId};

use crate::InterfaceId;

pub(crate) use claim::lock_key;
pub use claim::{claim, claim_exactly, tenants_with_work, try_lock};
pub(crate) use settle::complete;
pub use settle::{Again, dead_letter, finish, postpone, requeue};

/// A message that waits to be applied.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Queued {
    /// The message.
    pub journal: JournalId,
    /// The source identity that it is about.
    pub lane: LaneId,
    /// The second one of a merge or move.
    pub other_lane: Option<LaneId>,
    /// Through which interface it came.
    pub interface: InterfaceId,
    /// How often applying it failed.
    pub attempts: i16,
    /// Its control id was used before for other content.
    pub reused_control_id: bool,
    /// It is applied without side effects.
    pub quiet: bool,
}

/// What one transaction may apply: it has the locks of all these messages' lanes.
#[derive(Clone, Default, Debug)]
pub struct Claim {
    /// In journal order.
    pub messages: Vec<Queued>,
}

/// What became of a message. `duplicate` and `unrouted` are settled when it is journalled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Disposition {
    /// Its facts are joined.
    Applied,
    /// It could not be mapped; see its dead letter.
    Dead,
    /// An operator decided that it is not to be applied.
    Discarded,
    /// Nothing of ours applies it.
    Unrouted,
}

/// A message that the transaction has dealt with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Done {
    /// The message.
    pub journal: JournalId,
    /// What became of it.
    pub disposition: Disposition,
    /// Profile version ([`crate::profile::version`]).
    pub profile: Option<i32>,
    /// Mapping version.
    pub mapping_version: i16,
    /// Why, in words without patient data.
    pub note: Option<String>,
    /// As it was queued.
    pub reused_control_id: bool,
}

/// Why a message was dead-lettered; no patient data in any of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Death {
    /// The message.
    pub journal: JournalId,
    /// Its lane.
    pub lane: LaneId,
    /// The second one of a merge or move.
    pub other_lane: Option<LaneId>,
    /// How often it was tried.
    pub attempts: i16,
    /// A short word for the cause.
    pub reason: String,
    /// The segment or field.
    pub place: Option<String>,
    /// In words, for an operator.
    pub diagnostics: String,
    /// When it was given up.
    pub at: Timestamp,
}

impl Disposition {
    /// The word in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Dead => "dead",
            Self::Discarded => "discarded",
            Self::Unrouted => "unrouted",
        }
    }
}
