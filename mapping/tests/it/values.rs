//! Rule 24: what OBX-5 becomes, by its type.

use serde_json::{Value, json};

use crate::chart::Chart;
use crate::orders::{OBR, observation, oru, read, report};

#[test]
fn rule_24_a_number_keeps_its_digits() {
    let observation = observation("NM", "98.50", "mg/dL^^UCUM");
    assert_eq!(observation["valueQuantity"]["value"].to_string(), "98.50");
    assert_eq!(observation["valueQuantity"]["code"], "mg/dL");
    assert_eq!(
        observation["valueQuantity"]["system"],
        "http://unitsofmeasure.org"
    );
}

#[test]
fn rule_24_what_is_no_number_stays_text_with_an_issue() {
    let lines = format!("{OBR}\nOBX|1|NM|1-1^Test^LN||<5||||||F");
    let read = read(&oru(&lines));
    assert_eq!(read.issues[0].at.to_string(), "OBX-5");
    assert_eq!(
        Chart::of(&[oru(&lines)]).the("Observation")["valueString"],
        "<5"
    );
}

#[test]
fn rule_24_each_type_of_value_has_its_form() {
    let cases = [
        (
            "SN",
            ">^100",
            "mg^^UCUM",
            json!({"valueQuantity": {
            "value": 100, "comparator": ">", "unit": "mg", "code": "mg",
            "system": "http://unitsofmeasure.org"}}),
        ),
        (
            "SN",
            "^1^-^2",
            "",
            json!({"valueRange": {"low": {"value": 1}, "high": {"value": 2}}}),
        ),
        (
            "SN",
            "^1^:^128",
            "",
            json!({"valueRatio": {
            "numerator": {"value": 1}, "denominator": {"value": 128}}}),
        ),
        ("SN", "^2^+", "", json!({"valueString": "2 +"})),
        ("SN", "<>^2", "mg", json!({"valueString": "<> 2 mg"})),
        (
            "CWE",
            "10828004^Positive^SCT^P^Pos^L^^^said so",
            "",
            json!({"valueCodeableConcept": {
            "coding": [
                {"system": "http://snomed.info/sct", "code": "10828004", "display": "Positive"},
                {"code": "P", "display": "Pos"}],
            "text": "said so"}}),
        ),
    ];
    check_values(&cases);
}

#[test]
fn rule_24_times_ranges_and_texts_have_their_form() {
    let cases = [
        ("DT", "20240115", "", json!({"valueDateTime": "2024-01-15"})),
        (
            "TS",
            "202401150830-0600",
            "",
            json!({"valueDateTime": "2024-01-15T08:30:00-06:00"}),
        ),
        ("TM", "0830", "", json!({"valueTime": "08:30:00"})),
        (
            "DR",
            "20240101^20240102",
            "",
            json!({"valuePeriod": {
            "start": "2024-01-01", "end": "2024-01-02"}}),
        ),
        (
            "NR",
            "1^2",
            "",
            json!({"valueRange": {"low": {"value": 1}, "high": {"value": 2}}}),
        ),
        ("VR", "1^2", "", json!({"valueString": "1-2"})),
        ("ST", "a\\T\\b", "", json!({"valueString": "a&b"})),
        (
            "FT",
            "one\\.br\\two",
            "",
            json!({"valueString": "one\ntwo"}),
        ),
        ("TX", "one~two", "", json!({"valueString": "one\ntwo"})),
        ("XPN", "DOE^JANE", "", json!({"valueString": "DOE JANE"})),
    ];
    check_values(&cases);
}

fn check_values(cases: &[(&str, &str, &str, Value)]) {
    for (kind, value, unit, expected) in cases {
        let observation = observation(kind, value, unit);
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(&observation[name], value, "{kind} {value}");
        }
    }
}

#[test]
fn rule_24_samples_are_a_series_or_a_table() {
    let series = observation("NA", "1^2.50^3", "mV^^UCUM");
    assert_eq!(series["valueSampledData"]["data"], "1 2.50 3");
    assert_eq!(series["valueSampledData"]["dimensions"], 1);
    let table = observation("NA", "1^2~3^4", "");
    assert_eq!(table["valueSampledData"]["data"], "1 2 3 4");
    assert_eq!(table["valueSampledData"]["dimensions"], 2);
    assert!(fhir::check(&table, None).is_empty());
}

