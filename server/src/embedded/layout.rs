//! Where things are in the data folder, and how the database in it is reached.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::EmbeddedError;
use crate::config::percent_encoded;

/// `sun_path` has 104 bytes on the BSDs and macOS, 108 on Linux, its closing zero included.
const SOCKET_PATH_BYTES_MAX: usize = 103;
/// Only names the socket's file; nothing listens on the network there.
pub(super) const SOCKET_PORT: u16 = 5432;
/// The superuser that owns the cluster, and the database in it.
pub(super) const NAME: &str = "drawbridge";

/// The data folder.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    root: PathBuf,
}

/// How the cluster is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Address {
    /// The folder of the Unix socket.
    Socket(PathBuf),
    /// A port on loopback.
    Port(u16),
}

impl Layout {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The cluster itself (`PGDATA`).
    pub(super) fn cluster(&self) -> PathBuf {
        self.root.join("postgres")
    }

    /// A cluster in the making: renamed when it is complete.
    pub(super) fn draft(&self) -> PathBuf {
        self.root.join("postgres.new")
    }

    /// There once the database in the cluster has been made.
    pub(super) fn database_mark(&self) -> PathBuf {
        self.root.join("postgres.database")
    }

    pub(super) fn password_file(&self) -> PathBuf {
        self.root.join("postgres.password")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.root.join("postgres.log")
    }

    pub(super) fn lock(&self) -> PathBuf {
        self.root.join("postgres.lock")
    }

    /// The socket's folder; `None` where the path would be too long for a socket.
    pub(super) fn socket_folder(&self) -> Option<PathBuf> {
        let folder = self.root.join("run");
        let socket = folder.join(format!(".s.PGSQL.{SOCKET_PORT}"));
        (socket.as_os_str().as_bytes().len() <= SOCKET_PATH_BYTES_MAX).then_some(folder)
    }

    pub(super) fn password(&self) -> Result<String, EmbeddedError> {
        let file = self.password_file();
        let text = fs::read_to_string(&file)
            .map_err(|source| EmbeddedError::io("read the password in", &file, source))?;
        Ok(text.trim_end().to_owned())
    }

    /// In the form that libpq, sqlx and tokio-postgres all read: everything but the database's name
    /// as a parameter.
    pub(super) fn url(&self, address: &Address) -> Result<String, EmbeddedError> {
        let password = self.password()?;
        Ok(match address {
            Address::Socket(folder) => {
                let host = percent_encoded(&folder.to_string_lossy());
                format!(
                    "postgres:///{NAME}?host={host}&port={SOCKET_PORT}&user={NAME}&password={password}"
                )
            }
            Address::Port(port) => format!("postgres://{NAME}:{password}@127.0.0.1:{port}/{NAME}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Layout;

    #[test]
    fn a_path_too_long_for_a_socket_has_none() {
        assert!(
            Layout::new("/var/lib/drawbridge".into())
                .socket_folder()
                .is_some()
        );
        assert_eq!(
            Layout::new(format!("/{}", "a".repeat(90)).into()).socket_folder(),
            None
        );
    }
}
