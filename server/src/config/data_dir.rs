//! The folder that holds what must outlive the process: the embedded database and the keys.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::{ConfigError, Env};

/// The data folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataDir(PathBuf);

impl DataDir {
    /// A folder chosen by the operator (or a test).
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// `/var/lib/drawbridge` for root, else the user's own place (XDG Base Directory).
    pub(super) fn default_path(env: &Env) -> Result<PathBuf, ConfigError> {
        if nix::unistd::geteuid().is_root() {
            return Ok(PathBuf::from("/var/lib/drawbridge"));
        }
        // The XDG specification: a path that is not absolute is ignored.
        let xdg = env
            .get("XDG_DATA_HOME")
            .map(PathBuf::from)
            .filter(|path| path.is_absolute());
        let home = || {
            env.get("HOME")
                .map(|home| Path::new(home).join(".local/share"))
        };
        xdg.or_else(home)
            .map(|base| base.join("drawbridge"))
            .ok_or_else(|| {
                ConfigError::invalid(
                    "data_dir",
                    "no HOME to put the data folder in; use --data DIR",
                )
            })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Makes the folder, closed to others; one that exists is left as it is. Answers its absolute
    /// path, because Postgres is started from another working directory.
    pub fn ensure(&self) -> io::Result<PathBuf> {
        // Others may look the name up (the database's own user must reach its folder inside), not
        // list or read: every secret inside has a mode of its own.
        DirBuilder::new()
            .recursive(true)
            .mode(0o711)
            .create(&self.0)?;
        self.0.canonicalize()
    }
}