#[test]
fn rule_24_several_values_are_components() {
    let observation = observation("NM", "120~80", "mm[Hg]^^UCUM");
    assert_eq!(observation.get("valueQuantity"), None);
    assert_eq!(observation["component"][1]["valueQuantity"]["value"], 80);
    assert_eq!(
        observation["component"][1]["code"]["coding"][0]["code"],
        "1-1"
    );
}

#[test]
fn rule_24_consecutive_texts_of_one_code_are_one_text() {
    let chart = report(
        "OBX|1|TX|18748-4^Report^LN||FINDINGS||||||F\nOBX|2|TX|18748-4^Report^LN||||||||F\n\
         OBX|3|TX|18748-4^Report^LN||Nothing \\T\\ none.||||||F\n\
         OBX|4|TX|19005-8^Impression^LN||Well.||||||F",
    );
    let report = chart.the("DiagnosticReport");
    assert_eq!(report["result"].as_array().unwrap().len(), 2);
    let texts: Vec<Value> = chart
        .all("Observation")
        .into_iter()
        .map(|it| it["valueString"].clone())
        .collect();
    assert!(
        texts.contains(&json!("FINDINGS\n\nNothing & none.")),
        "{texts:?}"
    );
    assert!(texts.contains(&json!("Well.")));
}

#[test]
fn rule_24_a_range_is_parsed_only_when_that_is_safe() {
    let chart = report(
        "OBX|1|NM|1-1^T^LN||5|mg^^UCUM|3.50-4|H|||F\nOBX|2|NM|2-1^T^LN||5||see note 3-4|N~HM|||F",
    );
    let observations = chart.all("Observation");
    let of = |code: &str| {
        let is = |it: &&Value| it["code"]["coding"][0]["code"] == code;
        observations.iter().find(is).unwrap()
    };
    let safe = &of("1-1")["referenceRange"][0];
    assert_eq!(safe["low"]["value"].to_string(), "3.50");
    assert_eq!(safe["text"], "3.50-4");
    assert_eq!(
        of("2-1")["referenceRange"],
        json!([{"text": "see note 3-4"}])
    );
    // Hold for medical review is no code of v3.
    let system = |n: usize| of("2-1")["interpretation"][n]["coding"][0]["system"].clone();
    assert!(
        system(0)
            .to_string()
            .contains("v3-ObservationInterpretation")
    );
    assert!(system(1).to_string().contains("v2-0078"));
}

#[test]
fn rule_24_no_value_has_a_reason_where_the_status_says_one() {
    for (status, expected, reason) in [
        ("X", "cancelled", Some("not-performed")),
        ("N", "unknown", Some("not-asked")),
        ("F", "final", None),
        ("D", "entered-in-error", None),
        ("C", "corrected", None),
        ("A", "amended", None),
        ("P", "preliminary", None),
        ("", "unknown", None),
    ] {
        let chart = report(&format!("OBX|1|NM|1-1^T^LN||||||||{status}"));
        let observation = chart.the("Observation");
        assert_eq!(observation["status"], expected);
        assert_eq!(observation.get("valueString"), None);
        let code = observation["dataAbsentReason"]["coding"][0]["code"].as_str();
        assert_eq!(code, reason, "{status}");
    }
}

#[test]
fn rule_24_what_is_not_base64_stays_out_with_an_issue() {
    let lines = oru(&format!(
        "{OBR}\nOBX|1|ED|2^Y^LN||^AP^PDF^Base64^J*BE||||||F"
    ));
    let issues = read(&lines).issues;
    let issues: Vec<_> = issues.iter().map(|issue| issue.what).collect();
    assert_eq!(issues, ["data is not in the encoding that it names"]);
    let report = Chart::of(&[lines]).the("DiagnosticReport");
    assert_eq!(
        report["presentedForm"],
        json!([{"contentType": "application/pdf"}])
    );
}
