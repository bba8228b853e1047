//! What a receiver wants to be told, and how.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How one receiver wants its MDM^T02. Every key has a default: the standard.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a setting of its own"
)]
pub struct Destination {
    /// MSH-3, components separated by `^`, exactly as the receiver registered it.
    pub sending_application: String,
    /// MSH-4.
    pub sending_facility: String,
    /// MSH-5.
    pub receiving_application: String,
    /// MSH-6.
    pub receiving_facility: String,
    /// MSH-11: P, T or D.
    pub processing_id: String,
    /// MSH-12.
    pub version: String,
    /// MSH-15; empty with an empty MSH-16 means the original mode.
    pub accept_ack: String,
    /// MSH-16.
    pub application_ack: String,
    /// MSH-18 and what the bytes are in.
    pub charset: String,
    /// Whether MSH-9.3 is sent.
    pub message_structure: bool,
    /// Whether EVN-1 is sent (it was withdrawn after v2.4).
    pub event_code: bool,
    /// The IANA zone of the times that are sent.
    pub zone: String,
    /// Whether times carry their offset.
    pub zone_offset: bool,
    /// Whether times of day carry seconds.
    pub seconds: bool,
    /// The receiver's document types, by `system|code` or by `code`. Empty: the document's own code
    /// is sent. A type that a table does not have is held, never replaced.
    pub types: BTreeMap<String, DocumentType>,
    /// CX.4 of the patient's identifiers; empty: the authority as the EMR sends it.
    pub patient_authority: String,
    /// CX.5 of the patient's identifiers where the EMR names none.
    pub patient_id_type: String,
    /// Leading zeros are added up to this length.
    pub patient_id_width: usize,
    /// How many of the patient's identifiers are sent; some receivers want exactly one.
    pub patient_identifiers_max: usize,
    /// Where the visit's number goes.
    pub visit_id: Vec<VisitField>,
    /// PV1-2 of a document without a visit.
    pub class_without_visit: String,
    /// EI.2–4 of TXA-12, components separated by `^`.
    pub document_authority: String,
    /// TXA-12.1 is cut to this length, from the left; 0: never.
    pub document_number_chars_max: usize,
    /// TXA-17 of a final document: AU or LA.
    pub completion_of_final: String,
    /// How ED.2 and ED.3 name a media type.
    pub media_wording: MediaWording,
    /// OBX-3, components separated by `^`; empty: the document's type.
    pub observation_code: String,
    /// A document over this size is refused.
    pub content_bytes_max: u64,
}

/// A receiver's document type: TXA-2.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DocumentType {
    /// Its code.
    pub code: String,
    /// Its words.
    pub text: String,
    /// Its code system.
    pub system: String,
}

/// A field that can hold the visit's number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum VisitField {
    /// Visit number.
    #[serde(rename = "PV1-19")]
    VisitNumber,
    /// Alternate visit id: the episode in some home-health systems.
    #[serde(rename = "PV1-50")]
    AlternateVisitId,
    /// Patient account number.
    #[serde(rename = "PID-18")]
    AccountNumber,
}

/// How ED.2 and ED.3 name a media type; receivers differ.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MediaWording {
    /// `AP^PDF`: tables 0191 and 0291.
    #[default]
    Table,
    /// `application^pdf`.
    Mime,
    /// `TEXT^PDF`.
    Text,
}

impl Default for Destination {
    fn default() -> Self {
        let word = str::to_owned;
        Self {
            sending_application: word("DRAWBRIDGE"),
            sending_facility: String::new(),
            receiving_application: String::new(),
            receiving_facility: String::new(),
            processing_id: word("P"),
            version: word("2.5.1"),
            accept_ack: String::new(),
            application_ack: String::new(),
            charset: word("UNICODE UTF-8"),
            message_structure: true,
            event_code: false,
            zone: word("UTC"),
            zone_offset: true,
            seconds: true,
            types: BTreeMap::new(),
            patient_authority: String::new(),
            patient_id_type: word("MR"),
            patient_id_width: 0,
            patient_identifiers_max: 1,
            visit_id: vec![VisitField::VisitNumber],
            class_without_visit: word("N"),
            document_authority: word("DRAWBRIDGE"),
            document_number_chars_max: 0,
            completion_of_final: word("AU"),
            media_wording: MediaWording::default(),
            observation_code: String::new(),
            content_bytes_max: 64 * 1024 * 1024,
        }
    }
}

impl Destination {
    /// Whether MSH-16 asks for an application acknowledgement after the accept acknowledgement.
    pub fn wants_application_ack(&self) -> bool {
        matches!(self.application_ack.trim(), "AL" | "ER" | "SU")
    }
}
