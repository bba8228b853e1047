//! The code tables that a profile may add rows to, and what their codes become.

use std::collections::HashSet;
use std::sync::{LazyLock, Mutex, PoisonError};

use crate::datatype::cwe::Meaning;
use crate::table::find;
use crate::table::mapped::{self, Table};
use crate::table::system::v2_table;
use crate::table::visit::{ACT_CODES, V3_ACT_CODE};

/// Other names of tables.
const NAMES: [(&str, &str); 2] = [("class", "0004"), ("discharge", "0112")];

/// The table of a number or name.
pub(super) fn known(name: &str) -> Option<Table> {
    let named = NAMES.iter().find(|(known, _)| *known == name);
    let number = named.map_or(name, |(_, number)| *number);
    mapped::known(number)
}

/// What a table may be called.
pub(super) fn names() -> impl Iterator<Item = &'static str> + Clone {
    let named = NAMES.iter().map(|(name, _)| *name);
    named.chain(mapped::numbers())
}

/// What a row means.
pub(super) fn meaning(system: &str, code: &str, display: Option<&str>) -> Meaning {
    let known = (system == V3_ACT_CODE).then(|| find(ACT_CODES, code));
    Meaning {
        code: kept(code),
        display: display.map_or_else(|| known.flatten().unwrap_or(""), kept),
        system: kept(system),
    }
}

/// The system of what a v2 table's codes are when nothing else is said.
pub(super) fn own_system(number: &str) -> String {
    v2_table(number)
}

/// A profile's word for as long as the process lives: meanings are handed around like those of the
/// built-in tables. Reading the same profile again keeps nothing new.
fn kept(word: &str) -> &'static str {
    static WORDS: LazyLock<Mutex<HashSet<&'static str>>> = LazyLock::new(Mutex::default);
    let mut words = WORDS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = words.get(word) {
        return known;
    }
    let new: &'static str = Box::leak(word.into());
    words.insert(new);
    new
}
