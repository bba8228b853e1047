//! Files that messages enclose: Binary resources, to which attachments refer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::chart::{Chart, bytes, context, profile};
use crate::orders::{message, read, reference, report};

const PDF: &str = "JVBERi0xLjQ=";
const HEAD: &str = "TXA|1|DS|AP|||||||||D1^EMR||||plan.pdf|AU";

/// A document of the patient 77, stated at that time, with this OBX-5.
fn document(stated: &str, content: &str) -> String {
    let lines = format!("{HEAD}\nOBX|1|ED|1^Plan^L||{content}||||||F");
    message("MDM^T02", stated, &lines)
}

fn pdf(data: &str) -> String {
    format!("EMR^AP^PDF^Base64^{data}")
}

fn attachment(chart: &Chart) -> Value {
    chart.the("DocumentReference")["content"][0]["attachment"].clone()
}

#[test]
fn a_file_is_a_binary_of_its_patient() {
    let chart = Chart::of(&[document("20240115", &pdf(PDF))]);
    let binary = chart.the("Binary");
    assert_eq!(binary["contentType"], "application/pdf");
    assert_eq!(binary["data"], PDF);
    let patient = reference(&chart.the("Patient"));
    assert_eq!(binary["securityContext"], json!({"reference": patient}));
    assert_eq!(fhir::check(&binary, Some(fhir::ResourceType::Binary)), []);
    assert_eq!(
        attachment(&chart),
        json!({
            "contentType": "application/pdf", "data": PDF,
            "url": reference(&binary), "size": 8, "title": "plan.pdf",
        })
    );
}

#[test]
fn a_large_file_is_in_its_binary_alone() {
    let check = |n_bytes: usize, is_inline: bool| {
        let data = STANDARD.encode(vec![7; n_bytes]);
        let chart = Chart::of(&[document("20240115", &pdf(&data))]);
        assert_eq!(chart.the("Binary")["data"].as_str(), Some(data.as_str()));
        let attachment = attachment(&chart);
        assert_eq!(attachment["size"], n_bytes);
        assert_eq!(attachment["url"], reference(&chart.the("Binary")));
        assert_eq!(attachment.get("data").is_some(), is_inline, "{n_bytes}");
    };
    check(1 << 20, true);
    check((1 << 20) + 3, false);
}

#[test]
fn a_short_text_is_no_file() {
    let chart = Chart::of(&[document("20240115", "EMR^TEXT^PLAIN^A^Well.")]);
    assert!(chart.all("Binary").is_empty());
    assert_eq!(attachment(&chart)["data"], STANDARD.encode("Well."));
    assert_eq!(attachment(&chart).get("url"), None);
}

/// The data that an ED of this encoding and content gives, in a document and in a report alike.
fn data(encoding: &str, content: &str) -> Option<String> {
    let ed = format!("EMR^AP^PDF^{encoding}^{content}");
    let text = |value: &Value| value["data"].as_str().map(str::to_owned);
    let in_document = text(&attachment(&Chart::of(&[document("20240115", &ed)])));
    let chart = report(&format!("OBX|1|ED|1^Plan^L||{ed}||||||F"));
    let in_report = text(&chart.the("DiagnosticReport")["presentedForm"][0]);
    assert_eq!(in_document, in_report);
    in_report
}

#[test]
fn the_encoding_of_a_content_is_judged_by_one_rule() {
    let base64 = STANDARD.encode("a document of some length");
    let words = "This is a normal finding";
    for (encoding, content, expected) in [
        ("Base64", base64.as_str(), Some(base64.clone())),
        ("Base64", base64.trim_end_matches('='), Some(base64.clone())),
        ("Base64", "SGl=", Some("SGk=".to_owned())),
        ("Base64", "J*BE", None),
        ("Hex", "48492a", Some(STANDARD.encode("HI*"))),
        ("Hex", "484", None),
        ("", &base64, Some(base64.clone())),
        ("A", &base64, Some(base64.clone())),
        ("A", words, Some(STANDARD.encode(words))),
        ("", "Hi", Some(STANDARD.encode("Hi"))),
        ("8BIT", words, Some(STANDARD.encode(words))),
        ("Base64", "", None),
    ] {
        assert_eq!(data(encoding, content), expected, "{encoding} {content}");
    }
}

