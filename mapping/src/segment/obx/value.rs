//! OBX-5 by its type (OBX-2).

use fhirbolt::model::r4::resources::{
    ObservationComponentValue, ObservationReferenceRange, ObservationValue,
};
use fhirbolt::model::r4::types::{CodeableConcept, Decimal, Quantity, Range, Ratio, Time};
use hl7v2::Repetition;
use hl7v2::datatype::{Comparator, Cwe, Dr, Nm, Nr, Precision, Sn, Tm};

use crate::datatype::{cwe, dtm, text};
use crate::inbound::Reading;

/// A value; what does not fit its type is kept as text, with an issue.
pub(super) fn of(
    kind: &str,
    sent: Repetition<'_>,
    unit: Repetition<'_>,
    reading: &Reading<'_>,
) -> Option<ObservationValue> {
    let typed = match kind {
        "NM" => Nm::parse(sent.text())
            .map(|nm| quantity(&nm, unit))
            .map(as_quantity),
        "SN" => structured(Sn::new(sent), unit),
        "CE" | "CWE" | "CNE" | "CF" | "IS" | "ID" => {
            let concept = cwe::concept(Cwe::new(sent), None, reading)?;
            Some(ObservationValue::CodeableConcept(Box::new(concept)))
        }
        "DT" | "TS" | "DTM" => {
            dtm::date_time(&sent.text(), reading).map(ObservationValue::DateTime)
        }
        "TM" => Tm::parse(&sent.text())
            .ok()
            .map(|time| ObservationValue::Time(clock(time))),
        "DR" => {
            let range = Dr::new(sent);
            dtm::period(&range.start_text(), &range.end_text(), reading)
                .map(ObservationValue::Period)
        }
        "NR" => {
            let range = Nr::new(sent);
            between(&range.low(), &range.high(), unit).map(as_range)
        }
        _ => return words(sent),
    };
    if typed.is_none() {
        reading.issue("value does not fit its type");
    }
    typed.or_else(|| words(sent))
}

fn words(sent: Repetition<'_>) -> Option<ObservationValue> {
    text::text(&sent.full_text()).map(|text| ObservationValue::String(text.into()))
}

/// Several lines of one text.
pub(super) fn lines(sent: &[Repetition<'_>]) -> Option<ObservationValue> {
    let lines: Vec<String> = sent
        .iter()
        .filter_map(|line| text::text(&line.full_text()))
        .collect();
    (!lines.is_empty()).then(|| ObservationValue::String(lines.join("\n").into()))
}

fn as_quantity(quantity: Quantity) -> ObservationValue {
    ObservationValue::Quantity(Box::new(quantity))
}

fn as_range(range: Range) -> ObservationValue {
    ObservationValue::Range(Box::new(range))
}

/// The digits stay as sent; the unit is a UCUM code only where the sender says so.
fn quantity(number: &Nm<'_>, unit: Repetition<'_>) -> Quantity {
    let unit = Cwe::new(unit);
    let code = text::code(&unit.code());
    let is_ucum = unit.system().trim().eq_ignore_ascii_case("UCUM");
    let words = text::text(&unit.display()).or_else(|| code.clone());
    Quantity {
        value: Some(Decimal {
            value: Some(number.json_digits()),
            ..Decimal::default()
        }),
        unit: words.map(Into::into),
        system: (is_ucum && code.is_some()).then(|| "http://unitsofmeasure.org".into()),
        code: code.filter(|_| is_ucum).map(Into::into),
        ..Quantity::default()
    }
}

fn simple(text: &str, unit: Repetition<'_>) -> Option<Box<Quantity>> {
    let number = Nm::parse(text.to_owned().into())?;
    Some(Box::new(quantity(&number, unit)))
}

fn between(low: &str, high: &str, unit: Repetition<'_>) -> Option<Range> {
    let (low, high) = (simple(low, unit), simple(high, unit));
    (low.is_some() || high.is_some()).then(|| Range {
        low,
        high,
        ..Range::default()
    })
}

/// `>^100`, `1^:^128`, `1^-^2`, `2^+`.
fn structured(sent: Sn<'_>, unit: Repetition<'_>) -> Option<ObservationValue> {
    let (first, second) = (sent.first(), sent.second());
    match sent.separator_or_suffix().trim() {
        "-" => between(&first, &second, unit).map(as_range),
        ":" | "/" => {
            let part = |text: std::borrow::Cow<'_, str>, unit| {
                Nm::parse(text).map(|number| Box::new(quantity(&number, unit)))
            };
            let ratio = Ratio {
                numerator: Some(part(first, unit)?),
                denominator: Some(part(second, unit)?),
                ..Ratio::default()
            };
            Some(ObservationValue::Ratio(Box::new(ratio)))
        }
        "" => {
            let comparator = match sent.comparator()? {
                Comparator::Equal => None,
                Comparator::Less => Some("<"),
                Comparator::LessOrEqual => Some("<="),
                Comparator::Greater => Some(">"),
                Comparator::GreaterOrEqual => Some(">="),
                Comparator::NotEqual => return None,
            };
            let mut value = quantity(&Nm::parse(first)?, unit);
            value.comparator = comparator.map(Into::into);
            Some(as_quantity(value))
        }
        _ => None,
    }
}

