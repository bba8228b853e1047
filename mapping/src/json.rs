//! Typed FHIR to JSON text, and JSON text to resources.
//!
//! What we write is built with fhirbolt's types, so that a misspelt element does not compile; a field
//! gives a resource in which just its elements are set. Text and not `serde_json::Value` goes through
//! the facts, because building a value tree costs four times what writing text costs, and our own
//! writer replaces fhirbolt's, because that one costs five times as much (`benches/map.rs`).

mod scan;
mod write;

use std::collections::BTreeMap;

use fhirbolt::serde::SerializeResource;

pub(crate) use scan::{elements, inside_of_list, members};
use write::Object;

/// A resource that we write.
pub(crate) trait Resource: SerializeResource + write::Members {}

impl<T: SerializeResource + write::Members> Resource for T {}

/// A JSON object with some elements of a resource.
pub(crate) struct Fragment(pub(crate) Box<str>);

/// The elements that are set; none if nothing is.
pub(crate) fn fragment<R: Resource>(resource: &R) -> Option<Fragment> {
    let mut text = String::with_capacity(256);
    Object::write(&mut text, resource);
    #[cfg(debug_assertions)]
    assert_eq!(
        read(&text),
        by_fhirbolt(resource),
        "an element has no line in json::write"
    );
    (text != "{}").then(|| Fragment(text.into()))
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

/// A resource that is put together from fragments.
#[derive(Default)]
pub(crate) struct Assembly<'t> {
    order: Vec<&'t str>,
    values: BTreeMap<&'t str, Piece<'t>>,
}

enum Piece<'t> {
    /// A value that came once, or that stands alone: then the first one that was given.
    Single(&'t str),
    /// Lists are put after one another; these are their insides.
    List(Vec<&'t str>),
    /// Several objects of one element share it: the first to give a member has it.
    Object(Box<Assembly<'t>>),
}

impl<'t> Assembly<'t> {
    /// Adds the elements of a fragment. What is there already stays, lists grow.
    pub(crate) fn add(&mut self, fragment: &'t str) {
        for (name, value) in members(fragment) {
            self.put(name, value);
        }
    }

    /// Adds one element.
    pub(crate) fn put(&mut self, name: &'t str, value: &'t str) {
        let Some(piece) = self.values.get_mut(name) else {
            self.order.push(name);
            self.values.insert(name, Piece::new(value));
            return;
        };
        match piece {
            Piece::Single(held) if held.starts_with('{') => {
                let mut object = Self::default();
                object.add(held);
                object.add(value);
                *piece = Piece::Object(Box::new(object));
            }
            Piece::Single(_) => {}
            Piece::List(lists) => append(lists, value),
            Piece::Object(object) => object.add(value),
        }
    }

    /// Whether an element is there.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// Takes an element out.
    pub(crate) fn remove(&mut self, name: &str) {
        self.order.retain(|known| *known != name);
        self.values.remove(name);
    }

    /// The elements in the order in which they came.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'t str> {
        self.order.iter().copied()
    }

    /// One element as JSON.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let mut out = String::new();
        self.values.get(name)?.write(&mut out);
        Some(out)
    }

    /// Writes the elements as members of an object, without braces.
    pub(crate) fn write_members(&self, out: &mut String) {
        for (at, name) in self.order.iter().enumerate() {
            if 0 < at {
                out.push(',');
            }
            out.push('"');
            out.push_str(name);
            out.push_str("\":");
            if let Some(piece) = self.values.get(name) {
                piece.write(out);
            }
        }
    }
}

impl<'t> Piece<'t> {
    fn new(value: &'t str) -> Self {
        match value.as_bytes().first() {
            Some(b'[') => Self::List(inside_of_list(value).into_iter().collect()),
            _ => Self::Single(value),
        }
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Single(value) => out.push_str(value),
            Self::List(lists) => {
                out.push('[');
                for (at, inside) in lists.iter().enumerate() {
                    if 0 < at {
                        out.push(',');
                    }
                    out.push_str(inside);
                }
                out.push(']');
            }
            Self::Object(object) => {
                out.push('{');
                object.write_members(out);
                out.push('}');
            }
        }
    }
}

/// Adds a list's elements to those that are there; what two fields say alike is said once.
fn append<'t>(lists: &mut Vec<&'t str>, list: &'t str) {
    let held: Vec<&str> = lists.iter().flat_map(|inside| elements(inside)).collect();
    let added: Vec<&str> = inside_of_list(list)
        .into_iter()
        .flat_map(elements)
        .collect();
    if added.iter().any(|element| held.contains(element)) {
        *lists = held;
        lists.extend(
            added
                .into_iter()
                .filter(|element| !lists.contains(element))
                .collect::<Vec<_>>(),
        );
    } else {
        lists.extend(inside_of_list(list));
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
