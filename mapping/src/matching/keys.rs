//! Keys under which an identity is looked for: two identities are compared only where they share one.
//! Each kind of key survives another kind of mistake, so that a person with one or two mistakes is
//! still found by a third key; and each holds enough to stay rare among half a million people.

use std::collections::BTreeSet;

use model::IdentityKey;

use super::features::Features;
use super::identifier;
use super::name::{Name, sound};
use super::{birth, nickname};

/// More keys cost rows and find nobody else.
const KEYS_MAX: usize = 32;

/// Names beyond these add keys and hardly anybody.
const NAMES_MAX: usize = 3;

impl Features {
    /// The keys, in order, each once; hashed with the tenant's key, so that they tell nobody anything.
    pub fn keys(&self, key: &IdentityKey) -> Vec<i64> {
        let mut words: BTreeSet<Vec<String>> = BTreeSet::new();
        for ssn in self.ssns.iter().filter(|ssn| ssn.len() == 9) {
            words.insert(path("ssn", &[ssn]));
        }
        for numbers in self
            .numbers
            .iter()
            .filter(|numbers| identifier::is_findable(numbers))
        {
            let (kind, authority) = identifier::scope(numbers);
            for value in &numbers.values {
                words.insert(path("number", &[kind, authority, value]));
            }
        }
        if let Some(last) = self
            .ssns
            .iter()
            .find_map(|ssn| ssn.get(ssn.len().checked_sub(4)?..))
        {
            words.insert(path("ssn-birth", &[last, &self.birth]));
        }
        for name in self.names.iter().take(NAMES_MAX) {
            self.named(name, &mut words);
        }
        let mut keys: Vec<i64> = words
            .iter()
            .map(|path| path.iter().map(String::as_str).collect::<Vec<_>>())
            .map(|path| key.index(&path))
            .take(KEYS_MAX)
            .collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    fn named(&self, name: &Name, words: &mut BTreeSet<Vec<String>>) {
        let family = sound(&name.family);
        let given = name.given.split(' ').next().unwrap_or_default();
        if family.is_empty() && given.is_empty() {
            return;
        }
        // Birth date and one name: whatever became of the other.
        self.born(&family, words);
        for root in nickname::roots(given) {
            let given = sound(root);
            if given.is_empty() {
                continue;
            }
            self.born(&given, words);
            self.both(&family, &given, words);
            self.reached(&given, words);
        }
        // Either half of a double name; what another name may have become of by marriage is its half.
        for half in name.family.split(' ').filter(|_| name.family.contains(' ')) {
            if 2 < half.len() {
                self.born(&sound(half), words);
            }
        }
    }

    /// The birth date, with day and month in either order, and a name.
    fn born(&self, name: &str, words: &mut BTreeSet<Vec<String>>) {
        if self.birth.len() == 8 && !name.is_empty() {
            let swapped = birth::swap_day(&self.birth);
            let date = swapped.min(self.birth.clone());
            words.insert(path("birth-name", &[&date, name]));
        }
    }

    /// Both names in either order, with the year, or with the day.
    fn both(&self, family: &str, given: &str, words: &mut BTreeSet<Vec<String>>) {
        if family.is_empty() {
            return;
        }
        let (one, other) = (family.min(given), family.max(given));
        if let Some(year) = self.birth.get(..4) {
            words.insert(path("names-year", &[one, other, year]));
        }
        if let Some(day) = self.birth.get(4..8) {
            words.insert(path("names-day", &[one, other, day]));
        }
    }

    /// Where somebody of that given name is reached.
    fn reached(&self, given: &str, words: &mut BTreeSet<Vec<String>>) {
        for telecom in self.telecoms.iter().take(3) {
            words.insert(path("telecom", &[telecom, given]));
        }
        for address in self.addresses.iter().take(2) {
            if let Some((number, street)) = address.house() {
                words.insert(path("house", &[number, &sound(street), given]));
            }
        }
    }
}

fn path(kind: &str, parts: &[&str]) -> Vec<String> {
    std::iter::once(&kind)
        .chain(parts)
        .map(|part| (*part).to_owned())
        .collect()
}
