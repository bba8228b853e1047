//! Which site profile reads which message of an interface. The choice can be replaced while messages come.

use std::sync::{Arc, PoisonError, RwLock};

use hl7v2::{Charset, Field};
use mapping::Profile;

/// An interface's profiles; clones share what is in force.
#[derive(Clone, Debug)]
pub struct Profiles(Arc<RwLock<Arc<Choice>>>);

/// The profiles of an interface, by sender.
#[derive(Clone, Debug)]
pub struct Choice {
    /// For every sender that is not listed.
    pub otherwise: Arc<Profile>,
    /// For these; the first that fits.
    pub senders: Vec<Sender>,
}

/// A sender with a profile of its own.
#[derive(Clone, Debug)]
pub struct Sender {
    /// MSH-3.1, where it matters.
    pub application: Option<String>,
    /// MSH-4.1, where it matters.
    pub facility: Option<String>,
    /// How the sender is to be read.
    pub profile: Arc<Profile>,
}

impl Profiles {
    /// What is chosen so.
    pub fn new(choice: Choice) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(choice))))
    }

    /// What is in force.
    pub fn now(&self) -> Arc<Choice> {
        let choice = self.0.read().unwrap_or_else(PoisonError::into_inner);
        choice.clone()
    }

    /// Messages that are received from now on are read so.
    pub(crate) fn replace(&self, choice: Choice) {
        let mut now = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *now = Arc::new(choice);
    }
}

impl From<Arc<Profile>> for Profiles {
    fn from(profile: Arc<Profile>) -> Self {
        Self::new(Choice {
            otherwise: profile,
            senders: Vec::new(),
        })
    }
}

impl Choice {
    /// The profile of a sender: MSH-3 and MSH-4.
    pub fn of(&self, application: Field<'_>, facility: Field<'_>) -> &Arc<Profile> {
        self.place(application, facility)
            .and_then(|at| self.senders.get(at))
            .map_or(&self.otherwise, |sender| &sender.profile)
    }

    /// Which of the senders it is; none for any other.
    pub(crate) fn place(&self, application: Field<'_>, facility: Field<'_>) -> Option<usize> {
        if self.senders.is_empty() {
            return None;
        }
        let (application, facility) = (application.text(), facility.text());
        let fits = |wanted: &Option<String>, sent: &str| {
            wanted.as_ref().is_none_or(|wanted| *wanted == sent.trim())
        };
        let is_meant = |sender: &Sender| {
            fits(&sender.application, &application) && fits(&sender.facility, &facility)
        };
        self.senders.iter().position(is_meant)
    }

    /// All of them: that for others first, then those of the senders.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Profile>> {
        let senders = self.senders.iter().map(|sender| &sender.profile);
        std::iter::once(&self.otherwise).chain(senders)
    }
}

/// The character set that a profile asks for, where that is not the link's.
pub(crate) fn other_charset(profile: &Profile, link: Charset) -> Option<Charset> {
    profile.charset().filter(|charset| *charset != link)
}
