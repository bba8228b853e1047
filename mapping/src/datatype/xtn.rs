//! XTN, TN → `ContactPoint`. One repetition is one contact point.

use fhirbolt::model::r4::types::{ContactPoint, Extension};
use hl7v2::datatype::Xtn;

use crate::inbound::Reading;

use super::{dtm, ext, text};

/// A contact point. `default_use` is what the field says of all its numbers (`home`, `work`).
pub(crate) fn contact(
    xtn: Xtn<'_>,
    default_use: Option<&'static str>,
    reading: &Reading<'_>,
) -> Option<ContactPoint> {
    let equipment = xtn.equipment();
    let use_code = xtn.use_code();
    let (equipment, use_code) = (equipment.trim(), use_code.trim());
    let is_electronic = matches!(equipment, "Internet" | "INTERNET" | "X.400") || use_code == "NET";
    let address = text::text(&xtn.address());
    let value = match (is_electronic, address) {
        (true, Some(address)) => address,
        // A sender that puts the e-mail address where the number belongs, or the other way round.
        (_, address) => number(xtn).or(address)?,
    };
    Some(ContactPoint {
        extension: parts(xtn, is_electronic),
        system: Some(system(equipment, is_electronic, &value).into()),
        r#use: usage(use_code, equipment).or(default_use).map(Into::into),
        rank: xtn
            .preference()
            .trim()
            .parse::<u32>()
            .ok()
            .filter(|rank| 0 < *rank)
            .map(Into::into),
        period: dtm::period(&xtn.text(13), &xtn.text(14), reading),
        value: Some(value.into()),
        ..ContactPoint::default()
    })
}

/// XTN.5 to 8: what the number is composed of.
fn parts(xtn: Xtn<'_>, is_electronic: bool) -> Vec<Extension> {
    if is_electronic {
        return Vec::new();
    }
    let parts = [
        (COUNTRY, xtn.country_code()),
        (AREA, xtn.area_code()),
        (LOCAL, xtn.local_number()),
        (EXTENSION, xtn.extension()),
    ];
    parts
        .iter()
        .filter_map(|(url, sent)| Some(ext::words(url, text::text(sent)?)))
        .collect()
}

const COUNTRY: &str = "http://hl7.org/fhir/StructureDefinition/contactpoint-country";
const AREA: &str = "http://hl7.org/fhir/StructureDefinition/contactpoint-area";
const LOCAL: &str = "http://hl7.org/fhir/StructureDefinition/contactpoint-local";
const EXTENSION: &str = "http://hl7.org/fhir/StructureDefinition/contactpoint-extension";

/// XTN.12, else XTN.1, else what the number is composed of.
fn number(xtn: Xtn<'_>) -> Option<String> {
    text::text(&xtn.unformatted())
        .or_else(|| text::text(&xtn.number()))
        .or_else(|| composed(xtn))
}

fn composed(xtn: Xtn<'_>) -> Option<String> {
    let local = text::text(&xtn.local_number())?;
    let mut parts = Vec::with_capacity(4);
    if let Some(country) = text::text(&xtn.country_code()) {
        parts.push(format!("+{}", country.trim_start_matches('+')));
    }
    parts.extend(text::text(&xtn.area_code()));
    parts.push(local);
    if let Some(extension) = text::text(&xtn.extension()) {
        parts.push(format!("x{extension}"));
    }
    Some(parts.join(" "))
}

/// Table 0202; without an equipment type an address with `@` is an e-mail address.
fn system(equipment: &str, is_electronic: bool, value: &str) -> &'static str {
    let is_address = value.contains('@');
    match equipment {
        _ if is_electronic && (is_address || !looks_dialled(value)) => "email",
        "FX" => "fax",
        "BP" => "pager",
        "MD" | "TDD" | "TTY" | "SAT" => "other",
        _ if is_address => "email",
        _ => "phone",
    }
}

fn looks_dialled(value: &str) -> bool {
    value.bytes().any(|byte| byte.is_ascii_digit())
        && !value.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// How an organization is reached: its own number is no home's (R4 org-3).
pub(crate) fn of_organization(mut contact: ContactPoint) -> ContactPoint {
    if contact
        .r#use
        .as_ref()
        .is_some_and(|usage| usage.value.as_deref() == Some("home"))
    {
        contact.r#use = Some("work".into());
    }
    contact
}

/// Table 0201; a cell phone is mobile whatever it is used for.
fn usage(use_code: &str, equipment: &str) -> Option<&'static str> {
    Some(match (equipment, use_code) {
        ("CP", _) | (_, "PRS") => "mobile",
        (_, "PRN" | "ORN" | "VHN" | "HOME") => "home",
        (_, "WPN") => "work",
        _ => return None,
    })
}
