//! Resources made from the tables themselves: the smallest good one of every type, and what is wrong
//! with it after each possible mistake.

use serde_json::{Value, json};

use super::super::*;
use crate::primitive::Primitive;

/// A good value of a primitive type.
fn primitive(primitive: Primitive, codes: Option<&Codes>) -> Value {
    if let Some(code) = codes.and_then(|codes| codes.systems.first()?.codes.first()) {
        return json!(code);
    }
    match primitive {
        Primitive::Base64Binary => json!("QUJD"),
        Primitive::Boolean => json!(true),
        Primitive::Code if codes.is_some() => json!("text/plain"),
        Primitive::Date => json!("2024-05-01"),
        Primitive::DateTime | Primitive::Instant => json!("2024-05-01T10:00:00Z"),
        Primitive::Decimal => serde_json::from_str("1.50").unwrap(),
        Primitive::Integer | Primitive::PositiveInt | Primitive::UnsignedInt => json!(1),
        Primitive::Oid => json!("urn:oid:1.2.3"),
        Primitive::Time => json!("10:00:00"),
        Primitive::Uuid => json!("urn:uuid:0190f3a2-7d5e-7c11-8000-000000000001"),
        Primitive::Uri | Primitive::Url | Primitive::Canonical => json!("http://x.example/a"),
        Primitive::Xhtml => json!("<div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>"),
        Primitive::Code | Primitive::Id | Primitive::Markdown | Primitive::String => json!("x"),
    }
}

/// A good value of a field: of a complex one the smallest that R4 allows.
fn sample(field: &Field) -> Value {
    match &field.holds {
        Holds::Primitive(kind) => primitive(*kind, field.codes),
        Holds::Resource => json!({ "resourceType": "Basic", "code": { "text": "x" } }),
        Holds::Reference(targets) => {
            let target = targets.first().copied().unwrap_or(ResourceType::Patient);
            json!({ "reference": format!("{target}/x") })
        }
        Holds::Complex(id) => {
            let def = schema().type_at(*id).unwrap();
            match (
                def.name,
                field.codes.and_then(|codes| codes.systems.first()),
            ) {
                ("CodeableConcept", Some(system)) => {
                    json!({ "coding": [{ "system": system.url, "code": system.codes[0] }] })
                }
                ("Coding", Some(system)) => {
                    json!({ "system": system.url, "code": system.codes[0] })
                }
                ("Extension", _) => json!({ "url": "http://x.example/e", "valueInteger": 1 }),
                // What an empty object may not be, and rules between elements ask for.
                ("Ratio", _) => {
                    json!({ "numerator": { "value": 1 }, "denominator": { "value": 1 } })
                }
                ("Timing", _) => json!({ "event": ["2024"] }),
                ("Appointment.participant", _) => {
                    json!({ "type": [{ "text": "x" }], "status": "accepted" })
                }
                ("Bundle.entry", _) => {
                    json!({ "resource": { "resourceType": "Basic", "code": { "text": "x" } } })
                }
                ("Composition.section", _) => {
                    json!({ "section": [{ "entry": [{ "display": "x" }] }] })
                }
                ("Condition.stage", _) => json!({ "summary": { "text": "x" } }),
                ("Condition.evidence", _) => json!({ "code": [{ "text": "x" }] }),
                ("Immunization.education", _) => json!({ "documentType": "x" }),
                ("Observation.referenceRange", _) => json!({ "text": "x" }),
                ("Patient.contact", _) => json!({ "name": { "text": "x" } }),
                _ => smallest(def),
            }
        }
    }
}

/// The smallest good object of a type: what it must have, else its id.
fn smallest(def: &TypeDef) -> Value {
    let mut object = serde_json::Map::new();
    for (at, element) in def
        .elements
        .iter()
        .enumerate()
        .filter(|(_, element)| element.required)
    {
        let field = def
            .fields()
            .iter()
            .find(|field| field.element == at)
            .unwrap();
        let value = sample(field);
        let value = if element.list { json!([value]) } else { value };
        object.insert(field.name.to_owned(), value);
    }
    if object.is_empty() {
        object.insert("id".into(), json!("x"));
    }
    Value::Object(object)
}

fn resource(kind: ResourceType) -> Value {
    let mut resource = smallest(schema().resource(kind).unwrap());
    resource["resourceType"] = kind.name().into();
    // Rules between elements that the tables don't know.
    match kind.name() {
        "AllergyIntolerance" => {
            let system = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical";
            resource["clinicalStatus"] =
                json!({ "coding": [{ "system": system, "code": "active" }] });
        }
        "Appointment" => resource["status"] = json!("proposed"),
        "Bundle" => resource["type"] = json!("collection"),
        "Consent" => resource["policyRule"] = json!({ "text": "x" }),
        "Organization" => resource["name"] = json!("x"),
        _ => {}
    }
    resource
}

#[test]
fn the_smallest_resource_of_every_type_is_good() {
    for kind in ResourceType::all() {
        assert_eq!(check(&resource(kind), Some(kind)), [], "{kind}");
    }
}

#[test]
fn every_element_of_every_type_is_good_by_each_of_its_names() {
    for kind in ResourceType::all() {
        let def = schema().resource(kind).unwrap();
        for field in def.fields() {
            let mut resource = resource(kind);
            let taken = |name: &str| {
                def.field(name)
                    .is_some_and(|other| other.element == field.element)
            };
            resource
                .as_object_mut()
                .unwrap()
                .retain(|name, _| !taken(name));
            let list = def.element(field).unwrap().list;
            resource[field.name] = if list {
                json!([sample(field)])
            } else {
                sample(field)
            };
            // A rule between elements may ask for more, and a contained resource for a reference to it.
            let faults = check(&resource, Some(kind));
            let good =
                |fault: &Fault| fault.code == IssueCode::Invariant || field.name == "contained";
            assert!(faults.iter().all(good), "{kind}.{}: {faults:?}", field.name);
        }
    }
}

#[test]
fn a_missing_element_a_list_for_one_and_one_for_a_list_are_faults_in_every_type() {
    for kind in ResourceType::all() {
        let good = resource(kind);
        for name in good
            .as_object()
            .unwrap()
            .keys()
            .filter(|name| *name != "resourceType")
        {
            let def = schema().resource(kind).unwrap();
            let element = def
                .field(name)
                .and_then(|field| def.element(field))
                .unwrap();
            let path = format!("{kind}.{}", element.path_name());
            let has = |resource: &Value, code| {
                check(resource, Some(kind))
                    .iter()
                    .any(|fault| fault.path == path && fault.code == code)
            };
            if element.required {
                let mut without = good.clone();
                without.as_object_mut().unwrap().shift_remove(name);
                assert!(has(&without, IssueCode::Required), "{path}");
            }
            let mut other = good.clone();
            other[name] = if element.list {
                good[name][0].clone()
            } else {
                json!([good[name]])
            };
            assert!(has(&other, IssueCode::Structure), "{path}");
        }
    }
}

#[test]
fn an_unknown_element_is_a_fault_in_every_type() {
    for kind in ResourceType::all() {
        let mut resource = resource(kind);
        resource["zzz"] = json!(1);
        let faults = check(&resource, Some(kind));
        assert_eq!(faults.len(), 1, "{kind}: {faults:?}");
        assert_eq!(faults[0].path, format!("{kind}.zzz"));
    }
}
