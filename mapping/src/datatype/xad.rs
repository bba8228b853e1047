//! XAD, AD → Address.

use fhirbolt::model::r4::types::{Address, Extension, ExtensionValue, String as FhirString};
use hl7v2::datatype::Xad;

use crate::inbound::Reading;

use super::{dtm, ext, text};

const CENSUS_TRACT: &str = "http://hl7.org/fhir/StructureDefinition/iso21090-ADXP-censusTract";

/// An address; none if it has no part that says where.
pub(crate) fn address(xad: Xad<'_>, reading: &Reading<'_>) -> Option<Address> {
    let part = |sent: &str| text::text(sent).map(FhirString::from);
    let (usage, kind) = usage_and_kind(xad.type_code().trim());
    let line = lines(xad);
    let address = Address {
        extension: extensions(xad),
        r#use: usage.map(Into::into),
        r#type: kind.map(Into::into),
        line,
        city: part(&xad.city()),
        district: part(&xad.county()),
        state: part(&xad.state()),
        postal_code: part(&xad.postal_code()),
        country: part(&xad.country()),
        period: period(xad, reading),
        ..Address::default()
    };
    let is_somewhere = !address.line.is_empty()
        || [
            &address.city,
            &address.district,
            &address.state,
            &address.postal_code,
            &address.country,
        ]
        .into_iter()
        .any(Option::is_some);
    is_somewhere.then_some(address)
}

/// The address of an organization, which has no home (R4 org-2).
pub(crate) fn of_organization(mut address: Address) -> Address {
    address
        .r#use
        .take_if(|usage| usage.value.as_deref() == Some("home"));
    address
}

/// XAD.7 and 10: a holiday home, which no use of FHIR's says, and the census tract.
fn extensions(xad: Xad<'_>) -> Vec<Extension> {
    const USE: &str = "http://hl7.org/fhir/StructureDefinition/iso21090-AD-use";
    let is_vacation = matches!(xad.type_code().trim(), "HV" | "V");
    let vacation = is_vacation.then(|| ext::valued(USE, ExtensionValue::Code("HV".into())));
    let tract = text::text(&xad.census_tract()).map(|tract| ext::words(CENSUS_TRACT, tract));
    vacation.into_iter().chain(tract).collect()
}

/// SAD.1 is the full line; a street and number that are sent apart from it make one line, not two.
fn lines(xad: Xad<'_>) -> Vec<FhirString> {
    let street = xad.street();
    let (name, number) = (
        text::text(&street.street_name()),
        text::text(&street.dwelling_number()),
    );
    let apart = match (number, name) {
        (Some(number), Some(name)) => Some(format!("{number} {name}")),
        (number, name) => number.or(name),
    };
    let whole = text::text(&street.line());
    // A sender that fills all three repeats the street in the full line.
    let apart = apart.filter(|apart| {
        whole
            .as_ref()
            .is_none_or(|whole| !whole.contains(apart.as_str()))
    });
    let lines = [
        whole,
        apart,
        text::text(&xad.other_designation()),
        text::text(&xad.other_geographic()),
        text::text(&xad.text(19)),
    ];
    lines.into_iter().flatten().map(FhirString::from).collect()
}

/// XAD.13/14, else XAD.12 of old senders.
fn period(xad: Xad<'_>, reading: &Reading<'_>) -> Option<Box<fhirbolt::model::r4::types::Period>> {
    let (start, end) = (xad.text(13), xad.text(14));
    if !start.is_empty() || !end.is_empty() {
        return dtm::period(&start, &end, reading);
    }
    let validity = xad.validity();
    dtm::period(&validity.start_text(), &validity.end_text(), reading)
}

/// Table 0190: what an address is for, and what kind it is.
fn usage_and_kind(type_code: &str) -> (Option<&'static str>, Option<&'static str>) {
    match type_code {
        "H" | "HP" => (Some("home"), None),
        "O" | "B" | "WP" => (Some("work"), None),
        "C" | "TMP" => (Some("temp"), None),
        "BA" | "BAD" => (Some("old"), None),
        "BI" => (Some("billing"), None),
        "M" | "SH" => (None, Some("postal")),
        _ => (None, None),
    }
}
