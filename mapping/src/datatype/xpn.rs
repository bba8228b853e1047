//! XPN, PN → `HumanName`.

use fhirbolt::model::r4::types::{Extension, HumanName, String as FhirString};
use hl7v2::datatype::{FamilyName, Xpn};

use crate::inbound::Reading;

use super::{dtm, ext, text};

const NAME: &str = "http://hl7.org/fhir/StructureDefinition/humanname-";

/// What a name is made of: XPN and XCN differ only in where the parts stand.
pub(crate) struct Parts<'m> {
    pub(crate) family: FamilyName<'m>,
    pub(crate) given: [String; 2],
    pub(crate) suffixes: [String; 3],
    pub(crate) prefix: String,
    pub(crate) type_code: String,
    pub(crate) effective: String,
    pub(crate) expiration: String,
}

/// A name; none if it has neither family nor given name, nor anything else a person is called.
pub(crate) fn name(xpn: Xpn<'_>, reading: &Reading<'_>) -> Option<HumanName> {
    let owned = |text: std::borrow::Cow<'_, str>| text.into_owned();
    of_parts(
        &Parts {
            family: xpn.family(),
            given: [owned(xpn.given()), owned(xpn.further_given())],
            suffixes: [
                owned(xpn.suffix()),
                owned(xpn.degree()),
                owned(xpn.professional_suffix()),
            ],
            prefix: owned(xpn.prefix()),
            type_code: owned(xpn.type_code()),
            effective: owned(xpn.text(12)),
            expiration: owned(xpn.text(13)),
        },
        reading,
    )
}

/// A name that the person goes by besides: XPN.15.
pub(crate) fn called_by(xpn: Xpn<'_>) -> Option<HumanName> {
    let called = text::text(&xpn.called_by())?;
    Some(HumanName {
        r#use: Some("usual".into()),
        given: vec![called.into()],
        ..HumanName::default()
    })
}

pub(crate) fn of_parts(parts: &Parts<'_>, reading: &Reading<'_>) -> Option<HumanName> {
    let texts = |sent: &[String]| -> Vec<FhirString> {
        sent.iter()
            .filter_map(|part| text::text(part))
            .map(Into::into)
            .collect()
    };
    let [first, further] = &parts.given;
    let mut given = texts(std::slice::from_ref(first));
    given.extend(
        further
            .split_whitespace()
            .filter_map(text::text)
            .map(FhirString::from),
    );
    let name = HumanName {
        r#use: usage(parts.type_code.trim()).map(Into::into),
        family: family(parts.family),
        given,
        prefix: texts(std::slice::from_ref(&parts.prefix)),
        suffix: texts(&parts.suffixes),
        period: dtm::period(&parts.effective, &parts.expiration, reading),
        ..HumanName::default()
    };
    let is_named = name.family.is_some() || !name.given.is_empty() || !name.prefix.is_empty();
    is_named.then_some(name)
}

/// Only FN.1 is the family name; what it is made of goes beside it.
fn family(family: FamilyName<'_>) -> Option<FhirString> {
    let part = |name: &str, sent: &str| -> Option<Extension> {
        Some(ext::words(&format!("{NAME}{name}"), text::text(sent)?))
    };
    let extension: Vec<Extension> = [
        part("own-prefix", &family.own_prefix()),
        part("own-name", &family.own_surname()),
        part("partner-prefix", &family.partner_prefix()),
        part("partner-name", &family.partner_surname()),
    ]
    .into_iter()
    .flatten()
    .collect();
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

/// Table 0200. A type that FHIR has no use for leaves it out.
fn usage(type_code: &str) -> Option<&'static str> {
    Some(match type_code {
        "L" | "R" => "official",
        "D" => "usual",
        "M" => "maiden",
        "N" => "nickname",
        "BAD" => "old",
        "TEMP" | "NAV" => "temp",
        "MSK" | "S" => "anonymous",
        _ => return None,
    })
}
