use serde_json::json;

use super::*;
use crate::{params, token_hash};

const ID: &str = "0190f3a2-7d5e-7c11-8000-000000000001";

fn param(kind: ResourceType, code: &str) -> i16 {
    params(kind)
        .iter()
        .find(|param| param.code == code)
        .unwrap()
        .id
}

#[test]
fn a_patient_is_found_by_names_without_repeating_them() {
    let kind = ResourceType::Patient;
    let patient = json!({
        "resourceType": "Patient",
        "id": ID,
        "name": [
            { "family": "Müller", "given": ["Anna", "Maria"], "text": "Anna Müller" },
            { "family": "Müller" },
        ],
        "address": [{ "line": ["1 Main St"], "city": "Springfield" }],
    });
    let values = index(kind, &patient);
    let mut expected = vec![
        (param(kind, "address"), "1 main st\u{1}1 Main St".to_owned()),
        (
            param(kind, "address-city"),
            "springfield\u{1}Springfield".to_owned(),
        ),
        (param(kind, "family"), "muller\u{1}Müller".to_owned()),
        (param(kind, "given"), "anna\u{1}Anna".to_owned()),
        (param(kind, "given"), "maria\u{1}Maria".to_owned()),
        (
            param(kind, "name"),
            "anna muller\u{1}Anna Müller".to_owned(),
        ),
    ];
    expected.sort();
    assert_eq!(values.strings, expected);
    assert_eq!(values.patient, ID.parse().ok());
}

#[test]
fn a_code_has_one_row_an_identifier_two() {
    let kind = ResourceType::Patient;
    let patient = json!({
        "gender": "female",
        "active": true,
        "deceasedBoolean": false,
        "identifier": [{ "system": "urn:s", "value": "1" }, { "value": "2" }],
        "telecom": [{ "system": "phone", "value": "(555) 010-0100" }],
        "managingOrganization": { "reference": "Organization/o1/_history/2" },
    });
    let mut expected = vec![
        token_hash(kind, "gender", None, Some("female")),
        token_hash(kind, "active", None, Some("true")),
        token_hash(kind, "identifier", Some("urn:s"), Some("1")),
        token_hash(kind, "identifier", None, Some("1")),
        token_hash(kind, "identifier", Some(""), Some("2")),
        token_hash(kind, "identifier", None, Some("2")),
        token_hash(kind, "telecom", Some("phone"), Some("5550100100")),
        token_hash(kind, "organization", None, Some("Organization/o1")),
    ];
    expected.sort_unstable();
    assert_eq!(index(kind, &patient).tokens, expected);
}

#[test]
fn periods_without_an_end_are_open() {
    let kind = ResourceType::Encounter;
    let date = param(kind, "date");
    let of = |period: serde_json::Value| index(kind, &json!({ "period": period })).dates;
    let moment = |text: &str| Moment::parse(text).unwrap();
    assert_eq!(
        of(json!({ "start": "2024-05-01" })),
        [(date, moment("2024-05-01").lo, OPEN_END)]
    );
    assert_eq!(
        of(json!({ "end": "2024-05-01" })),
        [(date, OPEN_START, moment("2024-05-01").hi)]
    );
    assert_eq!(of(json!({ "id": "x" })), []);
}

#[test]
fn a_date_outside_every_range_stays_inside_what_a_row_holds() {
    let kind = ResourceType::Patient;
    for text in ["9999-12-31", "0001-01-01"] {
        let dates = index(kind, &json!({ "birthDate": text })).dates;
        assert_eq!(dates.len(), 1);
        assert!(OPEN_START <= dates[0].1 && dates[0].2 <= OPEN_END);
    }
}

#[test]
fn each_type_is_in_the_compartment_of_its_patient() {
    let reference = json!({ "reference": format!("Patient/{ID}") });
    let cases = [
        (ResourceType::Encounter, json!({ "subject": reference })),
        (
            ResourceType::AllergyIntolerance,
            json!({ "patient": reference }),
        ),
        (
            ResourceType::Coverage,
            json!({ "payor": [{ "reference": "Organization/1" }], "beneficiary": reference }),
        ),
        (
            ResourceType::Appointment,
            json!({ "participant": [{ "actor": { "reference": "Location/1" } }, { "actor": reference }] }),
        ),
        (ResourceType::Task, json!({ "for": reference })),
        (
            ResourceType::Binary,
            json!({ "securityContext": reference }),
        ),
        (
            ResourceType::Observation,
            json!({ "subject": { "reference": "Device/1" }, "performer": [reference] }),
        ),
    ];
    for (kind, resource) in cases {
        assert_eq!(index(kind, &resource).patient, ID.parse().ok(), "{kind}");
    }
}

#[test]
fn what_is_about_nobody_or_two_is_in_no_compartment() {
    let two = json!({ "member": [
        { "entity": { "reference": format!("Patient/{ID}") } },
        { "entity": { "reference": "Patient/0190f3a2-7d5e-7c11-8000-000000000002" } },
    ] });
    assert_eq!(index(ResourceType::Group, &two).patient, None);
    assert_eq!(
        index(ResourceType::Organization, &json!({ "name": "x" })).patient,
        None
    );
    let foreign =
        json!({ "subject": { "reference": format!("http://other.example/Patient/{ID}") } });
    assert_eq!(index(ResourceType::Encounter, &foreign).patient, None);
}

#[test]
fn hashes_in_rows_stay_what_they_were() {
    let hash = |system, code| token_hash(ResourceType::Patient, "identifier", system, code);
    // printf 'Patient\x1fidentifier\x1fsc\x1furn:s\x1f1' | sha256sum
    assert_eq!(
        hash(Some("urn:s"), Some("1")).to_be_bytes(),
        0xb6f1_be8e_ecd9_44dc_u64.to_be_bytes()
    );
    // printf 'Patient\x1fidentifier\x1fc\x1f\x1f1' | sha256sum
    assert_eq!(
        hash(None, Some("1")).to_be_bytes(),
        0x3a52_d74c_81db_638f_u64.to_be_bytes()
    );
}
