//! The values of strings, tokens, references and uris in a search.

use super::params::{Leaf, Param};
use super::parse::error;
use super::{Criterion, SearchError, StringMatch};
use crate::index::{contact_value, string_row};
use crate::schema::Codes;
use crate::{Reference, ResourceType, normalise, token_hash};

/// The systems of a contact point (R4 value set `contact-point-system`).
const CONTACT_SYSTEMS: &[&str] = &["phone", "fax", "email", "pager", "url", "sms", "other"];

/// Splits at a separator; `\,`, `\|`, `\$` and `\\` are the characters themselves (R4 search.html#escaping).
/// The escapes are resolved only when `separator` is the last to be split at: see [`token_parts`].
pub(super) fn split(text: &str, separator: char) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut escaped = false;
    for c in text.chars() {
        if c == separator && !escaped {
            parts.push(String::new());
            continue;
        }
        escaped = c == '\\' && !escaped;
        if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    parts
}

fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => plain.extend(chars.next()),
            c => plain.push(c),
        }
    }
    plain
}

pub(super) fn strings(
    name: &str,
    modifier: Option<&str>,
    alternatives: &[String],
) -> Result<Vec<StringMatch>, SearchError> {
    let wrap = match modifier {
        None => |text: &str| StringMatch::Prefix(normalise(text)),
        Some("exact") => |text: &str| StringMatch::Exact(string_row(text).unwrap_or_default()),
        Some("contains") => |text: &str| StringMatch::Contains(normalise(text)),
        Some(_) => {
            return Err(error(
                name,
                "a string takes the modifiers :exact and :contains",
            ));
        }
    };
    let value = |text: &String| {
        let text = unescape(text);
        // What is all accents and spaces would match everything.
        (!normalise(&text).is_empty()).then(|| wrap(&text))
    };
    let values: Option<Vec<StringMatch>> = alternatives.iter().map(value).collect();
    values.ok_or_else(|| error(name, "has an empty value: give it letters or digits"))
}

pub(super) fn uris(kind: ResourceType, param: &Param, alternatives: &[String]) -> Criterion {
    let hash = |text: &String| token_hash(kind, param.hash_name(), None, Some(&unescape(text)));
    Criterion::Tokens(alternatives.iter().map(hash).collect())
}

pub(super) fn tokens(
    kind: ResourceType,
    param: &Param,
    name: &str,
    modifier: Option<&str>,
    alternatives: &[String],
) -> Result<Criterion, SearchError> {
    let negated = match modifier {
        None => false,
        Some("not") => true,
        Some(_) => return Err(error(name, "a token takes the modifier :not")),
    };
    if param
        .paths
        .iter()
        .any(|path| matches!(path.leaf, Leaf::True))
    {
        return only_true(kind, param, name, negated, alternatives);
    }
    let (mut hashes, mut leads) = (Vec::new(), Vec::new());
    for text in alternatives {
        let (system, code) = token_parts(text);
        let Some(code) = code else {
            let what = "system| without a code is not served: give the code too";
            return Err(error(name, what));
        };
        token(
            kind,
            param,
            name,
            system.as_deref(),
            &code,
            |(hash, lead)| {
                hashes.push(hash);
                leads.push(lead);
            },
        )?;
    }
    for hashes in [&mut hashes, &mut leads] {
        hashes.sort_unstable();
        hashes.dedup();
    }
    Ok(if negated {
        Criterion::NotTokens(hashes)
    } else if hashes == leads {
        Criterion::Tokens(hashes)
    } else {
        Criterion::Coded { hashes, leads }
    })
}

/// `code`, `system|code`, `|code` (an empty system) and `system|` (no code).
fn token_parts(text: &str) -> (Option<String>, Option<String>) {
    let mut parts = split(text, '|').into_iter().map(|part| unescape(&part));
    match (parts.next(), parts.next()) {
        (code, None) => (None, code),
        (system, Some(code)) if code.is_empty() => (system, None),
        (system, code) => (system, code),
    }
}

/// A parameter that has a row only where it is true.
fn only_true(
    kind: ResourceType,
    param: &Param,
    name: &str,
    negated: bool,
    alternatives: &[String],
) -> Result<Criterion, SearchError> {
    let [value] = alternatives else {
        return Err(error(name, "must be true or false"));
    };
    let wanted = match value.as_str() {
        "true" => !negated,
        "false" => negated,
        _ => return Err(error(name, "must be true or false")),
    };
    let hashes = vec![token_hash(kind, param.hash_name(), None, Some("true"))];
    Ok(if wanted {
        Criterion::Tokens(hashes)
    } else {
        Criterion::NotTokens(hashes)
    })
}

