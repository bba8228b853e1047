//! Why the embedded cluster can't run, said so that an operator knows what to do.

use std::io;
use std::path::{Path, PathBuf};

/// Why the embedded cluster can't run.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// No PostgreSQL on this machine.
    #[error(
        "no PostgreSQL programs (postgres, initdb, createdb; 14 or later) found: install them \
         (Debian: apt install postgresql), name their folder in database.programs_dir, or name a \
         database in DATABASE_URL"
    )]
    NoPrograms,
    /// The cluster was made by a major version that is not on this machine (any more).
    #[error(
        "the database in {} was made by PostgreSQL {made_by}, and only {found} is installed: \
         install PostgreSQL {made_by}, or move the data with pg_upgrade", cluster.display()
    )]
    OtherMajor {
        /// The cluster's folder.
        cluster: PathBuf,
        /// Its major version.
        made_by: u32,
        /// The major versions on this machine.
        found: String,
    },
    /// Another process owns the data folder.
    #[error("the data folder {} is in use by another drawbridge (process {pid})", root.display())]
    InUse {
        /// The data folder.
        root: PathBuf,
        /// The owner, as it said itself.
        pid: String,
    },
    /// The file system did not do what was asked.
    #[error("can't {what} {}", path.display())]
    Io {
        /// The attempt.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// Started as root, and there is nobody else to run Postgres as.
    #[error(
        "Postgres must not run as root, and no user could be made for it: run \
         `useradd --system drawbridge`, or start drawbridge as another user"
    )]
    NoAccount,
    /// The unprivileged user can't get at the data folder.
    #[error(
        "{} is closed to the user {account} that runs Postgres (it never runs as root): open it \
         with `chmod o+x`, or choose another --data folder", path.display()
    )]
    Unreachable {
        /// The first folder on the way that is closed.
        path: PathBuf,
        /// The user.
        account: String,
    },
    /// A PostgreSQL program failed.
    #[error("{program} failed: {said}")]
    Program {
        /// Which.
        program: &'static str,
        /// The end of what it said.
        said: String,
    },
    /// `postmaster.pid` names a process that runs and can't be looked at.
    #[error(
        "process {pid} seems to run the database in {}, but can't be identified: stop it, or \
         remove postmaster.pid if it is another program", cluster.display()
    )]
    UnknownHolder {
        /// The process.
        pid: i32,
        /// The cluster's folder.
        cluster: PathBuf,
    },
    /// Postgres did not end, whatever signal it was sent.
    #[error("postgres (process {pid}) does not end")]
    DoesNotEnd {
        /// The process.
        pid: i32,
    },
    /// Another process's cluster did not become ready in time.
    #[error("the database of the running drawbridge is not ready")]
    NotReady,
    /// A defect of ours.
    #[error("the supervisor of the embedded database panicked")]
    SupervisorPanicked,
}

impl EmbeddedError {
    pub(super) fn io(what: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io {
            what,
            path: path.to_owned(),
            source,
        }
    }
}
