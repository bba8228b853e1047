//! What is wrong with a configuration: one line that says where and, if it can, what was meant.

use std::io;
use std::path::PathBuf;

/// A configuration that can't be used. The program ends with exit code 2.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file that the configuration consists of or names could not be read.
    #[error("can't read {}", file.display())]
    Unreadable {
        /// Which file.
        file: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file is not TOML.
    #[error("{}:{line}: {what}", file.display())]
    Syntax {
        /// Which file.
        file: PathBuf,
        /// Counted from one.
        line: usize,
        /// What the parser says.
        what: String,
    },
    /// A key that means nothing here.
    #[error("{place}: unknown key `{key}`{}", did_you_mean(nearest.as_deref()))]
    UnknownKey {
        /// File and line, or the environment variable.
        place: String,
        /// With its section: `inbound[0].bnid`.
        key: String,
        /// The known key that it resembles.
        nearest: Option<String>,
    },
    /// A value of the wrong type, or one that can't work.
    #[error("{}{key}: {what}", place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default())]
    Invalid {
        /// File and line, or the environment variable, where that is known.
        place: Option<String>,
        /// With its section.
        key: String,
        /// What is wrong and what to write instead.
        what: String,
    },
}

impl ConfigError {
    /// A value that can't work, wherever it came from.
    pub(super) fn invalid(key: impl Into<String>, what: impl Into<String>) -> Self {
        Self::Invalid {
            place: None,
            key: key.into(),
            what: what.into(),
        }
    }
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest
        .map(|known| format!(" (did you mean `{known}`?)"))
        .unwrap_or_default()
}
