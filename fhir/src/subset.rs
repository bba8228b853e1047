//! A part of a resource: `_summary` and `_elements` (R4 search.html#summary).

use serde_json::{Map, Value, json};

use crate::ResourceType;
use crate::schema::{Element, TypeDef, schema};
use crate::search::Summary;

/// The part of a resource that a search asked for, tagged `SUBSETTED` so that nobody writes it back.
/// Without a wish it is the whole resource, untouched.
pub fn subset(
    kind: ResourceType,
    resource: &Value,
    summary: Summary,
    elements: &[String],
) -> Value {
    let wanted = |name: &str| elements.is_empty() || elements.iter().any(|wanted| wanted == name);
    let keeps = |element: &Element| {
        let name = element.path_name();
        let always = matches!(name, "id" | "meta") || element.required;
        always
            || match summary {
                Summary::False => wanted(name),
                Summary::True => element.summary && wanted(name),
                Summary::Text => name == "text",
                Summary::Data => name != "text" && wanted(name),
                Summary::Count => false,
            }
    };
    let is_whole = summary == Summary::False && elements.is_empty();
    match (schema().resource(kind), resource.as_object()) {
        (Some(def), Some(object)) if !is_whole => Value::Object(part(def, object, keeps)),
        _ => resource.clone(),
    }
}

fn part(
    def: &TypeDef,
    object: &Map<String, Value>,
    keeps: impl Fn(&Element) -> bool,
) -> Map<String, Value> {
    let is_kept = |key: &str| {
        let field = def.field(key.strip_prefix('_').unwrap_or(key));
        key == "resourceType"
            || field
                .and_then(|field| def.element(field))
                .is_some_and(&keeps)
    };
    let kept = object.iter().filter(|(key, _)| is_kept(key));
    let mut part: Map<String, Value> = kept
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let meta = part.entry("meta").or_insert_with(|| json!({}));
    if let Some(meta) = meta.as_object_mut() {
        let tags = meta.entry("tag").or_insert_with(|| json!([]));
        if let Some(tags) = tags.as_array_mut() {
            tags.push(json!({
                "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
                "code": "SUBSETTED",
            }));
        }
    }
    part
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(summary: Summary, elements: &[&str]) -> Vec<String> {
        let encounter = json!({
            "resourceType": "Encounter",
            "id": "e1",
            "text": { "status": "generated", "div": "<div>x</div>" },
            "status": "finished",
            "class": { "code": "HH" },
            "length": { "value": 3 },
            "subject": { "reference": "Patient/p1" },
        });
        let elements: Vec<String> = elements.iter().map(|name| (*name).to_owned()).collect();
        let part = subset(ResourceType::Encounter, &encounter, summary, &elements);
        part.as_object().unwrap().keys().cloned().collect()
    }

    #[test]
    fn mandatory_elements_stay_in_every_part() {
        let always = ["resourceType", "id", "status", "class", "meta"];
        assert_eq!(names(Summary::False, &["status"]), always);
        assert_eq!(
            names(Summary::Text, &[]),
            ["resourceType", "id", "text", "status", "class", "meta"]
        );
    }

    #[test]
    fn a_summary_has_the_elements_that_r4_marks() {
        let summary = ["resourceType", "id", "status", "class", "subject", "meta"];
        assert_eq!(names(Summary::True, &[]), summary);
        assert!(names(Summary::Data, &[]).contains(&"length".to_owned()));
        assert!(!names(Summary::Data, &[]).contains(&"text".to_owned()));
    }

    #[test]
    fn no_wish_is_the_whole_resource_untagged() {
        assert!(!names(Summary::False, &[]).contains(&"meta".to_owned()));
    }
}
