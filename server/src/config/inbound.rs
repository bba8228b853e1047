//! `[[inbound]]`: one MLLP listener each.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// One MLLP listener: who may send, and how their messages are read.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct InboundConfig {
    /// The interface's name in the journal, logs and metrics. Lower-case letters, digits, `-`.
    pub name: String,
    /// Where senders connect. Loopback until somebody opens it on purpose.
    pub bind: SocketAddr,
    /// Whose data arrives here.
    pub tenant: String,
    /// Networks that may connect, such as `10.1.0.0/16`; empty: whoever can reach the address.
    pub peers: Vec<IpNet>,
    /// IANA zone of times that name none (when MSH-7 names none either).
    pub zone: String,
    /// Character set of messages whose MSH-18 is empty or wrong.
    pub charset: String,
    /// Whether UTF-16 bodies are decoded; otherwise they are answered `AR`.
    pub utf16: bool,
    /// Site profile that says how this sender's fields are meant; unset, the built-in rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// Senders on this interface that have a profile of their own; the first that fits counts.
    pub senders: Vec<SenderConfig>,
    /// MSH-11 values that are served; others are answered `AR`.
    pub processing_ids: Vec<String>,
    /// When set, a message whose MSH-5 differs is answered `AR`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receiving_application: Option<String>,
    /// What becomes of a trigger that there are no rules for.
    pub unserved: Unserved,
    /// Certificate, key and, for client certificates, their authority; unset, plain TCP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<ListenerTls>,
    /// Allows plain TCP off loopback (inside a VPN).
    pub insecure: bool,
    /// Connections at a time.
    pub connections_max: u32,
    /// Largest message, in bytes; a longer one is answered `AR` and the connection closed.
    pub frame_bytes_max: u32,
    /// A connection that says nothing for so many seconds is closed; 0 keeps it forever.
    pub idle_timeout_s: u32,
    /// A frame that was begun must end within so many seconds.
    pub read_timeout_s: u32,
}

/// A sender with a profile of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct SenderConfig {
    /// MSH-3 (its first component); unset, any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application: Option<String>,
    /// MSH-4 (its first component); unset, any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facility: Option<String>,
    /// The profile.
    pub profile: String,
}

/// What becomes of a readable message of a trigger that the build has no rules for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Unserved {
    /// `AA`, kept as unrouted.
    Accept,
    /// `AR` with ERR 200 or 201.
    Reject,
}

/// The server side of TLS.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ListenerTls {
    /// PEM file: the certificate and what leads up to its authority.
    pub cert: PathBuf,
    /// PEM file: the private key.
    pub key: PathBuf,
    /// PEM file: senders must show a certificate signed by one of these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_ca: Option<PathBuf>,
}

impl Default for InboundConfig {
    fn default() -> Self {
        Self {
            name: String::new(),
            bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 2575)),
            tenant: "default".to_owned(),
            peers: Vec::new(),
            zone: "UTC".to_owned(),
            charset: "windows-1252".to_owned(),
            utf16: false,
            profile: None,
            senders: Vec::new(),
            processing_ids: vec!["P".to_owned()],
            receiving_application: None,
            unserved: Unserved::Accept,
            tls: None,
            insecure: false,
            connections_max: 256,
            frame_bytes_max: 64 << 20,
            idle_timeout_s: 0,
            read_timeout_s: 60,
        }
    }
}

/// What listens when the configuration names no listener.
pub(super) fn default_listeners() -> Vec<InboundConfig> {
    vec![InboundConfig {
        name: "adt".to_owned(),
        ..InboundConfig::default()
    }]
}
