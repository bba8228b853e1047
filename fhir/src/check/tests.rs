mod every_type;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// The faults of a resource as `path code`.
fn faults(resource: &Value) -> Vec<String> {
    check(resource, None)
        .iter()
        .map(|f| format!("{} {}", f.path, f.code.as_str()))
        .collect()
}

fn assert_faults(resource: &Value, expected: &[&str]) {
    assert_eq!(faults(resource), expected, "{:#?}", check(resource, None));
}

/// A Patient with these members too.
fn patient(members: &Value) -> Value {
    let mut patient = json!({ "resourceType": "Patient" });
    let object = patient.as_object_mut().unwrap();
    object.extend(members.as_object().unwrap().clone());
    patient
}

#[test]
fn a_body_that_is_no_resource_is_told_so() {
    assert_eq!(faults(&json!([])), ["Resource structure"]);
    assert_eq!(faults(&json!({})), ["Resource required"]);
    assert_eq!(
        faults(&json!({ "resourceType": "Nobody" })),
        ["Resource structure"]
    );
    assert_eq!(
        faults(&json!({ "resourceType": 7 })),
        ["Resource structure"]
    );
    let wrong = check(
        &json!({ "resourceType": "Patient" }),
        Some(ResourceType::Encounter),
    );
    assert_eq!(wrong.len(), 1);
    assert_eq!(wrong[0].code, IssueCode::Invalid);
}

#[test]
fn an_unknown_element_is_named_with_the_nearest_known_one() {
    let faults = check(
        &patient(&json!({ "birthdate": "2000-01-01", "_name": {}, "_": 1 })),
        None,
    );
    let whats: Vec<&str> = faults.iter().map(|fault| fault.what.as_str()).collect();
    assert_eq!(faults[0].path, "Patient.birthdate");
    assert!(
        whats[0].ends_with("did you mean birthDate?"),
        "{}",
        whats[0]
    );
    assert_eq!(faults.len(), 3);
}

#[test]
fn all_faults_come_at_once_each_with_its_path() {
    let body = patient(&json!({
        "name": [{ "use": "nickname!", "given": "Ann" }],
        "gender": "F",
        "birthDate": "2024-02-30",
        "contact": [{}],
        "link": [{ "type": "replaces" }],
        "generalPractitioner": [{ "reference": "Patient/1" }],
    }));
    let expected = [
        "Patient.name[0].use code-invalid",
        "Patient.name[0].given structure",
        "Patient.gender code-invalid",
        "Patient.birthDate value",
        "Patient.contact[0] structure",
        "Patient.contact[0] invariant",
        "Patient.link[0].other required",
        "Patient.generalPractitioner[0].reference structure",
    ];
    assert_faults(&body, &expected);
}

#[test]
fn lists_and_single_values_are_not_mixed_up() {
    assert_faults(
        &patient(&json!({ "name": { "family": "T" } })),
        &["Patient.name structure"],
    );
    assert_faults(
        &patient(&json!({ "gender": ["male"] })),
        &["Patient.gender structure"],
    );
    assert_faults(
        &patient(&json!({ "maritalStatus": "W" })),
        &["Patient.maritalStatus structure"],
    );
    assert_faults(
        &patient(&json!({ "active": "true" })),
        &["Patient.active structure"],
    );
    assert_faults(
        &patient(&json!({ "birthDate": 1990 })),
        &["Patient.birthDate structure"],
    );
}

#[test]
fn nothing_is_empty_or_null() {
    assert_faults(
        &patient(&json!({ "name": [] })),
        &["Patient.name structure"],
    );
    assert_faults(
        &patient(&json!({ "name": [{}] })),
        &["Patient.name[0] structure"],
    );
    assert_faults(
        &patient(&json!({ "name": null })),
        &["Patient.name structure"],
    );
    assert_faults(
        &patient(&json!({ "name": [null] })),
        &["Patient.name[0] structure"],
    );
    assert_faults(
        &patient(&json!({ "gender": null })),
        &["Patient.gender structure"],
    );
    assert_faults(&patient(&json!({ "id": "" })), &["Patient.id value"]);
}

