//! What RXO, RXE, RXC, RXR and TQ1 become, one test each.

use serde_json::{Value, json};

use crate::chart::{Chart, segment};
use crate::orders::{message, read};

fn chart(lines: &str) -> Chart {
    Chart::of(&[message(
        "ORM^O01",
        "20240115",
        &format!("ORC|NW|P1^EMR\n{lines}"),
    )])
}

fn prescribed(lines: &str) -> Value {
    chart(lines).the("MedicationRequest")
}

fn unread(lines: &str) -> Vec<String> {
    let message = message("ORM^O01", "20240115", &format!("ORC|NW|P1^EMR\n{lines}"));
    let unmapped = read(&message).unmapped;
    unmapped.iter().map(ToString::to_string).collect()
}

#[test]
fn form_and_strength_are_of_a_medication_inside_the_request() {
    let request = prescribed(&segment(
        "RXO",
        &[
            (1, "7052^Morphine^RXN"),
            (5, "SOL^Solution"),
            (18, "10"),
            (19, "mg^^UCUM"),
            (25, "5"),
            (26, "mL^^UCUM"),
        ],
    ));
    assert_eq!(
        request["medicationCodeableConcept"]["coding"][0]["code"],
        "7052"
    );
    assert_eq!(
        request["supportingInformation"][0]["reference"],
        "#medication"
    );
    let inside = &request["contained"][0];
    assert_eq!(inside["resourceType"], "Medication");
    assert_eq!(inside["form"]["coding"][0]["code"], "SOL");
    let strength = &inside["ingredient"][0]["strength"];
    assert_eq!(strength["numerator"]["value"], 10);
    assert_eq!(strength["denominator"]["code"], "mL");
}

#[test]
fn a_compound_has_its_components() {
    let request = prescribed("RXO|1^Mix\nRXC|B|2^Water|500|mL\nRXC|A|3^Salt|4|g");
    let ingredients = request["contained"][0]["ingredient"].as_array().unwrap();
    let codes: Vec<_> = ingredients
        .iter()
        .map(|it| &it["itemCodeableConcept"]["coding"][0]["code"])
        .collect();
    assert_eq!(codes, ["2", "3"]);
    assert_eq!(ingredients[1]["strength"]["numerator"]["value"], 4);
}

#[test]
fn a_plain_medication_has_nothing_inside() {
    assert!(prescribed("RXO|1^Pill|1||tab").get("contained").is_none());
}

#[test]
fn an_encoded_order_says_what_an_order_says() {
    let rxe = segment(
        "RXE",
        &[
            (1, "^^^20240116"),
            (2, "1^Pill^RXN"),
            (3, "1"),
            (4, "2"),
            (5, "tab"),
            (7, "take with water"),
            (9, "Y"),
            (10, "30"),
            (11, "tab"),
            (12, "3"),
            (13, "5^GRANT^ALEX"),
            (15, "RX77^EMR"),
            (19, "4^tab"),
            (21, "store cool"),
            (27, "R52^Pain^I10"),
            (32, "20240110"),
        ],
    );
    let request = prescribed(&rxe);
    assert_eq!(
        request["medicationCodeableConcept"]["coding"][0]["code"],
        "1"
    );
    let dosage = &request["dosageInstruction"][0];
    assert_eq!(dosage["doseAndRate"][0]["doseRange"]["high"]["value"], 2);
    assert_eq!(dosage["patientInstruction"], "take with water");
    assert_eq!(dosage["maxDosePerPeriod"]["numerator"]["value"], 4);
    let bounds = &dosage["timing"]["repeat"]["boundsPeriod"];
    assert_eq!(bounds["start"], "2024-01-16");
    assert_eq!(request["dispenseRequest"]["quantity"]["value"], 30);
    assert_eq!(request["dispenseRequest"]["numberOfRepeatsAllowed"], 3);
    assert_eq!(request["requester"]["display"], "ALEX GRANT");
    assert_eq!(request["note"][0]["text"], "store cool");
    assert_eq!(request["reasonCode"][0]["coding"][0]["code"], "R52");
    assert_eq!(request["authoredOn"], "2024-01-10");
    let numbers: Vec<_> = request["identifier"].as_array().unwrap().iter().collect();
    assert!(numbers.iter().any(|number| number["value"] == "RX77"));
    assert!(unread(&rxe).is_empty(), "{:?}", unread(&rxe));
}

#[test]
fn what_the_pharmacy_encoded_stands_for_what_was_ordered() {
    let lines = "RXO|1^Pill\nRXE||2^Tablet";
    let request = prescribed(lines);
    let codings = request["medicationCodeableConcept"]["coding"]
        .as_array()
        .unwrap();
    assert_eq!(codings.len(), 1);
    assert_eq!(codings[0]["code"], "2");
    assert_eq!(unread(lines), ["RXO-1"]);
}

#[test]
fn a_rate_stands_beside_the_dose() {
    let rate = segment("RXO", &[(1, "1^Drip"), (21, "100"), (22, "mL/h")]);
    let dose = &prescribed(&rate)["dosageInstruction"][0]["doseAndRate"][0];
    assert_eq!(dose["rateQuantity"]["value"], 100);
}

#[test]
fn each_timing_is_an_instruction_of_its_own() {
    let request =
        prescribed("RXO|1^Pill|1||tab\nTQ1|1||BID|||||||||S\nTQ1|2||QD\nRXR|PO^Oral^HL70162");
    let instructions = request["dosageInstruction"].as_array().unwrap();
    assert_eq!(instructions.len(), 2);
    assert_eq!(instructions[0]["sequence"], 1);
    assert_eq!(instructions[1]["sequence"], 2);
    assert!(instructions[1].get("route").is_some());
}

#[test]
fn each_route_is_an_instruction_of_its_own() {
    let request = prescribed("RXO|1^Pill|1||tab\nRXR|PO\nRXR|IV");
    assert_eq!(request["dosageInstruction"].as_array().unwrap().len(), 2);
}

#[test]
fn a_service_duration_gives_the_bound_that_was_not_sent() {
    let bounds = |tq1: &str| {
        let lines = format!("TQ1|1||||{tq1}\nOBR|1|P1||1^X^LN");
        let order = message("OMG^O19", "20240115", &format!("ORC|NW|P1^EMR\n{lines}"));
        let request = Chart::of(&[order]).the("ServiceRequest");
        request["occurrenceTiming"]["repeat"].clone()
    };
    for (tq1, expected) in [
        (
            "|5^d|20240128",
            json!({"start": "2024-01-28", "end": "2024-02-02"}),
        ),
        (
            "|90^min|202401281200",
            json!({"start": "2024-01-28T12:00:00+00:00", "end": "2024-01-28T13:30:00+00:00"}),
        ),
        (
            "|1^mo||20240331",
            json!({"start": "2024-02-29", "end": "2024-03-31"}),
        ),
        ("|5^d|202401", json!({"start": "2024-01"})),
        (
            "|5^d|20240128|20240130",
            json!({"start": "2024-01-28", "end": "2024-01-30"}),
        ),
    ] {
        assert_eq!(bounds(tq1)["boundsPeriod"], expected, "{tq1}");
    }
    assert_eq!(bounds("|5^d")["boundsDuration"]["value"], 5);
}
