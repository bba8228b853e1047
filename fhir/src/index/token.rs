//! Tokens, references and uris: each form that can be searched becomes a hash.

use super::Node;
use crate::search::params::Leaf;
use crate::{Reference, ResourceType, token_hash};

/// One form that a value can be searched in.
pub(super) struct Token {
    pub(super) hash: i64,
    /// Whether it leads to the resource. A code with its system does not: the code alone leads to it, and
    /// the system is checked in the row. A row of the index less for each code and identifier.
    pub(super) leads: bool,
}

/// Visits the tokens of the value at a way's end.
pub(super) fn each<'n, N: Node<'n>>(
    kind: ResourceType,
    param: &str,
    leaf: &Leaf,
    value: N,
    mut visit: impl FnMut(Token),
) {
    let text = |name: &str| value.get(name).and_then(N::as_str);
    let mut plain = |code: &str| visit(leading(token_hash(kind, param, None, Some(code))));
    match leaf {
        Leaf::Code(_) | Leaf::Text | Leaf::Uri => value.as_str().into_iter().for_each(plain),
        Leaf::Boolean => {
            if let Some(flag) = value.as_bool() {
                plain(if flag { "true" } else { "false" });
            }
        }
        Leaf::True if value.as_bool() == Some(true) => plain("true"),
        Leaf::Exists => plain("true"),
        Leaf::Coding => coding(kind, param, text("system"), text("code"), visit),
        Leaf::Identifier => coding(kind, param, text("system"), text("value"), visit),
        Leaf::CodeableConcept => {
            let codings = value.get("coding").and_then(N::items);
            for item in codings.into_iter().flatten() {
                let text = |name: &str| item.get(name).and_then(N::as_str);
                coding(kind, param, text("system"), text("code"), &mut visit);
            }
        }
        Leaf::ContactPoint => {
            if let Some(value) = text("value")
                .map(contact_value)
                .filter(|value| !value.is_empty())
            {
                let system = text("system").unwrap_or("other");
                visit(leading(token_hash(kind, param, Some(system), Some(&value))));
            }
        }
        Leaf::Reference(targets) => {
            // A canonical is a plain string.
            let target = text("reference").or(value.as_str());
            target
                .and_then(|target| reference(target, targets))
                .as_deref()
                .into_iter()
                .for_each(plain);
        }
        Leaf::True | Leaf::HumanName | Leaf::Address | Leaf::Date | Leaf::Period | Leaf::Timing => {
        }
    }
}

/// `system|code` and `code`; without a system `|code` and `code`.
fn coding(
    kind: ResourceType,
    param: &str,
    system: Option<&str>,
    code: Option<&str>,
    mut visit: impl FnMut(Token),
) {
    let Some(code) = code else { return };
    let system = Some(system.unwrap_or_default());
    visit(Token {
        hash: token_hash(kind, param, system, Some(code)),
        leads: false,
    });
    visit(leading(token_hash(kind, param, None, Some(code))));
}

fn leading(hash: i64) -> Token {
    Token { hash, leads: true }
}

/// What a reference is found by: `Type/id` without a version, or the URL as it is.
fn reference(text: &str, targets: &[ResourceType]) -> Option<String> {
    let reference = Reference::parse(text, None)?;
    let counts = reference
        .kind()
        .is_none_or(|kind| targets.is_empty() || targets.contains(&kind));
    match reference {
        _ if !counts => None,
        Reference::Local { kind, id, .. } => Some(format!("{kind}/{id}")),
        Reference::Elsewhere { url, .. } | Reference::Urn(url) => Some(url),
        Reference::Contained(_) | Reference::Conditional { .. } => None,
    }
}

/// A phone number or e-mail address in the form that is compared: people write the same number with
/// and without spaces, brackets and dashes.
pub(crate) fn contact_value(text: &str) -> String {
    let is_address = text.contains(['@', '/']);
    let keeps = |c: &char| {
        if is_address {
            !c.is_whitespace()
        } else {
            c.is_alphanumeric() || *c == '+'
        }
    };
    text.chars()
        .filter(keeps)
        .flat_map(char::to_lowercase)
        .collect()
}
