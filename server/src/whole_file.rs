//! A file that is there as a whole or not at all, closed to others: what is exported holds patient data,
//! or proves something.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// A file under another name until it is whole. Dropped before, it leaves nothing behind.
#[derive(Debug)]
pub struct WholeFile {
    path: PathBuf,
    part: PathBuf,
    is_done: bool,
}

impl WholeFile {
    /// Begins a file; what is there under its name stays until the new one is whole.
    pub fn begin(path: &Path) -> io::Result<(Self, File)> {
        let mut name = OsString::from(path);
        // Two that write the same file at once don't write into each other's.
        name.push(format!(".{}.part", std::process::id()));
        let part = PathBuf::from(name);
        let mut options = OpenOptions::new();
        let file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&part)?;
        let whole = Self {
            path: path.to_owned(),
            part,
            is_done: false,
        };
        Ok((whole, file))
    }

    /// The file is whole: it is on the disk, and takes the place of what was there.
    pub fn finish(mut self, file: &File) -> io::Result<()> {
        file.sync_all()?;
        std::fs::rename(&self.part, &self.path)?;
        self.is_done = true;
        // The new name too has to outlive a power cut.
        let folder = self.path.parent().filter(|it| !it.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        if !self.is_done {
            // The error that led here is the one to tell.
            let _ = std::fs::remove_file(&self.part);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn what_was_there_stays_until_the_new_file_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("heads.jsonl");
        std::fs::write(&path, "yesterday").unwrap();
        let (half, mut file) = WholeFile::begin(&path).unwrap();
        file.write_all(b"tod").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"yesterday");
        assert!(WholeFile::begin(&path).is_err(), "somebody is at it");
        drop(half);
        let (whole, mut file) = WholeFile::begin(&path).unwrap();
        file.write_all(b"today").unwrap();
        whole.finish(&file).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"today");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
