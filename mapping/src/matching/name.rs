//! Names of persons: their plain form, and how much two names agree.

mod agreement;
mod family;
mod generation;
mod given;
mod placeholder;
mod sound;

pub(super) use agreement::{Agreement, compare};
pub(super) use family::family;
pub(super) use generation::is_other_generation;
pub(super) use placeholder::is_placeholder;
pub(super) use sound::sound;

use serde::{Deserialize, Serialize};

use super::text::{self, words};

/// A name, its parts in the form of [`words`].
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Name {
    #[serde(rename = "f", default, skip_serializing_if = "String::is_empty")]
    pub(super) family: String,
    #[serde(rename = "g", default, skip_serializing_if = "String::is_empty")]
    pub(super) given: String,
    #[serde(rename = "m", default, skip_serializing_if = "String::is_empty")]
    pub(super) middle: String,
    #[serde(rename = "s", default, skip_serializing_if = "String::is_empty")]
    pub(super) suffix: String,
}

impl Name {
    pub(super) fn new(family: &str, given: &str, middle: &str, suffix: &str) -> Self {
        let mut suffix = generation::meaning(&words(suffix)).unwrap_or_default();
        let mut take = |sent: &str| {
            let mut words = words(sent);
            // `Roe Jr` in one part; a name that is nothing but a suffix stays.
            if let Some((rest, last)) = words.rsplit_once(' ')
                && let Some(meaning) = generation::meaning(last).filter(|_| 1 < last.len())
            {
                suffix = meaning;
                words.truncate(rest.len());
            }
            words
        };
        let (family, mut given, mut middle) = (take(family), take(given), take(middle));
        if middle.is_empty()
            && let Some((first, last)) = given.rsplit_once(' ')
            && last.len() == 1
        {
            last.clone_into(&mut middle);
            given.truncate(first.len());
        }
        Self {
            family,
            given,
            middle,
            suffix: suffix.to_owned(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.family.is_empty() && self.given.is_empty()
    }

    /// `FAMILY^GIVEN^MIDDLE^SUFFIX`.
    pub(super) fn said(&self) -> String {
        text::joined([&self.family, &self.given, &self.middle, &self.suffix])
    }

    /// Reads what [`Name::said`] wrote.
    pub(super) fn of_said(said: &str) -> Self {
        let [family, given, middle, suffix] = text::parted(said);
        Self {
            family,
            given,
            middle,
            suffix,
        }
    }

    /// The name with family and given name in each other's place.
    fn swapped(&self) -> Self {
        Self {
            family: self.given.clone(),
            given: self.family.clone(),
            ..self.clone()
        }
    }
}

fn joined(words: &str) -> String {
    words.replace(' ', "")
}

fn is_two_slips(one: &str, other: &str) -> bool {
    7 < one.len().min(other.len()) && strsim::osa_distance(one, other) == 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(family: &str, given: &str, middle: &str) -> Name {
        Name::new(family, given, middle, "")
    }

    #[test]
    fn a_suffix_is_found_wherever_it_stands() {
        assert_eq!(name("Roe Jr.", "Al", "").suffix, "JR");
        assert_eq!(Name::new("Roe", "Al", "", "3rd").suffix, "III");
        assert_eq!(name("Roe", "Al B", "").middle, "B");
    }
}
