//! Facts as bytes: compact JSON with each source written once.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::Arc;

use model::{EntityId, JournalId, Timestamp, Trigger};
use serde::Deserialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::place::push_number;
use super::{Event, Facts, First, Place, Register, RegisterKey, Source, Stamp};
use crate::json::escaped;

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

const FORMAT: u8 = 2;

/// Facts without firsts are written as builds before them did, which would lose the firsts of others.
const FORMAT_WITHOUT_FIRSTS: u8 = 1;

/// The entities to which stored facts refer as resources of some types, without reading the facts: it is
/// asked of every row that a batch loads.
pub fn references<'b>(
    stored: &'b [u8],
    types: &'static [&str],
) -> impl Iterator<Item = EntityId> + 'b {
    let text = std::str::from_utf8(stored).unwrap_or_default();
    text.match_indices('/').filter_map(move |(at, _)| {
        let before = text.get(..at)?.as_bytes();
        let n_letters = before
            .iter()
            .rev()
            .take_while(|it| it.is_ascii_alphabetic());
        let kind = text.get(at - n_letters.count()..at)?;
        let id = types
            .contains(&kind)
            .then(|| text.get(at + 1..=at + 36))
            .flatten()?;
        Some(EntityId(Uuid::parse_str(id).ok()?))
    })
}

/// What the bytes hold. They are read with serde and written by hand, because fragments are JSON
/// already and serde would read them again to be sure.
#[derive(Deserialize)]
struct Stored<'b> {
    v: u8,
    /// Sources, in their order; statements name them by index.
    s: Vec<StoredSource>,
    #[serde(borrow)]
    r: Vec<StoredRegister<'b>>,
    #[serde(borrow, default)]
    f: Vec<StoredFirst<'b>>,
    #[serde(borrow, default)]
    o: Vec<StoredObservation<'b>>,
    #[serde(borrow, default)]
    e: Vec<StoredEvent<'b>>,
}

/// Stated, MSH-13, MSH-7, MSH-10, digest, journal row, mapping version. Times are in microseconds,
/// which is what Postgres keeps and more than senders say.
#[derive(Deserialize)]
struct StoredSource(
    i64,
    Option<u64>,
    Option<i64>,
    String,
    u64,
    Option<JournalId>,
    i16,
);

/// Part, field, source, fragment.
#[derive(Deserialize)]
struct StoredRegister<'b>(
    #[serde(borrow)] Cow<'b, str>,
    Place,
    usize,
    #[serde(borrow)] Option<&'b RawValue>,
);

/// Part, field, source, text.
#[derive(Deserialize)]
struct StoredFirst<'b>(
    #[serde(borrow)] Cow<'b, str>,
    Place,
    usize,
    #[serde(borrow)] Cow<'b, str>,
);

/// Part, field, fragment, source.
#[derive(Deserialize)]
struct StoredObservation<'b>(
    #[serde(borrow)] Cow<'b, str>,
    Place,
    #[serde(borrow)] &'b RawValue,
    usize,
);

/// Occurred, earliest, trigger, source, time as sent, class, location.
#[derive(Deserialize)]
struct StoredEvent<'b>(
    i64,
    i64,
    Trigger,
    usize,
    String,
    #[serde(borrow)] Option<&'b RawValue>,
    Option<String>,
);

impl Facts {
    /// The facts as bytes; equal facts give equal bytes.
    ///
    /// # Panics
    /// Never: a trigger is a word.
    pub fn to_bytes(&self) -> Vec<u8> {
        let sources = self.sources();
        let mut out = String::with_capacity(1024);
        let format = if self.firsts.is_empty() {
            FORMAT_WITHOUT_FIRSTS
        } else {
            FORMAT
        };
        let _ = write!(out, "{{\"v\":{format},");
        list(&mut out, "\"s\"", &sources, |out, source| {
            write_source(out, source);
        });
        out.push(',');
        list(
            &mut out,
            "\"r\"",
            &self.registers,
            |out, (key, register)| {
                write_key(out, key);
                let fragment = register.fragment.as_deref().unwrap_or("null");
                push_number(out, place(&sources, &register.source));
                out.push(',');
                out.push_str(fragment);
            },
        );
        self.write_firsts(&sources, &mut out);
        if !self.observations.is_empty() {
            let each = self.observations.iter().flat_map(|(key, fragments)| {
                fragments
                    .iter()
                    .map(move |(fragment, source)| (key, fragment, source))
            });
            out.push(',');
            list(&mut out, "\"o\"", each, |out, (key, fragment, source)| {
                write_key(out, key);
                out.push_str(fragment);
                let _ = write!(out, ",{}", place(&sources, source));
            });
        }
        if !self.events.is_empty() {
            out.push(',');
            list(&mut out, "\"e\"", &self.events, |out, event| {
                write_event(out, event, place(&sources, &event.source));
            });
        }
        out.push('}');
        out.into_bytes()
    }