#[test]
fn an_encoding_that_does_not_fit_is_reported() {
    let issues = |encoding: &str, content: &str| -> Vec<&str> {
        let ed = format!("EMR^AP^PDF^{encoding}^{content}");
        let read = read(&document("20240115", &ed));
        read.issues.iter().map(|issue| issue.what).collect()
    };
    let broken = "data is not in the encoding that it names";
    assert_eq!(issues("Base64", "J*BE"), [broken]);
    assert_eq!(issues("8BIT", "Hi"), ["code is not in table 0299"]);
    assert!(issues("A", "Hi").is_empty());
}

#[test]
fn another_content_is_another_binary_in_any_order() {
    let first = document("20240115", &pdf(PDF));
    let second = document("20240116", &pdf("JVBERi0xLjc="));
    let chart = Chart::of(&[&first, &second]);
    assert_eq!(chart.the("Binary")["data"], "JVBERi0xLjc=");
    assert_ne!(
        chart.the("Binary")["id"],
        Chart::of(&[&first]).the("Binary")["id"]
    );
    let otherwise = Chart::of(&[&second, &first, &second]);
    assert_eq!(chart.resources(), otherwise.resources());
}

#[test]
fn a_content_that_is_there_twice_is_one_binary() {
    let twice = format!("{}~{}", pdf(PDF), pdf(PDF));
    let chart = Chart::of(&[document("20240115", &twice)]);
    let contents = chart.the("DocumentReference")["content"].clone();
    let url = reference(&chart.the("Binary"));
    for content in contents.as_array().unwrap() {
        assert_eq!(content["attachment"]["url"], *url);
    }
}

#[test]
fn a_file_goes_with_a_patient_who_is_merged() {
    let merge = "MSH|^~\\&|EMR|AGENCY|||20240120||ADT^A40|M3|P|2.5.1\nEVN|A40|20240120\n\
        PID|1||88^^^EMR^MR||DOE^JANE\nMRG|77^^^EMR^MR";
    let document = document("20240115", &pdf(PDF));
    let chart = Chart::of(&[&document, merge]);
    let binary = chart.the("Binary");
    assert_eq!(binary["id"], Chart::of(&[&document]).the("Binary")["id"]);
    let patients = chart.all("Patient");
    let survivor = patients.iter().find(|it| it["active"] != false).unwrap();
    assert_eq!(binary["securityContext"]["reference"], reference(survivor));
    let otherwise = Chart::of(&[merge, &document]);
    assert_eq!(chart.resources(), otherwise.resources());
}

#[test]
fn a_result_that_is_a_file_has_its_binary_too() {
    let lines = format!(
        "ORC|NW|P1\nOBR|1|P1||1^X^LN\nOBX|1|ED|2^Y^LN||{}||||||F",
        pdf(PDF)
    );
    let chart = Chart::of(&[message("ORM^O01", "20240115", &lines)]);
    let observation = chart.the("Observation");
    let attachment = &observation["extension"][0]["valueAttachment"];
    assert_eq!(attachment["url"], reference(&chart.the("Binary")));
}

#[test]
fn an_attachment_in_a_bundle_names_the_entry_of_its_file() {
    let bytes = bytes(&document("20240115", &pdf(PDF)));
    let message = hl7v2::Message::parse(&bytes).unwrap();
    let bundle = mapping::bundle(&message, &context(&bytes, profile())).unwrap();
    let entries = bundle["entry"].as_array().unwrap();
    let of = |kind: &str| {
        let is = |entry: &&Value| entry["resource"]["resourceType"] == kind;
        entries.iter().find(is).unwrap()
    };
    let document = &of("DocumentReference")["resource"];
    assert_eq!(
        document["content"][0]["attachment"]["url"],
        of("Binary")["fullUrl"]
    );
    assert_eq!(
        of("Binary")["resource"]["securityContext"]["reference"],
        of("Patient")["fullUrl"]
    );
}

#[test]
fn a_file_comes_from_the_field_that_encloses_it() {
    let chart = Chart::of(&[document("20240115", &pdf(PDF))]);
    let lineage = chart.lineage("Binary");
    assert_eq!(
        lineage,
        [
            ("contentType", "OBX-5"),
            ("data", "OBX-5"),
            ("securityContext", "TXA"),
        ]
        .map(|(element, field)| (element.to_owned(), field.to_owned()))
    );
}
