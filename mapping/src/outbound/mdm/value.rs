//! FHIR values as v2 values.

use hl7v2::writer::Value as V2;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use model::SourceIdentity;
use serde_json::Value;

use super::Destination;

/// A text inside a resource.
pub(super) fn text<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value
        .pointer(pointer)?
        .as_str()
        .filter(|text| !text.trim().is_empty())
}

/// The members of a list inside a resource.
pub(super) fn list<'v>(value: &'v Value, pointer: &str) -> impl Iterator<Item = &'v Value> {
    value
        .pointer(pointer)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

/// A configured value whose parts are separated by `separator`.
pub(super) fn configured(text: &str, separator: char) -> V2 {
    V2::from(text.split(separator).collect::<Vec<_>>())
}

/// A FHIR date or dateTime. A date stays a date; a time is told in the receiver's zone.
pub(super) fn time(sent: &str, destination: &Destination) -> Option<String> {
    if let Ok(at) = sent.parse::<Timestamp>() {
        return Some(instant(at, destination));
    }
    let digits: String = sent.chars().filter(char::is_ascii_digit).collect();
    matches!(digits.len(), 4 | 6 | 8).then_some(digits)
}

/// An instant, told in the receiver's zone.
pub(super) fn instant(at: Timestamp, destination: &Destination) -> String {
    let zone = TimeZone::get(&destination.zone).unwrap_or(TimeZone::UTC);
    let format = match (destination.seconds, destination.zone_offset) {
        (true, true) => "%Y%m%d%H%M%S%z",
        (true, false) => "%Y%m%d%H%M%S",
        (false, true) => "%Y%m%d%H%M%z",
        (false, false) => "%Y%m%d%H%M",
    };
    at.to_zoned(zone).strftime(format).to_string()
}

/// An identifier of the EMR's own, as CX.
pub(super) fn identifier(identity: &SourceIdentity, destination: &Destination) -> V2 {
    let width = destination.patient_id_width;
    let authority = if destination.patient_authority.is_empty() {
        configured(&identity.authority, '&')
    } else {
        configured(&destination.patient_authority, '&')
    };
    let kind = if identity.type_code.is_empty() {
        &destination.patient_id_type
    } else {
        &identity.type_code
    };
    let value = format!("{:0>width$}", identity.value);
    let empty = V2::default;
    V2::parts([
        value.into(),
        empty(),
        empty(),
        authority,
        kind.as_str().into(),
    ])
}

/// The visit's number, as CX.
pub(super) fn visit_number(identity: &SourceIdentity) -> V2 {
    let empty = V2::default;
    V2::parts([
        identity.value.as_str().into(),
        empty(),
        empty(),
        configured(&identity.authority, '&'),
        identity.type_code.as_str().into(),
    ])
}

/// `Patient.name` as XPN: the official one, else the first.
pub(super) fn name(patient: &Value) -> Option<V2> {
    let mut names = list(patient, "/name");
    let official = list(patient, "/name").find(|name| text(name, "/use") == Some("official"));
    let name = official.or_else(|| names.next())?;
    let given: Vec<&str> = list(name, "/given").filter_map(Value::as_str).collect();
    let (first, further) = given.split_first().map_or(("", ""), |(first, rest)| {
        (*first, rest.first().copied().unwrap_or(""))
    });
    let family = text(name, "/family")
        .or_else(|| text(name, "/text"))
        .unwrap_or("");
    let part = |pointer| text(name, pointer).unwrap_or("");
    Some(V2::from([
        family,
        first,
        further,
        part("/suffix/0"),
        part("/prefix/0"),
    ]))
}

/// `Patient.gender` as table 0001.
pub(super) fn sex(patient: &Value) -> Option<&'static str> {
    Some(match text(patient, "/gender")? {
        "male" => "M",
        "female" => "F",
        "other" => "O",
        _ => "U",
    })
}

/// `Encounter.class` as table 0004.
pub(super) fn class(encounter: &Value) -> Option<&str> {
    let class = text(encounter, "/class/code")?;
    Some(match class {
        "IMP" | "ACUTE" | "NONAC" => "I",
        "EMER" => "E",
        "AMB" | "HH" | "VR" | "FLD" | "SS" | "OBSENC" => "O",
        "PRENC" => "P",
        other if other.len() == 1 => other,
        _ => "U",
    })
}

/// A person whom a document names, as XCN: by identifier and words; what is contained is looked at.
pub(super) fn person(document: &Value, reference: &Value) -> Option<V2> {
    let contained = text(reference, "/reference")
        .and_then(|reference| reference.strip_prefix('#'))
        .and_then(|id| {
            list(document, "/contained").find(|resource| text(resource, "/id") == Some(id))
        });
    let identifier = contained.unwrap_or(&Value::Null).pointer("/identifier/0");
    let identifier = reference
        .get("identifier")
        .or(identifier)
        .unwrap_or(&Value::Null);
    let id = text(identifier, "/value").unwrap_or("");
    let is_npi = text(identifier, "/system") == Some("http://hl7.org/fhir/sid/us-npi");
    let family = contained.and_then(|person| text(person, "/name/0/family"));
    let given = contained.and_then(|person| text(person, "/name/0/given/0"));
    let (family, given) = match (family, text(reference, "/display")) {
        (Some(family), _) => (family, given.unwrap_or("")),
        (None, Some(display)) => (display, ""),
        (None, None) => ("", ""),
    };
    if id.is_empty() && family.is_empty() {
        return None;
    }
    let empty = V2::default;
    let mut parts = vec![V2::from(id), family.into(), given.into()];
    parts.extend(std::iter::repeat_with(empty).take(5));
    parts.push(if is_npi {
        configured("NPI&2.16.840.1.113883.4.6&ISO", '&')
    } else {
        empty()
    });
    parts.extend(std::iter::repeat_with(empty).take(3));
    parts.push(if is_npi { "NPI".into() } else { empty() });
    Some(V2::parts(parts))
}
