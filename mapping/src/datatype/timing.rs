//! RPT, RI, TQ → Timing.

use fhirbolt::model::r4::types::{
    Code, CodeableConcept, Decimal, Duration, Time, Timing, TimingRepeat, TimingRepeatBounds,
    UnsignedInt,
};
use hl7v2::Repetition;
use hl7v2::datatype::{Composite, Cwe, Nm, Tm};

use crate::inbound::Reading;
use crate::table::find;
use crate::table::order::{REPEAT_PATTERN, TIME_UNIT, TIMING_EVENT};

use super::{cwe, dtm, quantity, text};

/// RPT: how something is repeated.
pub(crate) fn pattern(rpt: Repetition<'_>, reading: &Reading<'_>) -> Option<Timing> {
    let mut repeat = TimingRepeat::default();
    if rpt.component(2).text().trim() == "DW" {
        let days = [3, 4].map(|n| weekday(&rpt.component(n).text()));
        repeat.day_of_week = days.into_iter().flatten().map(Code::from).collect();
    }
    // A period needs its unit (tim-2).
    if let (Some(period), Some(unit)) = (
        Nm::parse(rpt.component(5).text()),
        unit(&rpt.component(6).text()),
    ) {
        repeat.period = Some(quantity::decimal(&period));
        repeat.period_unit = Some(unit.into());
    }
    let event = rpt.component(8).text();
    if TIMING_EVENT.contains(&event.trim()) {
        repeat.when = vec![event.trim().into()];
        // An offset is counted from an event, but not from a meal itself (tim-9).
        let is_meal = matches!(event.trim(), "C" | "CM" | "CD" | "CV");
        repeat.offset =
            minutes(&rpt.component(9).text(), &rpt.component(10).text()).filter(|_| !is_meal);
    }
    timing(code(Cwe::new(rpt.component(1)), reading), repeat)
}

/// RPT.1 and RI.1, table 0335.
fn code(sent: Cwe<'_>, reading: &Reading<'_>) -> Option<CodeableConcept> {
    let meaning = find(REPEAT_PATTERN, sent.code().trim());
    cwe::mapped(meaning, sent, Some("0335"), reading)
}

/// A timing; none if nothing is known.
pub(crate) fn timing(code: Option<CodeableConcept>, repeat: TimingRepeat) -> Option<Timing> {
    let repeat = (repeat != TimingRepeat::default()).then_some(repeat);
    if code.is_none() && repeat.is_none() {
        return None;
    }
    Some(Timing {
        code: code.map(Box::new),
        repeat,
        ..Timing::default()
    })
}

/// TQ.2 to TQ.5 and TQ.12: interval, duration, start, end, number of times.
pub(crate) fn of_tq(tq: Repetition<'_>, reading: &Reading<'_>) -> Option<Timing> {
    let interval = tq.component(2);
    let times = Nm::parse(tq.component(12).text());
    let times = times.and_then(|times| times.as_sent().parse::<u32>().ok());
    let explicit = interval.subcomponent(2).text();
    let (start, end) = (tq.component(4).text(), tq.component(5).text());
    let bounds = match dtm::period(&start, &end, reading) {
        Some(period) => Some(TimingRepeatBounds::Period(period)),
        None => short_duration(&tq.component(3).text()).map(TimingRepeatBounds::Duration),
    };
    let repeat = TimingRepeat {
        bounds,
        count: times.filter(|times| 0 < *times).map(Into::into),
        time_of_day: explicit.split(',').filter_map(clock).collect(),
        ..TimingRepeat::default()
    };
    timing(code(Cwe::new(interval.subcomponent(1)), reading), repeat)
}

/// A time of day.
pub(crate) fn clock(sent: &str) -> Option<Time> {
    let time = Tm::parse(sent.trim()).ok()?.time();
    let text = format!(
        "{:02}:{:02}:{:02}",
        time.hour(),
        time.minute(),
        time.second()
    );
    Some(text.as_str().into())
}

/// TQ.3 as v2 writes it: `D7`, `H2`, `M30`, `S10`, `W3`, `L1`.
fn short_duration(sent: &str) -> Option<Box<Duration>> {
    let (unit, number) = sent.trim().split_at_checked(1)?;
    let unit = match unit {
        "S" => "s",
        "M" => "min",
        "H" => "h",
        "D" => "d",
        "W" => "wk",
        "L" => "mo",
        _ => return None,
    };
    Some(Box::new(duration(&Nm::parse(number.into())?, unit)))
}

/// A duration in a unit of UCUM.
pub(crate) fn duration(number: &Nm<'_>, unit: &str) -> Duration {
    Duration {
        value: Some(quantity::decimal(number)),
        unit: Some(unit.into()),
        system: Some("http://unitsofmeasure.org".into()),
        code: Some(unit.into()),
        ..Duration::default()
    }
}

/// CQ as a number and a unit of time.
pub(crate) fn span<'m>(
    sent: impl Into<Composite<'m>>,
) -> Option<(Decimal, &'static str, Duration)> {
    let sent = sent.into();
    let number = Nm::parse(sent.text(1))?;
    let unit = unit(&sent.text(2)).or_else(|| unit(&Cwe::of_part(sent.part(2)).display()))?;
    Some((quantity::decimal(&number), unit, duration(&number, unit)))
}

/// A whole number of a unit of time, to be counted from a date or time.
pub(crate) fn counted<'m>(sent: impl Into<Composite<'m>>) -> Option<jiff::Span> {
    let sent = sent.into();
    let (_, unit, _) = span(sent)?;
    let number: i64 = sent.text(1).trim().parse().ok()?;
    let span = jiff::Span::new();
    match unit {
        "s" => span.try_seconds(number),
        "min" => span.try_minutes(number),
        "h" => span.try_hours(number),
        "d" => span.try_days(number),
        "wk" => span.try_weeks(number),
        "mo" => span.try_months(number),
        "a" => span.try_years(number),
        _ => return None,
    }
    .ok()
}

/// A unit of time as FHIR writes it.
pub(crate) fn unit(sent: &str) -> Option<&'static str> {
    find(TIME_UNIT, sent.trim().to_ascii_lowercase().as_str())
}

/// A number of minutes.
pub(crate) fn minutes(number: &str, unit_sent: &str) -> Option<UnsignedInt> {
    let number: u32 = text::text(number)?.parse().ok()?;
    let factor = match unit(unit_sent).unwrap_or("min") {
        "s" => return Some((number / 60).into()),
        "min" => 1,
        "h" => 60,
        "d" => 24 * 60,
        _ => return None,
    };
    number.checked_mul(factor).map(Into::into)
}

fn weekday(number: &str) -> Option<&'static str> {
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let at: usize = number.trim().parse().ok()?;
    days.get(at.checked_sub(1)?).copied()
}
