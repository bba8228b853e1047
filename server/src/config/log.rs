//! `[log]`: what is written to stderr. Never patient data, at any level.

use serde::{Deserialize, Serialize};

/// How much to log, and in which shape.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogConfig {
    /// A level (`error warn info debug trace`), or levels per target:
    /// `info,ingest=debug,store=warn`.
    pub level: String,
    /// `text` for people, `json` for log collectors: one object per line.
    pub format: LogFormat,
}

/// The shape of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            level: "info".to_owned(),
            format: LogFormat::Text,
        }
    }
}
