//! What of a message is not in the chart, or not as it was said: places and rules, never values.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use mapping::facts::Place;
use mapping::inbound::{Interpretation, Issue, Severity};
use serde_json::{Value, json};

/// What was not mapped and what did not fit, of one message or of many.
#[derive(Default, Debug)]
pub(super) struct Report {
    n_messages: usize,
    unmapped: BTreeMap<Place, usize>,
    issues: BTreeMap<(Place, &'static str, Severity), usize>,
}

impl Report {
    /// What one message's interpretation says.
    pub(super) fn of(said: &Interpretation) -> Self {
        let mut report = Self {
            n_messages: 1,
            ..Self::default()
        };
        for place in &said.unmapped {
            *report.unmapped.entry(*place).or_default() += 1;
        }
        for Issue { at, what, severity } in &said.issues {
            *report.issues.entry((*at, what, *severity)).or_default() += 1;
        }
        report
    }

    /// Takes in another report.
    pub(super) fn add(&mut self, other: Self) {
        self.n_messages += other.n_messages;
        for (place, n) in other.unmapped {
            *self.unmapped.entry(place).or_default() += n;
        }
        for (issue, n) in other.issues {
            *self.issues.entry(issue).or_default() += n;
        }
    }

    /// As JSON, under the name of what it is about.
    pub(super) fn as_json(&self, about: &str) -> Value {
        let unmapped = self.unmapped.iter().map(
            |(place, n)| json!({"place": place.to_string(), "name": name(*place), "count": n}),
        );
        let issues = self.issues.iter().map(|((place, what, severity), n)| {
            json!({"place": place.to_string(), "rule": what, "severity": word(*severity), "count": n})
        });
        json!({
            "about": about,
            "messages": self.n_messages,
            "unmapped": unmapped.collect::<Vec<_>>(),
            "issues": issues.collect::<Vec<_>>(),
        })
    }

    /// As text.
    pub(super) fn as_text(&self, about: &str) -> String {
        let mut text = format!("{about}:");
        if self.unmapped.is_empty() && self.issues.is_empty() {
            text.push_str(" everything is mapped");
        }
        // Writing to a String cannot fail.
        for ((place, what, severity), n) in &self.issues {
            let _ = write!(text, "\n  {} {place}: {what}{}", word(*severity), times(*n));
        }
        for (place, n) in &self.unmapped {
            let name = name(*place).map(|name| format!(" ({name})"));
            let _ = write!(
                text,
                "\n  not mapped {place}{}{}",
                name.unwrap_or_default(),
                times(*n)
            );
        }
        text
    }
}

fn name(place: Place) -> Option<&'static str> {
    mapping::field_name(place.segment(), place.field())
}

fn times(n: usize) -> String {
    if n == 1 {
        String::new()
    } else {
        format!(", {n} times")
    }
}

const fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Information => "information",
        Severity::Warning => "warning",
    }
}
