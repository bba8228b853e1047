//! What traced examples say of each field.

use std::collections::{BTreeMap, BTreeSet};

use crate::trace::{Element, Explained, RuleId, Spot};

use super::examples;

/// What a field gives to one element.
#[derive(Default, Debug)]
pub(super) struct Row {
    /// Components and subcomponents (`.4.2`), or `set`.
    pub(super) parts: BTreeSet<String>,
    /// Rules of other fields, and code tables.
    pub(super) by: BTreeSet<String>,
}

/// Rows by segment, field and element; field 0 is the segment as a whole.
#[derive(Default, Debug)]
pub(super) struct Rows {
    pub(super) fields: BTreeMap<String, BTreeMap<u8, BTreeMap<String, Row>>>,
}

impl Rows {
    pub(super) fn of_examples() -> Self {
        let mut rows = Self::default();
        for trace in examples::traces() {
            for resource in &trace.resources {
                for element in &resource.elements {
                    rows.take(resource, element);
                }
            }
        }
        rows
    }

    fn take(&mut self, resource: &Explained, element: &Element) {
        let path = format!("{}.{}", resource.kind, without_numbers(&element.path));
        let by = element.row.map(|row| format!("table {}", row.table));
        let own = match &element.rule {
            RuleId::Field(place) => Some((place.segment().to_owned(), place.field())),
            RuleId::Computed(_) => None,
        };
        if element.from.is_empty() {
            if let Some((segment, field)) = own {
                let row = self.row(&segment, field, &path);
                row.parts.insert("set".to_owned());
                row.by.extend(by);
            }
            return;
        }
        // An identifier is in every reference that follows from it: the rule that made the reference
        // is told, not what names its target.
        let follows = element.path == "id" || element.path.ends_with(".reference");
        if let (true, Some((segment, field))) = (follows, &own) {
            let row = self.row(segment, *field, &path);
            row.parts.insert("set".to_owned());
            return;
        }
        if follows {
            return;
        }
        for spot in &element.from {
            let row = self.row(&spot.segment, spot.field, &path);
            row.parts.insert(part(spot));
            row.by.extend(by.clone());
            if own != Some((spot.segment.clone(), spot.field)) {
                row.by.insert(element.rule.to_string());
            }
        }
    }

    fn row(&mut self, segment: &str, field: u8, path: &str) -> &mut Row {
        let fields = self.fields.entry(segment.to_owned()).or_default();
        let elements = fields.entry(field).or_default();
        elements.entry(path.to_owned()).or_default()
    }
}

/// `.4.2`
fn part(spot: &Spot) -> String {
    let parts = [spot.component, spot.subcomponent].into_iter().flatten();
    parts.fold(String::new(), |text, part| text + "." + &part.to_string())
}

/// `name[0].given[1]` as `name.given`.
fn without_numbers(path: &str) -> String {
    let mut is_inside = false;
    path.chars()
        .filter(|&letter| {
            is_inside = (is_inside || letter == '[') && letter != ']';
            !is_inside && letter != ']'
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_of_a_list_are_one_row() {
        assert_eq!(without_numbers("name[0].given[12]"), "name.given");
    }
}
