//! Fields and their parts: views that split, unescape and decode when asked.
//!
//! *Empty* says nothing. Two quotes are *null*: the sender deletes what was there; null is never
//! text. A part that is not there is empty.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter};

use super::Syntax;
use crate::{Charset, Separators, escape::unescape};

/// MSH-1 and MSH-2 are not split or unescaped: their separator is one that no field contains.
static LITERAL: Syntax<'static> = Syntax {
    separators: Separators {
        field: b'\r',
        component: b'\r',
        repetition: b'\r',
        escape: b'\r',
        subcomponent: b'\r',
        truncation: None,
    },
    charset: Charset::Ascii,
    fallback: Charset::Windows1252,
    text: None,
};

/// One field with all its repetitions.
#[derive(Clone, Copy)]
pub struct Field<'m> {
    raw: &'m [u8],
    syntax: &'m Syntax<'m>,
}

/// One repetition of a field.
#[derive(Clone, Copy)]
pub struct Repetition<'m> {
    raw: &'m [u8],
    syntax: &'m Syntax<'m>,
}

/// One component of a repetition.
#[derive(Clone, Copy)]
pub struct Component<'m> {
    raw: &'m [u8],
    syntax: &'m Syntax<'m>,
}

/// One subcomponent of a component: the smallest part.
#[derive(Clone, Copy)]
pub struct Subcomponent<'m> {
    raw: &'m [u8],
    syntax: &'m Syntax<'m>,
}

/// What every part can say about itself.
macro_rules! common {
    ($($name:ident),+) => {$(
        impl<'m> $name<'m> {
            /// The bytes as received, with separators and escapes.
            pub fn raw(&self) -> &'m [u8] {
                self.raw
            }

            /// Says nothing: no bytes, or nothing but separators.
            pub fn is_empty(&self) -> bool {
                self.raw.iter().all(|&byte| self.syntax.separators.splits_fields(byte))
            }

            /// Exactly two quotes: the sender deletes what was there.
            pub fn is_null(&self) -> bool {
                self.raw == b"\"\""
            }

            /// The whole part as text, unescaped and decoded, its separators kept as characters:
            /// for senders that don't escape. Null gives no text.
            pub fn full_text(&self) -> Cow<'m, str> {
                if self.is_null() {
                    return Cow::Borrowed("");
                }
                text_of(self.raw, self.syntax)
            }
        }
    )+};
}

common!(Field, Repetition, Component, Subcomponent);
crate::redact::debug_as_size!(Field, Repetition, Component, Subcomponent);

impl<'m> Field<'m> {
    pub(super) fn new(raw: &'m [u8], syntax: &'m Syntax<'m>) -> Self {
        Self { raw, syntax }
    }

    pub(super) fn empty(syntax: &'m Syntax<'m>) -> Self {
        Self { raw: &[], syntax }
    }

    pub(super) fn literal(raw: &'m [u8]) -> Self {
        Self {
            raw,
            syntax: &LITERAL,
        }
    }

    /// The repetitions, empty ones too; a field without bytes has none.
    pub fn repetitions(&self) -> impl Iterator<Item = Repetition<'m>> + use<'m> {
        let syntax = self.syntax;
        split(self.raw, syntax.separators.repetition).map(move |raw| Repetition { raw, syntax })
    }

    /// How many repetitions there are.
    pub fn n_repetitions(&self) -> usize {
        count(self.raw, self.syntax.separators.repetition)
    }

    /// Repetition `n`, counted from 1; empty if it is not there.
    pub fn repetition(&self, n: usize) -> Repetition<'m> {
        let raw = nth(self.raw, self.syntax.separators.repetition, n);
        Repetition {
            raw,
            syntax: self.syntax,
        }
    }

    /// The first repetition; empty if there is none.
    pub fn first(&self) -> Repetition<'m> {
        self.repetition(1)
    }

    /// Component `n` of the first repetition.
    pub fn component(&self, n: usize) -> Component<'m> {
        self.first().component(n)
    }

    /// The first value: first repetition, component, subcomponent.
    pub fn text(&self) -> Cow<'m, str> {
        self.first().text()
    }
}

