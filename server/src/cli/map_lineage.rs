//! A trace of the mapping as JSON and as text.

use std::fmt::Write as _;

use mapping::trace::{Element, Explained, Spot, Trace};
use serde_json::{Value, json};

/// One object for each element of each resource.
pub(super) fn as_json(trace: &Trace) -> Value {
    let of = |resource: &Explained| {
        let reference = format!("{}/{}", resource.kind, resource.id);
        let line = |element: &Element| line(&reference, element);
        resource.elements.iter().map(line).collect::<Vec<_>>()
    };
    trace.resources.iter().flat_map(of).collect()
}

fn line(resource: &str, element: &Element) -> Value {
    let mut line = json!({
        "resource": resource,
        "path": element.path,
        "from": element.from.iter().map(spot).collect::<Vec<_>>(),
        "rule": element.rule.to_string(),
    });
    if let (Some(row), Some(line)) = (element.row, line.as_object_mut()) {
        let row = json!({"table": row.table, "target": row.target, "row": row.sent});
        line.insert("table".to_owned(), row);
    }
    line
}

fn spot(spot: &Spot) -> Value {
    let mut place = json!({
        "segment": spot.segment,
        "occurrence": spot.occurrence,
        "field": spot.field,
        "repetition": spot.repetition,
    });
    let parts = [
        ("component", spot.component),
        ("subcomponent", spot.subcomponent),
    ];
    for (name, part) in parts {
        if let (Some(part), Some(place)) = (part, place.as_object_mut()) {
            place.insert(name.to_owned(), part.into());
        }
    }
    place
}

/// A block for each resource, a line for each element: path, where from, rule, table row.
pub(super) fn as_text(trace: &Trace) -> String {
    let mut text = String::new();
    for resource in &trace.resources {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}/{}", resource.kind, resource.id);
        let paths = resource.elements.iter().map(|element| element.path.len());
        let width = paths.max().unwrap_or_default().min(60);
        for element in &resource.elements {
            let from: Vec<String> = element.from.iter().map(ToString::to_string).collect();
            let from = match (from.is_empty(), trace.is_whole) {
                (false, _) => from.join(" "),
                (true, true) => "set by the rule".to_owned(),
                (true, false) => "-".to_owned(),
            };
            let row = element.row.map(|row| format!(", table {row}"));
            let _ = writeln!(
                text,
                "  {:width$}  {from}  (rule {}{})",
                element.path,
                element.rule,
                row.unwrap_or_default()
            );
        }
    }
    if !trace.is_whole {
        text.push_str("  too large for more than the field of each element\n");
    }
    text
}
