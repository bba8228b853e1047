//! XPN, PN → `HumanName`.

use std::borrow::Cow;

use fhirbolt::model::r4::types::{Extension, HumanName, String as FhirString};
use hl7v2::datatype::{Dr, FamilyName, Xpn};

use crate::inbound::Reading;

use super::{cwe, dtm, ext, text};

const OWN_PREFIX: &str = "http://hl7.org/fhir/StructureDefinition/humanname-own-prefix";
const OWN_NAME: &str = "http://hl7.org/fhir/StructureDefinition/humanname-own-name";
const PARTNER_PREFIX: &str = "http://hl7.org/fhir/StructureDefinition/humanname-partner-prefix";
const PARTNER_NAME: &str = "http://hl7.org/fhir/StructureDefinition/humanname-partner-name";

/// What a name is made of: XPN and XCN differ only in where the parts stand.
pub(crate) struct Parts<'m> {
    pub(crate) family: FamilyName<'m>,
    pub(crate) given: [Cow<'m, str>; 2],
    pub(crate) suffixes: [Cow<'m, str>; 3],
    pub(crate) prefix: Cow<'m, str>,
    pub(crate) type_code: Cow<'m, str>,
    /// From when until when it is in use.
    pub(crate) validity: [Cow<'m, str>; 2],
}

/// A name; none if it has neither family nor given name, nor anything else a person is called.
pub(crate) fn name(xpn: Xpn<'_>, reading: &Reading<'_>) -> Option<HumanName> {
    of_parts(
        &Parts {
            family: xpn.family(),
            given: [xpn.given(), xpn.further_given()],
            suffixes: [xpn.suffix(), xpn.degree(), xpn.professional_suffix()],
            prefix: xpn.prefix(),
            type_code: xpn.type_code(),
            validity: validity([xpn.text(12), xpn.text(13)], xpn.validity()),
        },
        reading,
    )
}

/// A name that the person goes by besides: XPN.15.
pub(crate) fn called_by(xpn: Xpn<'_>) -> Option<HumanName> {
    let called = text::text(&xpn.called_by())?;
    Some(HumanName {
        r#use: Some("nickname".into()),
        given: vec![called.into()],
        ..HumanName::default()
    })
}

pub(crate) fn of_parts(parts: &Parts<'_>, reading: &Reading<'_>) -> Option<HumanName> {
    let texts = |sent: &[Cow<'_, str>]| -> Vec<FhirString> {
        sent.iter()
            .filter_map(|part| text::text(part))
            .map(Into::into)
            .collect()
    };
    let [first, further] = &parts.given;
    let [from, until] = &parts.validity;
    let mut given = texts(std::slice::from_ref(first));
    given.extend(
        further
            .split_whitespace()
            .filter_map(text::text)
            .map(FhirString::from),
    );
    let (usage, kept) = usage(parts.type_code.trim());
    let name = HumanName {
        r#use: usage.map(Into::into),
        extension: kept.into_iter().collect(),
        family: family(parts.family),
        given,
        prefix: texts(std::slice::from_ref(&parts.prefix)),
        suffix: texts(&parts.suffixes),
        period: dtm::period(from, until, reading),
        ..HumanName::default()
    };
    let is_named = name.family.is_some() || !name.given.is_empty() || !name.prefix.is_empty();
    is_named.then_some(name)
}

/// FN.1 alone is the family name; what it is made of goes beside it.
fn family(family: FamilyName<'_>) -> Option<FhirString> {
    let part = |url: &str, sent: &str| Some(ext::words(url, text::text(sent)?));
    let parts = [
        part(OWN_PREFIX, &family.own_prefix()),
        part(OWN_NAME, &family.own_surname()),
        part(PARTNER_PREFIX, &family.partner_prefix()),
        part(PARTNER_NAME, &family.partner_surname()),
    ];
    let extension: Vec<Extension> = parts.into_iter().flatten().collect();
    let value = text::text(&family.surname());
    if value.is_none() && extension.is_empty() {
        return None;
    }
    Some(FhirString {
        value,
        extension,
        ..FhirString::default()
    })
}

/// Two components of their own, else the range that they have taken the place of.
pub(crate) fn validity<'m>(own: [Cow<'m, str>; 2], range: Dr<'m>) -> [Cow<'m, str>; 2] {
    if own.iter().all(|time| time.is_empty()) {
        [range.start_text(), range.end_text()]
    } else {
        own
    }
}

/// Table 0200. A type that FHIR has no use for stands beside it: validators take no extension alone for a
/// code that must be of a value set.
fn usage(type_code: &str) -> (Option<&'static str>, Option<Extension>) {
    let usage = match type_code {
        "" => None,
        "L" | "R" => Some("official"),
        "D" => Some("usual"),
        "M" => Some("maiden"),
        "N" => Some("nickname"),
        "BAD" => Some("old"),
        "TEMP" | "NAV" => Some("temp"),
        "MSK" | "S" => Some("anonymous"),
        other => {
            let sent = text::code(other).map(|code| cwe::sent("0200", &code));
            return (None, sent.map(ext::alternate_codes));
        }
    };
    (usage, None)
}
