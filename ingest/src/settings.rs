//! What an interface may be set to. The server's configuration fills these in.

use std::{path::PathBuf, sync::Arc, time::Duration};

use hl7v2::{Charset, HeaderError, Message};
use ipnet::IpNet;
use jiff::tz::TimeZone;
use mapping::Profile;
use model::Tenant;
use tokio_rustls::TlsAcceptor;

use crate::profiles::{Profiles, other_charset};

/// One MLLP interface.
#[derive(Clone)]
pub struct InterfaceSettings {
    /// Its name; with the tenant it names a row of `interface`.
    pub name: String,
    /// The tenant that its messages belong to.
    pub tenant: Tenant,
    /// Who may connect; empty means everybody.
    pub peers: Vec<IpNet>,
    /// The zone of times that name none.
    pub zone: TimeZone,
    /// The character set of messages that name none.
    pub charset: Charset,
    /// Whether UTF-16 messages are taken.
    pub utf16: bool,
    /// TLS, when the interface speaks it; see [`crate::tls`].
    pub tls: Option<TlsAcceptor>,
    /// The site profiles that its messages are mapped with.
    pub profiles: Profiles,
    /// MSH-11 values that are served.
    pub processing_ids: Vec<String>,
    /// MSH-5.1 that messages must name, where one is set.
    pub receiving_application: Option<String>,
    /// What a message of a trigger without rules is answered.
    pub unserved: Unserved,
    /// Its limits.
    pub limits: Limits,
}

/// What a message of a trigger without rules is answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unserved {
    /// `AA`: it is kept, marked as unrouted.
    Accept,
    /// `AR` with ERR 200 or 201; it is kept too.
    Reject,
}

/// The limits of an interface: everything has one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Open connections.
    pub connections_max: usize,
    /// Bytes of one frame.
    pub frame_bytes_max: usize,
    /// How long a connection may be silent between frames.
    pub idle_timeout: Duration,
    /// How long a sender may be silent inside a frame.
    pub stall_timeout: Duration,
    /// How long a peer may leave its answers unread.
    pub write_timeout: Duration,
    /// How long the CR of a trailer, or the frame around stray bytes, is waited for.
    pub trailer_grace: Duration,
    /// How long a commit may take before a sender is asked to try again.
    pub commit_timeout: Duration,
    /// How long an application acknowledgement may be owed (enhanced mode).
    pub application_ack_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 1024,
            frame_bytes_max: 64 << 20,
            idle_timeout: Duration::from_hours(1),
            stall_timeout: Duration::from_mins(1),
            write_timeout: Duration::from_secs(30),
            trailer_grace: Duration::from_millis(400),
            commit_timeout: Duration::from_secs(5),
            application_ack_timeout: Duration::from_secs(30),
        }
    }
}

impl InterfaceSettings {
    /// An interface with the contract's defaults.
    pub fn new(name: impl Into<String>, tenant: Tenant, profile: Arc<Profile>) -> Self {
        Self {
            name: name.into(),
            tenant,
            peers: Vec::new(),
            zone: TimeZone::UTC,
            charset: Charset::Windows1252,
            utf16: false,
            tls: None,
            profiles: profile.into(),
            processing_ids: vec!["P".to_owned()],
            receiving_application: None,
            unserved: Unserved::Accept,
            limits: Limits::default(),
        }
    }

    /// Parses a message as the profile of its sender would have it.
    pub fn parse<'a>(&self, bytes: &'a [u8]) -> Result<(Message<'a>, Arc<Profile>), HeaderError> {
        let message = Message::parse_with(bytes, self.charset)?;
        let msh = message.msh();
        let profile = self.profiles.now().of(msh.field(3), msh.field(4)).clone();
        match other_charset(&profile, self.charset) {
            Some(charset) => Ok((Message::parse_with(bytes, charset)?, profile)),
            None => Ok((message, profile)),
        }
    }
}

/// Settings that all interfaces share.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Bytes of frames that may be in memory at once, over all connections.
    pub frame_bytes_in_memory: usize,
    /// Tasks that apply messages.
    pub workers: usize,
    /// Whether patients are compared with each other where messages are applied.
    pub matching: bool,
    /// Messages of one applying transaction.
    pub batch_messages_max: usize,
    /// A folder on the database's disk, where this process can see it: its free space is watched.
    pub data_dir: Option<PathBuf>,
    /// Below this many free bytes senders are asked to try again later.
    pub disk_bytes_min: u64,
    /// How long connections may take to finish when the server stops.
    pub drain_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            frame_bytes_in_memory: 512 << 20,
            // One more than the cores of a small machine: each waits for the database now and then.
            workers: 3,
            matching: true,
            batch_messages_max: 200,
            data_dir: None,
            disk_bytes_min: 256 << 20,
            drain_timeout: Duration::from_secs(15),
        }
    }
}