impl<'m> Repetition<'m> {
    /// Component `n`, counted from 1; empty if it is not there.
    pub fn component(&self, n: usize) -> Component<'m> {
        Component {
            raw: nth(self.raw, self.syntax.separators.component, n),
            syntax: self.syntax,
        }
    }

    pub(crate) fn separator(&self) -> u8 {
        self.syntax.separators.component
    }

    /// A component whose bytes were found.
    pub(crate) fn with_component(&self, raw: &'m [u8]) -> Component<'m> {
        let syntax = self.syntax;
        Component { raw, syntax }
    }

    /// How many components there are.
    pub fn n_components(&self) -> usize {
        count(self.raw, self.syntax.separators.component)
    }

    /// The first component's first subcomponent as text.
    pub fn text(&self) -> Cow<'m, str> {
        self.component(1).text()
    }
}

impl<'m> Component<'m> {
    /// Subcomponent `n`, counted from 1; empty if it is not there.
    pub fn subcomponent(&self, n: usize) -> Subcomponent<'m> {
        Subcomponent {
            raw: nth(self.raw, self.syntax.separators.subcomponent, n),
            syntax: self.syntax,
        }
    }

    pub(crate) fn separator(&self) -> u8 {
        self.syntax.separators.subcomponent
    }

    /// A subcomponent whose bytes were found.
    pub(crate) fn with_subcomponent(&self, raw: &'m [u8]) -> Subcomponent<'m> {
        let syntax = self.syntax;
        Subcomponent { raw, syntax }
    }

    /// How many subcomponents there are.
    pub fn n_subcomponents(&self) -> usize {
        count(self.raw, self.syntax.separators.subcomponent)
    }

    /// The first subcomponent as text.
    pub fn text(&self) -> Cow<'m, str> {
        self.subcomponent(1).full_text()
    }
}

impl<'m> Subcomponent<'m> {
    /// The text, unescaped and decoded.
    pub fn text(&self) -> Cow<'m, str> {
        self.full_text()
    }
}

fn text_of<'m>(raw: &'m [u8], syntax: &'m Syntax<'m>) -> Cow<'m, str> {
    // Most parts of most fields say nothing.
    if raw.is_empty() {
        return Cow::Borrowed("");
    }
    if find(syntax.separators.escape, raw).is_none() {
        if let Some(text) = syntax.text.and_then(|whole| part_of(whole, raw)) {
            return Cow::Borrowed(text);
        }
        return syntax.charset.decode(raw, syntax.fallback);
    }
    match unescape(raw, &syntax.separators) {
        Cow::Borrowed(bytes) => syntax.charset.decode(bytes, syntax.fallback),
        Cow::Owned(bytes) => {
            Cow::Owned(syntax.charset.decode(&bytes, syntax.fallback).into_owned())
        }
    }
}

/// Bytes that stand in a text, as text. Bytes from elsewhere have an address beyond its end.
fn part_of<'m>(whole: &'m str, raw: &[u8]) -> Option<&'m str> {
    let start = raw.as_ptr().addr().checked_sub(whole.as_ptr().addr())?;
    whole.get(start..start.checked_add(raw.len())?)
}

/// The parts of `raw`; no bytes have no parts.
fn split(raw: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let mut rest = (!raw.is_empty()).then_some(raw);
    std::iter::from_fn(move || {
        let bytes = rest?;
        let (part, tail) = cut(bytes, separator);
        rest = tail;
        Some(part)
    })
}

/// The bytes before the separator, and those after it if there is one.
fn cut(bytes: &[u8], separator: u8) -> (&[u8], Option<&[u8]>) {
    match find(separator, bytes) {
        None => (bytes, None),
        Some(at) => {
            let (part, tail) = bytes.split_at(at);
            (part, tail.get(1..))
        }
    }
}

/// Most values are a few bytes long, where a plain loop beats the call of `memchr`.
fn find(byte: u8, bytes: &[u8]) -> Option<usize> {
    if bytes.len() < SHORT_BYTES {
        bytes.iter().position(|&candidate| candidate == byte)
    } else {
        memchr(byte, bytes)
    }
}

const SHORT_BYTES: usize = 32;

fn nth(raw: &[u8], separator: u8, n: usize) -> &[u8] {
    match n {
        0 => &[],
        1 => cut(raw, separator).0,
        _ => split(raw, separator).nth(n - 1).unwrap_or_default(),
    }
}

fn count(raw: &[u8], separator: u8) -> usize {
    if raw.is_empty() {
        0
    } else {
        1 + memchr_iter(separator, raw).count()
    }
}
