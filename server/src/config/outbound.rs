//! `[[outbound]]`: one destination of documents each.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::HostPort;

/// One receiver of MDM messages: where it is, what it wants to be told and how patiently.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutboundConfig {
    /// The destination's name in deliveries, logs and metrics. Lower-case letters, digits, `-`.
    pub name: String,
    /// `host:port` of the receiver.
    pub connect: HostPort,
    /// Whose documents go there.
    pub tenant: String,
    /// How to trust the receiver; unset, plain TCP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<OutboundTls>,
    /// Allows plain TCP off loopback (inside a VPN).
    pub insecure: bool,
    /// MSH-3, as the receiver registered it (`NAME` or `NAME^OID^ISO`).
    pub sending_application: String,
    /// MSH-4.
    pub sending_facility: String,
    /// MSH-5.
    pub receiving_application: String,
    /// MSH-6.
    pub receiving_facility: String,
    /// MSH-11.
    pub processing_id: String,
    /// MSH-12.
    pub version: String,
    /// MSH-15 and MSH-16: `original` leaves both empty, `enhanced` asks for a commit answer.
    pub ack_mode: AckMode,
    /// MSH-18 and the bytes themselves.
    pub charset: String,
    /// IANA zone of the times that are sent.
    pub zone: String,
    /// Assigning authority (CX.4) of the patient identifier that the receiver knows; unset, the
    /// authority under which the EMR sent the patient.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patient_authority: Option<String>,
    /// Regular expression that a patient identifier must match as a whole before it is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patient_id_format: Option<String>,
    /// Assigning authority of the visit identifier; unset, the one under which it arrived.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visit_authority: Option<String>,
    /// Where the visit identifier goes.
    pub visit_in: VisitField,
    /// Whether a document without a visit that the receiver knows is held.
    pub visit_required: bool,
    /// TXA-2 by document type: `"LOINC code" = "code^text^system"`.
    pub document_types: BTreeMap<String, String>,
    /// TXA-2 of a type that `document_types` does not list; unset, such a document is held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document_type_default: Option<String>,
    /// OBX-5.2 and OBX-5.3 of a PDF.
    pub content_wording: ContentWording,
    /// Largest message, in bytes; a document that makes a longer one is refused.
    pub bytes_max: u32,
    /// How long to wait for an answer, in seconds, before the send counts as unknown.
    pub ack_timeout_s: u32,
    /// Seconds before each retry; as many retries as entries.
    pub backoff_s: Vec<u32>,
    /// Seconds between attempts to connect.
    pub reconnect_s: u32,
}

/// How the receiver answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AckMode {
    /// One answer, `AA AE AR`.
    Original,
    /// A commit answer, `CA CE CR`.
    Enhanced,
}

/// The field that carries the visit's identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum VisitField {
    /// Visit number.
    #[serde(rename = "PV1-19")]
    Pv1_19,
    /// Alternate visit id; home-health episodes often stand here.
    #[serde(rename = "PV1-50")]
    Pv1_50,
    /// Patient account number.
    #[serde(rename = "PID-18")]
    Pid18,
}

/// OBX-5.2 and OBX-5.3 for a PDF: receivers differ, and silently drop what they do not expect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum ContentWording {
    /// `^AP^PDF^Base64^…`.
    #[serde(rename = "AP^PDF")]
    ApPdf,
    /// `^application^pdf^Base64^…`.
    #[serde(rename = "application^pdf")]
    ApplicationPdf,
    /// `^TEXT^PDF^Base64^…`.
    #[serde(rename = "TEXT^PDF")]
    TextPdf,
}

/// The client side of TLS.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct OutboundTls {
    /// PEM file with the authorities that may have signed the receiver's certificate.
    pub ca: PathBuf,
    /// PEM file: our certificate, where the receiver asks for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cert: Option<PathBuf>,
    /// PEM file: its private key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<PathBuf>,
    /// The name in the receiver's certificate where it differs from the host of `connect`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
}

impl Default for OutboundConfig {
    fn default() -> Self {
        Self {
            name: String::new(),
            connect: HostPort::loopback(2576),
            tenant: "default".to_owned(),
            tls: None,
            insecure: false,
            sending_application: "DRAWBRIDGE".to_owned(),
            sending_facility: String::new(),
            receiving_application: String::new(),
            receiving_facility: String::new(),
            processing_id: "P".to_owned(),
            version: "2.5.1".to_owned(),
            ack_mode: AckMode::Original,
            charset: "UTF-8".to_owned(),
            zone: "UTC".to_owned(),
            patient_authority: None,
            patient_id_format: None,
            visit_authority: None,
            visit_in: VisitField::Pv1_19,
            visit_required: false,
            document_types: BTreeMap::new(),
            document_type_default: None,
            content_wording: ContentWording::ApPdf,
            bytes_max: 64 << 20,
            ack_timeout_s: 30,
            backoff_s: vec![5, 15, 60, 300, 900],
            reconnect_s: 5,
        }
    }
}
