//! Rules between elements (R4 calls them constraints): those that cost little and catch real mistakes.
//!
//! R4 states each as `FHIRPath`; here they are code. A rule that isn't listed is not checked. The rules
//! about contained resources (dom-2 to dom-5, ref-1) need the whole resource and are in `check`.

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
    RULES
        .iter()
        .find(|(name, _)| *name == type_name)
        .map_or(&[], |(_, rules)| rules)
}

const fn rule(key: &'static str, test: Test, what: &'static str) -> Rule {
    Rule { key, test, what }
}

use Test::{AnyOf, Needs, NotBoth, That};

const RULES: &[(&str, &[Rule])] = &[
    (
        "Extension",
        &[rule(
            "ext-1",
            That(|e| has(e, "extension") != has_choice(e, "value")),
            "an extension has either a value or extensions, exactly one of the two",
        )],
    ),
    (
        "Period",
        &[rule(
            "per-1",
            That(period_runs_forward),
            "the end is before the start",
        )],
    ),
    (
        "Attachment",
        &[rule(
            "att-1",
            Needs("data", "contentType"),
            "data needs a contentType",
        )],
    ),
    (
        "ContactPoint",
        &[rule(
            "cpt-2",
            Needs("value", "system"),
            "a value needs a system: phone, email …",
        )],
    ),
    ("Quantity", QUANTITY),
    ("Age", QUANTITY),
    ("Count", QUANTITY),
    ("Distance", QUANTITY),
    ("Duration", QUANTITY),
    (
        "Range",
        &[rule(
            "rng-2",
            That(range_runs_upward),
            "low is greater than high",
        )],
    ),
    (
        "Ratio",
        &[rule(
            "rat-1",
            That(|r| {
                has(r, "numerator") == has(r, "denominator")
                    && (has(r, "numerator") || has(r, "extension"))
            }),
            "a ratio has a numerator and a denominator, or neither and an extension",
        )],
    ),
    (
        "Timing.repeat",
        &[
            rule(
                "tim-1",
                Needs("duration", "durationUnit"),
                "duration needs a durationUnit",
            ),
            rule(
                "tim-2",
                Needs("period", "periodUnit"),
                "period needs a periodUnit",
            ),
            rule(
                "tim-4",
                That(|r| is_at_least_zero(r, "duration")),
                "duration is negative",
            ),
            rule(
                "tim-5",
                That(|r| is_at_least_zero(r, "period")),
                "period is negative",
            ),
            rule(
                "tim-6",
                Needs("periodMax", "period"),
                "periodMax needs a period",
            ),
            rule(
                "tim-7",
                Needs("durationMax", "duration"),
                "durationMax needs a duration",
            ),
            rule(
                "tim-8",
                Needs("countMax", "count"),
                "countMax needs a count",
            ),
            rule("tim-9", Needs("offset", "when"), "offset needs a when"),
            rule(
                "tim-10",
                NotBoth("timeOfDay", "when"),
                "give timeOfDay or when, not both",
            ),
        ],
    ),
    (
        "AllergyIntolerance",
        &[
            rule(
                "ait-1",
                That(|a| {
                    has(a, "clinicalStatus")
                        || has_code(a, "verificationStatus", &["entered-in-error"])
                }),
                "clinicalStatus is missing: only an allergy entered in error has none",
            ),
            rule(
                "ait-2",
                That(|a| {
                    !(has(a, "clinicalStatus")
                        && has_code(a, "verificationStatus", &["entered-in-error"]))
                }),
                "an allergy entered in error has no clinicalStatus",
            ),
        ],
    ),
    (
        "Appointment",
        &[
            rule(
                "app-2",
                That(|a| has(a, "start") == has(a, "end")),
                "give start and end, or neither",
            ),
            rule(
                "app-3",
                That(|a| {
                    has(a, "start") && has(a, "end")
                        || is_one_of(a, "status", &["proposed", "cancelled", "waitlist"])
                }),
                "start and end are missing: only proposed, cancelled and waitlisted appointments have none",
            ),
            rule(
                "app-4",
                That(|a| {
                    !has(a, "cancelationReason") || is_one_of(a, "status", &["cancelled", "noshow"])
                }),
                "cancelationReason is for cancelled appointments and no-shows",
            ),
        ],
    ),
    (
        "Appointment.participant",
        &[rule(
            "app-1",
            AnyOf(&["type", "actor"]),
            "a participant has a type or an actor",
        )],
    ),
    ("Bundle", BUNDLE),
    (
        "Bundle.entry",
        &[
            rule(
                "bdl-5",
                AnyOf(&["resource", "request", "response"]),
                "an entry has a resource, unless it has a request or response",
            ),
            rule(
                "bdl-8",
                That(|e| !text(e, "fullUrl").is_some_and(|url| url.contains("/_history/"))),
                "fullUrl does not name a version",
            ),
        ],
    ),
    (
        "CarePlan.activity",
        &[rule(
            "cpl-3",
            NotBoth("detail", "reference"),
            "give detail or reference, not both",
        )],
    ),
    (
        "Composition.section",
        &[
            rule(
                "cmp-1",
                AnyOf(&["text", "entry", "section"]),
                "a section has text, entries or sections",
            ),
            rule(
                "cmp-2",
                That(|s| !has(s, "emptyReason") || !has(s, "entry")),
                "emptyReason is for sections without entries",
            ),
        ],
    ),
    (
        "Condition",
        &[
            rule(
                "con-4",
                That(|c| {
                    !has_choice(c, "abatement")
                        || has_code(c, "clinicalStatus", &["inactive", "resolved", "remission"])
                }),
                "an abated condition has the clinicalStatus inactive, resolved or remission",
            ),
            rule(
                "con-5",
                That(|c| {
                    !(has(c, "clinicalStatus")
                        && has_code(c, "verificationStatus", &["entered-in-error"]))
                }),
                "a condition entered in error has no clinicalStatus",
            ),
        ],
    ),
    (
        "Condition.stage",
        &[rule(
            "con-1",
            AnyOf(&["summary", "assessment"]),
            "a stage has a summary or an assessment",
        )],
    ),
    (
        "Condition.evidence",
        &[rule(
            "con-2",
            AnyOf(&["code", "detail"]),
            "an evidence has a code or a detail",
        )],
    ),
    (
        "Consent",
        &[rule(
            "ppc-1",
            AnyOf(&["policy", "policyRule"]),
            "a consent has a policy or a policyRule",
        )],
    ),
    (
        "Goal.target",
        &[rule(
            "gol-1",
            That(|t| !has_choice(t, "detail") || has(t, "measure")),
            "a target with a detail needs a measure",
        )],
    ),
    (
        "Group",
        &[rule(
            "grp-1",
            That(|g| !has(g, "member") || g.get("actual") == Some(&Value::Bool(true))),
            "only a group with actual true has members",
        )],
    ),
    (
        "Immunization.education",
        &[rule(
            "imm-1",
            AnyOf(&["documentType", "reference"]),
            "give a documentType or a reference",
        )],
    ),
    (
        "Observation",
        &[rule(
            "obs-6",
            That(|o| !(has(o, "dataAbsentReason") && has_choice(o, "value"))),
            "dataAbsentReason is for observations without a value",
        )],
    ),
    (
        "Observation.referenceRange",
        &[rule(
            "obs-3",
            AnyOf(&["low", "high", "text"]),
            "a referenceRange has low, high or text",
        )],
    ),
    (
        "Organization",
        &[
            rule(
                "org-1",
                AnyOf(&["identifier", "name"]),
                "an organization has an identifier or a name",
            ),
            rule(
                "org-2",
                That(|o| !has_home(o, "address")),
                "an organization's address is never of use home",
            ),
            rule(
                "org-3",
                That(|o| !has_home(o, "telecom")),
                "an organization's telecom is never of use home",
            ),
        ],
    ),
    (
        "Patient.contact",
        &[rule(
            "pat-1",
            AnyOf(&["name", "telecom", "address", "organization"]),
            "a contact has a name, telecom, address or organization",
        )],
    ),
    (
        "ServiceRequest",
        &[rule(
            "prr-1",
            Needs("orderDetail", "code"),
            "orderDetail needs a code",
        )],
    ),
    (
        "Task",
        &[rule(
            "inv-1",
            That(|t| is_in_order(text(t, "authoredOn"), text(t, "lastModified"))),
            "lastModified is before authoredOn",
        )],
    ),
];

const QUANTITY: &[Rule] = &[rule(
    "qty-3",
    Needs("code", "system"),
    "a code needs its system",
)];

const BUNDLE: &[Rule] = &[
    rule(
        "bdl-1",
        That(|b| !has(b, "total") || is_one_of(b, "type", &["searchset", "history"])),
        "total is for search results and histories",
    ),
    rule(
        "bdl-3",
        That(|b| {
            let asks = is_one_of(b, "type", &["batch", "transaction", "history"]);
            objects(b, "entry").all(|entry| has(entry, "request") == asks)
        }),
        "each entry of a batch, transaction or history has a request, and no other has",
    ),
    rule(
        "bdl-4",
        That(|b| {
            let answers = is_one_of(
                b,
                "type",
                &["batch-response", "transaction-response", "history"],
            );
            objects(b, "entry").all(|entry| has(entry, "response") == answers)
        }),
        "each entry of a response or history has a response, and no other has",
    ),
];

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
    RULES.iter().map(|(name, _)| *name)
}
