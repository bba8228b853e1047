//! What can be indexed: JSON as a tree of values, or as a tree that borrows from its text.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// A value of a resource.
pub trait Node<'n>: Copy {
    /// An object's member.
    fn get(self, name: &str) -> Option<Self>;

    /// A list's items.
    fn items(self) -> Option<impl Iterator<Item = Self>>;

    /// A text.
    fn as_str(self) -> Option<&'n str>;

    /// A truth value.
    fn as_bool(self) -> Option<bool>;
}

impl<'n> Node<'n> for &'n Value {
    fn get(self, name: &str) -> Option<Self> {
        Value::get(self, name)
    }

    fn items(self) -> Option<impl Iterator<Item = Self>> {
        self.as_array().map(|items| items.iter())
    }

    fn as_str(self) -> Option<&'n str> {
        Value::as_str(self)
    }

    fn as_bool(self) -> Option<bool> {
        Value::as_bool(self)
    }
}

/// A resource that is read only to be indexed: it costs less than half of what a tree of values costs,
/// which owns and hashes every name.
#[derive(Clone, PartialEq, Eq)]
pub enum Tree<'t> {
    /// An object; few have so many members that looking through them all takes long.
    Object(Vec<(Cow<'t, str>, Tree<'t>)>),
    /// A list.
    List(Vec<Tree<'t>>),
    /// A text.
    Text(Cow<'t, str>),
    /// A truth value.
    Flag(bool),
    /// What no index holds.
    Other,
}

impl<'t> Tree<'t> {
    /// Reads JSON.
    pub fn parse(text: &'t str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

/// A resource is personal: its `Debug` shows nothing of it.
impl fmt::Debug for Tree<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tree(..)")
    }
}

impl<'n> Node<'n> for &'n Tree<'_> {
    fn get(self, name: &str) -> Option<Self> {
        let Tree::Object(members) = self else {
            return None;
        };
        let (_, value) = members.iter().find(|(known, _)| known == name)?;
        Some(value)
    }

    fn items(self) -> Option<impl Iterator<Item = Self>> {
        match self {
            Tree::List(items) => Some(items.iter()),
            Tree::Object(_) | Tree::Text(_) | Tree::Flag(_) | Tree::Other => None,
        }
    }

    fn as_str(self) -> Option<&'n str> {
        match self {
            Tree::Text(text) => Some(text),
            Tree::Object(_) | Tree::List(_) | Tree::Flag(_) | Tree::Other => None,
        }
    }

    fn as_bool(self) -> Option<bool> {
        match self {
            Tree::Flag(flag) => Some(*flag),
            Tree::Object(_) | Tree::List(_) | Tree::Text(_) | Tree::Other => None,
        }
    }
}

impl<'de> Deserialize<'de> for Tree<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

/// A number comes as an object with one member (`serde_json`'s arbitrary precision), which no way of a
/// search parameter leads through.
impl<'de> Visitor<'de> for Reader {
    type Value = Tree<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Tree<'de>, E> {
        Ok(Tree::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Tree<'de>, E> {
        Ok(Tree::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Tree<'de>, E> {
        Ok(Tree::Flag(flag))
    }

    fn visit_unit<E>(self) -> Result<Tree<'de>, E> {
        Ok(Tree::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree<'de>, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Tree::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Tree<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some((name, value)) = entries.next_entry()? {
            if let Tree::Text(name) = name {
                members.push((name, value));
            }
        }
        Ok(Tree::Object(members))
    }
}
