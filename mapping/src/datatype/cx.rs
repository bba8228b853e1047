//! CX, CK, EI → Identifier.

use fhirbolt::model::r4::types::{CodeableConcept, Coding, Extension, Identifier, Reference};
use hl7v2::Repetition;
use hl7v2::datatype::{Cx, Ei};

use crate::identity;
use crate::inbound::Reading;
use crate::table::system::V2_0203;

use super::{cwe, dtm, ext, hd, text};

/// An identifier; none if it has no value. `default_type` stands in for an empty CX.5.
pub(crate) fn identifier(
    cx: Cx<'_>,
    default_type: Option<&'static str>,
    reading: &Reading<'_>,
) -> Option<Identifier> {
    let value = text::text(&cx.id())?;
    let sent_type = text::code(&cx.type_code());
    let profile = reading.profile();
    let agreed = profile.identifier_type(sent_type.as_deref().unwrap_or(""), || {
        identity::names(cx.authority())
    });
    let kind = (!agreed.is_empty()).then(|| agreed.to_owned());
    let kind = kind.or_else(|| default_type.map(str::to_owned));
    Some(Identifier {
        extension: checked(&cx.text(2), &cx.text(3)),
        system: system(cx, kind.as_deref(), &value, reading).map(Into::into),
        value: Some(written(kind.as_deref(), value).into()),
        r#type: kind.map(|kind| Box::new(typed(&kind))),
        period: dtm::period(&cx.text(7), &cx.text(8), reading),
        assigner: assigner(cx).map(Box::new),
        ..Identifier::default()
    })
}

/// A check digit and the scheme that it is computed by (table 0061).
pub(crate) fn checked(digit: &str, scheme: &str) -> Vec<Extension> {
    const DIGIT: &str = "http://hl7.org/fhir/StructureDefinition/identifier-checkDigit";
    const SCHEME: &str = "http://hl7.org/fhir/StructureDefinition/namingsystem-checkDigit";
    // A scheme says nothing where no digit was computed: many senders write it everywhere.
    let Some(digit) = text::text(digit) else {
        return Vec::new();
    };
    let scheme = text::text(scheme).map(|scheme| ext::words(SCHEME, scheme));
    [ext::words(DIGIT, digit)]
        .into_iter()
        .chain(scheme)
        .collect()
}

/// A type of table 0203.
pub(crate) fn typed(code: &str) -> CodeableConcept {
    CodeableConcept {
        coding: vec![cwe::coding(V2_0203, code, "")],
        ..CodeableConcept::default()
    }
}

/// Numbers whose type says which national register they are of; the others by their authority, and
/// without one by the sender.
fn system(cx: Cx<'_>, kind: Option<&str>, value: &str, reading: &Reading<'_>) -> Option<String> {
    let national = match kind {
        Some("SS") if looks_like_ssn(value) => Some(US_SSN),
        Some("NPI") => Some(US_NPI),
        Some("MC" | "MB") if is_mbi(value) => Some(US_MBI),
        // Any insurer has member numbers (MB).
        Some("MC") if cx.authority().is_empty() => Some(US_MEDICARE),
        _ => None,
    };
    if let Some(national) = national {
        return Some(national.to_owned());
    }
    if cx.authority().is_empty() {
        return hd::sender_system(reading);
    }
    hd::system(cx.authority(), reading)
}

/// The numbers of people without the dashes of their cards; everything else as sent.
fn written(kind: Option<&str>, value: String) -> String {
    let has_dashes = match kind {
        Some("SS") => looks_like_ssn(&value),
        Some("MC" | "MB") => is_mbi(&value),
        _ => false,
    };
    if has_dashes {
        value.replace('-', "")
    } else {
        value
    }
}

/// A Medicare Beneficiary Identifier: digits, letters that no digit looks like, and either, each in its
/// place (CMS, "Understanding the MBI").
fn is_mbi(value: &str) -> bool {
    let is_letter =
        |byte: u8| byte.is_ascii_alphabetic() && !b"SLOIBZ".contains(&byte.to_ascii_uppercase());
    let fits = |(place, byte): (u8, u8)| match place {
        b'C' => matches!(byte, b'1'..=b'9'),
        b'N' => byte.is_ascii_digit(),
        b'A' => is_letter(byte),
        _ => byte.is_ascii_digit() || is_letter(byte),
    };
    let signs: Vec<u8> = value.bytes().filter(|byte| *byte != b'-').collect();
    signs.len() == 11 && b"CAXNAXNAANN".iter().copied().zip(signs).all(fits)
}

