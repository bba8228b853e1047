//! How the store fails, in terms that a caller can act on.

use deadpool_postgres::PoolError;
use tokio_postgres::error::{DbError, SqlState};

/// Why the store could not do what was asked. Holds codes and names of tables, never values: a
/// server message's detail quotes rows, so it is left behind.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The database would lose commits: it runs with a setting that a promise forbids.
    #[error("the database runs with {setting} = {value}; an ACK would promise what may be lost")]
    Unsafe {
        /// The server setting.
        setting: String,
        /// Its value.
        value: String,
    },
    /// No connection, or it broke before anything could have been committed.
    #[error("the database can't be reached: {0}")]
    Unreachable(String),
    /// The server refused a statement.
    #[error("the database refused a statement ({code}, {place}): {what}")]
    Refused {
        /// SQLSTATE.
        code: String,
        /// Table and constraint, where the server names them.
        place: String,
        /// The server's message; empty for classes whose messages may quote values.
        what: String,
    },
    /// Someone else was first; the same work done again will see what they did.
    #[error("to be tried again: {0}")]
    Retry(&'static str),
    /// A version that the writer believed to be current is not.
    #[error("the version is not current any more")]
    VersionConflict,
    /// A commit whose outcome nobody knows.
    #[error("it is unknown whether the commit happened")]
    UnknownCommit,
    /// Rows that contradict each other or the code.
    #[error("the database is inconsistent: {0}")]
    Inconsistent(&'static str),
    /// The address of the database can't be understood, or a migration failed.
    #[error("{0}")]
    SetUp(String),
    /// A bounded queue is full, or its task has ended.
    #[error("the store is overloaded: {0}")]
    Overloaded(&'static str),
}

/// How a commit can fail.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CommitError {
    /// Nothing was committed.
    #[error("not committed: {0}")]
    Failed(#[from] StoreError),
    /// The connection broke while the commit was on its way: it may have happened.
    #[error("it is unknown whether the commit happened")]
    Unknown,
}

impl From<CommitError> for StoreError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Failed(error) => error,
            CommitError::Unknown => Self::UnknownCommit,
        }
    }
}

impl StoreError {
    /// Whether the same call may succeed later without any change: a lost connection, a deadlock, a
    /// time-out, a server that is starting or out of room.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable(_)
            | Self::Retry(_)
            | Self::VersionConflict
            | Self::UnknownCommit
            | Self::Overloaded(_) => true,
            Self::Refused { code, .. } => {
                code.starts_with("40") // serialisation failure, deadlock
                    || code.starts_with("53") // disk full, out of memory, too many connections
                    || code.starts_with("57") // cancelled, shutting down, starting up
                    || code.starts_with("08")
                    || code == "55P03" // lock not available in time
            }
            Self::Unsafe { .. } | Self::Inconsistent(_) | Self::SetUp(_) => false,
        }
    }

    /// Whether the row itself can't be stored (data exception, constraint, too large), so that its
    /// neighbours should be tried without it.
    pub fn is_about_the_row(&self) -> bool {
        match self {
            Self::Refused { code, .. } => {
                code.starts_with("22") || code.starts_with("23") || code.starts_with("54")
            }
            Self::Unsafe { .. }
            | Self::Unreachable(_)
            | Self::Retry(_)
            | Self::VersionConflict
            | Self::UnknownCommit
            | Self::Inconsistent(_)
            | Self::SetUp(_)
            | Self::Overloaded(_) => false,
        }
    }

    /// [`Self::Retry`] where a row that should be new was there already: somebody else was first.
    pub(crate) fn made_meanwhile(self, what: &'static str) -> Self {
        let unique = SqlState::UNIQUE_VIOLATION;
        let is_there = matches!(&self, Self::Refused { code, .. } if code == unique.code());
        if is_there { Self::Retry(what) } else { self }
    }

    /// SQLSTATE 25P02: an earlier statement of the same transaction failed; that one is the cause.
    pub(crate) fn is_aftermath(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if code == SqlState::IN_FAILED_SQL_TRANSACTION.code())
    }
}

impl From<&DbError> for StoreError {
    fn from(error: &DbError) -> Self {
        let code = error.code().code();
        let names = [error.table(), error.constraint(), error.column()];
        let quotes_values = code.starts_with("22") || code.starts_with("23");
        Self::Refused {
            code: code.to_owned(),
            place: names.into_iter().flatten().collect::<Vec<_>>().join("."),
            what: if quotes_values {
                String::new()
            } else {
                error.message().to_owned()
            },
        }
    }
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        if let Some(db) = error.as_db_error() {
            return db.into();
        }
        let said = error.to_string();
        if said.starts_with("error serializing parameter") {
            // A value that does not fit into a message: about the row, as a data exception is.
            return Self::Refused {
                code: SqlState::DATA_EXCEPTION.code().to_owned(),
                place: said,
                what: String::new(),
            };
        }
        Self::Unreachable(said)
    }
}

impl From<PoolError> for StoreError {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => match error.as_db_error() {
                // Wrong password, no such database: said as it is, but it may be put right.
                Some(db) => Self::Unreachable(format!("{} {}", db.code().code(), db.message())),
                None => Self::Unreachable(error.to_string()),
            },
            timeout @ (PoolError::Timeout(_)
            | PoolError::Closed
            | PoolError::NoRuntimeSpecified
            | PoolError::PostCreateHook(_)) => Self::Unreachable(timeout.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: &str) -> StoreError {
        StoreError::Refused {
            code: code.to_owned(),
            place: String::new(),
            what: String::new(),
        }
    }

    #[test]
    fn deadlocks_and_a_full_disk_pass_a_bad_row_does_not() {
        assert!(refused("40P01").is_transient());
        assert!(refused("53100").is_transient());
        assert!(!refused("23505").is_transient());
        assert!(refused("22021").is_about_the_row());
        assert!(!refused("40001").is_about_the_row());
    }
}
