//! Whatever a message leaves out or says wrong, the resources are valid R4. Fuzzing found these messages.

use mapping::bundle;
use serde_json::{Value, json};

use crate::chart::{Chart, bytes, context, profile, read_with};

/// The first resource of that type in the bundle of a message, all of whose resources are valid.
fn the(kind: &str, message: &str) -> Value {
    let bytes = bytes(message);
    let parsed = hl7v2::Message::parse(&bytes).unwrap();
    let mut bundle = bundle(&parsed, &context(&bytes, profile())).unwrap();
    let entries = bundle["entry"].as_array_mut().unwrap();
    for entry in entries.iter() {
        let faults = fhir::check(&entry["resource"], None);
        assert!(faults.is_empty(), "{faults:?}");
    }
    let resources = entries.iter_mut().map(|entry| entry["resource"].take());
    let found = resources.into_iter().find(|it| it["resourceType"] == kind);
    found.unwrap_or_else(|| panic!("no {kind}"))
}

const ADMIT: &str = "MSH|^~\\&|EMR|AGENCY|||20240101||ADT^A01|M1|P|2.5.1";
const PATIENT: &str = "PID|1||77^^^EMR^MR||DOE^JANE";
const VISIT: &str = "PV1|1|I|||||||||||||||||V9^^^EMR^VN";

#[test]
fn what_belongs_to_nobody_belongs_to_somebody_unknown() {
    let check = |kind: &str, element: &str, segments: &str| {
        let found = the(kind, &format!("{ADMIT}\n{VISIT}\n{segments}"));
        assert_eq!(found[element]["display"], "unknown", "{kind}");
    };
    check("Condition", "subject", "DG1|1||I10^Hypertension^I10");
    check("Procedure", "subject", "PR1|1||99213^Visit^C4");
    let message = ADMIT.replace("ADT^A01", "DFT^P03");
    let charge = the("ChargeItem", &format!("{message}\n{VISIT}\nFT1|1"));
    assert_eq!(charge["subject"]["display"], "unknown");
    assert_eq!(charge["code"]["text"], "unknown");
    let episode = format!("{ADMIT}\n{VISIT}{}E7^^^EMR", "|".repeat(35));
    let episode = the("EpisodeOfCare", &episode);
    assert_eq!(episode["patient"]["display"], "unknown");
}

#[test]
fn an_appointment_that_nobody_is_named_for_has_an_unknown_participant() {
    let message = ADMIT.replace("ADT^A01", "SIU^S12");
    let appointment = the("Appointment", &format!("{message}\nSCH|1"));
    assert_eq!(appointment["participant"][0]["actor"]["display"], "unknown");
}

#[test]
fn an_observation_of_nothing_named_is_of_something_unknown() {
    let head = ADMIT.replace("ADT^A01", "ORU^R01");
    let message = format!(
        "{head}\n{PATIENT}\nOBR|1|||2244^Panel\nOBX|1|TX|||Impression||||||F||||||||||O1^LAB"
    );
    assert_eq!(the("Observation", &message)["code"]["text"], "unknown");
}

#[test]
fn details_of_an_order_without_a_service_are_of_an_unknown_one() {
    let head = ADMIT.replace("ADT^A01", "ORM^O01");
    let message = format!("{head}\n{PATIENT}\nORC|NW|P1\nOBR|1|P1{}X", "|".repeat(44));
    let order = the("ServiceRequest", &message);
    assert_eq!(order["orderDetail"][0]["coding"][0]["code"], "X");
    assert_eq!(order["code"]["text"], "unknown");
}

#[test]
fn a_leaflet_of_which_only_the_day_is_known_is_an_unknown_one() {
    let head = ADMIT.replace("ADT^A01", "VXU^V04");
    let message = format!(
        "{head}\n{PATIENT}\nORC|RE|1\nRXA|0|1|20240110||08^HepB^CVX\n\
         OBX|1|TS|29769-7^Presented^LN|1|20240110"
    );
    let education = &the("Immunization", &message)["education"][0];
    assert_eq!(education["documentType"], "unknown");
    assert_eq!(education["presentationDate"], "2024-01-10");
}

