//! A peer to connect to: `host:port`, where the host may be a name.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// `host:port`; an IPv6 address stands in brackets.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostPort {
    host: String,
    port: u16,
}

/// Why a text is not `host:port`.
#[derive(Debug, thiserror::Error)]
#[error("must be host:port, such as 127.0.0.1:2576 or emr.example.org:2576")]
pub struct NotHostPort;

impl HostPort {
    /// Takes `host:port`.
    pub fn parse(raw: &str) -> Result<Self, NotHostPort> {
        let (host, port) = raw.rsplit_once(':').ok_or(NotHostPort)?;
        let host = match host.strip_prefix('[') {
            Some(rest) => rest.strip_suffix(']').ok_or(NotHostPort)?,
            None if host.contains(':') => return Err(NotHostPort),
            None => host,
        };
        let port = port.parse().map_err(|_| NotHostPort)?;
        if host.is_empty() || host.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(NotHostPort);
        }
        Ok(Self {
            host: host.to_owned(),
            port,
        })
    }

    /// A port of this machine.
    pub fn loopback(port: u16) -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port,
        }
    }

    /// The name or address, without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether what is sent there stays on this machine.
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl std::str::FromStr for HostPort {
    type Err = NotHostPort;

    fn from_str(raw: &str) -> Result<Self, NotHostPort> {
        Self::parse(raw)
    }
}

impl TryFrom<String> for HostPort {
    type Error = NotHostPort;

    fn try_from(raw: String) -> Result<Self, NotHostPort> {
        Self::parse(&raw)
    }
}

impl From<HostPort> for String {
    fn from(peer: HostPort) -> Self {
        peer.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::HostPort;

    #[test]
    fn names_and_addresses_come_back_as_written() {
        for raw in ["127.0.0.1:2576", "emr.example.org:1", "[::1]:2576"] {
            assert_eq!(HostPort::parse(raw).unwrap().to_string(), raw);
        }
        for raw in [
            "", "host", ":1", "host:", "host:x", "::1:5", "[::1:5", "a b:1",
        ] {
            assert!(HostPort::parse(raw).is_err(), "{raw}");
        }
        assert!(HostPort::parse("[::1]:1").unwrap().is_loopback());
        assert!(!HostPort::parse("emr:1").unwrap().is_loopback());
    }
}
