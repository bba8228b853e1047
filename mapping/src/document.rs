//! The mapping as a page for people: an interface control document, made from the code.
//!
//! Nothing in it is written by hand but the words around the tables. Made-up messages that fill the
//! fields are traced, so each row says what the code did with them; what no rule reads is found by
//! putting a value there; code tables and triggers are the ones that the code looks things up in.

mod examples;
mod rows;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::inbound::trigger::{self, IdentityRule};
use crate::table::code_tables;

pub use examples::{field_name, is_segment};
use rows::{Row, Rows};

const HEAD: &str = "\
# What goes where

Which field of an HL7 v2 message becomes which element of which FHIR R4 resource. This page is generated
from the code and its tables; do not edit it. To renew it: `drawbridge map --document > docs/mapping.md`.

How to read it:

* Each segment has a table of its fields. *Element* is what the field gives, lists without their numbers.
  *Part* is the component and subcomponent that gave it (`.4.2` is the second subcomponent of the fourth
  component); no part: the field as a whole, or its first component. *By* is the rule, where that is another
  field's, and the code table, where a code was looked up.
* `set` in *Part*: the rule says this of itself, whatever the field holds.
* An empty field says nothing; a field with `\"\"` deletes what it said before. A code that is in no table is
  kept as it was sent, and counted. Site profiles change systems, classes and identifiers on top of this.
* *Read, without an element of its own*: set ids, times that order statements, keys that become ids, and
  fields that only matter together with others.
* *Not mapped*: no rule reads the field, or what another field says goes before it. A value there is counted and reported (`drawbridge map --report`, `/metrics`), never lost: the
  journal has the message.

Every row is what the code did with a made-up message (`mapping/messages`). `drawbridge map --lineage FILE`
says the same of your own messages, value by value.
";

/// The page, in Markdown.
pub fn document() -> String {
    let rows = Rows::of_examples();
    let mut page = String::from(HEAD);
    messages(&mut page);
    segments(&mut page, &rows);
    unread_segments(&mut page);
    tables(&mut page);
    page
}

fn messages(page: &mut String) {
    page.push_str("\n## Messages\n\n| Message | What happens to the visit | Who is who |\n| --- | --- | --- |\n");
    let mut last = String::new();
    let mut names: Vec<String> = Vec::new();
    let write = |page: &mut String, names: &[String], said: &str| {
        if !names.is_empty() {
            let _ = writeln!(page, "| {} | {said}", names.join(", "));
        }
    };
    for (code, trigger, rules) in trigger::all() {
        let event = rules.event.map_or_else(
            || "nothing of its own: what its fields say".to_owned(),
            |event| {
                serde_json::to_string(&event)
                    .unwrap_or_default()
                    .replace(['"'], "")
            },
        );
        let said = format!("{event} | {} |", identity(rules.identity));
        if said != last {
            write(page, &names, &last);
            names.clear();
            last = said;
        }
        names.push(format!("{code}^{trigger}"));
    }
    write(page, &names, &last);
    page.push_str(
        "\nOther messages are acknowledged, journalled and marked `unrouted`. MSH-9.3 and MSH-12 take no part.\n",
    );
}

const fn identity(rule: IdentityRule) -> &'static str {
    match rule {
        IdentityRule::Keep => "",
        IdentityRule::MergePatients => "the patient of MRG-1 becomes the one of PID-3",
        IdentityRule::MovePatient => {
            "the identifier of MRG-1 belongs to the patient of PID-3 alone"
        }
        IdentityRule::MoveAccount => "the account was that of the patient of MRG-1",
        IdentityRule::MoveVisits => "the visit was that of the patient of MRG-1",
        IdentityRule::Two => "two patients, each with PID and PV1",
        IdentityRule::Link => "the two patients are one person",
        IdentityRule::Unlink => "the two patients are not one person",
        IdentityRule::MergeVisits => "the visit of MRG-5 becomes the one of PV1-19",
        IdentityRule::MergeAccounts => "the account of MRG-3 becomes the one of PID-18",
        IdentityRule::DeleteVisit => "the visit was entered in error",
        IdentityRule::DeletePatient => "the person is not active",
        IdentityRule::AddPatient => "the person is in the record, maybe again",
        IdentityRule::CancelPendingTransfer => "the pending transfer was called off",
    }
}

