//! Writes fhirbolt's types as JSON text.
//!
//! fhirbolt's own writer keeps a path and a context for each element, which costs five times what the
//! text costs. This one writes the elements that we use and no others; in builds with debug assertions
//! each fragment is compared with what fhirbolt writes, so that an element without a line here fails
//! the tests.

mod administration;
mod orders;
mod resources;
mod types;

/// An object that is being written: its members go behind an opening brace.
pub(crate) struct Object<'o> {
    out: &'o mut String,
    is_empty: bool,
    /// Where the commas between its members go, if somebody wants to know.
    commas: Option<&'o mut Vec<usize>>,
}

/// Something that can be a member of an object.
pub(crate) trait Member {
    /// Writes itself behind that name, which stands in quotes and with its colon; or nothing if it
    /// says nothing.
    fn write(&self, name: &str, object: &mut Object<'_>);
}

/// Something that can be an element of a list.
pub(crate) trait Element {
    /// Writes itself.
    fn write_element(&self, out: &mut String);
}

/// Something with members.
pub(crate) trait Members {
    /// Writes the members.
    fn write_members(&self, object: &mut Object<'_>);
}

impl<'o> Object<'o> {
    /// Writes an object.
    pub(crate) fn write(out: &'o mut String, members: &dyn Members) {
        Self::write_noting(out, None, members);
    }

    /// Writes an object and notes where its commas are.
    pub(super) fn write_noting(
        out: &'o mut String,
        commas: Option<&'o mut Vec<usize>>,
        members: &dyn Members,
    ) {
        out.push('{');
        let mut object = Object {
            out,
            is_empty: true,
            commas,
        };
        members.write_members(&mut object);
        object.out.push('}');
    }

    /// Adds a member.
    pub(super) fn member(&mut self, name: &str, member: &(impl Member + ?Sized)) -> &mut Self {
        member.write(name, self);
        self
    }

    /// Begins a member: its value follows.
    fn name(&mut self, name: &str) -> &mut String {
        if !self.is_empty {
            if let Some(commas) = &mut self.commas {
                commas.push(self.out.len());
            }
            self.out.push(',');
        }
        self.is_empty = false;
        self.out.push_str(name);
        self.out
    }

    /// A member that is an object; one without members says nothing.
    fn object(&mut self, name: &str, members: &dyn Members) {
        let (start, was_empty) = (self.out.len(), self.is_empty);
        let out = self.name(name);
        let value = out.len();
        Object::write(out, members);
        if out.len() == value + 2 {
            out.truncate(start);
            self.is_empty = was_empty;
            if let Some(commas) = &mut self.commas {
                commas.pop_if(|comma| *comma == start);
            }
        }
    }

    /// A member that is a text.
    fn text(&mut self, name: &str, text: &str) {
        let out = self.name(name);
        escaped(text, out);
    }
}

impl<T: Member + ?Sized> Member for Box<T> {
    fn write(&self, name: &str, object: &mut Object<'_>) {
        (**self).write(name, object);
    }
}

impl<T: Member> Member for Option<T> {
    fn write(&self, name: &str, object: &mut Object<'_>) {
        if let Some(member) = self {
            member.write(name, object);
        }
    }
}

impl<T: Element> Member for Vec<T> {
    fn write(&self, name: &str, object: &mut Object<'_>) {
        if self.is_empty() {
            return;
        }
        let out = object.name(name);
        out.push('[');
        for (at, element) in self.iter().enumerate() {
            if 0 < at {
                out.push(',');
            }
            element.write_element(out);
        }
        out.push(']');
    }
}

/// A text with what JSON can't say plainly escaped.
pub(crate) fn escaped(text: &str, out: &mut String) {
    use std::fmt::Write as _;
    out.reserve(text.len() + 2);
    out.push('"');
    if is_plain(text.as_bytes()) {
        out.push_str(text);
    } else {
        for c in text.chars() {
            match c {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                c if c < ' ' => {
                    let _ = write!(out, "\\u{:04x}", u32::from(c));
                }
                c => out.push(c),
            }
        }
    }
    out.push('"');
}

/// Whether nothing needs an escape. Eight bytes are looked at as one number; the last eight may overlap those
/// before.
fn is_plain(bytes: &[u8]) -> bool {
    let (words, rest) = bytes.as_chunks::<8>();
    let is_plain = |word: &[u8; 8]| is_plain_word(u64::from_le_bytes(*word));
    words.iter().all(is_plain)
        && match bytes.last_chunk() {
            Some(last) => is_plain(last),
            None => rest
                .iter()
                .all(|byte| 0x20 <= *byte && !matches!(byte, b'"' | b'\\')),
        }
}

/// Whether none of eight bytes needs an escape: a byte below `n` is the only one that subtracting `n` from
/// each takes below zero, and one that equals another becomes zero by XOR.
const fn is_plain_word(word: u64) -> bool {
    const ONES: u64 = u64::MAX / 0xFF;
    const fn below(word: u64, n: u64) -> u64 {
        word.wrapping_sub(ONES * n) & !word
    }
    let quote = word ^ (ONES * b'"' as u64);
    let backslash = word ^ (ONES * b'\\' as u64);
    let found = below(word, 0x20) | below(quote, 1) | below(backslash, 1);
    found & (ONES * 0x80) == 0
}

/// Members by name and field; what is not listed is not written.
macro_rules! members {
    ($($type:ident { $($name:literal $field:ident),* $(,)? })*) => {$(
        impl $crate::json::write::Members for $type {
            fn write_members(&self, object: &mut $crate::json::write::Object<'_>) {
                $(object.member(concat!('"', $name, "\":"), &self.$field);)*
            }
        }

        impl $crate::json::write::Member for $type {
            fn write(&self, name: &str, object: &mut $crate::json::write::Object<'_>) {
                object.object(name, self);
            }
        }

        impl $crate::json::write::Element for $type {
            fn write_element(&self, out: &mut String) {
                $crate::json::write::Object::write(out, self);
            }
        }
    )*};
}

/// An element of which the type stands in the name: `value` as `valueString`.
macro_rules! choice {
    ($($type:ident { $($variant:ident $name:literal),* $(,)? })*) => {$(
        impl $crate::json::write::Member for $type {
            fn write(&self, _name: &str, object: &mut $crate::json::write::Object<'_>) {
                match self {
                    $(Self::$variant(value) => {
                        object.member(concat!('"', $name, "\":"), value);
                    })*
                    // A type that we never use: debug builds compare with fhirbolt.
                    _ => {}
                }
            }
        }
    )*};
}

use {choice, members};
