//! What one source identity said first of its person.

use std::collections::BTreeMap;

use hl7v2::Message;
use serde::{Deserialize, Serialize};

use crate::facts::{Facts, Place};
use crate::profile::Profile;
use crate::rewrite::rewritten;

use super::contact::Address;
use super::identifier::Numbers;
use super::name::Name;
use super::said;

/// What a person is recognised by.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Features {
    /// The legal name first, then others and those that the person was known by.
    #[serde(rename = "n", skip_serializing_if = "Vec::is_empty")]
    pub(super) names: Vec<Name>,
    /// Whether the names only stand for somebody unknown.
    #[serde(rename = "p", skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_placeholder: bool,
    /// The digits that were sent.
    #[serde(rename = "b", skip_serializing_if = "String::is_empty")]
    pub(super) birth: String,
    #[serde(rename = "x", skip_serializing_if = "Option::is_none")]
    pub(super) sex: Option<char>,
    /// Nine digits, or the last four.
    #[serde(rename = "s", skip_serializing_if = "Vec::is_empty")]
    pub(super) ssns: Vec<String>,
    #[serde(rename = "i", skip_serializing_if = "Vec::is_empty")]
    pub(super) numbers: Vec<Numbers>,
    #[serde(rename = "t", skip_serializing_if = "Vec::is_empty")]
    pub(super) telecoms: Vec<String>,
    #[serde(rename = "a", skip_serializing_if = "Vec::is_empty")]
    pub(super) addresses: Vec<Address>,
    /// Whether twins were born.
    #[serde(rename = "w", skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_multiple: bool,
    /// The place among the children of one birth.
    #[serde(rename = "o", skip_serializing_if = "Option::is_none")]
    pub(super) birth_order: Option<u8>,
    #[serde(rename = "m", skip_serializing_if = "is_nobody")]
    pub(super) mother: Name,
    /// The mother's own numbers.
    #[serde(rename = "k", skip_serializing_if = "Vec::is_empty")]
    pub(super) mothers: Vec<String>,
}

fn is_nobody(name: &Name) -> bool {
    *name == Name::default()
}

/// Stored bytes are not features.
#[derive(Debug, thiserror::Error)]
#[error("stored features can't be read")]
pub struct FeaturesError(#[source] serde_json::Error);

/// Something said: place, part, text.
type Entry<'t> = (Place, &'t str, &'t str);

impl Features {
    /// What the facts of a patient say that was said first.
    pub fn of(facts: &Facts) -> Self {
        let said = facts
            .firsts()
            .map(|(key, first)| (key.field, key.part.as_ref(), first.text.as_ref()));
        Self::gather(said)
    }

    /// What one message says by itself; none where it names no patient.
    pub fn read(message: &Message<'_>, profile: &Profile) -> Option<Self> {
        let bytes = rewritten(message, profile);
        let again = bytes
            .as_ref()
            .and_then(|bytes| Message::parse_with(bytes, message.fallback()).ok());
        let message = again.as_ref().unwrap_or(message);
        let mut said: BTreeMap<(Place, String), String> = BTreeMap::new();
        let pid = message.segment("PID")?;
        said::of_pid(&pid, &message.msh(), profile, &mut |n, part, text| {
            said.insert((Place::new("PID", n), part.to_owned()), text.to_owned());
        });
        Some(Self::gather(said.iter().map(|((place, part), text)| {
            (*place, part.as_str(), text.as_str())
        })))
    }

    /// Puts together what was said, in the order of the fields.
    fn gather<'t>(said: impl Iterator<Item = Entry<'t>>) -> Self {
        let mut features = Self::default();
        let mut placeholders = Vec::new();
        let mut entries: Vec<Entry<'t>> = said.collect();
        entries.sort_unstable();
        for (place, part, text) in entries {
            match (place.field(), part) {
                (5, said::PLACEHOLDER) => placeholders = names(text),
                // It stands behind the real one in this order.
                (7, said::PLACEHOLDER) if !features.birth.is_empty() => {}
                (2..=4 | 19 | 20, part) => features.numbered(part, text),
                (n, _) => features.take(n, text),
            }
        }
        let is_named = features.names.iter().any(|name| !name.given.is_empty());
        if !is_named && !placeholders.is_empty() {
            features.is_placeholder = true;
            features.names = placeholders;
        }
        features
    }

    fn take(&mut self, n: u8, text: &str) {
        match n {
            5 | 9 => {
                let new = names(text).into_iter();
                let new: Vec<Name> = new.filter(|name| !self.names.contains(name)).collect();
                self.names.extend(new);
            }
            6 => self.mother = names(text).into_iter().next().unwrap_or_default(),
            7 => text.clone_into(&mut self.birth),
            8 => self.sex = text.chars().next(),
            11 => self.addresses = text.split('~').map(Address::of_said).collect(),
            13 | 14 | 40 => {
                let new = text
                    .split('~')
                    .filter(|new| !self.telecoms.iter().any(|known| known == new));
                let new: Vec<String> = new.map(str::to_owned).collect();
                self.telecoms.extend(new);
            }
            21 => self.mothers = text.split('~').map(str::to_owned).collect(),
            24 => self.is_multiple |= text == "Y",
            25 => {
                self.birth_order = text.parse().ok();
                self.is_multiple |= self.birth_order.is_some_and(|order| 1 < order);
            }
            _ => {}
        }
    }

    /// Takes numbers in. What PID-2, 3 and 4 say of one type and authority is one list.
    fn numbered(&mut self, part: &str, text: &str) {
        let (kind, authority) = part.split_once('|').unwrap_or((part, ""));
        let known = if kind == "SS" {
            &mut self.ssns
        } else {
            let is_same = |known: &Numbers| known.kind == kind && known.authority == authority;
            let at = self.numbers.iter().position(is_same).unwrap_or_else(|| {
                self.numbers.push(Numbers {
                    kind: kind.to_owned(),
                    authority: authority.to_owned(),
                    values: Vec::new(),
                });
                self.numbers.len() - 1
            });
            let Some(numbers) = self.numbers.get_mut(at) else {
                return;
            };
            &mut numbers.values
        };
        for value in text.split('~') {
            if !known.iter().any(|known| known == value) {
                known.push(value.to_owned());
            }
        }
    }

    /// Whether nothing was said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The generation suffix of the first name that has one.
    pub(super) fn suffix(&self) -> &str {
        let suffixes = self.names.iter().map(|name| name.suffix.as_str());
        suffixes
            .into_iter()
            .find(|suffix| !suffix.is_empty())
            .unwrap_or_default()
    }

    /// The features as bytes; equal features give equal bytes.
    ///
    /// # Panics
    /// Never: features hold only what JSON can say.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("features hold only what JSON can say")
    }

    /// Features from their bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FeaturesError> {
        serde_json::from_slice(bytes).map_err(FeaturesError)
    }
}

fn names(text: &str) -> Vec<Name> {
    text.split('~').map(Name::of_said).collect()
}

/// Features are personal: their `Debug` shows none of them.
impl std::fmt::Debug for Features {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Features(..)")
    }
}
