//! The lines of an archive.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use model::{JournalId, Timestamp, WriterId};
use serde::{Deserialize, Serialize};
use store::InterfaceId;
use store::journal::{Expunged, Kept};

use crate::heads::HeadLine;
use crate::sealed::hex;

/// What the seal is over, and the name of the format.
pub(super) const KIND: &str = "journal archive";
pub(super) const VERSION: u8 = 1;

/// The first line.
#[derive(Clone, PartialEq, Debug, Deserialize, Serialize)]
pub struct Header {
    pub(super) drawbridge: String,
    pub(super) version: u8,
    /// When it was made.
    pub made_at: Timestamp,
    /// Whose journal.
    pub tenant: String,
    /// The tenant's number, which orders to expunge are sealed with.
    pub tenant_id: i32,
    /// Which chain key.
    pub key: String,
    /// Received at or after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Received before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Interfaces by number.
    pub interfaces: Vec<(i16, String)>,
}

/// Every line but the first and the last.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Line {
    Entry(Box<EntryLine>),
    Head(HeadLine),
}

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct EntryLine {
    id: i64,
    received_at: Timestamp,
    interface: i16,
    writer: i32,
    seq: i64,
    peer: String,
    sending_application: String,
    sending_facility: String,
    message_type: String,
    control_id: String,
    #[serde(with = "hex")]
    digest: Vec<u8>,
    #[serde(with = "hex")]
    chain: Vec<u8>,
    /// The chain value before it, for the first entry of a chain that began before the archive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) before: Option<String>,
    /// The bytes, in Base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    raw: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expunged: Option<ExpungedLine>,
}

#[derive(Debug, Deserialize, Serialize)]
struct ExpungedLine {
    at: Timestamp,
    reason: String,
    #[serde(with = "hex")]
    seal: Vec<u8>,
}

impl EntryLine {
    pub(super) fn of(entry: &Kept, before: Option<String>) -> Self {
        let expunged = entry.expunged.as_ref().map(|order| ExpungedLine {
            at: order.at,
            reason: order.reason.clone(),
            seal: order.seal.clone(),
        });
        Self {
            id: entry.id.0,
            received_at: entry.received_at,
            interface: entry.interface.0,
            writer: entry.writer.0,
            seq: entry.seq,
            peer: entry.peer.clone(),
            sending_application: entry.sending_application.clone(),
            sending_facility: entry.sending_facility.clone(),
            message_type: entry.message_type.clone(),
            control_id: entry.control_id.clone(),
            digest: entry.digest.clone(),
            chain: entry.chain.clone(),
            before,
            raw: entry.raw.as_ref().map(|raw| STANDARD.encode(raw)),
            expunged,
        }
    }

    /// The entry; bytes that are no Base64 are not those that were received.
    pub(super) fn kept(self) -> Kept {
        let raw = self.raw.map(|raw| STANDARD.decode(raw).unwrap_or_default());
        Kept {
            id: JournalId(self.id),
            received_at: self.received_at,
            seq: self.seq,
            writer: WriterId(self.writer),
            interface: InterfaceId(self.interface),
            peer: self.peer,
            sending_application: self.sending_application,
            sending_facility: self.sending_facility,
            message_type: self.message_type,
            control_id: self.control_id,
            digest: self.digest,
            chain: self.chain,
            raw: raw.map(Bytes::from),
            expunged: self.expunged.map(|order| Expunged {
                at: order.at,
                reason: order.reason,
                seal: order.seal,
            }),
        }
    }
}
