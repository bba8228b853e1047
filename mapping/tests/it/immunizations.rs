//! Immunizations: the rules of the mapping, one test each.

use serde_json::json;

use crate::chart::Chart;
use crate::orders::{message, reference};

fn vxu(lines: &str) -> Chart {
    Chart::of(&[message("VXU^V04", "20240115", lines)])
}

#[test]
fn a_vaccine_that_was_not_given_has_a_reason() {
    for (reason, completion, action, status) in [
        ("", "CP", "A", "completed"),
        ("", "PA", "A", "completed"),
        ("00^Parental decision^NIP002", "RE", "A", "not-done"),
        ("00^Parental decision^NIP002", "", "A", "not-done"),
        ("", "NA", "A", "not-done"),
        ("", "CP", "D", "entered-in-error"),
        ("", "", "", "completed"),
    ] {
        let lines = format!(
            "ORC|RE||F1\nRXA|0|1|20240110||140^Flu^CVX|999||||||||||||{reason}||{completion}|{action}"
        );
        let immunization = vxu(&lines).the("Immunization");
        assert_eq!(
            immunization["status"], status,
            "{reason} {completion} {action}"
        );
        assert_eq!(immunization.get("doseQuantity"), None);
        let codes = immunization["statusReason"]["coding"].as_array();
        let first = codes.map(|codes| codes[0]["code"].as_str().unwrap());
        let expected = match (reason, completion) {
            (_, "RE") => Some("PATOBJ"),
            ("", _) => None,
            _ => Some("00"),
        };
        assert_eq!(first, expected);
        assert_eq!(
            immunization["isSubpotent"].as_bool(),
            (completion == "PA").then_some(true)
        );
    }
}

#[test]
fn what_was_observed_of_an_immunization_fills_its_elements_and_stays_an_observation() {
    let chart = vxu(
        "ORC|RE||F1\nRXA|0|1|20240110||140^Flu^CVX|0.50|mL^^UCUM||01^Historical^NIP001\n\
         OBX|1|CE|64994-7^Eligibility^LN|1|V01^Not VFC^HL70064||||||F\n\
         OBX|2|CE|30963-3^Funding^LN|1|VXC2^State^HL70396||||||F\n\
         OBX|3|CE|69764-9^Document type^LN|2|253088698300^Flu leaflet^cdcgs1vis||||||F\n\
         OBX|4|TS|29769-7^Presented^LN|2|20240110||||||F\n\
         OBX|5|CE|31044-1^Reaction^LN|3|39579001^Anaphylaxis^SCT||||||F|||20240111\n\
         OBX|6|NM|30973-2^Dose number^LN|4|2||||||F\n\
         OBX|7|NM|59782-3^Doses in series^LN|4|3||||||F",
    );
    let immunization = chart.the("Immunization");
    assert_eq!(immunization["doseQuantity"]["value"].to_string(), "0.50");
    assert_eq!(immunization["primarySource"], false);
    assert_eq!(immunization["reportOrigin"]["coding"][0]["code"], "01");
    assert_eq!(
        immunization["programEligibility"][0]["coding"][0]["code"],
        "V01"
    );
    assert_eq!(immunization["fundingSource"]["coding"][0]["code"], "VXC2");
    assert_eq!(
        immunization["education"],
        json!([{"documentType": "Flu leaflet", "presentationDate": "2024-01-10"}])
    );
    assert_eq!(immunization["reaction"][0]["date"], "2024-01-11");
    assert_eq!(
        immunization["protocolApplied"],
        json!([{"doseNumberPositiveInt": 2, "seriesDosesPositiveInt": 3}])
    );
    assert!(fhir::check(&immunization, None).is_empty());
    let observations = chart.all("Observation");
    assert_eq!(observations.len(), 7);
    let part_of = json!([{"reference": reference(&immunization)}]);
    assert!(observations.iter().all(|it| it["partOf"] == part_of));
}

#[test]
fn an_immunization_is_known_by_its_number_else_by_vaccine_and_day() {
    let numbered = "ORC|RE||F1^IIS\nRXA|0|1|20240110||140^Flu^CVX|0.5";
    let corrected = "ORC|RE||F1^IIS\nRXA|0|1|20240111||140^Flu^CVX|0.5";
    let chart = Chart::of(&[
        message("VXU^V04", "20240115", numbered),
        message("VXU^V04", "20240116", corrected),
    ]);
    assert_eq!(
        chart.the("Immunization")["occurrenceDateTime"],
        "2024-01-11"
    );
    // 9999 is what registries tell senders to write instead of a number.
    let chart = vxu(
        "ORC|RE||9999\nRXA|0|1|20240110||140^Flu^CVX|0.5\nORC|RE||9999\nRXA|0|1|20240110||08^HepB^CVX|0.5",
    );
    assert_eq!(chart.all("Immunization").len(), 2);
}

#[test]
fn where_a_vaccine_was_given_is_a_place() {
    let old = vxu("RXA|0|1|20240110||140^Flu^CVX|0.5|||||^^^CLINIC^^^^^1 Main^^Waco^TX^76701");
    let place = old.the("Location");
    assert_eq!(place["name"], "CLINIC");
    assert_eq!(place["address"]["city"], "Waco");
    assert_eq!(
        old.the("Immunization")["location"]["reference"],
        reference(&place)
    );
    let gap = "|".repeat(16);
    let new = vxu(&format!(
        "RXA|0|1|20240110||140^Flu^CVX|0.5|||||{gap}^^^SITE|2 Elm^^Austin"
    ));
    assert_eq!(new.the("Location")["address"]["city"], "Austin");
}