#[test]
fn a_choice_is_made_once() {
    let both = patient(&json!({ "deceasedBoolean": true, "deceasedDateTime": "2024-01-01" }));
    assert_faults(&both, &["Patient.deceased structure"]);
    let quantity = patient(&json!({ "deceasedQuantity": { "value": 1 } }));
    assert_faults(&quantity, &["Patient.deceasedQuantity structure"]);
}

#[test]
fn primitives_carry_extensions_beside_them() {
    let reason =
        json!({ "extension": [{ "url": "http://x.example/reason", "valueCode": "unknown" }] });
    assert_faults(&patient(&json!({ "_birthDate": reason })), &[]);
    assert_faults(
        &patient(&json!({ "birthDate": "1990", "_birthDate": reason })),
        &[],
    );
    let given = json!({ "given": ["Ann", null], "_given": [null, reason] });
    assert_faults(&patient(&json!({ "name": [given] })), &[]);

    let unequal = json!({ "given": ["Ann"], "_given": [null, reason] });
    assert_faults(
        &patient(&json!({ "name": [unequal] })),
        &["Patient.name[0].given structure"],
    );
    let nothing = json!({ "given": ["Ann", null], "_given": [reason, null] });
    assert_faults(
        &patient(&json!({ "name": [nothing] })),
        &["Patient.name[0].given[1] structure"],
    );
    assert_faults(
        &patient(&json!({ "_birthDate": "x" })),
        &["Patient.birthDate structure"],
    );
    let unknown = patient(&json!({ "_birthDate": { "value": 1 } }));
    assert_faults(&unknown, &["Patient.birthDate.value structure"]);
}

#[test]
fn an_extension_has_a_url_and_a_value_or_extensions() {
    let of = |extension: Value| patient(&json!({ "extension": [extension] }));
    let url = "http://x.example/e";
    assert_faults(&of(json!({ "url": url, "valueString": "a" })), &[]);
    assert_faults(
        &of(json!({ "url": url, "extension": [{ "url": "n", "valueInteger": 1 }] })),
        &[],
    );
    assert_faults(
        &of(json!({ "valueString": "a" })),
        &["Patient.extension[0].url required"],
    );
    assert_faults(
        &of(json!({ "url": url })),
        &["Patient.extension[0] invariant"],
    );
    let both =
        json!({ "url": url, "valueString": "a", "extension": [{ "url": "n", "valueInteger": 1 }] });
    assert_faults(&of(both), &["Patient.extension[0] invariant"]);
    let two = json!({ "url": url, "valueString": "a", "valueCode": "b" });
    assert_faults(&of(two), &["Patient.extension[0].value structure"]);
}

#[test]
fn contained_resources_are_used_flat_and_unversioned() {
    let condition = |contained: Value, reference: &str| {
        json!({
            "resourceType": "Condition",
            "contained": [contained],
            "subject": { "reference": reference },
        })
    };
    let patient = json!({ "resourceType": "Patient", "id": "p" });
    assert_faults(&condition(patient.clone(), "#p"), &[]);
    let expected = [
        "Condition.subject.reference invariant",
        "Condition.contained[0] invariant",
    ];
    assert_faults(&condition(patient.clone(), "#q"), &expected);
    assert_faults(
        &condition(patient.clone(), "Patient/1"),
        &["Condition.contained[0] invariant"],
    );
    let device = json!({ "resourceType": "Device", "id": "p" });
    assert_faults(
        &condition(device, "#p"),
        &["Condition.subject.reference structure"],
    );
    let versioned = json!({ "resourceType": "Patient", "id": "p", "meta": { "versionId": "1" } });
    assert_faults(
        &condition(versioned, "#p"),
        &["Condition.contained[0].meta invariant"],
    );
    let nested = json!({ "resourceType": "Patient", "id": "p", "contained": [patient] });
    assert!(faults(&condition(nested, "#p")).contains(&"Condition.contained[0] invariant".into()));
    let nameless = json!({ "resourceType": "Patient" });
    let expected = [
        "Condition.contained[0].id required",
        "Condition.contained[0] invariant",
    ];
    assert_faults(&condition(nameless, "Patient/1"), &expected);
}

