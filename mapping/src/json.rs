//! Typed FHIR to JSON text, and JSON text to resources.
//!
//! What we write is built with fhirbolt's types, so that a misspelt element does not compile; a field
//! gives a resource in which just its elements are set. Text and not `serde_json::Value` goes through
//! the facts, because building a value tree costs four times what writing text costs, and our own
//! writer replaces fhirbolt's, because that one costs five times as much (`benches/map.rs`).

mod scan;
mod write;

use std::cell::RefCell;
use std::collections::HashSet;

use fhirbolt::serde::SerializeResource;

pub(crate) use crate::facts::Fragment;
pub(crate) use scan::{Members, element, elements, inside_of_list, members};
use write::Object;
pub(crate) use write::escaped;

/// A resource that we write.
pub(crate) trait Resource: SerializeResource + write::Members {}

impl<T: SerializeResource + write::Members> Resource for T {}

/// Where fragments are written: a message has fifty, and what is kept of each is just as long as it is.
#[derive(Default)]
struct Draft {
    text: String,
    commas: Vec<usize>,
}

/// What a draft may keep for the next fragment.
const DRAFT_BYTES_MAX: usize = 64 * 1024;

thread_local! {
    static DRAFT: RefCell<Draft> = RefCell::default();
}

/// The elements that are set; none if nothing is.
pub(crate) fn fragment<R: Resource>(resource: &R) -> Option<Fragment> {
    DRAFT.with_borrow_mut(|draft| {
        let fragment = drafted(resource, draft);
        if DRAFT_BYTES_MAX < draft.text.capacity() {
            *draft = Draft::default();
        }
        fragment
    })
}

fn drafted<R: Resource>(resource: &R, draft: &mut Draft) -> Option<Fragment> {
    let Draft { text, commas } = draft;
    text.clear();
    commas.clear();
    Object::write_noting(text, Some(commas), resource);
    // A trace writes the same elements a hundred times over: once checked is enough.
    #[cfg(debug_assertions)]
    if !crate::table::usage::is_watched() {
        assert_eq!(
            read(text),
            by_fhirbolt(resource),
            "an element has no line in json::write"
        );
    }
    (text != "{}").then(|| Fragment::noted(text, commas))
}

/// What fhirbolt writes, without what a fragment leaves out.
#[cfg(debug_assertions)]
fn by_fhirbolt<R: Resource>(resource: &R) -> serde_json::Value {
    let text = fhirbolt::json::to_string(resource, None);
    let mut value = read(&text.expect("nested required elements are set"));
    if let Some(object) = value.as_object_mut() {
        object.remove("resourceType");
        object.remove("id");
    }
    value
}

/// A text as a value, without empty objects: they stand for required elements that are not set.
#[cfg(debug_assertions)]
fn read(text: &str) -> serde_json::Value {
    fn prune(value: &mut serde_json::Value) {
        match value {
            serde_json::Value::Object(object) => {
                object.values_mut().for_each(prune);
                object.retain(|_, value| value.as_object().is_none_or(|inner| !inner.is_empty()));
            }
            serde_json::Value::Array(list) => list.iter_mut().for_each(prune),
            serde_json::Value::Null
            | serde_json::Value::Bool(_)
            | serde_json::Value::Number(_)
            | serde_json::Value::String(_) => {}
        }
    }
    let mut value = serde_json::from_str(text).expect("we write JSON");
    prune(&mut value);
    value
}

/// A resource that is put together from fragments: its elements in the order in which they came.
#[derive(Default)]
pub(crate) struct Assembly<'t>(Vec<(&'t str, Piece<'t>)>);

enum Piece<'t> {
    /// A value that came once, or that stands alone: then the first one that was given.
    Single(&'t str),
    /// Lists are put after one another; these are their elements.
    List(Elements<'t>),
    /// Several objects of one element share it: the first to give a member has it.
    Object(Assembly<'t>),
}

/// Elements of a list, each but once.
struct Elements<'t> {
    list: Vec<&'t str>,
    /// Where there are too many to look through.
    known: Option<Box<Known<'t>>>,
}

/// The first so many elements.
#[derive(Default)]
struct Known<'t> {
    elements: HashSet<&'t str>,
    n_elements: usize,
}

impl<'t> Elements<'t> {
    const FEW: usize = 32;

    fn of(inside: &'t str) -> Self {
        Self {
            list: elements(inside).collect(),
            known: None,
        }
    }

