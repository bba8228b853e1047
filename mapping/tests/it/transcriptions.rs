//! Rules of documents (MDM), one test each. `documents` has the files that they enclose.

use serde_json::Value;

use crate::chart::Chart;
use crate::visits::{HEAD, in_any_order, message};

fn mdm(event: &str, stated: &str, txa: &str, rest: &str) -> String {
    message(
        &format!("MDM^{event}"),
        stated,
        &format!("{HEAD}\nTXA|1|HP|TX||||||7^BAKER^BOB|{txa}\n{rest}"),
    )
}

/// TXA from field 10 on: number, parent, completion and availability.
fn document(number: &str, parent: &str, completion: &str, availability: &str) -> String {
    format!("||{number}|{parent}||||{completion}||{availability}")
}

/// The document of this number.
fn numbered<'d>(documents: &'d [Value], number: &str) -> &'d Value {
    let of_number = |it: &&Value| it["masterIdentifier"]["value"] == number;
    documents.iter().find(of_number).unwrap()
}

#[test]
fn rule_24_lines_of_a_document_are_one_text() {
    let lines =
        "OBX|1|TX|1^Report||First\nOBX|2|TX|1^Report||  second~third\nOBX|3|NM|8867-4^HR^LN||72";
    let text = mdm(
        "T02",
        "20240101",
        &document("D1^EMR", "", "AU", "AV"),
        lines,
    );
    let chart = Chart::of(&[text]);
    let document = chart.the("DocumentReference");
    // "First\n  second\nthird"
    let attachment = &document["content"][0]["attachment"];
    assert_eq!(attachment["data"], "Rmlyc3QKICBzZWNvbmQKdGhpcmQ=");
    assert_eq!(attachment["contentType"], "text/plain");
    assert_eq!(document["docStatus"], "final");
    assert_eq!(chart.the("Observation")["valueQuantity"]["value"], 72);
}

#[test]
fn rule_24_a_document_in_a_message_is_an_attachment() {
    let lines = "OBX|1|ED|1^Report||EMR^AP^PDF^Base64^JVBERi0xLjQK\n\
                 OBX|2|RP|1^Report||https://x.example/a b.tif^EMR^IM^TIFF";
    let text = mdm("T02", "20240101", &document("D1", "", "", ""), lines);
    let document = Chart::of(&[text]).the("DocumentReference");
    let content = &document["content"];
    assert_eq!(content[0]["attachment"]["contentType"], "application/pdf");
    assert_eq!(content[0]["attachment"]["data"], "JVBERi0xLjQK");
    assert_eq!(
        content[1]["attachment"]["url"],
        "https://x.example/a%20b.tif"
    );
    assert_eq!(content[1]["attachment"]["contentType"], "image/tiff");
}

#[test]
fn a_replacement_supersedes_what_it_replaces_even_if_it_comes_first() {
    let old = mdm(
        "T02",
        "20240101",
        &document("D1^EMR", "", "AU", "AV"),
        "OBX|1|TX|1||Old",
    );
    let new = mdm(
        "T10",
        "20240102",
        &document("D2^EMR", "D1^EMR", "AU", "AV"),
        "OBX|1|TX|1||New",
    );
    let documents = in_any_order(&[old.clone(), new.clone()], "DocumentReference");
    assert_eq!(numbered(&documents, "D1")["status"], "superseded");
    assert_eq!(numbered(&documents, "D2")["status"], "current");
    assert_eq!(Chart::of(&[new]).all("DocumentReference").len(), 1);
}

#[test]
fn an_addendum_appends_and_a_cancel_is_an_error() {
    let first = mdm(
        "T02",
        "20240101",
        &document("D1", "", "AU", "AV"),
        "OBX|1|TX|1||Text",
    );
    let added = mdm(
        "T06",
        "20240102",
        &document("D2", "D1", "AU", "AV"),
        "OBX|1|TX|1||More",
    );
    let gone = mdm("T11", "20240103", &document("D1", "", "", ""), "");
    let documents = in_any_order(&[first, added, gone], "DocumentReference");
    let by_number = |number| numbered(&documents, number);
    assert_eq!(by_number("D2")["relatesTo"][0]["code"], "appends");
    assert_eq!(by_number("D1")["status"], "entered-in-error");
    assert_eq!(
        by_number("D1")["content"][0]["attachment"]["contentType"],
        "text/plain"
    );
}

#[test]
fn a_status_change_leaves_the_content_as_it_is() {
    let first = mdm(
        "T02",
        "20240101",
        &document("D1", "", "DI", "AV"),
        "OBX|1|TX|1||Text",
    );
    let signed = mdm("T03", "20240102", &document("D1", "", "LA", "AV"), "");
    let document = in_any_order(&[first, signed], "DocumentReference").remove(0);
    assert_eq!(document["docStatus"], "final");
    assert_eq!(document["content"][0]["attachment"]["data"], "VGV4dA==");
}
