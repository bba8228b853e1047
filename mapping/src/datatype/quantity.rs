//! NM with its unit, CQ → Quantity.

use fhirbolt::model::r4::types::{Decimal, Quantity};
use hl7v2::datatype::{Composite, Cwe, Nm};

use crate::inbound::Reading;
use crate::table::system;

use super::text;

const UCUM: &str = "http://unitsofmeasure.org";

/// The digits stay as sent. The unit's code has the system that the sender named and no other: it is
/// a UCUM code only where the sender says so.
pub(crate) fn quantity(number: &Nm<'_>, unit: Cwe<'_>, reading: &Reading<'_>) -> Quantity {
    let code = text::code(&unit.code());
    let words = text::text(&unit.display()).or_else(|| code.clone());
    let system = code.as_ref().and_then(|_| {
        let name = unit.system();
        let is_ucum = name.trim().eq_ignore_ascii_case("UCUM");
        if is_ucum {
            return Some(UCUM.to_owned());
        }
        system::uri(&name, &unit.text(14), None, reading)
    });
    Quantity {
        value: Some(decimal(number)),
        unit: words.map(Into::into),
        code: code.filter(|_| system.is_some()).map(Into::into),
        system: system.map(Into::into),
        ..Quantity::default()
    }
}

/// A number with the digits that were sent.
pub(crate) fn decimal(number: &Nm<'_>) -> Decimal {
    Decimal {
        value: Some(number.json_digits()),
        ..Decimal::default()
    }
}

/// CQ: a number and its unit; none if it is no number.
pub(crate) fn composite<'m>(
    sent: impl Into<Composite<'m>>,
    reading: &Reading<'_>,
) -> Option<Quantity> {
    let sent = sent.into();
    let number = sent.text(1);
    if number.trim().is_empty() {
        return None;
    }
    let Some(number) = Nm::parse(number) else {
        reading.issue("not a number");
        return None;
    };
    Some(quantity(&number, Cwe::of_part(sent.part(2)), reading))
}
