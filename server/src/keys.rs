//! The secrets that live in files beside the database: the key of the digest chains.

use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rand::RngCore as _;
use store::ChainKey;

use crate::config::Config;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file can't be read or made.
    #[error("the key file {} can't be used", file.display())]
    Unusable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file holds something else.
    #[error("{} holds no key: 64 hexadecimal digits are expected", .0.display())]
    NoKey(PathBuf),
}

/// The key of the digest chains: made on first use, readable by its owner alone.
pub fn chain_key(config: &Config) -> Result<ChainKey, KeyError> {
    let file = match &config.audit.key_file {
        Some(file) => file.clone(),
        None => default_file(config)?,
    };
    let unusable = |source| KeyError::Unusable {
        file: file.clone(),
        source,
    };
    let text = read_or_make(&file).map_err(unusable)?;
    let bytes = data_encoding::HEXLOWER_PERMISSIVE
        .decode(text.trim().as_bytes())
        .ok();
    let secret = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    secret.map(ChainKey::new).ok_or(KeyError::NoKey(file))
}

fn default_file(config: &Config) -> Result<PathBuf, KeyError> {
    let data = config.data();
    let folder = data.ensure().map_err(|source| KeyError::Unusable {
        file: data.path().to_owned(),
        source,
    })?;
    Ok(folder.join("chain.key"))
}

fn read_or_make(file: &Path) -> io::Result<String> {
    match make(file) {
        // Somebody else, or an earlier start, made it: theirs counts.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => return made,
    }
    let mut text = String::new();
    OpenOptions::new()
        .read(true)
        .open(file)?
        .read_to_string(&mut text)?;
    Ok(text)
}

/// Written whole under another name and linked, so that nobody ever reads half a key.
fn make(file: &Path) -> io::Result<String> {
    if file.exists() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let mut secret = [0_u8; 32];
    rand::rngs::ThreadRng::default().fill_bytes(&mut secret);
    let text = data_encoding::HEXLOWER.encode(&secret);
    let draft = file.with_extension(format!("{}.tmp", std::process::id()));
    let mut new = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)?;
    let linked = new
        .write_all(text.as_bytes())
        .and_then(|()| new.sync_all())
        .and_then(|()| std::fs::hard_link(&draft, file));
    std::fs::remove_file(&draft)?;
    linked.map(|()| text)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn config(folder: &Path) -> Config {
        let mut config = Config::default();
        config.data_dir = Some(folder.to_owned());
        config
    }

    #[test]
    fn a_key_is_made_once_and_closed_to_others() {
        let folder = tempfile::tempdir().unwrap();
        let first = chain_key(&config(folder.path())).unwrap();
        assert_eq!(chain_key(&config(folder.path())).unwrap(), first);
        let file = folder.path().join("chain.key");
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_file_without_a_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("chain.key"), "secret").unwrap();
        assert!(matches!(
            chain_key(&config(folder.path())),
            Err(KeyError::NoKey(_))
        ));
    }
}