#[test]
fn an_entry_of_a_bundle_has_its_own_contained_resources() {
    let condition = json!({
        "resourceType": "Condition",
        "contained": [{ "resourceType": "Patient", "id": "p" }],
        "subject": { "reference": "#p" },
    });
    let bundle = json!({
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{ "resource": condition }, { "resource": { "resourceType": "Patient", "gender": "F" } }],
    });
    assert_faults(&bundle, &["Bundle.entry[1].resource.gender code-invalid"]);
}

#[test]
fn a_required_concept_has_a_coding_of_its_value_set() {
    let condition = |status: Value| {
        json!({
            "resourceType": "Condition",
            "clinicalStatus": status,
            "subject": { "reference": "Patient/1" },
        })
    };
    let system = "http://terminology.hl7.org/CodeSystem/condition-clinical";
    assert_faults(
        &condition(json!({ "coding": [{ "system": system, "code": "active" }] })),
        &[],
    );
    let expected = ["Condition.clinicalStatus code-invalid"];
    assert_faults(&condition(json!({ "text": "active" })), &expected);
    assert_faults(
        &condition(json!({ "coding": [{ "code": "active" }] })),
        &expected,
    );
    assert_faults(
        &condition(json!({ "coding": [{ "system": system, "code": "Active" }] })),
        &expected,
    );
}

#[test]
fn rules_between_elements_are_kept() {
    let cases = [
        (
            json!({ "identifier": [{ "period": { "start": "2024-02", "end": "2024-01" } }] }),
            "identifier[0].period",
        ),
        (json!({ "photo": [{ "data": "QUJD" }] }), "photo[0]"),
        (
            json!({ "telecom": [{ "value": "555-010-0100" }] }),
            "telecom[0]",
        ),
        (json!({ "contact": [{ "gender": "male" }] }), "contact[0]"),
    ];
    for (members, place) in cases {
        assert_faults(&patient(&members), &[&format!("Patient.{place} invariant")]);
    }
    let ends_that_day = json!({ "identifier": [{ "period": { "start": "2024-01-31T20:00:00-08:00", "end": "2024-01-31" } }] });
    assert_faults(&patient(&ends_that_day), &[]);
}

#[test]
fn bundles_are_put_together_as_their_type_says() {
    let bundle = |kind: &str, entries: Value| json!({ "resourceType": "Bundle", "type": kind, "entry": entries });
    let basic = json!({ "resourceType": "Basic", "code": { "text": "x" } });
    let header = json!({
        "resourceType": "MessageHeader",
        "eventUri": "http://x.example/e",
        "source": { "endpoint": "urn:x" },
    });
    let message = bundle(
        "message",
        json!([{ "resource": header }, { "resource": basic }]),
    );
    assert_faults(&message, &[]);
    let expected = ["Bundle invariant"];
    assert_faults(
        &bundle("message", json!([{ "resource": basic }])),
        &expected,
    );
    assert_faults(
        &bundle("transaction", json!([{ "resource": basic }])),
        &expected,
    );
    let url = "urn:uuid:0190f3a2-7d5e-7c11-8000-000000000001";
    let twice =
        json!([{ "fullUrl": url, "resource": basic }, { "fullUrl": url, "resource": basic }]);
    assert_faults(&bundle("collection", twice), &expected);
    let find = json!({ "resourceType": "Condition", "subject": { "reference": "Patient?identifier=s|1" } });
    let asks = json!([{ "resource": find, "request": { "method": "POST", "url": "Condition" } }]);
    assert_faults(&bundle("transaction", asks), &[]);
    assert_faults(&find, &["Condition.subject.reference value"]);
}

#[test]
fn a_value_stands_in_one_place() {
    let code = json!({ "coding": [{ "system": "http://loinc.org", "code": "8480-6" }] });
    let observation = json!({
        "resourceType": "Observation", "status": "final", "code": code, "valueInteger": 1,
        "component": [{ "code": code, "valueInteger": 1 }],
    });
    assert_faults(&observation, &["Observation invariant"]);
    let parameters = json!({ "resourceType": "Parameters", "parameter": [{ "name": "a" }] });
    assert_faults(&parameters, &["Parameters.parameter[0] invariant"]);
}

