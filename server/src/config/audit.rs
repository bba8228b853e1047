//! `[audit]`: the keys that make tampering with the journal and the audit trail show.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Keys of the digest chains.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuditConfig {
    /// File with the key of the digest chains (made on first start when it is absent). Default:
    /// `chain.key` in the data folder. Servers that share a database must share it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_file: Option<PathBuf>,
}
