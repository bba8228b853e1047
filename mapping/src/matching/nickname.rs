//! Given names that are written for each other, and names that are names.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// One name a line: how it is written in full first, then what else is written for it. A short form may
/// stand in several lines (`PAT`). Names that two siblings may well bear do not share a line.
const NAMES: &str = include_str!("names.txt");

/// By name, the full names of the lines in which it stands.
static FULL: LazyLock<HashMap<&str, Vec<&str>>> = LazyLock::new(|| {
    let mut full: HashMap<&str, Vec<&str>> = HashMap::new();
    for line in NAMES.lines().filter(|line| !line.starts_with('#')) {
        let first = line.split(' ').next().unwrap_or_default();
        for name in line.split(' ') {
            full.entry(name).or_default().push(first);
        }
    }
    full
});

/// Three letters in a row, as the known names have them; an end is a blank.
static SEQUENCES: LazyLock<HashSet<[char; 3]>> =
    LazyLock::new(|| FULL.keys().flat_map(|name| sequences(name)).collect());

fn sequences(name: &str) -> Vec<[char; 3]> {
    let letters: Vec<char> = std::iter::once(' ')
        .chain(name.chars())
        .chain([' '])
        .collect();
    let threes = letters.windows(3);
    threes.filter_map(|three| three.try_into().ok()).collect()
}

/// Whether letters stand in a row as they do in none of more than a thousand names.
pub(super) fn is_unlike_names(word: &str) -> bool {
    let mut threes = sequences(word).into_iter();
    threes.any(|three| !SEQUENCES.contains(&three))
}

fn full(name: &str) -> &'static [&'static str] {
    FULL.get(name).map(Vec::as_slice).unwrap_or_default()
}

/// The full names that a name may be written for; the name itself where none is known.
pub(super) fn roots(name: &str) -> Vec<&str> {
    match full(name) {
        [] => vec![name],
        known => known.to_vec(),
    }
}

/// Whether one name is written for the other, and is not also given as a name of its own (`Jack`): then
/// two children of a family may bear them.
pub(super) fn related(one: &str, other: &str) -> bool {
    let is_full = |name: &str| full(name).contains(&name);
    let is_own = is_full(one) && is_full(other);
    !is_own && (full(one).contains(&other) || full(other).contains(&one))
}

/// Whether both names are written for a third.
pub(super) fn share_root(one: &str, other: &str) -> bool {
    full(one).iter().any(|root| full(other).contains(root))
}

/// Whether it is a name that many people bear.
pub(super) fn is_known(name: &str) -> bool {
    FULL.contains_key(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_holds_plain_names_and_no_name_twice_in_a_line() {
        for line in NAMES.lines().filter(|line| !line.starts_with('#')) {
            let mut names: Vec<&str> = line.split(' ').collect();
            let are_plain = names
                .iter()
                .all(|name| super::super::text::words(name) == **name);
            assert!(are_plain, "{line}");
            let n_names = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), n_names, "{line}");
        }
    }

    #[test]
    fn short_names_stand_for_all_that_they_are_short_for() {
        assert!(
            related("BOB", "ROBERT") && related("PAT", "PATRICK") && related("PATRICIA", "PAT")
        );
        assert!(!related("BOB", "ROB") && share_root("BOB", "ROB"));
        assert!(!share_root("PATRICK", "PATRICIA"));
        assert_eq!(roots("PEGGY"), ["MARGARET"]);
        assert_eq!(roots("QUIMBY"), ["QUIMBY"]);
        assert!(is_known("KAYDEN") && !is_known("KAYDNE"));
    }
}
