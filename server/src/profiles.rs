//! Site profiles: those that are shipped, and the site's own from files.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use ingest::{Choice, Sender};
use mapping::Profile;

use crate::cli::Usage;
use crate::config::{Config, InboundConfig};

/// The profile of an interface that names none.
const GENERIC: &str = "generic";

/// The profiles that a configuration may name.
#[derive(Clone, Default, Debug)]
pub struct Library {
    own: BTreeMap<String, Arc<Profile>>,
}

impl Library {
    /// Reads the files of a configuration; each must be sound.
    pub fn load(config: &Config) -> Result<Self, Usage> {
        let read = |(name, file): (&String, &std::path::PathBuf)| {
            own(name, file).map(|profile| (name.clone(), Arc::new(profile)))
        };
        let own = config.profiles.iter().map(read).collect::<Result<_, _>>()?;
        Ok(Self { own })
    }

    /// Reads the files again. One that is not sound keeps what was read before; the log says what is wrong.
    pub fn reload(&mut self, config: &Config) {
        for (name, file) in &config.profiles {
            match own(name, file) {
                Ok(profile) => {
                    let version = profile.version();
                    tracing::info!(profile = %name, version, "the profile was read");
                    self.own.insert(name.clone(), Arc::new(profile));
                }
                Err(error) => {
                    tracing::error!(profile = %name, %error, "the profile is not sound; the old one stays in force");
                }
            }
        }
    }

    /// The profile of that name.
    pub fn get(&self, name: &str) -> Result<Arc<Profile>, Usage> {
        let own = self.own.get(name).cloned();
        own.or_else(|| Profile::named(name).map(|profile| Arc::new(profile.clone())))
            .ok_or_else(|| {
                let known = self.names().join(", ");
                Usage(format!("there is no profile `{name}`; known: {known}"))
            })
    }

    /// What profiles there are: the site's own first.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.own.keys().map(String::as_str).collect();
        for shipped in Profile::names() {
            if !self.own.contains_key(shipped) {
                names.push(shipped);
            }
        }
        names
    }

    /// Which profile reads which message of an interface.
    pub fn choice(&self, interface: &InboundConfig) -> Result<Choice, Usage> {
        let otherwise = self.get(interface.profile.as_deref().unwrap_or(GENERIC))?;
        let sender = |sender: &crate::config::SenderConfig| {
            Ok(Sender {
                application: sender.application.clone(),
                facility: sender.facility.clone(),
                profile: self.get(&sender.profile)?,
            })
        };
        let senders = interface
            .senders
            .iter()
            .map(sender)
            .collect::<Result<_, _>>()?;
        Ok(Choice { otherwise, senders })
    }
}

/// A profile by name, or from a file: what commands are given.
pub fn named_or_file(config: &Config, wanted: &str) -> Result<Arc<Profile>, Usage> {
    let is_file = wanted.contains(['/', '.']);
    if is_file {
        return read(Path::new(wanted)).map(Arc::new);
    }
    if let Some(file) = config.profiles.get(wanted) {
        return own(wanted, file).map(Arc::new);
    }
    Library::default().get(wanted).map_err(|error| {
        let own: Vec<&str> = config.profiles.keys().map(String::as_str).collect();
        Usage(format!(
            "{error}{}{}",
            if own.is_empty() { "" } else { ", " },
            own.join(", ")
        ))
    })
}

fn own(name: &str, file: &Path) -> Result<Profile, Usage> {
    let profile = read(file)?;
    if profile.name() == name {
        return Ok(profile);
    }
    let (file, is) = (file.display(), profile.name());
    Err(Usage(format!(
        "{file}: its name is `{is}`, the configuration calls it `{name}`: write the same in both"
    )))
}

/// Reads a file; the error names file and line of every mistake.
pub fn read(file: &Path) -> Result<Profile, Usage> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| Usage(format!("can't read {}: {error}", file.display())))?;
    Profile::parse(&text).map_err(|error| Usage(error.in_file(file.display())))
}
