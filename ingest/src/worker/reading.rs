//! Messages become statements. Pure; a message that panics is set aside, not its neighbours.

use std::{borrow::Cow, panic::AssertUnwindSafe, sync::Arc};

use bytes::Bytes;
use hl7v2::{Charset, Header, Message, charset};
use jiff::tz::TimeZone;
use mapping::{
    Profile,
    inbound::{Context, Interpretation, interpret},
};
use model::{IdSource, IdentityKey};
use sha2::{Digest, Sha256};
use store::lanes::Queued;

use crate::{Choice, counters::Counters};

/// How the messages of an interface are read.
#[derive(Clone, Debug)]
pub(crate) struct Manner {
    pub(crate) profile: Arc<Profile>,
    /// The profile's row in the store.
    pub(crate) profile_row: Option<i32>,
    pub(crate) zone: TimeZone,
    pub(crate) charset: Charset,
    /// What is counted of them.
    pub(crate) counters: Arc<Counters>,
}

/// How the messages of an interface are read, by sender.
#[derive(Debug)]
pub(crate) struct Manners {
    /// In the order of [`Choice::all`]; never empty.
    pub(crate) all: Vec<Arc<Manner>>,
    pub(crate) choice: Option<Choice>,
    /// The link's character set.
    pub(crate) charset: Charset,
}

impl Manners {
    /// The same for every sender.
    pub(crate) fn one(manner: Manner) -> Self {
        Self {
            charset: manner.charset,
            all: vec![Arc::new(manner)],
            choice: None,
        }
    }

    /// How a message is read.
    fn of(&self, raw: Option<&Bytes>) -> Option<Arc<Manner>> {
        let choice = self.choice.as_ref();
        let choice = choice.filter(|choice| !choice.senders.is_empty());
        let place = choice.zip(raw).and_then(|(choice, raw)| {
            let text = text_of(raw);
            let header = Header::parse(&text, self.charset).ok()?;
            choice.place(header.sending_application(), header.sending_facility())
        });
        let of_sender = place.and_then(|at| self.all.get(at + 1));
        of_sender.or_else(|| self.all.first()).cloned()
    }

    /// That of senders without a profile of their own.
    pub(crate) fn otherwise(&self) -> Option<&Manner> {
        self.all.first().map(Arc::as_ref)
    }
}

/// The cause of a message that the profile leaves alone.
pub(crate) const IGNORED: &str = "ignored";

/// A message that was read, one way or another.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) queued: Queued,
    pub(crate) result: Result<Interpretation, Failure>,
    /// It names a patient or a visit.
    pub(crate) identified: bool,
    pub(crate) manner: Arc<Manner>,
}

/// Why a message could not be mapped; no patient data in any of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Failure {
    /// A short word for the cause.
    pub(crate) reason: &'static str,
    pub(crate) place: Option<String>,
    pub(crate) diagnostics: String,
}

/// Reads one message.
pub(crate) fn read(
    queued: Queued,
    raw: Option<&Bytes>,
    manners: &Manners,
    key: &IdentityKey,
) -> Option<Read> {
    let manner = manners.of(raw)?;
    let attempt = || match raw {
        Some(raw) => understand(&queued, raw, &manner, key),
        None => (
            Err(Failure::new("lost", "the journal does not have its bytes")),
            true,
        ),
    };
    let (result, identified) = std::panic::catch_unwind(AssertUnwindSafe(attempt))
        .unwrap_or_else(|_| (Err(Failure::new("panic", "the mapping failed on it")), true));
    Some(Read {
        queued,
        result,
        identified,
        manner,
    })
}

impl Read {
    /// It could not be mapped, and should have been.
    pub(crate) fn is_dead(&self) -> bool {
        let failure = self.result.as_ref().err();
        failure.is_some_and(|failure| failure.reason != IGNORED)
    }
}

fn understand(
    queued: &Queued,
    raw: &[u8],
    manner: &Manner,
    key: &IdentityKey,
) -> (Result<Interpretation, Failure>, bool) {
    let text = text_of(raw);
    let message = match Message::parse_with(&text, manner.charset) {
        Ok(message) => message,
        Err(error) => return (Err(Failure::new("unreadable", &error.to_string())), true),
    };
    let digest = Sha256::digest(raw).into();
    let identified = mapping::route(&message, &manner.profile, key, &digest).identified;
    let context = Context {
        profile: &manner.profile,
        key,
        zone: &manner.zone,
        received_at: IdSource::instant(queued.journal.0),
        journal: Some(queued.journal),
        digest,
    };
    let read = interpret(&message, &context).map_err(|unmappable| Failure {
        reason: if unmappable.is_ignored() {
            IGNORED
        } else {
            "unmappable"
        },
        place: Some(unmappable.place.to_string()),
        diagnostics: unmappable.what.to_owned(),
    });
    (read, identified)
}

/// The bytes that are parsed; a UTF-16 message was only taken where that is configured.
pub(crate) fn text_of(raw: &[u8]) -> Cow<'_, [u8]> {
    match charset::looks_like_utf16(raw).then(|| charset::utf16_to_utf8(raw)) {
        Some(Some(text)) => Cow::Owned(text.into_bytes()),
        Some(None) | None => Cow::Borrowed(raw),
    }
}

impl Failure {
    pub(crate) fn new(reason: &'static str, diagnostics: &str) -> Self {
        Self {
            reason,
            place: None,
            diagnostics: diagnostics.to_owned(),
        }
    }
}