#[test]
fn too_deep_is_a_fault_and_not_a_crash() {
    let mut extension = json!({ "url": "n", "valueInteger": 1 });
    for _ in 0..200 {
        extension = json!({ "url": "n", "extension": [extension] });
    }
    let faults = check(&patient(&json!({ "extension": [extension] })), None);
    assert_eq!(faults.len(), 1);
    assert_eq!(faults[0].code, IssueCode::TooLong);
    assert!(
        faults[0]
            .path
            .starts_with("Patient.extension[0].extension[0]")
    );
}

#[test]
fn a_million_faults_are_not_all_listed() {
    let names: Vec<Value> = (0..5_000).map(|_| json!({ "nope": 1 })).collect();
    let faults = check(&patient(&json!({ "name": names })), None);
    assert_eq!(faults.len(), FAULTS_MAX + 1);
    assert_eq!(faults.last().unwrap().code, IssueCode::TooLong);
}

#[test]
fn decimals_of_any_number_of_digits_are_good() {
    let text = r#"{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":1.10000000000000000000000000000000001}}"#;
    let observation: Value = serde_json::from_str(text).unwrap();
    assert_faults(&observation, &[]);
    assert!(
        observation
            .to_string()
            .contains("1.10000000000000000000000000000000001")
    );
}

#[test]
fn faults_never_repeat_what_the_body_says() {
    let secret = "Marker Value 4711";
    let body = patient(&json!({
        "gender": secret, "birthDate": secret, "active": secret, "id": secret, "maritalStatus": secret,
        "name": secret, "generalPractitioner": [{ "reference": secret }], "language": "Marker  4711",
    }));
    for fault in check(&body, None) {
        assert!(!fault.to_string().contains("4711"), "{fault}");
    }
}

#[test]
fn outcomes_of_faults_are_good_resources() {
    let faults = check(&patient(&json!({ "gender": "F", "name": {} })), None);
    for outcome in [
        crate::OperationOutcome::from_faults(&faults),
        crate::OperationOutcome::from_faults(&[]),
    ] {
        assert_eq!(
            check(&outcome.to_value(), Some(ResourceType::OperationOutcome)),
            []
        );
    }
}

/// JSON of any shape, with names that lead the walk deep into the tables.
fn any_json() -> impl Strategy<Value = Value> {
    let names = prop_oneof![
        Just("resourceType"),
        Just("contained"),
        Just("extension"),
        Just("url"),
        Just("name"),
        Just("given"),
        Just("_given"),
        Just("identifier"),
        Just("period"),
        Just("start"),
        Just("end"),
        Just("text"),
        Just("div"),
        Just("valueString"),
        Just("_birthDate"),
        Just("birthDate"),
        Just("reference"),
        Just("subject"),
        Just("entry"),
        Just("resource"),
        Just("clinicalStatus"),
        Just("coding"),
        Just("code"),
        Just("system"),
        Just("telecom"),
        Just("generalPractitioner"),
        Just("address"),
        Just("deceasedDateTime"),
        Just("link"),
        Just("id"),
        Just(""),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[ -~]{0,12}".prop_map(Value::from),
        "\\PC{0,6}".prop_map(Value::from),
        Just(json!("Patient")),
        Just(json!("Bundle")),
        Just(json!("Condition")),
        Just(json!("#p")),
        Just(json!("2024-01-01")),
        Just(json!("<div>")),
        Just(json!("<div a=\"<\"/>")),
        Just(json!("Patient/0190f3a2-7d5e-7c11-8000-000000000001")),
    ];
    leaf.prop_recursive(6, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((names.clone(), inner), 0..6).prop_map(|members| Value::Object(
                members
                    .into_iter()
                    .map(|(k, v)| (k.to_owned(), v))
                    .collect()
            )),
        ]
    })
}

proptest! {
    #[test]
    fn no_json_makes_the_check_or_the_index_panic(body in any_json(), at in 0_usize..146) {
        let kind = ResourceType::all().nth(at).unwrap();
        let mut typed = body.clone();
        if let Some(object) = typed.as_object_mut() {
            object.insert("resourceType".into(), kind.name().into());
        }
        for body in [body, typed] {
            check(&body, None);
            check(&body, Some(kind));
            crate::index(kind, &body);
            crate::subset(kind, &body, crate::search::Summary::True, &[]);
        }
    }
}
