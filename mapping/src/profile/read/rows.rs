//! `[authorities]` and `[tables.…]`: rows of names and codes.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::DeTable;

use crate::datatype::cwe::Meaning;
use crate::datatype::hd;
use crate::table::mapped::Target;

use super::super::Profile;
use super::super::tables;
use super::super::tree::{Mistakes, Node};

/// `NAME = "system"` or `NAME = { system = "…", type = "MR" }`.
pub(super) fn authorities<'t>(profile: &mut Profile, node: &Node<'t>, mistakes: &mut Mistakes<'t>) {
    let Some(table) = mistakes.table("authorities", node) else {
        return;
    };
    for (key, node) in table {
        let name: &str = key.get_ref();
        let Some(row) = node.get_ref().as_table() else {
            let text = mistakes.text_of(name, node);
            if let Some(uri) = text.and_then(|text| system(text, node.span(), mistakes)) {
                profile.authorities.insert(name.to_owned(), uri);
            }
            continue;
        };
        for (key, node) in row {
            let word: &str = key.get_ref();
            match word {
                "system" => {
                    let text = mistakes.text_of(word, node);
                    if let Some(uri) = text.and_then(|text| system(text, node.span(), mistakes)) {
                        profile.authorities.insert(name.to_owned(), uri);
                    }
                }
                "type" => {
                    if let Some(kind) = mistakes.text_of(word, node) {
                        let kinds = &mut profile.authority_types;
                        kinds.insert(name.to_owned(), kind.to_owned());
                    }
                }
                _ => mistakes.unknown(key.span(), "key", word, ["system", "type"].into_iter()),
            }
        }
    }
}

/// A system: a URI, or an OID or UUID, which becomes one.
pub(super) fn system(
    text: &str,
    span: Range<usize>,
    mistakes: &mut Mistakes<'_>,
) -> Option<String> {
    let uri = hd::uri(text, "URI");
    if uri.is_none() {
        mistakes.add(
            span,
            format!("`{text}` is no system; write a URI (https://…, urn:oid:…) or an OID"),
        );
    }
    uri
}

/// `[tables.0069]`: `"HH" = "code"`, or `{ code, system, display }`.
pub(super) fn tables<'t>(profile: &mut Profile, node: &Node<'t>, mistakes: &mut Mistakes<'t>) {
    let Some(all) = mistakes.table("tables", node) else {
        return;
    };
    for (key, node) in all {
        let name: &str = key.get_ref();
        let (number, target) = match tables::known(name) {
            Some(table) => (table.number, table.target),
            None if name.starts_with('Z') => (name, Target::Any),
            None => {
                mistakes.unknown(key.span(), "table", name, tables::names());
                continue;
            }
        };
        let Some(rows) = mistakes.table(name, node) else {
            continue;
        };
        let mut read = BTreeMap::new();
        for (code, node) in rows {
            if let Some(meaning) = row(name, target, node, mistakes) {
                read.insert(code.get_ref().to_string(), meaning);
            }
        }
        let table = profile.tables.entry(number.to_owned()).or_default();
        table.extend(read);
    }
}

fn row<'t>(
    table: &str,
    target: Target,
    node: &Node<'t>,
    mistakes: &mut Mistakes<'t>,
) -> Option<Meaning> {
    let (mut code, mut uri, mut display) = (None, None, None);
    if let Some(row) = node.get_ref().as_table() {
        for (key, node) in row {
            let word: &str = key.get_ref();
            let Some(text) = mistakes.text_of(word, node) else {
                continue;
            };
            match word {
                "code" => code = Some(text),
                "display" => display = Some(text),
                "system" => uri = system(text, node.span(), mistakes),
                _ => {
                    let known = ["code", "system", "display"];
                    mistakes.unknown(key.span(), "key", word, known.into_iter());
                }
            }
        }
    } else {
        code = mistakes.text_of(table, node);
    }
    let Some(code) = code.filter(|code| !code.trim().is_empty()) else {
        mistakes.add(
            node.span(),
            "a row needs a code: write \"X\" = { code = \"…\" }",
        );
        return None;
    };
    let own = match target {
        Target::Codes(known) if !known.contains(&code) => {
            let known = known.join(", ");
            mistakes.add(
                node.span(),
                format!("FHIR has no code `{code}` here; write one of {known}"),
            );
            return None;
        }
        Target::Codes(_) => Some(tables::own_system(table)),
        Target::System(system) => Some(system.to_owned()),
        Target::Any => None,
    };
    let Some(uri) = uri.or(own) else {
        let what = format!(
            "table {table} has no system of its own; write {{ code = \"{code}\", system = \"https://…\" }}"
        );
        mistakes.add(node.span(), what);
        return None;
    };
    Some(tables::meaning(&uri, code, display))
}

/// Local fields may only name tables that are there.
pub(super) fn check_local_tables<'t>(
    profile: &Profile,
    tree: &DeTable<'t>,
    mistakes: &mut Mistakes<'t>,
) {
    let missing = profile.local.values().flatten().find_map(|local| {
        let table = local.table.as_ref()?;
        (!profile.tables.contains_key(table)).then_some(table)
    });
    if let Some(table) = missing {
        let at = tree
            .get_key_value("local")
            .map_or(0..0, |(_, node)| node.span());
        mistakes.add(
            at,
            format!("[[local]] names a table `{table}` that is not there; write [tables.{table}]"),
        );
    }
}
