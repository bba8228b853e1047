//! `[journal]`: for how long received messages are kept.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Retention. Charts don't rest on the journal: facts, resources and history stay.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct JournalConfig {
    /// Set, a server drops each month of the journal that is older than so many years, once a day,
    /// unless a legal hold reaches it. Unset, nothing is dropped by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention_years: Option<u16>,
    /// Tenants whose messages are kept longer: name and years. A month is dropped whole, so the longest
    /// time of the tenants that have messages in it counts.
    pub longer: BTreeMap<String, u16>,
}