    fn write_firsts(&self, sources: &[&Source], out: &mut String) {
        if self.firsts.is_empty() {
            return;
        }
        out.push(',');
        list(out, "\"f\"", &self.firsts, |out, (key, first)| {
            write_key(out, key);
            let _ = write!(out, "{},", place(sources, &first.source));
            escaped(&first.text, out);
        });
    }

    /// Facts from their bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FactsError> {
        let stored: Stored<'_> = serde_json::from_slice(bytes).map_err(FactsError::Unreadable)?;
        if FORMAT < stored.v {
            return Err(FactsError::Later(stored.v));
        }
        let sources: Vec<Arc<Source>> = stored
            .s
            .into_iter()
            .map(|source| Arc::new(source.into()))
            .collect();
        let source = |at: usize| sources.get(at).cloned().ok_or(FactsError::NoSource);
        let mut part = Arc::from("");
        let mut facts = Self::new();
        for StoredRegister(name, field, at, fragment) in stored.r {
            let register = Register {
                source: source(at)?,
                fragment: fragment.map(|fragment| fragment.get().into()),
            };
            let key = RegisterKey {
                part: shared(&mut part, &name),
                field,
            };
            facts.registers.insert(key, register);
        }
        for StoredFirst(name, field, at, text) in stored.f {
            let key = RegisterKey {
                part: shared(&mut part, &name),
                field,
            };
            let first = First {
                source: source(at)?,
                text: text.into(),
            };
            facts.firsts.insert(key, first);
        }
        for StoredObservation(name, field, fragment, at) in stored.o {
            let key = RegisterKey {
                part: shared(&mut part, &name),
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

    /// Who said what is here, in order.
    fn sources(&self) -> Vec<&Source> {
        let registers = self.registers.values().map(|register| &register.source);
        let firsts = self.firsts.values().map(|first| &first.source);
        let observed = self
            .observations
            .values()
            .flat_map(|fragments| fragments.values());
        let events = self.events.iter().map(|event| &event.source);
        let mut sources: Vec<&Source> = Vec::new();
        for source in registers.chain(firsts).chain(observed).chain(events) {
            // Most of an entity's facts come from few messages.
            if sources
                .last()
                .is_none_or(|last| !std::ptr::eq(*last, source.as_ref()))
            {
                sources.push(source);
            }
        }
        sources.sort_unstable();
        sources.dedup();
        sources
    }
}

/// The name of a part; parts stand in order, so most have the name of the one before.
fn shared(last: &mut Arc<str>, name: &str) -> Arc<str> {
    if **last != *name {
        *last = name.into();
    }
    Arc::clone(last)
}

/// The index of a source.
fn place(sources: &[&Source], source: &Source) -> usize {
    if let [_] = sources {
        return 0;
    }
    sources.binary_search(&source).unwrap_or_default()
}

/// Writes a list of lists under a name.
fn list<T>(
    out: &mut String,
    name: &str,
    items: impl IntoIterator<Item = T>,
    mut write: impl FnMut(&mut String, T),
) {
    out.push_str(name);
    out.push_str(":[");
    for (at, item) in items.into_iter().enumerate() {
        out.push_str(if at == 0 { "[" } else { ",[" });
        write(out, item);
        out.push(']');
    }
    out.push(']');
}

fn write_key(out: &mut String, key: &RegisterKey) {
    escaped(&key.part, out);
    out.push_str(",\"");
    key.field.push(out);
    out.push_str("\",");
}

fn write_source(out: &mut String, source: &Source) {
    let Stamp {
        stated,
        sequence,
        sent,
        control_id,
        digest,
    } = &source.stamp;
    let _ = write!(out, "{},", stated.as_microsecond());
    write_option(out, *sequence);
    write_option(out, sent.map(Timestamp::as_microsecond));
    escaped(control_id, out);
    let _ = write!(out, ",{digest},");
    write_option(out, source.journal.map(|journal| journal.0));
    let _ = write!(out, "{}", source.mapping);
}

fn write_event(out: &mut String, event: &Event, source: usize) {
    let (occurred, earliest) = (event.occurred, event.earliest);
    let trigger = serde_json::to_string(&event.trigger).expect("a trigger is a word");
    let _ = write!(
        out,
        "{},{},{trigger},{source},",
        occurred.as_microsecond(),
        earliest.as_microsecond(),
    );
    escaped(&event.at, out);
    out.push(',');
    out.push_str(event.class.as_deref().unwrap_or("null"));
    out.push(',');
    match &event.location {
        Some(location) => escaped(location, out),
        None => out.push_str("null"),
    }
}

/// A number or `null`, and a comma.
fn write_option(out: &mut String, number: Option<impl std::fmt::Display>) {
    let _ = match number {
        Some(number) => write!(out, "{number},"),
        None => write!(out, "null,"),
    };
}

fn instant(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH)
}

impl Source {
    /// The source alone as bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = String::from("[");
        write_source(&mut out, self);
        out.push(']');
        out.into_bytes()
    }

    /// A source from its bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FactsError> {
        let stored: StoredSource = serde_json::from_slice(bytes).map_err(FactsError::Unreadable)?;
        Ok(stored.into())
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

impl StoredEvent<'_> {
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
