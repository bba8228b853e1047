//! Facts as bytes: compact JSON with each source written once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::{JournalId, Timestamp, Trigger};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Event, Facts, Place, Register, RegisterKey, Source, Stamp};

/// Stored bytes are not facts (or facts of a later format).
#[derive(Debug, thiserror::Error)]
pub enum FactsError {
    /// Not our JSON.
    #[error("stored facts can't be read")]
    Unreadable(#[source] serde_json::Error),
    /// A statement whose source is missing.
    #[error("stored facts name a source that they don't hold")]
    NoSource,
    /// Written by a later build.
    #[error("stored facts have format {0}, this build reads up to {FORMAT}")]
    Later(u8),
}

const FORMAT: u8 = 1;

#[derive(Serialize, Deserialize)]
struct Stored {
    v: u8,
    /// Sources, in their order; statements name them by index.
    s: Vec<StoredSource>,
    /// Registers: part, field, source, fragment.
    r: Vec<(String, Place, usize, Option<Box<RawValue>>)>,
    /// Observations: part, field, fragment, source.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    o: Vec<(String, Place, Box<RawValue>, usize)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    e: Vec<StoredEvent>,
}

/// Stated, MSH-13, MSH-7, MSH-10, digest, journal row, mapping version. Times are in microseconds,
/// which is what Postgres keeps and more than senders say.
#[derive(Serialize, Deserialize)]
struct StoredSource(
    i64,
    Option<u64>,
    Option<i64>,
    String,
    u64,
    Option<JournalId>,
    i16,
);

/// Occurred, earliest, trigger, source, time as sent, class, location.
#[derive(Serialize, Deserialize)]
struct StoredEvent(
    i64,
    i64,
    Trigger,
    usize,
    String,
    Option<Box<RawValue>>,
    Option<String>,
);

impl Facts {
    /// The facts as bytes; equal facts give equal bytes.
    ///
    /// # Panics
    /// Never: facts hold only what JSON can say.
    pub fn to_bytes(&self) -> Vec<u8> {
        let sources: BTreeSet<&Source> = self.sources().collect();
        let places: BTreeMap<&Source, usize> = sources
            .iter()
            .enumerate()
            .map(|(at, source)| (*source, at))
            .collect();
        let at = |source: &Arc<Source>| places.get(source.as_ref()).copied().unwrap_or_default();
        let registers = self.registers.iter().map(|(key, register)| {
            let fragment = register.fragment.as_deref().map(raw);
            (
                key.part.to_string(),
                key.field,
                at(&register.source),
                fragment,
            )
        });
        let observations = self.observations.iter().flat_map(|(key, fragments)| {
            fragments
                .iter()
                .map(move |(fragment, source)| (key, fragment, source))
        });
        let observations = observations.map(|(key, fragment, source)| {
            (key.part.to_string(), key.field, raw(fragment), at(source))
        });
        let events = self
            .events
            .iter()
            .map(|event| StoredEvent::new(event, at(&event.source)));
        let stored = Stored {
            v: FORMAT,
            r: registers.collect(),
            o: observations.collect(),
            e: events.collect(),
            s: sources
                .iter()
                .map(|source| StoredSource::from(*source))
                .collect(),
        };
        serde_json::to_vec(&stored).expect("facts hold only what JSON can say")
    }

    /// Facts from their bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FactsError> {
        let stored: Stored = serde_json::from_slice(bytes).map_err(FactsError::Unreadable)?;
        if FORMAT < stored.v {
            return Err(FactsError::Later(stored.v));
        }
        let sources: Vec<Arc<Source>> = stored
            .s
            .into_iter()
            .map(|source| Arc::new(source.into()))
            .collect();
        let source = |at: usize| sources.get(at).cloned().ok_or(FactsError::NoSource);
        let mut facts = Self::new();
        for (part, field, at, fragment) in stored.r {
            let fragment = fragment.map(|fragment| fragment.get().into());
            let register = Register {
                source: source(at)?,
                fragment,
            };
            facts.registers.insert(
                RegisterKey {
                    part: part.into(),
                    field,
                },
                register,
            );
        }
        for (part, field, fragment, at) in stored.o {
            let key = RegisterKey {
                part: part.into(),
                field,
            };
            let fragments = facts.observations.entry(key).or_default();
            fragments.insert(fragment.get().into(), source(at)?);
        }
        for event in stored.e {
            let source = source(event.3)?;
            facts.events.insert(event.with(source));
        }
        Ok(facts)
    }

    fn sources(&self) -> impl Iterator<Item = &Source> {
        let registers = self
            .registers
            .values()
            .map(|register| register.source.as_ref());
        let observed = self
            .observations
            .values()
            .flat_map(BTreeMap::values)
            .map(Arc::as_ref);
        let events = self.events.iter().map(|event| event.source.as_ref());
        registers.chain(observed).chain(events)
    }
}

/// A fragment as JSON inside JSON.
fn raw(fragment: &str) -> Box<RawValue> {
    RawValue::from_string(fragment.to_owned()).expect("a fragment is JSON that we wrote")
}

fn instant(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH)
}

impl From<&Source> for StoredSource {
    fn from(source: &Source) -> Self {
        let stamp = &source.stamp;
        Self(
            stamp.stated.as_microsecond(),
            stamp.sequence,
            stamp.sent.map(Timestamp::as_microsecond),
            stamp.control_id.clone(),
            stamp.digest,
            source.journal,
            source.mapping,
        )
    }
}

impl From<StoredSource> for Source {
    fn from(stored: StoredSource) -> Self {
        let StoredSource(stated, sequence, sent, control_id, digest, journal, mapping) = stored;
        let stamp = Stamp {
            stated: instant(stated),
            sequence,
            sent: sent.map(instant),
            control_id,
            digest,
        };
        Self {
            stamp,
            journal,
            mapping,
        }
    }
}

impl StoredEvent {
    fn new(event: &Event, source: usize) -> Self {
        Self(
            event.occurred.as_microsecond(),
            event.earliest.as_microsecond(),
            event.trigger,
            source,
            event.at.clone(),
            event.class.as_deref().map(raw),
            event.location.clone(),
        )
    }

    fn with(self, source: Arc<Source>) -> Event {
        let Self(occurred, earliest, trigger, _, at, class, location) = self;
        Event {
            occurred: instant(occurred),
            earliest: instant(earliest),
            trigger,
            source,
            at,
            class: class.map(|class| class.get().into()),
            location,
        }
    }
}
