//! `[http]`: the FHIR, operator and health endpoints.

use std::net::{Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::inbound::ListenerTls;

/// The HTTP face.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpConfig {
    /// Where apps connect. Loopback until somebody opens it on purpose.
    pub bind: SocketAddr,
    /// A second address for `/metrics` and `/health/*` alone; unset, they are on `bind`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics_bind: Option<SocketAddr>,
    /// The address by which apps reach the server when a proxy stands before it
    /// (`https://fhir.example.org`); absolute URLs in answers start with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_url: Option<String>,
    /// Certificate and key; unset, plain HTTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<ListenerTls>,
    /// Allows plain HTTP off loopback (behind a proxy that ends TLS).
    pub insecure: bool,
    /// Largest request body, in bytes. Base64 makes a 16 MiB document 22 MiB long.
    pub body_bytes_max: u32,
    /// A request that takes longer, in seconds, is answered 503.
    pub request_timeout_s: u32,
    /// Connections served at a time.
    pub connections_max: u32,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            metrics_bind: None,
            public_url: None,
            tls: None,
            insecure: false,
            body_bytes_max: 32 << 20,
            request_timeout_s: 30,
            connections_max: 1024,
        }
    }
}
