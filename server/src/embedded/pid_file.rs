//! `postmaster.pid`: what a running Postgres says about itself (PostgreSQL 17, 73.1 "Database File
//! Layout"; its lines are named in `src/include/utils/pidfile.h`).

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::EmbeddedError;
use super::layout::Address;

/// What stands in the file; lines that are not written yet are empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PidFile {
    pub(super) pid: i32,
    port: Option<u16>,
    socket_folder: String,
    status: String,
}

impl PidFile {
    /// `None` where Postgres does not run, or has only just begun to.
    pub(super) fn read(cluster: &Path) -> Result<Option<Self>, EmbeddedError> {
        let path = cluster.join("postmaster.pid");
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Self::parse(&text)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(EmbeddedError::io("read", &path, source)),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let lines: Vec<&str> = text.lines().collect();
        let line = |number: usize| lines.get(number - 1).copied().unwrap_or_default().trim();
        Some(Self {
            pid: line(1).parse().ok().filter(|pid: &i32| 0 < *pid)?,
            port: line(4).parse().ok(),
            socket_folder: line(5).to_owned(),
            status: line(8).to_owned(),
        })
    }

    pub(super) fn is_ready(&self) -> bool {
        self.status == "ready"
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.status == "stopping"
    }

    pub(super) fn address(&self) -> Option<Address> {
        if self.socket_folder.is_empty() {
            self.port.map(Address::Port)
        } else {
            Some(Address::Socket(self.socket_folder.clone().into()))
        }
    }

    /// Makes the file name this process where it names a stranger: the machine went down, and the
    /// number belongs to another program now. Postgres would refuse to start beside it, but it
    /// overlooks its own parent; and the line about shared memory, by which it finds survivors of
    /// the old server, stays.
    pub(super) fn disown(cluster: &Path) -> Result<(), EmbeddedError> {
        let path = cluster.join("postmaster.pid");
        let io = |source| EmbeddedError::io("rewrite", &path, source);
        let text = fs::read_to_string(&path).map_err(io)?;
        let rest = text.split_once('\n').map_or("", |(_, rest)| rest);
        fs::write(&path, format!("{}\n{rest}", std::process::id())).map_err(io)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ready_server_says_where_it_is() {
        let text = "4242\n/data/postgres\n1700000000\n5432\n/data/run\n\n  123456  7\nready   \n";
        let file = PidFile::parse(text).unwrap();
        assert_eq!(file.pid, 4242);
        assert!(file.is_ready());
        assert_eq!(file.address(), Some(Address::Socket("/data/run".into())));
        let text = "4242\n/data/postgres\n1700000000\n40001\n\n127.0.0.1\n  123456  7\nready   \n";
        assert_eq!(
            PidFile::parse(text).unwrap().address(),
            Some(Address::Port(40001))
        );
    }

    #[test]
    fn a_half_written_file_is_not_ready() {
        assert_eq!(PidFile::parse(""), None);
        assert_eq!(PidFile::parse("-17\n"), None, "single-user mode");
        assert!(!PidFile::parse("4242\n/data/postgres\n").unwrap().is_ready());
    }
}
