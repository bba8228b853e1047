//! Who runs Postgres when drawbridge was started by root: somebody else.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::process::Stdio;

use nix::unistd::{Uid, User};

use super::EmbeddedError;

/// Accounts that may be there already, the distribution's first.
const KNOWN: [&str; 2] = ["postgres", "drawbridge"];

/// An unprivileged user.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) uid: u32,
    pub(super) gid: u32,
    name: String,
}

impl Account {
    /// `None`: this process is unprivileged and runs Postgres itself. A settled cluster keeps its
    /// owner.
    pub(super) fn choose(cluster: &Path) -> Result<Option<Self>, EmbeddedError> {
        if !nix::unistd::geteuid().is_root() {
            return Ok(None);
        }
        let owner = fs::metadata(cluster)
            .ok()
            .map(|metadata| Uid::from_raw(metadata.uid()));
        let owner = owner.filter(|uid| !uid.is_root()).map(User::from_uid);
        let found = owner
            .into_iter()
            .chain(KNOWN.into_iter().map(User::from_name))
            .find_map(|lookup| lookup.ok().flatten());
        let user = found.or_else(make).ok_or(EmbeddedError::NoAccount)?;
        Ok(Some(Self {
            uid: user.uid.as_raw(),
            gid: user.gid.as_raw(),
            name: user.name,
        }))
    }

    /// Hands a file or folder over.
    pub(super) fn own(&self, path: &Path) -> Result<(), EmbeddedError> {
        chown(path, Some(self.uid), Some(self.gid))
            .map_err(|source| EmbeddedError::io("hand over", path, source))
    }

    /// Makes sure that the way to the data folder is open to this user. The folder itself is ours
    /// to open (for passing through, not for listing); what leads to it is the operator's.
    pub(super) fn reach(&self, root: &Path) -> Result<(), EmbeddedError> {
        let io = |source| EmbeddedError::io("open", root, source);
        let mode = fs::metadata(root).map_err(io)?.mode();
        if mode & 0o001 == 0 {
            fs::set_permissions(root, fs::Permissions::from_mode(mode & 0o7777 | 0o011))
                .map_err(io)?;
        }
        match root
            .ancestors()
            .skip(1)
            .find(|folder| !self.may_pass(folder))
        {
            None => Ok(()),
            Some(closed) => Err(EmbeddedError::Unreachable {
                path: closed.to_owned(),
                account: self.name.clone(),
            }),
        }
    }

    fn may_pass(&self, folder: &Path) -> bool {
        let Ok(metadata) = fs::metadata(folder) else {
            return false;
        };
        let needed = if metadata.uid() == self.uid {
            0o100
        } else if metadata.gid() == self.gid {
            0o010
        } else {
            0o001
        };
        metadata.mode() & needed != 0
    }
}

/// Makes the account `drawbridge`, as a package's installation would.
fn make() -> Option<User> {
    let [_, name] = KNOWN;
    tracing::info!(
        account = name,
        "making an unprivileged user to run the embedded database"
    );
    let made = std::process::Command::new("useradd")
        .args([
            "--system",
            "--no-create-home",
            "--shell",
            "/usr/sbin/nologin",
            name,
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .ok()?;
    if made.success() {
        User::from_name(name).ok().flatten()
    } else {
        None
    }
}
