//! What a thread remembers: most messages of a sender name the same few people, places and codes, and what
//! the same bytes say is always the same. It is read once and said again in each message's name.
//!
//! Nothing that names a patient is remembered.

use std::cell::RefCell;
use std::collections::HashMap;

use fhirbolt::model::r4::types::Reference;
use hl7v2::{Charset, Message, Separators};
use jiff::tz::TimeZone;
use model::IdentityKey;

use crate::facts::{Fragment, Place};
use crate::identity;
use crate::table::usage::is_watched;

use super::{Context, Statement};

/// All that the meaning of a field's bytes depends on besides them.
struct Setting {
    /// The profile, digested.
    profile: [u8; 32],
    key: IdentityKey,
    zone: TimeZone,
    sender: String,
    separators: Separators,
    charsets: [Charset; 2],
}

/// What bytes were read as.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Sort {
    /// XCN of a person.
    Person,
    /// PL of a place.
    Place,
    /// What stands in a field.
    Field(Place),
}

impl Sort {
    /// What tells the same bytes of two sorts apart.
    pub(super) const fn word(self) -> &'static [u8] {
        match self {
            Self::Person => b"XCN ",
            Self::Place => b"PL ",
            Self::Field(_) => b"",
        }
    }
}

/// What bytes said.
pub(super) enum Phrase {
    /// A thing that others refer to, and what was said of it and of its surroundings.
    Thing(Box<Reference>, Vec<Statement>),
    /// The elements that a field gives.
    Elements(Option<Fragment>),
}

impl Phrase {
    fn n_statements(&self) -> usize {
        match self {
            Self::Thing(_, statements) => 1 + statements.len(),
            Self::Elements(_) => 1,
        }
    }
}

/// What was read as one sort, by its bytes.
type Phrases = HashMap<Box<[u8]>, Phrase>;

/// What was read under one setting.
struct Room {
    setting: Setting,
    /// There are few sorts.
    phrases: Vec<(Sort, Phrases)>,
    n_statements: usize,
}

thread_local! {
    /// The one in use last at the end.
    static ROOMS: RefCell<Vec<Room>> = const { RefCell::new(Vec::new()) };
}

/// A sender has one setting for each offset from UTC.
const ROOMS_MAX: usize = 16;

/// About as many kilobytes. A room that is full is emptied: what is still said comes back.
const STATEMENTS_MAX: usize = 1024;

/// Longer ones are rarely said twice.
const BYTES_MAX: usize = 256;

/// A room that one message has for itself while it is read.
pub(super) struct Memory(Option<Room>);

impl Memory {
    /// The room of a message. A trace wants to see everything read: it has none.
    pub(super) fn of(
        message: &Message<'_>,
        zone: &TimeZone,
        sender: &str,
        ctx: &Context<'_>,
    ) -> Self {
        if is_watched() {
            return Self(None);
        }
        let separators = message.separators();
        let charsets = [message.charset(), message.fallback()];
        let is_same = |room: &Room| {
            let known = &room.setting;
            known.sender == sender
                && known.zone == *zone
                && known.profile == ctx.profile.digest()
                && known.key == *ctx.key
                && known.separators == separators
                && known.charsets == charsets
        };
        let found = ROOMS.with_borrow_mut(|rooms| {
            let at = rooms.iter().rposition(is_same)?;
            Some(rooms.remove(at))
        });
        let room = found.unwrap_or_else(|| Room {
            setting: Setting {
                profile: ctx.profile.digest(),
                key: ctx.key.clone(),
                zone: zone.clone(),
                sender: sender.to_owned(),
                separators,
                charsets,
            },
            phrases: Vec::new(),
            n_statements: 0,
        });
        Self(Some(room))
    }

    /// What the bytes said before.
    pub(super) fn recall(&self, sort: Sort, bytes: &[u8]) -> Option<&Phrase> {
        let mut phrases = self.0.as_ref()?.phrases.iter();
        let (_, phrases) = phrases.find(|(known, _)| *known == sort)?;
        phrases.get(bytes)
    }

    /// Remembers what the bytes say.
    pub(super) fn keep(&mut self, sort: Sort, bytes: &[u8], phrase: Phrase) {
        let Some(room) = self.0.as_mut().filter(|_| bytes.len() <= BYTES_MAX) else {
            return;
        };
        if STATEMENTS_MAX <= room.n_statements {
            room.phrases.clear();
            room.n_statements = 0;
        }
        room.n_statements += phrase.n_statements();
        let mut phrases = room.phrases.iter_mut();
        if let Some((_, phrases)) = phrases.find(|(known, _)| *known == sort) {
            phrases.insert(bytes.into(), phrase);
        } else {
            let phrases = Phrases::from([(bytes.into(), phrase)]);
            room.phrases.push((sort, phrases));
        }
    }
}

/// The elements that some bytes of the message's header give, and nothing but them.
pub(crate) fn header_elements(
    message: &Message<'_>,
    bytes: &[u8],
    ctx: &Context<'_>,
    read: impl FnOnce() -> Option<Fragment>,
) -> Option<Fragment> {
    let sender = identity::sender(&message.msh());
    let mut memory = Memory::of(message, ctx.zone, &sender, ctx);
    let sort = Sort::Field(Place::new("MSH", 0));
    if let Some(Phrase::Elements(known)) = memory.recall(sort, bytes) {
        return known.clone();
    }
    let fragment = read();
    memory.keep(sort, bytes, Phrase::Elements(fragment.clone()));
    fragment
}

/// The room is there for the next message.
impl Drop for Memory {
    fn drop(&mut self) {
        let Some(room) = self.0.take() else { return };
        ROOMS.with_borrow_mut(|rooms| {
            if ROOMS_MAX <= rooms.len() {
                rooms.remove(0);
            }
            rooms.push(room);
        });
    }
}
