//! The FHIR repository: the current version of each resource with its search index, and its history.
//! Bodies are text that the caller has rendered, `meta` included; search values are handed in.

mod coalesce;
mod delta;
mod flat;
mod forget;
mod heads;
mod person;
mod read;
mod search;
mod write;

use jiff::Timestamp;
use model::{JournalId, ResourceId, Rid, VersionId};
use uuid::Uuid;

pub use coalesce::{Coalescer, Condition, Created, Submission};
pub use forget::{Traced, forget, naming, past};
pub use heads::heads;
pub use read::{HistoryPage, history, read, vread};
pub use search::{
    Criterion, Cursor, DateMatch, Order, Page, Prefix, Search, StringMatch, Total, TotalWanted,
    plan, search,
};
pub use write::write;

/// Who may change a resource.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// It follows from the EMR's messages.
    Emr,
    /// An app posted it.
    App,
    /// The server made it.
    Server,
}

/// What search finds a version by. It stands in the resource's row, where further criteria are
/// checked, and in the index tables, which lead a search to its candidates.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct IndexRows {
    /// The version of the extraction that made them.
    pub version: i16,
    /// Hashes of tokens, references and uris.
    pub tokens: Vec<i64>,
    /// Those of them that get a row in the index table; not known of a version that is read.
    pub leads: Vec<i64>,
    /// Normalised strings by parameter.
    pub strings: Vec<(i16, String)>,
    /// Closed ranges of instants by parameter.
    pub dates: Vec<(i16, Timestamp, Timestamp)>,
    /// The patient whose compartment it is in.
    pub patient: Option<ResourceId>,
}

/// A write of one resource.
#[derive(Clone, Debug)]
pub struct Write {
    /// Type, as the caller numbers them.
    pub kind: i16,
    /// Logical id.
    pub id: ResourceId,
    /// `meta.lastUpdated`, as it stands in the body.
    pub at: Timestamp,
    /// Who may change it.
    pub origin: Origin,
    /// The message that it follows from.
    pub journal: Option<JournalId>,
    /// Where each element came from.
    pub lineage: Option<Vec<u8>>,
    /// What is done.
    pub op: Op,
}

/// What is done to a resource.
#[derive(Clone, Debug)]
pub enum Op {
    /// Version 1.
    Create(Version),
    /// The version after `prior`; also for one that was deleted.
    Update {
        /// What it replaces.
        prior: Prior,
        /// What it becomes.
        version: Version,
    },
    /// The version after `prior` says that it is gone.
    Delete {
        /// What it replaces.
        prior: Prior,
    },
}

/// What a version says.
#[derive(Clone, Debug)]
pub struct Version {
    /// The exact JSON that will be served, `meta.versionId` and `meta.lastUpdated` included.
    pub body: String,
    /// Digest of the body without `meta`: a caller compares it before it writes.
    pub content: Uuid,
    /// What search finds it by.
    pub index: IndexRows,
}

/// The version that a write replaces, as [`heads()`] showed it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Prior {
    /// Row number.
    pub rid: Rid,
    /// Its version; if another one is current the write fails with a version conflict.
    pub version: VersionId,
    /// What search finds it by.
    pub index: IndexRows,
}

/// The current version of a resource, for a writer.
#[derive(Clone, Debug)]
pub struct Head {
    /// Type.
    pub kind: i16,
    /// Logical id.
    pub id: ResourceId,
    /// What a write of it replaces.
    pub prior: Prior,
    /// Digest of the body without `meta`.
    pub content: Uuid,
    /// The current version says that it is gone.
    pub deleted: bool,
    /// Who may change it.
    pub origin: Origin,
    /// The exact JSON; empty when it is gone.
    pub body: String,
    /// Where each element came from.
    pub lineage: Option<Vec<u8>>,
}

/// A version for a reader.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stored {
    /// Logical id.
    pub id: ResourceId,
    /// Its version.
    pub version: VersionId,
    /// When it was written.
    pub updated_at: Timestamp,
    /// It says that the resource is gone.
    pub deleted: bool,
    /// The exact JSON; empty when it is gone.
    pub body: String,
    /// The patient whose compartment it is in.
    pub patient: Option<ResourceId>,
}

impl Origin {
    /// The word in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Emr => "emr",
            Self::App => "app",
            Self::Server => "server",
        }
    }

    fn of(word: &str) -> Self {
        match word {
            "emr" => Self::Emr,
            "app" => Self::App,
            _ => Self::Server,
        }
    }
}

impl Op {
    /// What the write leaves, for creates and updates.
    fn version(&self) -> Option<&Version> {
        match self {
            Self::Create(version) | Self::Update { version, .. } => Some(version),
            Self::Delete { .. } => None,
        }
    }

    /// What the write replaces, for updates and deletes.
    fn prior(&self) -> Option<&Prior> {
        match self {
            Self::Create(_) => None,
            Self::Update { prior, .. } | Self::Delete { prior } => Some(prior),
        }
    }
}