#[test]
fn a_period_does_not_end_before_it_starts() {
    let patient = "PID|1||77^^^EMR^MR^^20240201^20240101||DOE^JANE^^^^^^^^^^20240201^20240101";
    let patient = the("Patient", &format!("{ADMIT}\n{patient}"));
    for period in [
        &patient["identifier"][0]["period"],
        &patient["name"][0]["period"],
    ] {
        assert_eq!(period["start"], "2024-02-01");
        assert_eq!(period.get("end"), None);
    }
    let order = format!(
        "{}\n{PATIENT}\nORC|NW|P1\nTQ1|1||||||20240201|20240101\nOBR|1|P1||1^X^LN",
        ADMIT.replace("ADT^A01", "ORM^O01")
    );
    let order = the("ServiceRequest", &order);
    let bounds = &order["occurrenceTiming"]["repeat"]["boundsPeriod"];
    assert_eq!(*bounds, json!({"start": "2024-02-01"}));
    let head = ADMIT.replace("A01", "A03");
    let visit = format!("{VISIT}{}20240201|20240101", "|".repeat(25));
    let visit = the("Encounter", &format!("{head}\n{PATIENT}\n{visit}"));
    assert_eq!(visit["period"]["start"], "2024-02-01");
    assert_eq!(visit["period"].get("end"), None);
}

#[test]
fn in2_goes_on_with_no_coverage_of_the_patient_before() {
    let other = PATIENT.replace("77", "78");
    let coverage = "IN1|1|P1^Plan One|INS9^^^NAIC";
    let message = format!("{ADMIT}\n{PATIENT}\n{coverage}\n{other}\nIN2||900-12-3456||||MC77");
    let coverage = the("Coverage", &message);
    assert_eq!(coverage["identifier"][0]["value"], "P1");
    assert_eq!(coverage["identifier"].as_array().unwrap().len(), 1);
    let read = read_with(&message, profile());
    let places: Vec<String> = read.unmapped.iter().map(ToString::to_string).collect();
    assert_eq!(places, ["IN2-2", "IN2-6"]);
}

#[test]
fn a_second_appointment_does_not_hide_the_first() {
    let head = ADMIT.replace("ADT^A01", "SIU^S12");
    let message = format!("{head}\nSCH|A1^EMR\nSCH|A2^EMR\n{PATIENT}");
    let appointments = Chart::of(&[message]).resources();
    let appointments = appointments
        .keys()
        .filter(|it| it.starts_with("Appointment"));
    assert_eq!(appointments.count(), 2);
}

#[test]
fn a_document_of_no_good_type_is_bytes() {
    let check = |kind: &str, expected: &str| {
        let observed = format!("OBX|1|ED|11502-2^Document^LN||EMR^{kind}^Base64^SGkh||||||F");
        let found = the(
            "Observation",
            &format!("{ADMIT}\n{PATIENT}\n{VISIT}\n{observed}"),
        );
        let document = &found["extension"][0]["valueAttachment"];
        assert_eq!(document["contentType"], expected, "{kind}");
        assert_eq!(document["data"], "SGkh");
        let head = ADMIT.replace("ADT^A01", "MDM^T02");
        let message = format!("{head}\n{PATIENT}\nTXA|1|CN||||||||||D1^EMR\n{observed}");
        let document = the("DocumentReference", &message);
        let document = &document["content"][0]["attachment"];
        assert_eq!(document["contentType"], expected, "{kind}");
    };
    check("^", "application/octet-stream");
    check("AP^P/D/F", "application/octet-stream");
    check("AP^/", "application/octet-stream");
    check("^text/xml", "text/xml");
}

#[test]
fn an_allergy_begins_once_even_if_that_is_said_in_two_ways() {
    let allergy = "IAM|1|DA|2670^Codeine^RXNORM||||AL7^EMR";
    let message =
        format!("{ADMIT}\n{PATIENT}\n{allergy}|||||in May\n{allergy}||||20200101|last year");
    let found = the("AllergyIntolerance", &message);
    assert_eq!(found["onsetDateTime"], "2020-01-01");
    assert_eq!(found.get("onsetString"), None);
}

#[test]
fn a_code_has_no_space_but_the_plain_one() {
    let patient = "PID|1||77^^^EMR^MR||DOE^JANE|||F\u{a0}X";
    let patient = the("Patient", &format!("{ADMIT}||||||UNICODE UTF-8\n{patient}"));
    let sent = &patient["_gender"]["extension"][0]["valueCodeableConcept"]["coding"][0];
    assert_eq!(sent["code"], "F X");
}
