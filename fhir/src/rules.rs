//! Rules between elements (R4 calls them constraints): those that cost little and catch real mistakes.
//!
//! R4 states each as `FHIRPath`; here they are code. A rule that isn't listed is not checked. The rules
//! about contained resources (dom-2 to dom-5, ref-1) need the whole resource and are in `check`.

mod datatypes;
mod resources;

use std::cmp::Ordering;

use serde_json::{Map, Value};

use crate::instant::Moment;

/// A rule of a type.
pub(crate) struct Rule {
    /// R4's name for it.
    pub(crate) key: &'static str,
    pub(crate) test: Test,
    /// What is wrong when it doesn't hold, and what to do.
    pub(crate) what: &'static str,
}

/// When a rule holds.
pub(crate) enum Test {
    /// The second is there if the first is.
    Needs(&'static str, &'static str),
    /// Not both are there.
    NotBoth(&'static str, &'static str),
    /// One of them is there at least.
    AnyOf(&'static [&'static str]),
    /// What code says.
    That(fn(&Map<String, Value>) -> bool),
}

impl Rule {
    pub(crate) fn holds(&self, object: &Map<String, Value>) -> bool {
        match self.test {
            Test::Needs(one, other) => !has(object, one) || has(object, other),
            Test::NotBoth(one, other) => !(has(object, one) && has(object, other)),
            Test::AnyOf(names) => names.iter().any(|name| has(object, name)),
            Test::That(holds) => holds(object),
        }
    }
}

/// The rules of a type, by its name in the tables.
pub(crate) fn of(type_name: &str) -> &'static [Rule] {
    let found = tables().find(|(name, _)| *name == type_name);
    found.map_or(&[], |(_, rules)| rules)
}

fn tables() -> impl Iterator<Item = (&'static str, &'static [Rule])> {
    datatypes::RULES.iter().chain(resources::RULES).copied()
}

const fn rule(key: &'static str, test: Test, what: &'static str) -> Rule {
    Rule { key, test, what }
}

fn has(object: &Map<String, Value>, name: &str) -> bool {
    object.contains_key(name)
        || object
            .keys()
            .any(|key| key.strip_prefix('_').is_some_and(|bare| bare == name))
}

/// Whether a choice is made: `value` for `valueString`, `_valueDate` …
fn has_choice(object: &Map<String, Value>, stem: &str) -> bool {
    object.keys().any(|key| {
        let name = key.strip_prefix('_').unwrap_or(key);
        name.strip_prefix(stem)
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()))
    })
}

fn text<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    object.get(name).and_then(Value::as_str)
}

fn is_one_of(object: &Map<String, Value>, name: &str, codes: &[&str]) -> bool {
    text(object, name).is_some_and(|code| codes.contains(&code))
}

fn objects<'a>(
    object: &'a Map<String, Value>,
    name: &str,
) -> impl Iterator<Item = &'a Map<String, Value>> {
    object
        .get(name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
}

/// Whether a `CodeableConcept` has one of the codes.
fn has_code(object: &Map<String, Value>, name: &str, codes: &[&str]) -> bool {
    let concept = object.get(name).and_then(Value::as_object);
    concept.is_some_and(|concept| {
        objects(concept, "coding").any(|coding| is_one_of(coding, "code", codes))
    })
}

fn has_home(object: &Map<String, Value>, name: &str) -> bool {
    objects(object, name).any(|item| is_one_of(item, "use", &["home"]))
}

fn period_runs_forward(period: &Map<String, Value>) -> bool {
    is_in_order(text(period, "start"), text(period, "end"))
}

/// Whether a period may begin and end so (per-1), as far as both can be read.
pub fn runs_forward(start: &str, end: &str) -> bool {
    is_in_order(Some(start), Some(end))
}

/// Compared as far as both are precise: 2024-05-01 to 2024-05 is in order.
fn is_in_order(start: Option<&str>, end: Option<&str>) -> bool {
    match (start.and_then(Moment::parse), end.and_then(Moment::parse)) {
        (Some(start), Some(end)) if start.zoned == end.zoned => start.lo <= end.hi,
        // A date has no zone: somewhere it is still that day up to 14 hours before and 12 after UTC.
        (Some(start), Some(end)) => {
            start.lo.as_second() - 14 * 3600 <= end.hi.as_second() + 14 * 3600
        }
        _ => true,
    }
}

fn number(object: &Map<String, Value>, name: &str) -> Option<f64> {
    object.get(name).and_then(Value::as_f64)
}

fn is_at_least_zero(object: &Map<String, Value>, name: &str) -> bool {
    number(object, name).is_none_or(|n| n >= 0.0)
}

/// Only where both have the same unit.
fn range_runs_upward(range: &Map<String, Value>) -> bool {
    let end = |name| range.get(name).and_then(Value::as_object);
    let (Some(low), Some(high)) = (end("low"), end("high")) else {
        return true;
    };
    if text(low, "code") != text(high, "code") || text(low, "unit") != text(high, "unit") {
        return true;
    }
    match (number(low, "value"), number(high, "value")) {
        (Some(low), Some(high)) => low.partial_cmp(&high) != Some(Ordering::Greater),
        _ => true,
    }
}

#[cfg(test)]
pub(crate) fn type_names() -> impl Iterator<Item = &'static str> {
    tables().map(|(name, _)| name)
}
