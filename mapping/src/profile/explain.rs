//! What a profile does, in plain words.

use std::fmt::Write as _;

use crate::matching::{Matching, Thresholds};

use super::{Local, Profile, Take, tables};

/// One thing that a profile does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// What it is about: a field (`PID-3`), a table (`table 0069`), a segment, or the message.
    pub about: String,
    /// What is done with it.
    pub what: String,
}

impl Profile {
    /// What it does, field by field; what it leaves to the standard is not said.
    pub fn explain(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        let mut say = |about: &str, what: String| {
            lines.push(Line {
                about: about.to_owned(),
                what,
            });
        };
        self.explain_message(&mut say);
        self.explain_identifiers(&mut say);
        self.explain_tables(&mut say);
        self.explain_matching(&mut say);
        for segment in &self.snapshot {
            say(
                segment,
                "a full message names them all: those that it leaves out are removed".to_owned(),
            );
        }
        for change in self.fields.values().flatten() {
            let when = if change.only_if_empty {
                ", where the sender left it empty"
            } else {
                ""
            };
            let what = match &change.take {
                Take::From(path) => format!("taken from {path}{when}"),
                Take::Value(text) => format!("always \"{text}\"{when}"),
                Take::Nothing => "dropped, as if it had not been sent".to_owned(),
            };
            say(&change.at.to_string(), what);
        }
        for local in self.local.values().flatten() {
            say(&local.from.to_string(), of_local(local));
        }
        lines
    }

    fn explain_message(&self, say: &mut impl FnMut(&str, String)) {
        if let Some(base) = &self.extends {
            say("profile", format!("everything that `{base}` does, and:"));
        }
        if let Some(zone) = &self.zone {
            let zone = &zone.name;
            say("times", format!("without a zone are those of {zone}"));
        }
        if let Some(charset) = &self.charset {
            say("MSH-18", format!("empty or wrong means {charset}"));
        }
        let triggers = &self.triggers;
        if !triggers.serve.is_empty() {
            say(
                "MSH-9",
                format!("only these are read: {}", triggers.serve.join(", ")),
            );
        }
        if !triggers.ignore.is_empty() {
            let list = triggers.ignore.join(", ");
            say("MSH-9", format!("kept, but not read: {list}"));
        }
    }

    fn explain_identifiers(&self, say: &mut impl FnMut(&str, String)) {
        let types = self.patient_id_types.join(", ");
        say(
            "PID-3",
            format!("the patient is named by the first of these types: {types}; else by any other"),
        );
        let types = self.secondary_id_types.join(", ");
        say(
            "PID-3",
            format!("never by these while there is another: {types}"),
        );
        say(
            "visit number",
            format!("the first that has a value of {}", listed(&self.visit_id)),
        );
        say(
            "episode number",
            format!("the first that has a value of {}", listed(&self.episode_id)),
        );
        if let Some(system) = &self.default_system {
            say(
                "identifiers",
                format!("that name no authority are of {system}"),
            );
        }
        for (name, system) in &self.authorities {
            say(
                "identifiers",
                format!("and codes of \"{name}\" are of {system}"),
            );
        }
        for (name, kind) in &self.authority_types {
            say(
                "identifiers",
                format!("of \"{name}\" without a type are {kind}"),
            );
        }
    }

    fn explain_matching(&self, say: &mut impl FnMut(&str, String)) {
        let Matching {
            thresholds,
            weights,
        } = &self.matching;
        let Thresholds {
            automatic,
            link,
            review,
            margin,
        } = thresholds;
        let linked = if *automatic {
            format!("linked from {link} points on, if everybody else is {margin} behind; ")
        } else {
            "never linked automatically; ".to_owned()
        };
        say(
            "matching",
            format!("identities are {linked}reviewed from {review} on"),
        );
        for (what, points) in weights.changed() {
            say(
                "matching",
                format!("{} is worth {points} points", what.describe()),
            );
        }
    }

    fn explain_tables(&self, say: &mut impl FnMut(&str, String)) {
        for (number, rows) in &self.tables {
            let element = tables::known(number).map_or("local codes", |table| table.element);
            for (code, meaning) in rows {
                let mut what = format!("\"{code}\" becomes {} in {element}", meaning.code);
                if !meaning.display.is_empty() {
                    let _ = write!(what, " ({})", meaning.display);
                }
                let _ = write!(what, ", system {}", meaning.system);
                say(&format!("table {number}"), what);
            }
        }
    }
}

/// Fields by their names in a profile.
fn listed<T: serde::Serialize>(fields: &[T]) -> String {
    let words = serde_json::to_value(fields).unwrap_or_default();
    let words: Vec<&str> = words
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(serde_json::Value::as_str)
        .collect();
    words.join(", ")
}

fn of_local(local: &Local) -> String {
    let mut what = format!("becomes {}", local.to.name());
    if local.to.is_extension() {
        let _ = write!(what, " (a {})", local.value.name());
    }
    if let Some(kind) = &local.identifier_type {
        let _ = write!(what, " of type {kind}");
    }
    if let Some(system) = &local.system {
        let _ = write!(what, ", {system}");
    }
    if let Some(table) = &local.table {
        let _ = write!(what, ", by table {table}");
    }
    what
}
