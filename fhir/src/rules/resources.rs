//! The rules of the resource types and the elements inside them.

use serde_json::{Map, Value};

use super::Test::{AnyOf, Needs, NotBoth, That};
use super::{
    Rule, has, has_choice, has_code, has_home, is_in_order, is_one_of, objects, rule, text,
};

pub(super) const RULES: &[(&str, &[Rule])] = &[
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
        "AuditEvent.entity",
        &[rule(
            "sev-1",
            NotBoth("name", "query"),
            "give name or query, not both",
        )],
    ),
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
        &[
            rule(
                "obs-6",
                That(|o| !(has(o, "dataAbsentReason") && has_choice(o, "value"))),
                "dataAbsentReason is for observations without a value",
            ),
            rule(
                "obs-7",
                That(value_is_not_repeated),
                "a component has the observation's own code: give the value once",
            ),
        ],
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
        "Parameters.parameter",
        &[rule(
            "inv-1",
            That(|p| {
                let ways = [has_choice(p, "value"), has(p, "resource"), has(p, "part")];
                ways.iter().filter(|way| **way).count() == 1
            }),
            "a parameter has a value, a resource or parts, exactly one of the three",
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
    rule(
        "bdl-2",
        That(|b| {
            is_one_of(b, "type", &["searchset"]) || objects(b, "entry").all(|e| !has(e, "search"))
        }),
        "entry.search is for search results",
    ),
    rule(
        "bdl-7",
        That(urls_differ),
        "two entries have the same fullUrl: versions of it differ in meta.versionId",
    ),
    rule(
        "bdl-9",
        That(|b| {
            let identifier = b.get("identifier").and_then(Value::as_object);
            !is_one_of(b, "type", &["document"])
                || identifier.is_some_and(|id| has(id, "system") && has(id, "value"))
        }),
        "a document has an identifier with system and value",
    ),
    rule(
        "bdl-10",
        That(|b| !is_one_of(b, "type", &["document"]) || has(b, "timestamp")),
        "a document has a timestamp",
    ),
    rule(
        "bdl-11",
        That(|b| starts_with(b, "document", "Composition")),
        "a document starts with a Composition",
    ),
    rule(
        "bdl-12",
        That(|b| starts_with(b, "message", "MessageHeader")),
        "a message starts with a MessageHeader",
    ),
];

fn starts_with(bundle: &Map<String, Value>, kind: &str, first: &str) -> bool {
    let entry = objects(bundle, "entry").next();
    let resource = entry.and_then(|entry| entry.get("resource")?.as_object());
    !is_one_of(bundle, "type", &[kind])
        || resource.is_some_and(|r| is_one_of(r, "resourceType", &[first]))
}

fn urls_differ(bundle: &Map<String, Value>) -> bool {
    let mut names: Vec<(&str, Option<&str>)> = objects(bundle, "entry")
        .filter_map(|entry| {
            let version = entry
                .get("resource")
                .and_then(|r| r.pointer("/meta/versionId"));
            Some((text(entry, "fullUrl")?, version.and_then(Value::as_str)))
        })
        .collect();
    names.sort_unstable();
    let pairs = names.iter().zip(names.iter().skip(1));
    // A history names one resource many times.
    is_one_of(bundle, "type", &["history"]) || pairs.into_iter().all(|(a, b)| a != b)
}

/// obs-7: a component that repeats the observation's code takes the place of its value.
fn value_is_not_repeated(observation: &Map<String, Value>) -> bool {
    let code = observation.get("code").and_then(Value::as_object);
    let Some(code) = code.filter(|_| has_choice(observation, "value")) else {
        return true;
    };
    let coded = |coding: &Map<String, Value>| {
        Some((
            text(coding, "system")?.to_owned(),
            text(coding, "code")?.to_owned(),
        ))
    };
    let own: Vec<(String, String)> = objects(code, "coding").filter_map(coded).collect();
    let components = objects(observation, "component");
    let concepts = components.filter_map(|c| c.get("code").and_then(Value::as_object));
    let mut codings = concepts
        .flat_map(|code| objects(code, "coding"))
        .filter_map(coded);
    !codings.any(|coding| own.contains(&coding))
}
