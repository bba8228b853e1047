//! PID in the plain form in which firsts are kept: the parts of a value separated by `^`, values by
//! `~`, without case, marks and punctuation. What says nothing of the person (a dummy number, a
//! birth date that stands for "unknown") is not said at all, so that it can't be what was said first.

use std::collections::BTreeMap;

use hl7v2::datatype::{Cx, Xad, Xpn, Xtn};
use hl7v2::{Field, Repetition, Segment};
use model::IdentityKind;

use crate::identity;
use crate::inbound::valued;
use crate::profile::Profile;

use super::{birth, contact, identifier, name, text};

/// The part under which a placeholder (`Baby Boy`, `Unknown`) stands, or a birth date in a year that
/// must be wrong: the first real one is the person's, whenever it was said.
pub(super) const PLACEHOLDER: &str = "placeholder";

/// How many values of one field are looked at.
const VALUES_MAX: usize = 6;

/// What PID says: field, part, text. The part is empty, or `TYPE|authority` of an identifier.
pub(crate) fn of_pid(
    pid: &Segment<'_>,
    msh: &Segment<'_>,
    profile: &Profile,
    say: &mut dyn FnMut(u8, &str, &str),
) {
    let mut put = |n: u8, part: &str, values: Vec<String>| {
        if !values.is_empty() {
            say(n, part, &values.join("~"));
        }
    };
    names(pid, &mut put);
    identifiers(pid, msh, profile, &mut put);
    let one = |n: usize, read: &dyn Fn(&str) -> Option<String>| {
        let field = pid.field(n);
        let sent = field.first().text();
        (!field.is_null())
            .then(|| read(&sent))
            .flatten()
            .into_iter()
    };
    put(7, "", one(7, &birth::said).collect());
    put(7, PLACEHOLDER, one(7, &birth::misdated).collect());
    put(8, "", one(8, &sex).collect());
    put(24, "", one(24, &yes_or_no).collect());
    put(25, "", one(25, &order).collect());
    put(11, "", each(pid.field(11), address));
    for n in [13, 14, 40] {
        put(n, "", each(pid.field(usize::from(n)), telecom));
    }
}

fn each(field: Field<'_>, read: impl Fn(Repetition<'_>) -> Option<String>) -> Vec<String> {
    let mut values: Vec<String> = Vec::new();
    for value in valued(field).filter_map(read) {
        if !values.contains(&value) && values.len() < VALUES_MAX {
            values.push(value);
        }
    }
    values
}

fn names(pid: &Segment<'_>, put: &mut dyn FnMut(u8, &str, Vec<String>)) {
    for n in [5, 6, 9] {
        let names = each(pid.field(usize::from(n)), |sent| person(Xpn::new(sent)));
        let (placeholders, names): (Vec<String>, Vec<String>) = names
            .into_iter()
            .partition(|said| name::is_placeholder(said));
        put(n, "", names);
        if n == 5 {
            put(n, PLACEHOLDER, placeholders);
        }
    }
}

/// `FAMILY^GIVEN^MIDDLE^SUFFIX`; a nickname of XPN.15 is not a name of its own here.
fn person(sent: Xpn<'_>) -> Option<String> {
    // Table 0200: a name that is known to be wrong, or hidden on purpose.
    if matches!(sent.type_code().trim(), "BAD" | "MSK" | "S") {
        return None;
    }
    let name = name::Name::new(
        &sent.family().surname(),
        &sent.given(),
        &sent.further_given(),
        &sent.suffix(),
    );
    (!name.is_empty()).then(|| name.said())
}

fn identifiers(
    pid: &Segment<'_>,
    msh: &Segment<'_>,
    profile: &Profile,
    put: &mut dyn FnMut(u8, &str, Vec<String>),
) {
    for n in [2, 3, 4] {
        let mut parts: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for cx in identity::valued(pid.field(usize::from(n))) {
            let Some((part, value)) = numbered(cx, msh, profile) else {
                continue;
            };
            let values = parts.entry(part).or_default();
            if !values.contains(&value) && values.len() < VALUES_MAX {
                values.push(value);
            }
        }
        for (part, values) in parts {
            put(n, &part, values);
        }
    }
    let number = |n: usize, kind: &str| {
        let field = pid.field(n);
        let value = (!field.is_null()).then(|| field.first().text());
        value.and_then(|value| identifier::said(kind, &value))
    };
    put(19, "SS|", number(19, "SS").into_iter().collect());
    let issuer = text::code(&pid.field(20).first().component(2).text());
    let licence = number(20, "DL").into_iter().collect();
    put(20, &format!("DL|{issuer}"), licence);
    let mothers = identity::valued(pid.field(21)).filter_map(|cx| identifier::said("", &cx.id()));
    put(21, "", mothers.take(VALUES_MAX).collect());
}

fn numbered(cx: Cx<'_>, msh: &Segment<'_>, profile: &Profile) -> Option<(String, String)> {
    let named = identity::of(IdentityKind::Patient, cx, msh);
    let kind = profile.identifier_type(&named.type_code, || identity::names(cx.authority()));
    let kind = text::code(kind);
    let value = identifier::said(&kind, &named.value)?;
    Some((format!("{kind}|{}", named.authority), value))
}

fn sex(sent: &str) -> Option<String> {
    match sent.trim().to_uppercase().as_str() {
        "M" | "MALE" => Some("M".to_owned()),
        "F" | "FEMALE" => Some("F".to_owned()),
        _ => None,
    }
}

/// Table 0136.
fn yes_or_no(sent: &str) -> Option<String> {
    match sent.trim().to_uppercase().as_str() {
        "Y" | "YES" | "1" => Some("Y".to_owned()),
        "N" | "NO" | "0" => Some("N".to_owned()),
        _ => None,
    }
}

fn order(sent: &str) -> Option<String> {
    let order: u8 = sent.trim().parse().ok()?;
    (0 < order).then(|| order.to_string())
}

/// `STREET^CITY^STATE^ZIP`.
fn address(sent: Repetition<'_>) -> Option<String> {
    let sent = Xad::new(sent);
    // Table 0190: an address that is known to be wrong.
    if sent.type_code().trim() == "BA" {
        return None;
    }
    let address = contact::Address::new(
        &format!("{} {}", sent.street().line(), sent.other_designation()),
        &sent.city(),
        &sent.state(),
        &sent.postal_code(),
    );
    (!address.is_empty()).then(|| address.said())
}

fn telecom(sent: Repetition<'_>) -> Option<String> {
    let sent = Xtn::new(sent);
    let parts = [5, 6, 7].map(|n| sent.text(n));
    [12, 1, 4]
        .iter()
        .find_map(|&n| contact::telecom(&sent.text(n)))
        .or_else(|| contact::telecom(&parts.concat()))
}
