//! Every element of a Bundle is explained, to the component, and what is not there is reported.

use mapping::trace::{Element, Trace, trace};

use crate::chart::{bytes, context, profile};
use crate::snapshots::ADMISSION;

fn traced(message: &str) -> Trace {
    let bytes = bytes(message);
    trace(&bytes, &context(&bytes, profile())).unwrap()
}

/// `from | rule | row` of an element of the only, or first, resource of a type.
fn told(trace: &Trace, kind: &str, path: &str) -> String {
    let resource = trace.resources.iter().find(|it| it.kind == kind).unwrap();
    let told = |element: &Element| {
        let from: Vec<String> = element.from.iter().map(ToString::to_string).collect();
        let row = element.row.map(|row| format!(" {row}"));
        format!(
            "{} by {}{}",
            from.join(" "),
            element.rule,
            row.unwrap_or_default()
        )
    };
    let element = resource.elements.iter().find(|it| it.path == path);
    element.map_or_else(|| format!("{kind}.{path} is not there"), told)
}

#[test]
fn an_element_knows_its_component_repetition_and_table_row() {
    let trace = traced(ADMISSION);
    for (kind, path, expected) in [
        ("Patient", "name[0].family", "PID-5.1.1 by PID-5"),
        ("Patient", "name[0].given[1]", "PID-5.3 by PID-5"),
        ("Patient", "name[1].family", "PID-5[2].1 by PID-5"),
        ("Patient", "birthDate", "PID-7 by PID-7"),
        ("Patient", "gender", "PID-8 by PID-8 0001[F]"),
        ("Patient", "identifier[0].value", "PID-3.1 by PID-3"),
        ("Patient", "address[1].line[0]", "PID-11[2].1 by PID-11"),
        ("Encounter", "class.code", "PV1-2 by PV1-2 0004[I]"),
        (
            "Encounter",
            "reasonCode[0].coding[0].code",
            "PV2-3.1 by PV2-3",
        ),
        (
            "Condition",
            "code.coding[0].system",
            "DG1-3.3 by DG1-3 0396[I10]",
        ),
        ("Observation", "valueQuantity.value", "OBX-5 by OBX-5"),
        (
            "MessageHeader",
            "source.name",
            "MSH-3 by computed:MessageHeader.source",
        ),
    ] {
        assert_eq!(told(&trace, kind, path), expected, "{kind}.{path}");
    }
}

#[test]
fn what_follows_from_several_fields_names_them_all() {
    let trace = traced(ADMISSION);
    let status = told(&trace, "Encounter", "status");
    assert!(status.contains("MSH-9.2"), "{status}");
    let subject = told(&trace, "Encounter", "subject.reference");
    assert!(subject.contains("PID-3.1"), "{subject}");
}

#[test]
fn the_second_of_two_segments_is_told_from_the_first() {
    let trace = traced(
        "MSH|^~\\&|EMR|AGENCY|||20240101||ADT^A08|M1|P|2.5.1\nEVN||20240101\nPID|1||7^^^EMR^MR\n\
         PV1|1|I|||||||||||||||||V9^^^EMR^VN\nDG1|1||I10^Hypertension^I10\nDG1|2||E11^Diabetes^I10",
    );
    let of = |n: usize| {
        let mut conditions = trace.resources.iter().filter(|it| it.kind == "Condition");
        let elements = &conditions.nth(n).unwrap().elements;
        let element = elements
            .iter()
            .find(|it| it.path == "code.coding[0].display");
        element.unwrap().from[0].to_string()
    };
    let mut both = [of(0), of(1)];
    both.sort();
    assert_eq!(both, ["DG1-3.2", "DG1[2]-3.2"]);
}

/// Every element is explained: by a value of the message, or by a rule that says it of itself.
#[test]
fn nothing_is_left_unexplained() {
    let trace = traced(ADMISSION);
    assert!(trace.is_whole);
    for resource in &trace.resources {
        for element in &resource.elements {
            assert!(!element.rule.to_string().is_empty(), "{}", element.path);
        }
    }
    let n_elements: usize = trace.resources.iter().map(|it| it.elements.len()).sum();
    let n_placed = trace.resources.iter().flat_map(|it| &it.elements);
    let n_placed = n_placed.filter(|element| !element.from.is_empty()).count();
    assert!(n_elements * 2 < n_placed * 3, "{n_placed} of {n_elements}");
}

/// A message that is too large to be mapped once for each value is still explained field by field.
#[test]
fn a_large_message_is_explained_by_field() {
    let results: Vec<String> = (1..=900)
        .map(|n| format!("OBX|{n}|NM|{n}-1^Test^LN||5|||||F"))
        .collect();
    let trace = traced(&format!(
        "MSH|^~\\&|LAB|HOSP|||20240101||ORU^R01|M1|P|2.5.1\nPID|1||7^^^EMR^MR||DOE^JANE\n\
         OBR|1|P1|F1|1^Panel^LN\n{}",
        results.join("\n")
    ));
    assert!(!trace.is_whole);
    assert_eq!(told(&trace, "Patient", "name[0].family"), " by PID-5");
}

/// Two files without a name, each too large to stand in the report.
#[test]
fn each_of_two_large_files_is_told_from_the_other() {
    let file = |n: usize| {
        format!(
            "OBX|{n}|ED|{n}-1^Plan^LN||^AP^PDF^Base64^{}||||||F",
            "AAAA".repeat(400_000 + n)
        )
    };
    let trace = traced(&format!(
        "MSH|^~\\&|LAB|HOSP|||20240101||ORU^R01|M1|P|2.5.1\nPID|1||7^^^EMR^MR||DOE^JANE\n\
         OBR|1|P1|F1|1^Panel^LN\n{}\n{}",
        file(1),
        file(2)
    ));
    for n in 0..2 {
        let path = format!("presentedForm[{n}].contentType");
        assert_eq!(told(&trace, "DiagnosticReport", &path), " by OBX-5", "{n}");
    }
}

/// The page is what the code does. When this fails, look at what changed and renew the page.
#[test]
fn the_page_of_the_mapping_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/mapping.md");
    let page = mapping::document();
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    let differs = page
        .lines()
        .zip(committed.lines())
        .find(|(now, then)| now != then);
    assert!(
        page == committed,
        "docs/mapping.md is not what the code does (first: {differs:?}); renew it: \
         cargo run -p server -- map --document > docs/mapping.md"
    );
}
