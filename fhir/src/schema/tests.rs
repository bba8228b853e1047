use super::*;
use crate::search::params::{Leaf, Path, compartment, params, served};

#[test]
fn every_resource_type_and_every_type_that_a_field_holds_is_known() {
    for kind in ResourceType::all() {
        assert!(schema().resource(kind).is_some(), "{kind}");
    }
    let n_fields = |def: &TypeDef| def.fields.len();
    // As many as there are heads in elements.tsv: a line that is not read would be missed here.
    assert_eq!(schema().types.len(), 660);
    assert!(schema().types.iter().map(n_fields).sum::<usize>() > 8_000);
    for def in &schema().types {
        assert!(
            def.elements.len() <= 128,
            "{}: the check has a bit for each",
            def.name
        );
        let named = |element: usize| def.fields.iter().any(|field| field.element == element);
        assert!(
            (0..def.elements.len()).all(named),
            "{}: an element without a type",
            def.name
        );
        assert!(
            def.fields.is_sorted_by_key(|field| field.name),
            "{}",
            def.name
        );
    }
}

#[test]
fn a_field_is_found_by_each_of_its_names() {
    let observation = schema().type_named("Observation").unwrap();
    for name in [
        "valueQuantity",
        "valueString",
        "status",
        "id",
        "modifierExtension",
        "contained",
    ] {
        assert_eq!(observation.field(name).map(|field| field.name), Some(name));
    }
    for name in [
        "value",
        "value[x]",
        "valuequantity",
        "resourceType",
        "Status",
    ] {
        assert!(observation.field(name).is_none(), "{name}");
    }
}

#[test]
fn required_codes_are_those_of_the_standard() {
    let gender = schema().codes_named("administrative-gender").unwrap();
    assert!(
        ["male", "female", "other", "unknown"]
            .iter()
            .all(|code| gender.has(code))
    );
    assert!(!gender.has("Male") && !gender.has(""));
    let media = schema().codes_named("mimetypes").unwrap();
    assert!(media.has("application/pdf") && media.has("text/plain; charset=utf-8"));
    assert!(!media.has("pdf") && !media.has("/") && !media.has("a/b c"));
}

#[test]
fn each_rule_belongs_to_a_type() {
    for name in crate::rules::type_names() {
        assert!(schema().type_named(name).is_some(), "{name}");
    }
}

/// The ways of `params.tsv` are walked along the elements: a way that the tables don't know is a typo.
#[test]
fn every_served_way_exists() {
    for kind in ResourceType::all() {
        assert_eq!(params(kind).len(), served(kind).len());
        for param in served(kind) {
            assert!(!param.paths.is_empty(), "{kind} {}", param.code);
            param.paths.iter().for_each(|path| walk(kind, path));
            let is_stored = |code: &str| {
                served(kind)
                    .iter()
                    .any(|p| p.code == code && p.stored_as.is_none())
            };
            assert!(
                param.stored_as.is_none_or(is_stored),
                "{kind} {}",
                param.code
            );
            let is_served = |id: &i16| served(kind).iter().any(|p| p.id == *id);
            assert!(param.also.iter().all(is_served), "{kind} {}", param.code);
        }
        compartment(kind)
            .iter()
            .flatten()
            .for_each(|path| walk(kind, path));
    }
}

fn walk(kind: ResourceType, path: &Path) {
    let mut def = schema().resource(kind).unwrap();
    let names: Vec<&str> = path.steps.iter().map(|step| step.name).collect();
    for (at, name) in names.iter().enumerate() {
        let field = def
            .field(name)
            .unwrap_or_else(|| panic!("{kind} {names:?}"));
        match &field.holds {
            Holds::Complex(id) => def = schema().type_at(*id).unwrap(),
            Holds::Reference(_) => {
                assert!(matches!(path.leaf, Leaf::Reference(_)), "{kind} {names:?}");
            }
            Holds::Primitive(_) => assert_eq!(at + 1, names.len(), "{kind} {names:?}"),
            Holds::Resource => panic!("{kind} {names:?}"),
        }
    }
}

/// A parameter without rows of its own is answered from the other's: those must hold its values.
#[test]
fn a_borrowed_row_holds_what_the_borrower_searches() {
    let ways = |param: &crate::search::params::Param| -> Vec<Vec<&'static str>> {
        param
            .paths
            .iter()
            .map(|path| path.steps.iter().map(|step| step.name).collect())
            .collect()
    };
    for kind in ResourceType::all() {
        for param in served(kind) {
            let Some(other) = param.stored_as else {
                continue;
            };
            let other = served(kind).iter().find(|p| p.code == other).unwrap();
            let held = ways(other);
            assert!(
                ways(param).iter().all(|way| held.contains(way)),
                "{kind} {}",
                param.code
            );
        }
    }
}