fn segments(page: &mut String, rows: &Rows) {
    page.push_str("\n## Segments\n");
    for (segment, fields) in &rows.fields {
        let heading = heading(segment);
        let _ = write!(
            page,
            "\n### {heading}\n\n| Field | Name | Element | Part | By |\n| --- | --- | --- | --- | --- |\n"
        );
        for (n, rows) in fields {
            of_field(page, segment, *n, rows);
        }
        let rest = examples::rest(segment, &fields.keys().copied().collect());
        let names = |fields: &BTreeSet<u8>| -> String {
            let named = fields.iter().map(|n| named(segment, *n));
            named.collect::<Vec<_>>().join(", ")
        };
        if HEADERS.contains(&segment.as_str()) {
            let others = rest.read.union(&rest.unread).copied().collect();
            let _ = write!(
                page,
                "\nOf use to the bridge itself, or of none, and not reported: {}.\n",
                names(&others)
            );
            continue;
        }
        if !rest.read.is_empty() {
            let _ = write!(
                page,
                "\nRead, without an element of its own: {}.\n",
                names(&rest.read)
            );
        }
        if !rest.unread.is_empty() {
            let _ = write!(page, "\nNot mapped: {}.\n", names(&rest.unread));
        }
    }
}

/// Segments that say something of the message and not of the patient.
const HEADERS: [&str; 2] = ["MSH", "EVN"];

/// A rule of a data type, which many fields share, stands among the segments.
fn heading(segment: &str) -> String {
    let is_type = segment.ends_with('_') || ["DLD", "XAD", "XCN", "XON", "XTN"].contains(&segment);
    let name = segment.trim_end_matches('_');
    if is_type {
        format!("{name} (data type: what names somebody or something, in any field)")
    } else {
        name.to_owned()
    }
}

fn of_field(page: &mut String, segment: &str, n: u8, rows: &BTreeMap<String, Row>) {
    let place = match n {
        0 => segment.to_owned(),
        n => format!("{}-{n}", segment.trim_end_matches('_')),
    };
    let mut place = Some(format!(
        "{place} | {}",
        field_name(segment, n).unwrap_or_default()
    ));
    for (element, row) in rows {
        let parts = row.parts.iter().map(String::as_str);
        let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
        let by: Vec<&str> = row.by.iter().map(String::as_str).collect();
        let first = place.take().unwrap_or_else(|| " | ".to_owned());
        let _ = writeln!(
            page,
            "| {first} | `{element}` | {} | {} |",
            parts.join(" "),
            by.join(", ")
        );
    }
}

fn named(segment: &str, n: u8) -> String {
    match field_name(segment, n) {
        Some(name) => format!("{segment}-{n} {name}"),
        None => format!("{segment}-{n}"),
    }
}

fn unread_segments(page: &mut String) {
    let unread = examples::unread_segments();
    let _ = write!(
        page,
        "\n## Segments that are not read\n\nEvery field with a value is reported as not mapped: {}, and every \
         segment whose name begins with Z.\n",
        unread.join(", ")
    );
}

fn tables(page: &mut String) {
    page.push_str(
        "\n## Code tables\n\nA code that is not here is kept as it was sent, with the system that the message names.\n",
    );
    for table in code_tables() {
        let _ = write!(
            page,
            "\n### {} → {}\n\n| Sent | Becomes | Display | System |\n| --- | --- | --- | --- |\n",
            table.name, table.target
        );
        for row in &table.rows {
            let system = if row.system.is_empty() {
                String::new()
            } else {
                format!("`{}`", row.system)
            };
            let _ = writeln!(
                page,
                "| `{}` | `{}` | {} | {system} |",
                row.sent, row.code, row.display
            );
        }
    }
}
