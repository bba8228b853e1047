//! OBX-5 by its type (OBX-2).

use fhirbolt::model::r4::resources::{
    ObservationComponentValue, ObservationReferenceRange, ObservationValue,
};
use fhirbolt::model::r4::types::{
    CodeableConcept, Decimal, Quantity, Range, Ratio, SampledData, Time,
};
use hl7v2::datatype::{Comparator, Cwe, Dr, Nm, Nr, Precision, Sn, Tm};
use hl7v2::{Field, Repetition};

use crate::datatype::quantity::quantity;
use crate::datatype::{cwe, dtm, ext, text};
use crate::inbound::Reading;

/// A value; what does not fit its type is kept as text, with an issue.
pub(super) fn of(
    kind: &str,
    sent: Repetition<'_>,
    unit: Cwe<'_>,
    reading: &Reading<'_>,
) -> Option<ObservationValue> {
    let typed = match kind {
        "NM" => Nm::parse(sent.text())
            .map(|nm| quantity(&nm, unit, reading))
            .map(as_quantity),
        "SN" => structured(Sn::new(sent), unit, reading),
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
            between(&range.low(), &range.high(), unit, reading).map(as_range)
        }
        "NA" => samples(&[sent], unit, reading),
        "ST" | "TX" | "FT" | "" => return words(sent),
        _ => return composed(kind, sent),
    };
    if typed.is_none() {
        reading.issue("value does not fit its type");
    }
    typed.or_else(|| words(sent))
}

fn words(sent: Repetition<'_>) -> Option<ObservationValue> {
    text::text(&sent.full_text()).map(|text| ObservationValue::String(text.into()))
}

/// The parts of a type that FHIR has no value for, as words.
fn composed(kind: &str, sent: Repetition<'_>) -> Option<ObservationValue> {
    let parts: Vec<String> = (1..=sent.n_components())
        .filter_map(|n| text::text(&sent.component(n).full_text()))
        .collect();
    let separator = if kind == "VR" { "-" } else { " " };
    (!parts.is_empty()).then(|| words_of(parts.join(separator)))
}

/// SN that is no number: `<>^5`, `2^+`.
fn in_words(sent: Sn<'_>, unit: Cwe<'_>) -> ObservationValue {
    let (separator, second) = (sent.separator_or_suffix(), sent.second());
    let parts = [
        sent.comparator_text(),
        sent.first(),
        separator,
        second,
        unit.code(),
    ];
    let parts: Vec<String> = parts.iter().filter_map(|part| text::text(part)).collect();
    words_of(parts.join(" "))
}

/// NA: a row of numbers for each repetition. When they were taken is not said.
pub(super) fn samples(
    rows: &[Repetition<'_>],
    unit: Cwe<'_>,
    reading: &Reading<'_>,
) -> Option<ObservationValue> {
    let mut data = Vec::new();
    let mut widths = Vec::new();
    for row in rows {
        let width = row.n_components();
        for n in 1..=width {
            data.push(Nm::parse(row.component(n).text())?.json_digits());
        }
        widths.push(width);
    }
    // A single row is one series; several rows are as wide as each of them, or they are no table.
    let dimensions = match widths.as_slice() {
        [_] => 1,
        [first, others @ ..] if others.iter().all(|width| width == first) => *first,
        _ => return None,
    };
    let origin = quantity(&Nm::parse("0".into())?, unit, reading);
    Some(ObservationValue::SampledData(Box::new(SampledData {
        origin: Box::new(origin),
        period: Decimal {
            extension: vec![ext::unknown()],
            ..Decimal::default()
        },
        dimensions: u32::try_from(dimensions).ok()?.into(),
        data: Some(data.join(" ").into()),
        ..SampledData::default()
    })))
}

/// A text as value.
pub(super) fn words_of(text: String) -> ObservationValue {
    ObservationValue::String(text.into())
}

/// The repetitions of a field as lines of text.
pub(crate) fn text_of(field: Field<'_>) -> String {
    let lines: Vec<_> = field
        .repetitions()
        .map(|line| text::text(&line.full_text()).unwrap_or_default())
        .collect();
    lines.join("\n")
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

fn simple(text: &str, unit: Cwe<'_>, reading: &Reading<'_>) -> Option<Box<Quantity>> {
    let number = Nm::parse(text.to_owned().into())?;
    Some(Box::new(quantity(&number, unit, reading)))
}

fn between(low: &str, high: &str, unit: Cwe<'_>, reading: &Reading<'_>) -> Option<Range> {
    let (low, high) = (simple(low, unit, reading), simple(high, unit, reading));
    (low.is_some() || high.is_some()).then(|| Range {
        low,
        high,
        ..Range::default()
    })
}

/// `>^100`, `1^:^128`, `1^-^2`, `2^+`.
fn structured(sent: Sn<'_>, unit: Cwe<'_>, reading: &Reading<'_>) -> Option<ObservationValue> {
    let (first, second) = (sent.first(), sent.second());
    match sent.separator_or_suffix().trim() {
        "-" => between(&first, &second, unit, reading).map(as_range),
        ":" | "/" => {
            let part = |text: std::borrow::Cow<'_, str>, unit: Cwe<'_>| {
                Nm::parse(text).map(|number| Box::new(quantity(&number, unit, reading)))
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
                Comparator::NotEqual => return Some(in_words(sent, unit)),
            };
            let mut value = quantity(&Nm::parse(first)?, unit, reading);
            value.comparator = comparator.map(Into::into);
            Some(as_quantity(value))
        }
        "+" => Some(in_words(sent, unit)),
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
pub(super) fn range(sent: &str, unit: Cwe<'_>, reading: &Reading<'_>) -> ObservationReferenceRange {
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
        low: simple(low, unit, reading).filter(|_| is_safe),
        high: simple(high, unit, reading).filter(|_| is_safe),
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
