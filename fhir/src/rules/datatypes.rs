//! The rules of the data types.

use super::Test::{Needs, NotBoth, That};
use super::{
    Rule, has, has_choice, is_at_least_zero, period_runs_forward, range_runs_upward, rule,
};

pub(super) const RULES: &[(&str, &[Rule])] = &[
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
];

const QUANTITY: &[Rule] = &[rule(
    "qty-3",
    Needs("code", "system"),
    "a code needs its system",
)];