const US_SSN: &str = "http://hl7.org/fhir/sid/us-ssn";
pub(crate) const US_NPI: &str = "http://hl7.org/fhir/sid/us-npi";
const US_MBI: &str = "http://hl7.org/fhir/sid/us-mbi";
const US_MEDICARE: &str = "http://hl7.org/fhir/sid/us-medicare";

/// A social security number as identifier.
pub(crate) fn social_security(sent: &str) -> Option<Identifier> {
    let value = written(Some("SS"), text::text(sent)?);
    Some(Identifier {
        r#type: Some(Box::new(typed("SS"))),
        system: Some(US_SSN.into()),
        value: Some(value.into()),
        ..Identifier::default()
    })
}

/// Nine digits, with or without dashes.
fn looks_like_ssn(value: &str) -> bool {
    let n_digits = value.bytes().filter(u8::is_ascii_digit).count();
    n_digits == 9
        && value
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'-')
}

/// CX.6, else nobody: the authority is in the system already.
fn assigner(cx: Cx<'_>) -> Option<Reference> {
    let facility = text::text(&cx.facility().namespace())?;
    Some(Reference {
        display: Some(facility.into()),
        ..Reference::default()
    })
}

/// An identifier of a thing.
pub(crate) fn entity_identifier(ei: Ei<'_>, reading: &Reading<'_>) -> Option<Identifier> {
    let value = text::text(&ei.id())?;
    let system = hd::uri(ei.universal_id().trim(), ei.universal_id_type().trim())
        .or_else(|| {
            let namespace = ei.namespace();
            let namespace = namespace.trim();
            let configured = reading.profile().authorities.get(namespace).cloned();
            configured.or_else(|| hd::local(namespace))
        })
        .or_else(|| hd::sender_system(reading));
    Some(Identifier {
        system: system.map(Into::into),
        value: Some(value.into()),
        ..Identifier::default()
    })
}

/// An identifier of a thing, of a type of table 0203.
pub(crate) fn typed_entity(
    ei: Ei<'_>,
    kind: &'static str,
    reading: &Reading<'_>,
) -> Option<Identifier> {
    let mut identifier = entity_identifier(ei, reading)?;
    identifier.r#type = Some(Box::new(typed(kind)));
    Some(identifier)
}

/// PLN: a number of somebody who cares, its type and until when it holds.
pub(crate) fn practitioner_number(
    sent: Repetition<'_>,
    reading: &Reading<'_>,
) -> Option<Identifier> {
    let value = text::text(&sent.component(1).text())?;
    let kind = text::code(&sent.component(2).text());
    let system = match kind.as_deref() {
        Some("NPI") => Some(US_NPI.to_owned()),
        _ => hd::sender_system(reading),
    };
    Some(Identifier {
        r#type: kind.map(|kind| Box::new(typed(&kind))),
        system: system.map(Into::into),
        value: Some(value.into()),
        period: dtm::period("", &sent.component(4).text(), reading),
        ..Identifier::default()
    })
}

/// EIP: what the placer and what the filler calls a thing.
pub(crate) fn pair(
    sent: Repetition<'_>,
    [placer, filler]: [&'static str; 2],
    reading: &Reading<'_>,
) -> Vec<Identifier> {
    let named = [(1, placer), (2, filler)];
    named
        .into_iter()
        .filter_map(|(n, kind)| typed_entity(Ei::new(sent.component(n)), kind, reading))
        .collect()
}

/// An identifier that is of a type whatever the sender calls it; the sender's type stays beside it.
pub(crate) fn of_kind(cx: Cx<'_>, kind: &'static str, reading: &Reading<'_>) -> Option<Identifier> {
    let mut identifier = identifier(cx, Some(kind), reading)?;
    let types = identifier.r#type.get_or_insert_with(Box::default);
    let is_kind =
        |coding: &Coding| coding.code.as_ref().and_then(|code| code.value.as_deref()) == Some(kind);
    if !types.coding.iter().any(is_kind) {
        types.coding.insert(0, cwe::coding(V2_0203, kind, ""));
    }
    Some(identifier)
}
