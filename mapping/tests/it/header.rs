//! What a bundle says of its message: who sent it, with what, and what made FHIR of it.

use mapping::bundle;
use serde_json::Value;

use crate::chart::{bytes, context, profile, segment};

fn entries(lines: &str) -> Vec<Value> {
    let bytes = bytes(lines);
    let message = hl7v2::Message::parse(&bytes).unwrap();
    let bundle = bundle(&message, &context(&bytes, profile())).unwrap();
    let entries = bundle["entry"].as_array().unwrap();
    entries
        .iter()
        .map(|entry| entry["resource"].clone())
        .collect()
}

fn of_kind(entries: &[Value], kind: &str) -> Vec<Value> {
    let is_of_kind = |it: &&Value| it["resourceType"] == kind;
    entries.iter().filter(is_of_kind).cloned().collect()
}

fn provenance<'p>(all: &'p [Value], role: &str) -> &'p Value {
    let is_of_role = |it: &&Value| it["agent"][0]["type"]["coding"][0]["code"] == role;
    all.iter().find(is_of_role).unwrap()
}

const HEAD: &str =
    "MSH|^~\\&|LAB|AGENCY^1.2.3^ISO|EMR|HOME|20240115083000||ORU^R01^ORU_R01|M1|P|2.5.1";
const PID: &str = "PID|1||77^^^EMR^MR";

#[test]
fn a_header_names_sender_receiver_and_software() {
    let all = entries(&format!("{HEAD}\nSFT|ACME|7.1|LabLink\n{PID}"));
    let header = &of_kind(&all, "MessageHeader")[0];
    assert_eq!(header["sender"]["display"], "AGENCY");
    assert_eq!(header["sender"]["identifier"]["value"], "urn:oid:1.2.3");
    assert_eq!(header["destination"][0]["receiver"]["display"], "HOME");
    assert_eq!(header["source"]["software"], "LabLink");
    assert_eq!(header["source"]["version"], "7.1");
    assert!(header.get("responsible").is_none());
}

/// Found by fuzzing.
#[test]
fn a_message_type_with_control_characters_is_named_without_them() {
    let head = HEAD.replace("ORU_R01", "OR\u{1}\0U");
    let all = entries(&format!("{head}\n{PID}"));
    let author = provenance(&all, "author");
    let activity = &author["activity"]["coding"][0]["display"];
    assert_eq!(activity, "message - ORU^R01^ORU");
    assert!(all.iter().all(|it| fhir::check(it, None).is_empty()));
}

#[test]
fn a_header_has_the_addresses_that_were_sent() {
    let head = segment(
        "MSH",
        &[
            (1, "^~\\&"),
            (2, "LAB"),
            (3, "AGENCY"),
            (4, "EMR"),
            (6, "20240115"),
            (8, "ORU^R01"),
            (9, "M1"),
            (10, "P"),
            (11, "2.7"),
            (21, "GROUP"),
            (22, "OTHER"),
            (23, "lab^http://lab.example.org/hl7^URI"),
            (24, "emr^http://emr.example.org/hl7^URI"),
        ],
    );
    let all = entries(&format!("{head}\n{PID}"));
    let header = &of_kind(&all, "MessageHeader")[0];
    assert_eq!(header["source"]["endpoint"], "http://lab.example.org/hl7");
    assert_eq!(
        header["destination"][0]["endpoint"],
        "http://emr.example.org/hl7"
    );
    assert_eq!(header["destination"][0]["receiver"]["display"], "OTHER");
    assert_eq!(header["responsible"]["display"], "GROUP");
}

/// Each entry is of that message and no other, and of one version of the mapping.
#[test]
fn rule_31_source_and_transformation_are_tied_to_the_message() {
    let lines = format!("{HEAD}\n{PID}");
    let all = of_kind(&entries(&lines), "Provenance");
    assert_eq!(all.len(), 2);
    for role in ["author", "assembler"] {
        let entity = &provenance(&all, role)["entity"][0];
        assert_eq!(entity["role"], "source");
        assert_eq!(entity["what"]["identifier"]["value"], "M1");
    }
    let source = provenance(&all, "author");
    assert_eq!(source["recorded"], "2024-01-15T08:30:00+00:00");
    assert_eq!(source["agent"][0]["who"]["display"], "AGENCY");
    let activity = &source["activity"]["coding"][0]["display"];
    assert_eq!(activity, "message - ORU^R01^ORU_R01");
    let made = provenance(&all, "assembler");
    assert_eq!(
        made["activity"]["coding"][0]["code"],
        "v2-fhir-transformation"
    );
    let version = format!("urn:drawbridge:mapping:{}", mapping::MAPPING_VERSION);
    assert_eq!(made["policy"][0], version);
    let other = of_kind(&entries(&lines.replace("|M1|", "|M2|")), "Provenance");
    assert_ne!(provenance(&other, "author")["id"], source["id"]);
}

#[test]
fn an_event_is_told_of_in_the_zone_of_its_message() {
    let head = HEAD.replace("ORU^R01^ORU_R01", "ADT^A08");
    let head = head.replace("20240115083000", "20240115083000-0600");
    let evn = "EVN||20240115082900|||7^CLERK|20240114120000";
    let all = of_kind(
        &entries(&format!("{head}\n{evn}\n{PID}\nPV1|1|I")),
        "Provenance",
    );
    let event = all
        .iter()
        .find(|it| it.get("occurredDateTime") == Some(&"2024-01-14T12:00:00-06:00".into()));
    assert_eq!(event.unwrap()["recorded"], "2024-01-15T08:29:00-06:00");
}

#[test]
fn an_event_has_its_place() {
    let head = HEAD.replace("ORU^R01^ORU_R01", "ADT^A08");
    let all = entries(&format!(
        "{head}\nEVN||20240115||||20240114|SITE2\n{PID}\nPV1|1|I"
    ));
    let all = of_kind(&all, "Provenance");
    let event = all.iter().find(|it| it.get("location").is_some()).unwrap();
    assert_eq!(event["location"]["display"], "SITE2");
    assert_eq!(event["occurredDateTime"], "2024-01-14");
}
