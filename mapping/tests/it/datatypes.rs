//! Data types: what their components become, one test each.

use serde_json::json;

use crate::chart::Chart;
use crate::orders::{message, report};

const BASE: &str = "http://hl7.org/fhir/StructureDefinition";

fn admitted(pid: &str, pv1: &str) -> Chart {
    Chart::of(&[format!(
        "MSH|^~\\&|EMR|AGENCY|||20240115083000||ADT^A01|1|P|2.5.1\nEVN||20240115083000\nPID|1||{pid}\nPV1|1|{pv1}"
    )])
}

#[test]
fn a_check_digit_stands_beside_the_number_that_it_checks() {
    let chart = admitted(
        "77^4^M11^EMR^MR",
        "I||||||12^GRANT^ALEX^^^^^^EMR^L^9^M10^EN",
    );
    let expected = json!([
        {"url": format!("{BASE}/identifier-checkDigit"), "valueString": "4"},
        {"url": format!("{BASE}/namingsystem-checkDigit"), "valueString": "M11"},
    ]);
    assert_eq!(chart.the("Patient")["identifier"][0]["extension"], expected);
    let doctor = &chart.the("Practitioner")["identifier"][0]["extension"];
    assert_eq!(doctor[0]["valueString"], "9");
    let without_digit = admitted("77^^M11^EMR^MR", "I").the("Patient");
    assert!(without_digit["identifier"][0].get("extension").is_none());
}

#[test]
fn a_degree_qualifies_a_practitioner() {
    let doctor = admitted("77^^^EMR^MR", "I||||||12^GRANT^ALEX^^^^MD").the("Practitioner");
    let code = json!({"system": "http://terminology.hl7.org/CodeSystem/v2-0360", "code": "MD"});
    assert_eq!(doctor["qualification"][0]["code"]["coding"][0], code);
}

#[test]
fn a_name_of_a_type_without_a_use_keeps_its_type() {
    let patient = admitted("77^^^EMR^MR||DOE^JANE^^^^^B~ROE^JANE^^^^^L", "I").the("Patient");
    assert_eq!(patient["name"][0].get("_use"), None);
    let kept = &patient["name"][0]["extension"][0]["valueCodeableConcept"]["coding"][0];
    assert_eq!(kept["code"], "B");
    assert_eq!(patient["name"][1]["use"], "official");
}

#[test]
fn a_name_of_an_old_sender_has_its_range_of_validity() {
    let patient = admitted("77^^^EMR^MR||DOE^JANE^^^^^L^^^20010101&20051231", "I").the("Patient");
    let period = json!({"start": "2001-01-01", "end": "2005-12-31"});
    assert_eq!(patient["name"][0]["period"], period);
}

#[test]
fn a_number_keeps_the_parts_that_it_is_composed_of() {
    let telecom = "^PRN^PH^^1^555^1234567^89";
    let patient = admitted(&format!("77^^^EMR^MR||DOE||||||||{telecom}"), "I").the("Patient");
    let telecom = &patient["telecom"][0];
    assert_eq!(telecom["value"], "+1 555 1234567 x89");
    let parts = telecom["extension"].as_array().unwrap();
    let values: Vec<_> = parts.iter().map(|part| &part["valueString"]).collect();
    assert_eq!(values, ["1", "555", "1234567", "89"]);
}

#[test]
fn a_holiday_home_is_one() {
    let patient = admitted("77^^^EMR^MR||DOE||||||1 SEA RD^^COVE^^^^V", "I").the("Patient");
    let extension = &patient["address"][0]["extension"][0];
    assert_eq!(extension["valueCode"], "HV");
}

#[test]
fn the_most_granular_place_has_its_words_its_further_number_and_its_bed_status() {
    let pv1 = format!(
        "I|2W^201^^AGENCY^^^^^corner room^L77&EMR^EMR{}U",
        "|".repeat(37)
    );
    let places = admitted("77^^^EMR^MR", &pv1).all("Location");
    let room = places.iter().find(|place| place["name"] == "201").unwrap();
    assert_eq!(room["description"], "corner room");
    assert_eq!(room["identifier"][1]["value"], "L77");
    assert_eq!(room["identifier"][1]["assigner"]["display"], "EMR");
    assert_eq!(room["operationalStatus"]["code"], "U");
    let ward = places.iter().find(|place| place["name"] == "2W").unwrap();
    assert!(ward.get("operationalStatus").is_none());
}

#[test]
fn a_bed_that_is_taken_again_is_taken() {
    let at = |stated: &str, status: &str| {
        format!(
            "MSH|^~\\&|EMR|AGENCY|||{stated}||ADT^A08|{stated}|P|2.5.1\nEVN||{stated}\n\
             PID|1||77^^^EMR^MR\nPV1|1|I|2W^201^1{}{status}|||||||||||V1",
            "|".repeat(37)
        )
    };
    let chart = Chart::of(&[
        at("20240115080000", "O"),
        at("20240115100000", "O"),
        at("20240115090000", "U"),
    ]);
    let places = chart.all("Location");
    let bed = places.iter().find(|place| place["name"] == "1").unwrap();
    assert_eq!(bed["operationalStatus"]["code"], "O");
}

#[test]
fn a_technician_worked_somewhere() {
    let obr = format!(
        "OBR|1|P1^EMR|F1^LAB|24323-8^Panel^LN{}8&ROE&JO^20240115^^LAB1^R2^^SITE",
        "|".repeat(30)
    );
    let chart = Chart::of(&[message("ORU^R01", "20240115083000", &obr)]);
    let role = chart.the("PractitionerRole");
    let location = role["location"][0]["display"].as_str();
    assert_eq!(location, Some("R2"));
}

#[test]
fn all_triplets_of_a_concept_are_codings_and_its_ninth_component_the_text() {
    let obx = "OBX|1|CWE|1-1^Test^LN||A^Anna^L^B^Berta^LN^1^2^words^C^Clara^SCT^3||||||F";
    let value = report(obx).the("Observation")["valueCodeableConcept"].clone();
    let codes: Vec<_> = value["coding"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["code"])
        .collect();
    assert_eq!(codes, ["A", "B", "C"]);
    assert_eq!(value["coding"][2]["version"], "3");
    assert_eq!(value["text"], "words");
}
