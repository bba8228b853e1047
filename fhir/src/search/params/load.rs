//! Reads `params.tsv`, `served.tsv` and `compartment.tsv`.

use std::collections::HashMap;

use super::{Leaf, Param, ParamKind, Path, SearchParam, Step, Tables};
use crate::ResourceType;
use crate::schema::schema;

const PARAMS: &str = include_str!("../../../tables/params.tsv");
const SERVED: &str = include_str!("../../../tables/served.tsv");
const COMPARTMENT: &str = include_str!("../../../tables/compartment.tsv");

/// A line of `params.tsv`.
struct Line {
    id: i16,
    kind: &'static str,
    paths: &'static str,
    definition: &'static str,
}

type Lines = HashMap<(&'static str, &'static str), Line>;

pub(super) fn tables() -> Tables {
    let lines: Lines = PARAMS.lines().filter_map(line).collect();
    let mut tables = Tables {
        public: HashMap::new(),
        served: HashMap::new(),
        compartment: compartment(),
    };
    for served in SERVED.lines().filter(|line| !line.starts_with('#')) {
        let mut cells = served.split('\t');
        let (Some(name), Some(code)) = (cells.next(), cells.next()) else {
            continue;
        };
        let how = cells.next().unwrap_or_default();
        let (Some(kind), Some(line)) = (ResourceType::parse(name), lines.get(&(name, code))) else {
            continue;
        };
        let Some(param) = param(name, code, how, line, &lines) else {
            continue;
        };
        let public = SearchParam {
            code,
            id: line.id,
            kind: param.kind,
            definition: line.definition,
        };
        tables.public.entry(kind).or_default().push(public);
        tables.served.entry(kind).or_default().push(param);
    }
    tables
}

fn line(text: &'static str) -> Option<((&'static str, &'static str), Line)> {
    let mut cells = text.split('\t');
    let id = cells.next()?.parse().ok()?;
    let key = (cells.next()?, cells.next()?);
    let (kind, paths, definition) = (cells.next()?, cells.next()?, cells.next()?);
    Some((
        key,
        Line {
            id,
            kind,
            paths,
            definition,
        },
    ))
}

fn param(
    name: &'static str,
    code: &'static str,
    how: &'static str,
    line: &Line,
    lines: &Lines,
) -> Option<Param> {
    let also = how.split(' ').filter_map(|word| word.strip_prefix('+'));
    Some(Param {
        code,
        id: line.id,
        kind: ParamKind::parse(line.kind)?,
        paths: line.paths.split(" | ").filter_map(path).collect(),
        stored_as: how.strip_prefix('='),
        also: also
            .filter_map(|other| lines.get(&(name, other)).map(|line| line.id))
            .collect(),
    })
}

/// `telecom[system=phone]:ContactPoint`; a way without a type leads to a reference.
fn path(text: &'static str) -> Option<Path> {
    // A type follows the last colon; values in filters have none.
    let (steps, leaf) = text.rsplit_once(':').unwrap_or((text, "Reference"));
    Some(Path {
        steps: steps.split('.').map(step).collect(),
        leaf: leaf_of(leaf)?,
    })
}

fn step(text: &'static str) -> Step {
    let filter = text.strip_suffix(']').and_then(|text| text.split_once('['));
    match filter {
        Some((name, only)) => Step {
            name,
            only: only.split_once('='),
        },
        None => Step {
            name: text,
            only: None,
        },
    }
}

fn leaf_of(name: &str) -> Option<Leaf> {
    if let Some(targets) = name.strip_prefix("Reference") {
        let targets = targets.trim_matches(['(', ')']).split(',');
        return Some(Leaf::Reference(
            targets.filter_map(ResourceType::parse).collect(),
        ));
    }
    if let Some(value_set) = name.strip_prefix("code=") {
        return Some(Leaf::Code(schema().codes_named(value_set)));
    }
    Some(match name {
        "code" => Leaf::Code(None),
        "Coding" => Leaf::Coding,
        "CodeableConcept" => Leaf::CodeableConcept,
        "Identifier" => Leaf::Identifier,
        "ContactPoint" => Leaf::ContactPoint,
        "boolean" => Leaf::Boolean,
        "true" => Leaf::True,
        "exists" => Leaf::Exists,
        "string" | "markdown" | "id" => Leaf::Text,
        "HumanName" => Leaf::HumanName,
        "Address" => Leaf::Address,
        "date" | "dateTime" | "instant" => Leaf::Date,
        "Period" => Leaf::Period,
        "Timing" => Leaf::Timing,
        "uri" | "url" | "canonical" | "oid" | "uuid" => Leaf::Uri,
        _ => return None,
    })
}

fn compartment() -> HashMap<ResourceType, Vec<Vec<Path>>> {
    let row = |line: &'static str| {
        let mut cells = line.split('\t');
        let kind = ResourceType::parse(cells.next()?)?;
        let groups = cells.map(|group| group.split(" | ").filter_map(path).collect());
        Some((kind, groups.collect()))
    };
    COMPARTMENT.lines().filter_map(row).collect()
}
