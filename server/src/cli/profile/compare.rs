//! Two Bundles of one message: which elements differ, and how.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// An element that differs: its path, and what stood and would stand there.
pub(in crate::cli) type Difference = (String, Option<Value>, Option<Value>);

/// What differs between the resources of two Bundles.
pub(super) fn bundles(before: &Value, after: &Value) -> Vec<Difference> {
    let (mut before, mut after) = (entries(before), entries(after));
    let mut found = Vec::new();
    let kinds: BTreeSet<String> = before.keys().chain(after.keys()).cloned().collect();
    for kind in kinds {
        let old = before.remove(&kind).unwrap_or_default();
        let new = after.remove(&kind).unwrap_or_default();
        of_kind(&kind, old, new, &mut found);
    }
    found
}

/// What differs between two versions of a resource.
pub(in crate::cli) fn resources(before: &Value, after: &Value) -> Vec<Difference> {
    let kind = after["resourceType"].as_str().unwrap_or_default();
    let mut found = Vec::new();
    values(kind, Some(before), Some(after), &mut found);
    found
}

fn entries(bundle: &Value) -> BTreeMap<String, Vec<&Value>> {
    let entries = bundle["entry"].as_array().into_iter().flatten();
    let mut by_kind: BTreeMap<String, Vec<&Value>> = BTreeMap::new();
    for entry in entries {
        let resource = &entry["resource"];
        let kind = resource["resourceType"].as_str().unwrap_or_default();
        // The header's list of entries repeats what follows.
        if kind != "MessageHeader" {
            by_kind.entry(kind.to_owned()).or_default().push(resource);
        }
    }
    by_kind
}

/// Resources are the same one by id; the rest by their order.
fn of_kind(kind: &str, old: Vec<&Value>, mut new: Vec<&Value>, found: &mut Vec<Difference>) {
    let mut left = Vec::new();
    for old in old {
        match new.iter().position(|new| new["id"] == old["id"]) {
            Some(at) => values(kind, Some(old), Some(new.remove(at)), found),
            None => left.push(old),
        }
    }
    let n = left.len().max(new.len());
    let (mut left, mut new) = (left.into_iter(), new.into_iter());
    for _ in 0..n {
        match (left.next(), new.next()) {
            (Some(old), Some(new)) => values(kind, Some(old), Some(new), found),
            (old, new) => found.push((kind.to_owned(), old.cloned(), new.cloned())),
        }
    }
}

fn values(path: &str, old: Option<&Value>, new: Option<&Value>, found: &mut Vec<Difference>) {
    if old == new {
        return;
    }
    let empty_object = Value::Object(serde_json::Map::new());
    let empty_list = Value::Array(Vec::new());
    let is_object = |value: Option<&Value>| value.is_none_or(Value::is_object);
    let is_list = |value: Option<&Value>| value.is_none_or(Value::is_array);
    if is_object(old) && is_object(new) {
        let (old, new) = (old.unwrap_or(&empty_object), new.unwrap_or(&empty_object));
        let keys = |value: &Value| {
            value
                .as_object()
                .into_iter()
                .flatten()
                .map(|(k, _)| k.clone())
                .collect::<Vec<_>>()
        };
        let all: BTreeSet<String> = keys(old).into_iter().chain(keys(new)).collect();
        for key in all {
            values(
                &format!("{path}.{key}"),
                old.get(&key),
                new.get(&key),
                found,
            );
        }
    } else if is_list(old) && is_list(new) {
        let (old, new) = (old.unwrap_or(&empty_list), new.unwrap_or(&empty_list));
        lists(path, old, new, found);
    } else {
        found.push((path.to_owned(), old.cloned(), new.cloned()));
    }
}

/// What stands in both lists is the same, wherever; the rest by its order.
fn lists(path: &str, old: &Value, new: &Value, found: &mut Vec<Difference>) {
    let mut new: Vec<&Value> = new.as_array().into_iter().flatten().collect();
    let mut left = Vec::new();
    for old in old.as_array().into_iter().flatten() {
        match new.iter().position(|new| *new == old) {
            Some(at) => {
                new.remove(at);
            }
            None => left.push(old),
        }
    }
    for at in 0..left.len().max(new.len()) {
        values(path, left.get(at).copied(), new.get(at).copied(), found);
    }
}

/// Elements whose values say nothing of a person by themselves.
const PLAIN: [&str; 9] = [
    "code",
    "system",
    "status",
    "use",
    "gender",
    "url",
    "class",
    "criticality",
    "resourceType",
];

/// A value as it may be shown: codes and systems as they are, of everything else only the kind.
pub(in crate::cli) fn shown(path: &str, value: Option<&Value>, with_values: bool) -> String {
    let Some(value) = value else {
        return "-".to_owned();
    };
    let last = path.rsplit('.').next().unwrap_or(path);
    match value {
        Value::Object(_) | Value::Array(_) => "(present)".to_owned(),
        Value::String(text) if with_values || PLAIN.contains(&last) => text.clone(),
        value if with_values => value.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(_) => "(number)".to_owned(),
        Value::String(text) => kind_of(last, text),
        Value::Null => "-".to_owned(),
    }
}

fn kind_of(element: &str, text: &str) -> String {
    let shape: String = text
        .chars()
        .map(|char| if char.is_ascii_digit() { '9' } else { char })
        .collect();
    let word = match (element, shape.get(..10)) {
        ("id", _) => "an id",
        ("reference", _) => "a reference",
        (_, Some("9999-99-99")) => match shape.get(10..) {
            Some("") | None => "a date",
            // The offset is what zones change.
            Some(rest) => return format!("(a time{})", offset(rest, text)),
        },
        _ => "text",
    };
    format!("({word})")
}

fn offset(rest: &str, text: &str) -> String {
    let zone = rest.rfind(['+', '-', 'Z']);
    let zone = zone.and_then(|at| text.get(10 + at..));
    zone.map_or_else(String::new, |zone| format!(", {zone}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn bundle(resource: &Value) -> Value {
        json!({ "entry": [{ "resource": resource }] })
    }

    #[test]
    fn what_differs_is_named_by_its_path() {
        let old = json!({ "resourceType": "Encounter", "id": "1", "class": { "code": "IMP" },
            "identifier": [{ "value": "a" }, { "value": "b" }] });
        let new = json!({ "resourceType": "Encounter", "id": "1", "class": { "code": "HH" },
            "identifier": [{ "value": "b" }, { "value": "c" }] });
        let found = bundles(&bundle(&old), &bundle(&new));
        let paths: Vec<&str> = found.iter().map(|(path, ..)| path.as_str()).collect();
        assert_eq!(
            paths,
            ["Encounter.class.code", "Encounter.identifier.value"]
        );
        assert!(bundles(&bundle(&old), &bundle(&old)).is_empty());
    }

    #[test]
    fn a_value_of_a_person_is_shown_as_its_kind() {
        let text = json!("1950-02-03T08:00:00-06:00");
        assert_eq!(shown("Patient.x", Some(&text), false), "(a time, -06:00)");
        assert_eq!(
            shown("Patient.birthDate", Some(&json!("1950-02-03")), false),
            "(a date)"
        );
        assert_eq!(
            shown("Patient.name.family", Some(&json!("Made")), false),
            "(text)"
        );
        assert_eq!(
            shown("Patient.name.family", Some(&json!("Made")), true),
            "Made"
        );
        assert_eq!(
            shown("Encounter.class.code", Some(&json!("HH")), false),
            "HH"
        );
    }
}
