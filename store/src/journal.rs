//! The journal: append-only, every received message with its exact bytes, committed before its ACK.

mod ack;
mod append;
mod batch;
mod chains;
mod expunge;
mod proof;
mod read;
mod scan;
mod statement;
mod verify;

use bytes::Bytes;
use jiff::Timestamp;
use model::{JournalId, LaneId};
use uuid::Uuid;

pub use ack::record_acks;
pub use append::append;
pub use chains::Chains;
pub use expunge::{Expunged, alike, expunge, expunged};
pub use proof::{Head, Proof, Report};
pub use read::{Entry, Filter, Summary, get, list, raws};
pub use scan::{Kept, Range, Scan, count, has_any, kept, link_before};
pub use verify::{heads, verify};

use crate::{InterfaceId, StoreError};

/// What intake knows of a received message: receipt facts, and what was derived from its header.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// When its last byte came.
    pub received_at: Timestamp,
    /// Through which interface.
    pub interface: InterfaceId,
    /// The sender's address.
    pub peer: String,
    /// MSH-3.
    pub sending_application: String,
    /// MSH-4.
    pub sending_facility: String,
    /// MSH-9.
    pub message_type: String,
    /// MSH-10.
    pub control_id: String,
    /// SHA-256 of the bytes.
    pub digest: [u8; 32],
    /// The bytes as received.
    pub raw: Raw,
    /// First half of SHA-256 over MSH-3, MSH-4 and MSH-10.
    pub seen_key: Uuid,
    /// First half of SHA-256 over the message without MSH-7.
    pub seen_digest: Uuid,
    /// What happens to it.
    pub route: Route,
}

/// Where a message's bytes are.
#[derive(Clone, Debug)]
pub enum Raw {
    /// In the journal's row.
    Inline(Bytes),
    /// Staged as chunks under the receipt's digest ([`crate::blob::stage`]); holds their number.
    Staged(u64),
}

/// What happens to a journalled message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Route {
    /// It waits in a lane to be applied.
    Queue {
        /// The source identity that it is about.
        lane: LaneId,
        /// The second one of a merge or move.
        other: Option<LaneId>,
    },
    /// Kept; nothing of ours applies it.
    Unrouted,
}

/// A committed message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Appended {
    /// Its place in the journal.
    pub id: JournalId,
    /// The same message was journalled within the last 48 hours: this one is not applied.
    pub duplicate_of: Option<JournalId>,
    /// The same MSH-3, MSH-4 and MSH-10 came with other content: applied and to be reviewed.
    pub reused_control_id: bool,
}

/// Why a message has no certain place in the journal.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AppendError {
    /// The row itself can't be stored; its neighbours were.
    #[error("the message can't be stored: {0}")]
    Row(StoreError),
    /// Not committed.
    #[error("not committed: {0}")]
    Failed(StoreError),
    /// It may have been committed: no positive answer may be given; a resend is then a duplicate.
    #[error("it is unknown whether the message was committed")]
    Unknown,
}

impl Raw {
    /// How many bytes the message has.
    pub fn size(&self) -> u64 {
        match self {
            Self::Inline(bytes) => bytes.len() as u64,
            Self::Staged(size) => *size,
        }
    }
}