/// The hashes that a token has among those of a resource that it finds, each with the hash that leads
/// to it: [`crate::IndexValues::leads`].
fn token(
    kind: ResourceType,
    param: &Param,
    name: &str,
    system: Option<&str>,
    code: &str,
    mut found: impl FnMut((i64, i64)),
) -> Result<(), SearchError> {
    let hash = |system, code: &str| token_hash(kind, param.hash_name(), system, Some(code));
    let plain = |hash| (hash, hash);
    for path in &param.paths {
        match &path.leaf {
            Leaf::Code(codes) if system.is_none_or(|url| is_system_of(url, *codes, code)) => {
                found(plain(hash(None, code)));
            }
            Leaf::Boolean => {
                if !matches!(code, "true" | "false") {
                    return Err(error(name, "must be true or false"));
                }
                found(plain(hash(None, code)));
            }
            Leaf::Text if system.is_none() => found(plain(hash(None, code))),
            Leaf::ContactPoint => {
                let value = contact_value(code);
                let only = path
                    .steps
                    .iter()
                    .find_map(|step| step.only)
                    .map(|(_, system)| system);
                match only.or(system) {
                    Some(system) => found(plain(hash(Some(system), &value))),
                    None => CONTACT_SYSTEMS
                        .iter()
                        .for_each(|system| found(plain(hash(Some(system), &value)))),
                }
            }
            Leaf::Coding | Leaf::CodeableConcept | Leaf::Identifier => {
                found((hash(system, code), hash(None, code)));
            }
            // The code of another system, or a kind of value that no token parameter has.
            Leaf::Code(_)
            | Leaf::Text
            | Leaf::True
            | Leaf::Exists
            | Leaf::HumanName
            | Leaf::Address
            | Leaf::Date
            | Leaf::Period
            | Leaf::Timing
            | Leaf::Reference(_)
            | Leaf::Uri => {}
        }
    }
    Ok(())
}

/// An element of type `code` has one row, for its code; its system is the value set's.
fn is_system_of(system: &str, codes: Option<&Codes>, code: &str) -> bool {
    codes.is_none_or(|codes| codes.systems.is_empty() || codes.has_coding(system, code))
}

pub(super) fn references(
    base: Option<&str>,
    kind: ResourceType,
    param: &Param,
    name: &str,
    modifier: Option<&str>,
    alternatives: &[String],
) -> Result<Criterion, SearchError> {
    let mut targets = targets(param);
    if let Some(modifier) = modifier {
        let target = ResourceType::parse(modifier)
            .filter(|target| targets.is_empty() || targets.contains(target));
        let what = "a reference takes the type that it refers to as its modifier, :Patient";
        targets = vec![target.ok_or_else(|| error(name, what))?];
    }
    let hash = |text: &str| token_hash(kind, param.hash_name(), None, Some(text));
    let mut hashes = Vec::new();
    for text in alternatives {
        let text = unescape(text);
        match Reference::parse(&text, base) {
            Some(Reference::Local {
                kind: target, id, ..
            }) => {
                if targets.is_empty() || targets.contains(&target) {
                    hashes.push(hash(&format!("{target}/{id}")));
                }
            }
            Some(Reference::Elsewhere { url, .. } | Reference::Urn(url)) => hashes.push(hash(&url)),
            _ if !crate::reference::is_id(&text) => {
                return Err(error(name, "must be Type/id, an id or an absolute URL"));
            }
            _ if targets.is_empty() => {
                return Err(error(name, "may refer to any type: say which, Type/id"));
            }
            _ => hashes.extend(
                targets
                    .iter()
                    .map(|target| hash(&format!("{target}/{text}"))),
            ),
        }
    }
    hashes.sort_unstable();
    hashes.dedup();
    Ok(Criterion::Tokens(hashes))
}

/// The types that a parameter's references may have; empty is any.
fn targets(param: &Param) -> Vec<ResourceType> {
    let mut all = Vec::new();
    for path in &param.paths {
        let Leaf::Reference(targets) = &path.leaf else {
            continue;
        };
        if targets.is_empty() {
            return Vec::new();
        }
        all.extend(targets.iter().copied());
    }
    all.sort_unstable();
    all.dedup();
    all
}
