//! Strings: names, addresses and plain text.

use super::Node;
use crate::normalise;
use crate::search::params::Leaf;

/// Longer strings are found by their beginning: an index entry must fit a page.
const CHARS_MAX: usize = 200;

/// Visits the strings at a way's end. `whole` is false where other parameters' rows hold the parts
/// that have a parameter of their own.
pub(super) fn each<'n, N: Node<'n>>(
    leaf: &Leaf,
    value: N,
    whole: bool,
    mut visit: impl FnMut(&str),
) {
    let parts: &[&str] = match (leaf, whole) {
        (Leaf::HumanName, true) => &["text", "family", "given", "prefix", "suffix"],
        (Leaf::HumanName, false) => &["text", "prefix", "suffix"],
        (Leaf::Address, true) => &[
            "text",
            "line",
            "city",
            "district",
            "state",
            "postalCode",
            "country",
        ],
        (Leaf::Address, false) => &["text", "line", "district", "country"],
        _ => return value.as_str().into_iter().for_each(visit),
    };
    for part in parts {
        let Some(value) = value.get(part) else {
            continue;
        };
        value.as_str().into_iter().for_each(&mut visit);
        let items = value.items().into_iter().flatten();
        items.filter_map(N::as_str).for_each(&mut visit);
    }
}

/// The row of a string: what searches compare, and after U+0001 what `:exact` compares too.
pub(crate) fn row(text: &str) -> Option<String> {
    let original: String = text.trim().chars().take(CHARS_MAX).collect();
    let mut row = normalise(&original);
    if row.is_empty() {
        return None;
    }
    row.push('\u{1}');
    row.push_str(&original);
    Some(row)
}
