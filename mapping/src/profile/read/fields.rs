//! `[fields]` and `[[local]]`: what is read from elsewhere, and what local fields become.

use std::ops::Range;

use toml::de::DeTable;

use super::super::tree::{Mistakes, Node};
use super::super::{Element, Local, Override, Path, Profile, Take, Value, tables};
use super::{choice, rows};

/// MSH fields that intake reads before it knows the profile.
const ENVELOPE: [u8; 7] = [1, 2, 3, 4, 9, 10, 18];

/// `"PV1-19" = { from = "PID-18" }`, `{ value = "…" }`, `{ drop = true }`.
pub(super) fn overrides<'t>(profile: &mut Profile, node: &Node<'t>, mistakes: &mut Mistakes<'t>) {
    let Some(table) = mistakes.table("fields", node) else {
        return;
    };
    for (key, node) in table {
        let Some(at) = path(key.get_ref(), key.span(), mistakes) else {
            continue;
        };
        if at.segment == "MSH" && ENVELOPE.contains(&at.field) {
            mistakes.add(
                key.span(),
                format!("{at} is read before a profile is chosen; it can't be set here"),
            );
            continue;
        }
        let name: &str = key.get_ref();
        let Some(row) = mistakes.table(name, node) else {
            continue;
        };
        if let Some((take, only_if_empty)) = source(name, row, node.span(), mistakes) {
            let fields = profile.fields.entry(at.segment.clone()).or_default();
            fields.retain(|known| known.at != at);
            fields.push(Override {
                at,
                take,
                only_if_empty,
            });
        }
    }
}

fn source<'t>(
    name: &str,
    row: &DeTable<'t>,
    span: Range<usize>,
    mistakes: &mut Mistakes<'t>,
) -> Option<(Take, bool)> {
    let mut takes = Vec::new();
    let mut only_if_empty = false;
    for (key, node) in row {
        let word: &str = key.get_ref();
        match word {
            "from" => {
                let text = mistakes.text_of(word, node)?;
                takes.push(Take::From(path(text, node.span(), mistakes)?));
            }
            "value" => {
                let text = mistakes.text_of(word, node)?;
                if text.contains(['|', '\r', '\n']) {
                    mistakes.add(
                        node.span(),
                        "a value is one field: it can't hold `|` or line ends",
                    );
                    return None;
                }
                takes.push(Take::Value(text.to_owned()));
            }
            "drop" => {
                if mistakes.flag(word, node)? {
                    takes.push(Take::Nothing);
                }
            }
            "only_if_empty" => only_if_empty = mistakes.flag(word, node)?,
            _ => {
                let known = ["from", "value", "drop", "only_if_empty"];
                mistakes.unknown(key.span(), "key", word, known.into_iter());
                return None;
            }
        }
    }
    let n_takes = takes.len();
    let take = takes.pop().filter(|_| n_takes == 1);
    if take.is_none() {
        mistakes.add(
            span,
            format!("`{name}` needs one of `from = \"SEG-N\"`, `value = \"…\"` and `drop = true`"),
        );
    }
    Some((take?, only_if_empty))
}

fn path(text: &str, span: Range<usize>, mistakes: &mut Mistakes<'_>) -> Option<Path> {
    let path = text.parse().ok();
    if path.is_none() {
        mistakes.add(
            span,
            format!("`{text}` is no field; write it as PV1-19, or PV1-19.1 for a component"),
        );
    }
    path
}

/// `[[local]]`: a field of a Z segment, and what it becomes.
pub(super) fn locals<'t>(profile: &mut Profile, node: &Node<'t>, mistakes: &mut Mistakes<'t>) {
    let Some(list) = node.get_ref().as_array() else {
        mistakes.add(
            node.span(),
            "`local` is a list; write [[local]] before each entry",
        );
        return;
    };
    for entry in list {
        if let Some(row) = mistakes.table("local", entry)
            && let Some(local) = local(row, entry.span(), mistakes)
        {
            let known = profile.local.entry(local.from.segment.clone()).or_default();
            known.retain(|known| (&known.from, known.to) != (&local.from, local.to));
            known.push(local);
        }
    }
}

const LOCAL_KEYS: [&str; 6] = ["from", "to", "url", "system", "type", "table"];

fn local<'t>(row: &DeTable<'t>, span: Range<usize>, mistakes: &mut Mistakes<'t>) -> Option<Local> {
    for (key, _) in row {
        let word: &str = key.get_ref();
        if !LOCAL_KEYS.contains(&word) {
            mistakes.unknown(key.span(), "key", word, LOCAL_KEYS.into_iter());
        }
    }
    let mut text = |key: &str| {
        let (_, node) = row.get_key_value(key)?;
        let text = mistakes.text_of(key, node)?.to_owned();
        Some((text, node.span()))
    };
    let [from, to, url, system, kind, table] = LOCAL_KEYS.map(&mut text);
    let (Some((from, from_span)), Some((to, to_span))) = (from, to) else {
        mistakes.add(
            span,
            "[[local]] needs `from = \"ZXX-1\"` and `to = \"Patient.extension\"`",
        );
        return None;
    };
    let from = path(&from, from_span.clone(), mistakes)?;
    if !from.segment.starts_with('Z') {
        mistakes.add(
            from_span,
            format!("{from} is no local field: only Z segments are; see [fields]"),
        );
        return None;
    }
    let to: Element = choice("to", &to, to_span, &Element::ALL, mistakes)?;
    let (named, other, wanted) = if to.is_extension() {
        (url, system, "url")
    } else {
        (system, url, "system")
    };
    if let Some((_, span)) = other {
        mistakes.add(span, format!("{} is said by `{wanted}`", to.name()));
    }
    let system = named.and_then(|(text, span)| rows::system(&text, span, mistakes));
    if system.is_none() {
        mistakes.add(
            span,
            format!("{} needs `{wanted} = \"https://…\"`", to.name()),
        );
        return None;
    }
    let (mut value, mut identifier_type) = (Value::String, None);
    match kind {
        Some((kind, span)) if to.is_extension() => {
            value = choice("type", &kind, span, &Value::ALL, mistakes)?;
        }
        Some((kind, _)) if to.is_identifier() => identifier_type = Some(kind),
        Some((_, span)) => mistakes.add(span, "`type` is for extensions and identifiers"),
        None => {}
    }
    let table =
        table.map(|(name, _)| tables::known(&name).map_or(name, |known| known.number.to_owned()));
    Some(Local {
        from,
        to,
        system,
        value,
        identifier_type,
        table,
    })
}
