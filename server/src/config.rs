//! What an operator may set: one TOML file under built-in defaults and over-ridable by
//! `DRAWBRIDGE__SECTION__KEY`, read once, checked as a whole before anything starts.
//!
//! Secrets never stand in the file itself: a database password comes from `database.password_file`
//! or from the environment.

mod apply;
mod audit;
mod check;
mod data_dir;
mod database;
mod env;
mod error;
mod host_port;
mod http;
mod inbound;
mod journal;
mod layers;
mod log;
mod outbound;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::embedded::ProgramSearch;

pub use apply::ApplyConfig;
pub use audit::AuditConfig;
pub use data_dir::DataDir;
pub(crate) use database::percent_encoded;
pub use database::{DatabaseConfig, DatabaseUrl};
pub use env::Env;
pub use error::ConfigError;
pub use host_port::HostPort;
pub use http::HttpConfig;
pub use inbound::{InboundConfig, ListenerTls, SenderConfig, Unserved};
pub use journal::JournalConfig;
pub use log::{LogConfig, LogFormat};
pub use outbound::{AckMode, ContentWording, OutboundConfig, OutboundTls, VisitField};

/// Everything the configuration says, with defaults filled in.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where the embedded Postgres and the keys live; `None` until [`Config::load`] has chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_dir: Option<PathBuf>,
    /// The HTTP face.
    pub http: HttpConfig,
    /// Which database, and how many connections to it.
    pub database: DatabaseConfig,
    /// The workers that apply messages.
    pub apply: ApplyConfig,
    /// For how long received messages are kept.
    pub journal: JournalConfig,
    /// Keys of the digest chains.
    pub audit: AuditConfig,
    /// What is written to stderr.
    pub log: LogConfig,
    /// Site profiles of our own: name and file. Read again on SIGHUP.
    pub profiles: BTreeMap<String, PathBuf>,
    /// MLLP listeners. None named: one called `adt` on 127.0.0.1:2575.
    #[serde(default = "inbound::default_listeners")]
    pub inbound: Vec<InboundConfig>,
    /// Destinations of outgoing documents.
    pub outbound: Vec<OutboundConfig>,
    /// The folders of `PATH`, for finding PostgreSQL's programs.
    #[serde(skip)]
    search_path: Vec<PathBuf>,
}

/// Where the layers come from: the command line and the environment.
#[derive(Debug)]
pub struct Sources<'a> {
    /// `--config`; else `DRAWBRIDGE_CONFIG`; else no file.
    pub file: Option<PathBuf>,
    /// `--data`: wins over `data_dir`.
    pub data: Option<PathBuf>,
    /// The process's environment, read once.
    pub env: &'a Env,
}

impl Config {
    /// Lays defaults, file and environment over each other and checks the result.
    pub fn load(sources: Sources<'_>) -> Result<Self, ConfigError> {
        let Sources { file, data, env } = sources;
        let file = file.or_else(|| env.get("DRAWBRIDGE_CONFIG").map(PathBuf::from));
        let mut config = layers::merge(file.as_deref(), env)?;
        if config.database.url.is_none() {
            config.database.url = env
                .get("DATABASE_URL")
                .map(DatabaseUrl::parse)
                .transpose()?;
        }
        config.search_path = std::env::split_paths(env.get("PATH").unwrap_or_default()).collect();
        config.data_dir = Some(match data.or(config.data_dir.take()) {
            Some(chosen) => chosen,
            None => DataDir::default_path(env)?,
        });
        check::check(&config)?;
        Ok(config)
    }

    /// The data folder (made on first use).
    pub fn data(&self) -> DataDir {
        DataDir::new(self.data_dir.clone().unwrap_or_default())
    }

    /// Where PostgreSQL's programs are looked for.
    pub fn programs(&self) -> ProgramSearch {
        ProgramSearch {
            only: self.database.programs_dir.clone(),
            path: self.search_path.clone(),
        }
    }

    /// The file as `config show` prints it: every key, passwords masked.
    pub fn redacted(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(self)
    }
}