fn clock(tm: Tm) -> Time {
    let time = tm.time();
    let text = format!(
        "{:02}:{:02}:{:02}",
        time.hour(),
        time.minute(),
        time.second()
    );
    let Precision::Fraction(n_digits) = tm.precision() else {
        return text.into();
    };
    let nanos = format!("{:09}", time.subsec_nanosecond());
    let digits: String = nanos.chars().take(usize::from(n_digits)).collect();
    format!("{text}.{digits}").into()
}

/// OBX-7 as numbers, where that is safe: `low-high`, `<high`, `>low`.
pub(super) fn range(sent: &str, unit: Repetition<'_>) -> ObservationReferenceRange {
    let sent = sent.trim();
    let (low, high) = match (
        sent.strip_prefix('<'),
        sent.strip_prefix('>'),
        sent.split_once('-'),
    ) {
        (Some(high), _, _) => ("", high),
        (_, Some(low), _) => (low, ""),
        (_, _, Some((low, high))) if Nm::parse(low.into()).is_some() => (low, high),
        _ => ("", ""),
    };
    let is_safe = high.is_empty() || Nm::parse(high.into()).is_some();
    ObservationReferenceRange {
        low: simple(low, unit).filter(|_| is_safe),
        high: simple(high, unit).filter(|_| is_safe),
        ..ObservationReferenceRange::default()
    }
}

/// Why there is no value.
pub(super) fn absent(code: &'static str, display: &'static str) -> CodeableConcept {
    let system = "http://terminology.hl7.org/CodeSystem/data-absent-reason";
    cwe::Meaning {
        code,
        display,
        system,
    }
    .concept()
}

/// The same value in a component.
pub(super) fn of_component(value: ObservationValue) -> ObservationComponentValue {
    match value {
        ObservationValue::Quantity(value) => ObservationComponentValue::Quantity(value),
        ObservationValue::CodeableConcept(value) => {
            ObservationComponentValue::CodeableConcept(value)
        }
        ObservationValue::Range(value) => ObservationComponentValue::Range(value),
        ObservationValue::Ratio(value) => ObservationComponentValue::Ratio(value),
        ObservationValue::Time(value) => ObservationComponentValue::Time(value),
        ObservationValue::DateTime(value) => ObservationComponentValue::DateTime(value),
        ObservationValue::Period(value) => ObservationComponentValue::Period(value),
        ObservationValue::Boolean(value) => ObservationComponentValue::Boolean(value),
        ObservationValue::Integer(value) => ObservationComponentValue::Integer(value),
        ObservationValue::SampledData(value) => ObservationComponentValue::SampledData(value),
        ObservationValue::String(value) => ObservationComponentValue::String(value),
        ObservationValue::Invalid => ObservationComponentValue::Invalid,
    }
}
