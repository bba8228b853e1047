//! `[apply]`: how journalled messages become charts.

use serde::{Deserialize, Serialize};

/// The workers that apply messages.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct ApplyConfig {
    /// Tasks that apply messages at a time. 0: this process only receives, another one applies.
    pub workers: u8,
    /// Messages of one transaction at most.
    pub batch_messages_max: u16,
}

impl Default for ApplyConfig {
    fn default() -> Self {
        Self {
            // One more than the cores of a small machine: each waits for the database now and then.
            workers: 3,
            batch_messages_max: 200,
        }
    }
}
