//! Reads the tables. They are embedded and a test reads all of them, so a bad line is a broken build,
//! not bad input: it is left out here and the tests' counts say so.

use std::collections::HashMap;

use super::{Codes, Element, Field, Holds, Schema, System, TypeDef, TypeId};
use crate::ResourceType;
use crate::primitive::Primitive;

const ELEMENTS: &str = include_str!("../../tables/elements.tsv");
const CODES: &str = include_str!("../../tables/codes.tsv");

/// The elements that nearly every type has, left out of the table: name, `*` for a list, type.
const ELEMENT: &[Base] = &[("id", false, "string"), ("extension", true, "Extension")];
const BACKBONE: &[Base] = &[
    ("id", false, "string"),
    ("extension", true, "Extension"),
    ("modifierExtension", true, "Extension"),
];
const RESOURCE: &[Base] = &[
    ("id", false, "id"),
    ("meta", false, "Meta"),
    ("implicitRules", false, "uri"),
    ("language", false, "code"),
];
const DOMAIN_RESOURCE: &[Base] = &[
    ("id", false, "id"),
    ("meta", false, "Meta"),
    ("implicitRules", false, "uri"),
    ("language", false, "code"),
    ("text", false, "Narrative"),
    ("contained", true, "Resource"),
    ("extension", true, "Extension"),
    ("modifierExtension", true, "Extension"),
];

type Base = (&'static str, bool, &'static str);
type TypeIds = HashMap<&'static str, TypeId>;

pub(super) fn schema() -> Schema {
    let by_name: TypeIds = ELEMENTS
        .lines()
        .filter_map(|line| line.strip_prefix('=')?.split('\t').next())
        .zip((0..).map(TypeId))
        .collect();
    // Leaked once: fields of the schema point into it for the life of the program.
    let codes: &'static [Codes] = Vec::leak(codes());
    let codes: HashMap<&'static str, &'static Codes> = codes.iter().map(|c| (c.name, c)).collect();
    let mut types: Vec<TypeDef> = Vec::with_capacity(by_name.len());
    for line in ELEMENTS.lines() {
        if let Some(head) = line.strip_prefix('=') {
            types.push(start_type(head, &by_name));
        } else if let Some(current) = types.last_mut() {
            add_element(current, line, &by_name, &codes);
        }
    }
    for current in &mut types {
        current.fields.sort_unstable_by_key(|field| field.name);
    }
    Schema {
        types,
        by_name,
        codes,
    }
}

fn codes() -> Vec<Codes> {
    let mut sets: Vec<Codes> = Vec::new();
    for line in CODES.lines() {
        if let Some(name) = line.strip_prefix('=') {
            sets.push(Codes {
                name,
                systems: Vec::new(),
            });
            continue;
        }
        let mut cells = line.split('\t');
        if let (Some(set), Some(url)) = (sets.last_mut(), cells.next()) {
            let mut codes: Vec<&'static str> = cells.collect();
            codes.sort_unstable();
            set.systems.push(System { url, codes });
        }
    }
    sets
}

fn start_type(head: &'static str, types: &TypeIds) -> TypeDef {
    let (name, base) = head.split_once('\t').unwrap_or((head, "Element"));
    let base = match base {
        "DomainResource" => DOMAIN_RESOURCE,
        "Resource" => RESOURCE,
        "BackboneElement" => BACKBONE,
        _ => ELEMENT,
    };
    let mut def = TypeDef {
        name,
        elements: Vec::new(),
        fields: Vec::new(),
        required: Vec::new(),
        is_resource: ResourceType::parse(name).is_some(),
        rules: crate::rules::of(name),
    };
    for &(name, list, kind) in base {
        // R4 marks these as summary elements of every resource.
        let summary = matches!(name, "id" | "meta" | "implicitRules");
        let element = def.elements.len();
        def.elements.push(Element {
            name,
            required: false,
            list,
            summary,
        });
        if let Some(holds) = holds(kind, types) {
            def.fields.push(Field {
                name,
                element,
                holds,
                codes: None,
            });
        }
    }
    def
}

fn add_element(
    def: &mut TypeDef,
    line: &'static str,
    types: &TypeIds,
    codes: &HashMap<&'static str, &'static Codes>,
) {
    let mut cells = line.split('\t');
    let mut cell = || cells.next().unwrap_or_default();
    let (name, min, max, summary, kinds, binding) =
        (cell(), cell(), cell(), cell(), cell(), cell());
    let codes = codes.get(binding).copied();
    let element = def.elements.len();
    if min == "1" {
        def.required.push(element);
    }
    def.elements.push(Element {
        name,
        required: min == "1",
        list: max == "*",
        summary: summary == "S",
    });
    for kind in kinds.split('|') {
        let Some(holds) = holds(kind, types) else {
            continue;
        };
        let name = match name.strip_suffix("[x]") {
            Some(stem) => choice_name(stem, kind),
            None => name,
        };
        def.fields.push(Field {
            name,
            element,
            holds,
            codes,
        });
    }
}

/// `value` and `Quantity` make `valueQuantity`.
fn choice_name(stem: &str, kind: &str) -> &'static str {
    let kind = kind.split('(').next().unwrap_or_default();
    let mut chars = kind.chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase());
    let name: String = stem.chars().chain(first).chain(chars).collect();
    name.leak()
}

/// `string`, `Period`, `Reference(Group,Patient)`, `@Patient.contact`, `Resource`.
fn holds(kind: &str, types: &TypeIds) -> Option<Holds> {
    if let Some(primitive) = Primitive::parse(kind) {
        return Some(Holds::Primitive(primitive));
    }
    if kind == "Resource" {
        return Some(Holds::Resource);
    }
    if let Some(targets) = kind.strip_prefix("Reference") {
        let targets = targets.trim_matches(['(', ')']).split(',');
        return Some(Holds::Reference(
            targets.filter_map(ResourceType::parse).collect(),
        ));
    }
    types
        .get(kind.trim_start_matches('@'))
        .copied()
        .map(Holds::Complex)
}