    /// Adds what was not there before these came.
    fn take_in(&mut self, more: impl Iterator<Item = &'t str>) {
        let n_before = self.list.len();
        if n_before < Self::FEW {
            let new = |element: &&str| !self.list.contains(element);
            let more: Vec<&str> = more.filter(new).collect();
            self.list.extend(more);
            return;
        }
        let known = self.known.get_or_insert_default();
        let new = self.list.iter().skip(known.n_elements);
        known.elements.extend(new);
        known.n_elements = n_before;
        let known = &known.elements;
        self.list
            .extend(more.filter(|element| !known.contains(element)));
    }
}

impl<'t> Assembly<'t> {
    /// With room for the elements of most resources.
    pub(crate) fn with_room() -> Self {
        Self(Vec::with_capacity(16))
    }

    /// Adds the elements of a fragment. What is there already stays, lists grow.
    pub(crate) fn add(&mut self, fragment: &'t str) {
        for (name, value) in members(fragment) {
            self.put(name, value);
        }
    }

    /// Adds one element.
    pub(crate) fn put(&mut self, name: &'t str, value: &'t str) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, piece)) => piece.take_in(value),
            None => self.0.push((name, Piece::Single(value))),
        }
    }

    /// Whether an element is there.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| *known == name)
    }

    /// The elements in the order in which they came.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'t str> {
        self.0.iter().map(|(name, _)| *name)
    }

    /// Whether no element is there.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// About as many bytes as it takes to write it.
    pub(crate) fn n_bytes(&self) -> usize {
        let member = |(name, piece): &(&str, Piece<'_>)| name.len() + piece.n_bytes() + 4;
        self.0.iter().map(member).sum()
    }

    /// Takes an element out.
    pub(crate) fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| *known != name);
    }

    /// One element as JSON.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let (_, piece) = self.0.iter().find(|(known, _)| *known == name)?;
        let mut out = String::new();
        piece.write(&mut out);
        Some(out)
    }

    /// Writes an object with the elements.
    pub(crate) fn write(&self, out: &mut String) {
        out.push('{');
        self.write_members(out);
        out.push('}');
    }

    /// Writes the elements as members of an object, without braces.
    pub(crate) fn write_members(&self, out: &mut String) {
        for (at, (name, piece)) in self.0.iter().enumerate() {
            out.push_str(if at == 0 { "\"" } else { ",\"" });
            out.push_str(name);
            out.push_str("\":");
            piece.write(out);
        }
    }
}

impl<'t> Piece<'t> {
    /// Takes in what another fragment says of the element. What two fields say alike is said once.
    fn take_in(&mut self, value: &'t str) {
        if let Self::Single(held) = self {
            if let Some(inside) = inside_of_list(held) {
                *self = Self::List(Elements::of(inside));
            } else if held.starts_with('{') {
                let mut object = Assembly::default();
                object.add(held);
                *self = Self::Object(object);
            }
        }
        match self {
            Self::Single(_) => {}
            Self::List(held) => {
                held.take_in(elements(inside_of_list(value).unwrap_or_default()));
            }
            Self::Object(object) => object.add(value),
        }
    }

    fn n_bytes(&self) -> usize {
        match self {
            Self::Single(value) => value.len(),
            Self::List(elements) => elements.list.iter().map(|element| element.len() + 1).sum(),
            Self::Object(object) => object.n_bytes(),
        }
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Single(value) => out.push_str(value),
            Self::List(elements) => {
                out.push('[');
                for (at, element) in elements.list.iter().enumerate() {
                    if 0 < at {
                        out.push(',');
                    }
                    out.push_str(element);
                }
                out.push(']');
            }
            Self::Object(object) => object.write(out),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assembled(fragments: &[&str]) -> String {
        let mut assembly = Assembly::default();
        for fragment in fragments {
            assembly.add(fragment);
        }
        let mut out = String::new();
        assembly.write_members(&mut out);
        out
    }

    #[test]
    fn lists_grow_objects_share_and_single_values_stay() {
        assert_eq!(
            assembled(&[
                r#"{"a":[1],"b":{"x":1},"c":"first"}"#,
                r#"{"a":[2],"b":{"x":2,"y":3},"c":"second","d":{}}"#,
            ]),
            r#""a":[1,2],"b":{"x":1,"y":3},"c":"first""#
        );
    }

    #[test]
    fn what_two_fields_say_alike_is_said_once() {
        assert_eq!(
            assembled(&[
                r#"{"a":[{"v":"x,\"}","w":[1,2]}]}"#,
                r#"{"a":[{"v":"x,\"}","w":[1,2]},{"v":2}]}"#
            ]),
            r#""a":[{"v":"x,\"}","w":[1,2]},{"v":2}]"#
        );
    }
}
