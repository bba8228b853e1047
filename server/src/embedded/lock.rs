//! One owner per data folder. The system drops the lock when its owner dies, however it dies.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;

use nix::fcntl::{Flock, FlockArg};

use super::EmbeddedError;
use super::layout::Layout;

/// Held while this process owns the data folder.
pub(super) fn take(layout: &Layout) -> Result<Flock<File>, EmbeddedError> {
    let path = layout.lock();
    let io = |source| EmbeddedError::io("lock the data folder by", &path, source);
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(io)?;
    match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(mut lock) => {
            lock.set_len(0).map_err(io)?;
            writeln!(&mut *lock, "{}", std::process::id()).map_err(io)?;
            Ok(lock)
        }
        Err((mut file, nix::errno::Errno::EWOULDBLOCK)) => {
            let mut pid = String::new();
            // Only for the message: an owner that has not written its number yet stays nameless.
            let _ = file.read_to_string(&mut pid);
            let root = layout.root().to_owned();
            Err(EmbeddedError::InUse {
                root,
                pid: pid.trim().to_owned(),
            })
        }
        Err((_, errno)) => Err(io(errno.into())),
    }
}
