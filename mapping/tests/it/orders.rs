//! Orders, results and immunizations: the rules of the mapping, one test each.

use mapping::inbound::{EntityKind, Interpretation};
use mapping::route;
use model::IdentityKey;
use serde_json::{Value, json};

use crate::chart::{Chart, bytes, context, profile, read_with};

fn message(kind: &str, stated: &str, lines: &str) -> String {
    format!(
        "MSH|^~\\&|LAB|AGENCY|||{stated}||{kind}|M{stated}|P|2.5.1\n\
         PID|1||77^^^EMR^MR||DOE^JANE||19600102|F\n{lines}"
    )
}

fn oru(lines: &str) -> String {
    message("ORU^R01", "20240115083000", lines)
}

/// A report with these segments below OBR.
fn report(lines: &str) -> Chart {
    Chart::of(&[oru(&format!("ORC|RE|P1^EMR|F1^LAB\n{OBR}\n{lines}"))])
}

const OBR: &str =
    "OBR|1|P1^EMR|F1^LAB|24323-8^Panel^LN|||20240115070000|||||||||||||||20240115083000||LAB|F";

fn observation(kind: &str, value: &str, unit: &str) -> Value {
    report(&format!("OBX|1|{kind}|1-1^Test^LN||{value}|{unit}|||||F")).the("Observation")
}

fn read(lines: &str) -> Interpretation {
    read_with(lines, profile())
}

fn reference(resource: &Value) -> String {
    format!(
        "{}/{}",
        resource["resourceType"].as_str().unwrap(),
        resource["id"].as_str().unwrap()
    )
}

#[test]
fn messages_of_orders_and_results_are_served() {
    for kind in [
        "ORU^R01", "ORU^R03", "ORU^R30", "ORU^R31", "ORU^R32", "ORM^O01", "OMG^O19", "OML^O21",
        "VXU^V04",
    ] {
        let bytes = bytes(&message(kind, "20240115083000", ""));
        let message = hl7v2::Message::parse(&bytes).unwrap();
        let ctx = context(&bytes, profile());
        let route = route(&message, profile(), &IdentityKey::PUBLIC, &ctx.digest);
        assert!(route.served, "{kind}");
    }
}

#[test]
fn kinds_of_things_keep_their_numbers() {
    let numbers = [
        (EntityKind::Order, 20),
        (EntityKind::Prescription, 21),
        (EntityKind::Report, 22),
        (EntityKind::Specimen, 23),
        (EntityKind::Immunization, 24),
        (EntityKind::PractitionerRole, 25),
    ];
    for (kind, number) in numbers {
        assert_eq!(kind.code(), number);
        assert_eq!(EntityKind::from_code(number), Some(kind));
    }
}

#[test]
fn rule_6_a_comment_belongs_to_what_it_follows() {
    let chart = Chart::of(&[oru(&format!(
        "NTE|1||of the patient\nORC|RE|P1^EMR|F1^LAB\n{OBR}\nNTE|1||of the report\n\
         OBX|1|NM|1-1^Test^LN||5||||||F\nNTE|1||first line\nNTE|2||second line\n\
         SPM|1|S1||SER^Serum^HL70487\nNTE|1||of the specimen"
    ))]);
    assert_eq!(
        chart.the("Observation")["note"],
        json!([{"text": "first line\nsecond line"}])
    );
    assert_eq!(
        chart.the("ServiceRequest")["note"][0]["text"],
        "of the report"
    );
    assert_eq!(
        chart.the("DiagnosticReport")["extension"][0]["valueAnnotation"]["text"],
        "of the report"
    );
    assert_eq!(chart.the("Specimen")["note"][0]["text"], "of the specimen");
    assert!(!chart.the("Patient").to_string().contains("of the patient"));
}

#[test]
fn rule_6_an_obx_before_orders_is_of_the_patient_and_one_after_spm_is_a_result() {
    let chart = Chart::of(&[oru(&format!(
        "OBX|1|NM|29463-7^Weight^LN||70|kg^^UCUM|||||F\nNTE|1||dressed\nORC|RE|P1|F1\n{OBR}\n\
         SPM|1|S1||SER^Serum^HL70487\nOBX|1|NM|2345-7^Glucose^LN||101|mg/dL^^UCUM|||||F"
    ))]);
    let observations = chart.all("Observation");
    let of = |code: &str| {
        let is = |it: &&Value| it["code"]["coding"][0]["code"] == code;
        observations.iter().find(is).unwrap().clone()
    };
    let report = chart.the("DiagnosticReport");
    let glucose = of("2345-7");
    assert_eq!(
        report["result"],
        json!([{"reference": reference(&glucose)}])
    );
    let specimen = json!({"reference": reference(&chart.the("Specimen"))});
    assert_eq!(glucose["specimen"], specimen);
    assert_eq!(report["specimen"], json!([specimen]));
    assert_eq!(of("29463-7")["note"][0]["text"], "dressed");
}

#[test]
fn rule_7_what_is_not_read_is_counted() {
    let read = read(&oru(&format!(
        "{OBR}|||4^COPY^TO\nOBX|1|NM|1-1^Test^LN||5||||0.5||F\nACC|1|12345"
    )));
    let places: Vec<String> = read.unmapped.iter().map(ToString::to_string).collect();
    for place in ["OBR-28", "OBX-9", "ACC-2"] {
        assert!(places.contains(&place.to_owned()), "{place}: {places:?}");
    }
}

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
fn rule_24_a_document_is_presented_by_the_report() {
    let chart = report(
        "OBX|1|ED|60591-5^Summary^LN||LAB^AP^PDF^Base64^JVBERi0xLjQ=||||||F\n\
         OBX|2|RP|60592-3^Image^LN||https://pacs.example/1^^IM^JPEG||||||F\n\
         OBX|3|TX|||A text without a code||||||F",
    );
    let forms = &chart.the("DiagnosticReport")["presentedForm"];
    assert_eq!(
        *forms,
        json!([
            {"contentType": "application/pdf", "data": "JVBERi0xLjQ="},
            {"contentType": "image/jpeg", "url": "https://pacs.example/1"},
            {"contentType": "text/plain", "data": "QSB0ZXh0IHdpdGhvdXQgYSBjb2Rl"},
        ])
    );
    // The observation names the document, without a second copy.
    let observations = chart.all("Observation");
    assert_eq!(observations.len(), 2);
    assert!(
        observations
            .iter()
            .all(|it| !it.to_string().contains("JVBERi0xLjQ="))
    );
}

#[test]
fn rule_24_a_document_outside_of_a_report_is_the_observation_s() {
    let order = "ORC|NW|P1\nOBR|1|P1||1^X^LN\nOBX|1|ED|2^Y^LN||^AP^PDF^Base64^JVBERi0xLjQ=||||||F";
    let chart = Chart::of(&[message("ORM^O01", "20240115", order)]);
    let observation = chart.the("Observation");
    let attachment = &observation["extension"][0]["valueAttachment"];
    assert_eq!(attachment["data"], "JVBERi0xLjQ=");
    assert_eq!(
        chart.the("ServiceRequest")["supportingInfo"][0]["reference"],
        reference(&observation)
    );
}

#[test]
fn rule_24_what_is_not_base64_stays_out_with_an_issue() {
    let lines = oru(&format!(
        "{OBR}\nOBX|1|ED|2^Y^LN||^AP^PDF^Base64^J*BE||||||F"
    ));
    assert_eq!(read(&lines).issues[0].what, "not Base64");
    let report = Chart::of(&[lines]).the("DiagnosticReport");
    assert_eq!(
        report["presentedForm"],
        json!([{"contentType": "application/pdf"}])
    );
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
fn an_observation_without_time_was_made_at_the_report_s() {
    let chart = report("OBX|1|NM|1-1^T^LN||5||||||F");
    assert_eq!(
        chart.the("Observation")["effectiveDateTime"],
        "2024-01-15T07:00:00+00:00"
    );
    let own = report("OBX|1|NM|1-1^T^LN||5||||||F|||20240114");
    assert_eq!(own.the("Observation")["effectiveDateTime"], "2024-01-14");
}

#[test]
fn who_observed_is_a_person_an_organization_and_its_director() {
    let obx = "OBX|1|NM|1-1^T^LN||5||||||F||||PROD^Producer^L|7^TECH^TOM||EQ1^X||BP^Site^L\
               |||State Lab^L^^^^LAB^FI^^^L1|1 Main^^Waco^TX|8^HEAD^HAL";
    let chart = report(obx);
    let observation = chart.the("Observation");
    let performers: Vec<&str> = observation["performer"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["reference"].as_str().unwrap().split('/').next().unwrap())
        .collect();
    assert_eq!(
        performers,
        ["Practitioner", "Organization", "PractitionerRole"]
    );
    assert_eq!(chart.the("Organization")["address"][0]["city"], "Waco");
    let role = chart.the("PractitionerRole");
    assert_eq!(role["code"][0]["coding"][0]["code"], "MDIR");
    assert_eq!(role["organization"]["display"], "State Lab");
    assert_eq!(observation["device"]["identifier"]["value"], "EQ1");
}

#[test]
fn rule_25_a_report_is_known_by_its_filler_number_and_code() {
    let first = message("ORU^R01", "20240115", &format!("ORC|RE|P1|F1\n{OBR}"));
    let other_placer = first.replace("P1", "P2").replace("20240115|", "20240116|");
    let chart = Chart::of(&[&first, &other_placer]);
    chart.the("DiagnosticReport");
    assert_eq!(chart.all("ServiceRequest").len(), 2);
    let other_code = first.replace("24323-8", "2-2");
    assert_eq!(
        Chart::of(&[&first, &other_code])
            .all("DiagnosticReport")
            .len(),
        2
    );
}

#[test]
fn rule_25_a_report_that_is_sent_again_updates_its_results() {
    let preliminary = message(
        "ORU^R01",
        "20240115083000",
        &format!(
            "ORC|RE|P1^EMR|F1^LAB\n{}\nOBX|1|NM|1-1^T^LN|1|5||||||P\nOBX|2|NM|2-1^T^LN|1|7||||||P",
            OBR.replace("|LAB|F", "|LAB|P")
        ),
    );
    let last = message(
        "ORU^R01",
        "20240115093000",
        &format!(
            "ORC|RE|P1^EMR|F1^LAB\n{OBR}\nOBX|1|NM|1-1^T^LN|1|6||||||F\nOBX|2|NM|2-1^T^LN|1|7||||||F"
        ),
    );
    let forwards = Chart::of(&[&preliminary, &last]);
    let backwards = Chart::of(&[&last, &preliminary, &last]);
    assert_eq!(forwards.resources(), backwards.resources());
    assert_eq!(forwards.the("DiagnosticReport")["status"], "final");
    let observations = forwards.all("Observation");
    assert_eq!(observations.len(), 2);
    assert!(observations.iter().all(|it| it["status"] == "final"));
}

#[test]
fn rule_25_results_keep_their_order_and_answer_an_order() {
    let lines: Vec<String> = (1..30)
        .map(|n| format!("OBX|{n}|NM|{}-1^T^LN||{n}||||||F", (n * 7) % 30))
        .collect();
    let chart = report(&lines.join("\n"));
    let report = chart.the("DiagnosticReport");
    let observations = chart.all("Observation");
    let values: Vec<i64> = report["result"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            let is = |other: &&Value| it["reference"] == reference(other);
            observations.iter().find(is).unwrap()["valueQuantity"]["value"]
                .as_i64()
                .unwrap()
        })
        .collect();
    assert_eq!(values, (1..30).collect::<Vec<i64>>());
    let request = reference(&chart.the("ServiceRequest"));
    assert_eq!(report["basedOn"], json!([{"reference": request}]));
}

#[test]
fn rule_25_the_status_of_a_report() {
    for (sent, expected) in [
        ("O", "registered"),
        ("I", "registered"),
        ("S", "registered"),
        ("P", "preliminary"),
        ("F", "final"),
        ("C", "corrected"),
        ("R", "partial"),
        ("X", "cancelled"),
        ("", "unknown"),
    ] {
        let obr = OBR.replace("|LAB|F", &format!("|LAB|{sent}"));
        assert_eq!(
            Chart::of(&[oru(&obr)]).the("DiagnosticReport")["status"],
            expected
        );
    }
}

#[test]
fn two_observations_of_one_code_in_one_message_stay_two() {
    let chart = report("OBX|1|NM|1-1^T^LN||5||||||F\nOBX|2|NM|1-1^T^LN||6||||||F");
    assert_eq!(chart.all("Observation").len(), 2);
}

#[test]
fn an_order_and_its_report_meet_by_the_placer_s_number() {
    let order = message(
        "ORM^O01",
        "20240114",
        "ORC|NW|P1^EMR||||||||||3^OP^ANN\nOBR|1|P1^EMR||24323-8^Panel^LN",
    );
    let result = oru(&format!("ORC|RE|P1^EMR|F1^LAB\n{OBR}"));
    let chart = Chart::of(&[&result, &order]);
    let request = chart.the("ServiceRequest");
    // A report does not say where the order stands, so the order's own word holds.
    assert_eq!(request["status"], "active");
    assert_eq!(request["requester"]["display"], "ANN OP");
    assert_eq!(
        chart.the("DiagnosticReport")["basedOn"][0]["reference"],
        reference(&request)
    );
}

#[test]
fn rule_26_the_status_of_an_order() {
    for (control, status, expected) in [
        ("NW", "", "active"),
        ("CA", "", "revoked"),
        ("OC", "", "revoked"),
        ("CR", "", "revoked"),
        ("DC", "", "revoked"),
        ("HD", "", "on-hold"),
        ("OH", "", "on-hold"),
        ("SC", "CM", "completed"),
        ("SC", "IP", "active"),
        ("NW", "HD", "on-hold"),
        ("RE", "", "unknown"),
    ] {
        let lines = format!("ORC|{control}|P1|||{status}\nOBR|1|P1||1^X^LN");
        let request = Chart::of(&[message("ORM^O01", "20240115", &lines)]).the("ServiceRequest");
        assert_eq!(request["status"], expected, "{control} {status}");
        assert_eq!(request["intent"], "order");
    }
}

#[test]
fn rule_26_the_latest_word_on_an_order_holds_whichever_field_says_it() {
    let placed = message("ORM^O01", "20240114", "ORC|NW|P1|||SC\nOBR|1|P1||1^X^LN");
    let cancelled = message("ORM^O01", "20240115", "ORC|CA|P1\nOBR|1|P1||1^X^LN");
    for order in [[&placed, &cancelled], [&cancelled, &placed]] {
        assert_eq!(Chart::of(&order).the("ServiceRequest")["status"], "revoked");
    }
}

#[test]
fn rule_26_an_order_was_written_when_it_was_new() {
    let of = |control: &str| {
        let lines = format!("ORC|{control}|P1|||||||20240114080000-0600\nOBR|1|P1||1^X^LN");
        Chart::of(&[message("ORM^O01", "20240115", &lines)]).the("ServiceRequest")
    };
    assert_eq!(of("NW")["authoredOn"], "2024-01-14T08:00:00-06:00");
    assert_eq!(of("SC").get("authoredOn"), None);
}

#[test]
fn who_orders_for_an_organization_has_a_role() {
    let orc = "ORC|NW|P1||||||||10^ENTER^ED|11^CHECK^CY|12^ORDER^OLA||555-0100|||17^Desk^L||||\
               FACILITY^L^^^^LAB^FI^^^F1|1 Main^^Waco|555-0101|2 Elm^^Waco||||R|I";
    let lines = format!("{orc}\nOBR|1|P1||1^X^LN");
    let chart = Chart::of(&[message("ORM^O01", "20240115", &lines)]);
    let role = chart.the("PractitionerRole");
    let request = chart.the("ServiceRequest");
    assert_eq!(request["requester"]["reference"], reference(&role));
    assert_eq!(request["meta"]["security"][0]["code"], "R");
    assert_eq!(request["meta"]["tag"][0]["code"], "emr");
    assert_eq!(request["locationCode"][0]["coding"][0]["code"], "HOSP");
    assert_eq!(
        request["extension"][0]["valueContactPoint"]["value"],
        "555-0100"
    );
    let provenance = chart.the("Provenance");
    assert_eq!(provenance["target"][0]["reference"], reference(&request));
    assert_eq!(provenance["activity"]["coding"][0]["code"], "CREATE");
    assert_eq!(provenance["agent"].as_array().unwrap().len(), 3);
    assert_eq!(provenance["agent"][0]["onBehalfOf"]["display"], "Desk");
    for resource in [role, request, provenance] {
        assert!(fhir::check(&resource, None).is_empty());
    }
}

#[test]
fn a_diagnosis_below_an_order_is_its_reason_and_not_the_visit_s() {
    let lines = "PV1|1|O|||||||||||||||||V9^^^EMR^VN\nORC|NW|P1\nOBR|1|P1||1^X^LN\n\
                 DG1|1||I10^Hypertension^I10|||A";
    let chart = Chart::of(&[message("OML^O21", "20240115", lines)]);
    let condition = chart.the("Condition");
    assert_eq!(
        chart.the("ServiceRequest")["reasonReference"],
        json!([{"reference": reference(&condition)}])
    );
    assert_eq!(chart.the("Encounter").get("diagnosis"), None);
}

#[test]
fn when_something_is_ordered_is_a_timing_that_r4_allows() {
    let lines = "ORC|NW|P1\nTQ1|1|2^mL&&UCUM|BID^^^^1^d&day^^AC^30^min|0800~2000|||20240115|20240120\
                 |S^^HL70485||before meals||10^min|5\nOBR|1|P1||1^X^LN||20240115";
    let chart = Chart::of(&[message("OML^O21", "20240115", lines)]);
    let request = chart.the("ServiceRequest");
    assert_eq!(request["priority"], "stat");
    assert_eq!(request["quantityQuantity"]["value"], 2);
    assert_eq!(request["note"][0]["text"], "before meals");
    assert_eq!(request.get("occurrenceDateTime"), None);
    let repeat = &request["occurrenceTiming"]["repeat"];
    assert_eq!(
        *repeat,
        json!({
            "boundsPeriod": {"start": "2024-01-15", "end": "2024-01-20"},
            "count": 5, "countMax": 5, "duration": 10, "durationUnit": "min",
            "period": 1, "periodUnit": "d", "when": ["AC"], "offset": 30,
        })
    );
    assert_eq!(
        request["occurrenceTiming"]["code"]["coding"][0]["system"],
        "http://terminology.hl7.org/CodeSystem/v3-GTSAbbreviation"
    );
    assert!(fhir::check(&request, None).is_empty());
}

#[test]
fn old_senders_say_the_timing_in_one_field() {
    let lines = "ORC|NW|P1|||||1^QD&0800,2000^D5^^^S^^in the morning^^^^3\nOBR|1|P1||1^X^LN";
    let request = Chart::of(&[message("ORM^O01", "20240115", lines)]).the("ServiceRequest");
    assert_eq!(request["priority"], "stat");
    assert_eq!(request["note"][0]["text"], "in the morning");
    let repeat = &request["occurrenceTiming"]["repeat"];
    assert_eq!(repeat["boundsDuration"]["code"], "d");
    assert_eq!(repeat["timeOfDay"], json!(["08:00:00", "20:00:00"]));
    assert_eq!(repeat["count"], 3);
}

#[test]
fn a_medication_is_ordered_by_a_request_of_its_own() {
    let lines = "ORC|DC|P1\nRXO|50111^Hydralazine^NDC|1|2|tab^tablet|||||G||30|tab^tablet|2\n\
                 RXR|PO^Oral^HL70162||||\nNTE|1||with food";
    let request = Chart::of(&[message("ORM^O01", "20240115", lines)]).the("MedicationRequest");
    assert_eq!(request["status"], "stopped");
    assert_eq!(request["intent"], "original-order");
    assert_eq!(
        request["medicationCodeableConcept"]["coding"][0]["code"],
        "50111"
    );
    let dosage = &request["dosageInstruction"][0];
    assert_eq!(dosage["doseAndRate"][0]["doseRange"]["high"]["value"], 2);
    assert_eq!(dosage["route"]["coding"][0]["code"], "PO");
    assert_eq!(request["dispenseRequest"]["numberOfRepeatsAllowed"], 2);
    assert_eq!(request["note"][0]["text"], "with food");
    assert!(fhir::check(&request, None).is_empty());
}

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

#[test]
fn one_number_for_two_services_is_two_orders() {
    let lines = "ORC|NW|P1\nOBR|1|P1||1^X^LN\nORC|NW|P1\nOBR|2|P1||2^Y^LN";
    let chart = Chart::of(&[message("ORM^O01", "20240115", lines)]);
    assert_eq!(chart.all("ServiceRequest").len(), 2);
}

#[test]
fn thousands_of_results_are_one_report() {
    let lines: Vec<String> = (0..3000)
        .map(|n| format!("OBX|{n}|NM|{n}-1^T^LN||{n}|mg^^UCUM||H|||F"))
        .collect();
    let bytes = bytes(&oru(&format!("{OBR}\n{}", lines.join("\n"))));
    let message = hl7v2::Message::parse(&bytes).unwrap();
    let bundle = mapping::bundle(&message, &context(&bytes, profile())).unwrap();
    let report = bundle["entry"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["resource"])
        .find(|it| it["resourceType"] == "DiagnosticReport")
        .unwrap();
    assert_eq!(report["result"].as_array().unwrap().len(), 3000);
}

#[test]
fn any_order_of_orders_and_reports_gives_the_same_chart() {
    let order = |stated: &str, control: &str| {
        let lines =
            format!("ORC|{control}|P1^EMR\nOBR|1|P1^EMR||24323-8^Panel^LN\nSPM|1|S1&EMR||SER");
        message("ORM^O01", stated, &lines)
    };
    let result = |stated: &str, status: &str, value: &str| {
        let lines = format!(
            "ORC|RE|P1^EMR|F1^LAB\n{}\nOBX|1|NM|1-1^T^LN||{value}||||||{status}\nNTE|1||as of {stated}\n\
             SPM|1|S1&EMR||SER^Serum^HL70487",
            OBR.replace("|LAB|F", &format!("|LAB|{status}"))
        );
        message("ORU^R01", stated, &lines)
    };
    let messages = [
        order("20240114", "NW"),
        order("20240116", "DC"),
        result("20240115", "P", "5"),
        result("20240117", "C", "6"),
    ];
    let expected = Chart::of(&messages).resources();
    for n in 0..256_usize {
        let picked = [n % 4, n / 4 % 4, n / 16 % 4, n / 64];
        let all: Vec<&String> = picked
            .iter()
            .chain(&[0, 1, 2, 3])
            .map(|at| &messages[*at])
            .collect();
        assert_eq!(Chart::of(&all).resources(), expected, "{picked:?}");
    }
    let chart = Chart::of(&messages);
    assert_eq!(chart.the("ServiceRequest")["status"], "revoked");
    assert_eq!(chart.the("DiagnosticReport")["status"], "corrected");
    assert_eq!(chart.the("Observation")["valueQuantity"]["value"], 6);
    // The order and the report name one specimen.
    assert_eq!(
        chart.the("Specimen")["type"]["coding"][0]["display"],
        "Serum"
    );
}

#[test]
fn what_an_order_came_with_is_no_result() {
    let gap = "|".repeat(18);
    let chart = report(&format!(
        "OBX|1|ST|1-1^Question^LN||yes||||||F{gap}QST\nOBX|2|NM|2-1^T^LN||5||||||F"
    ));
    let report = chart.the("DiagnosticReport");
    assert_eq!(report["result"].as_array().unwrap().len(), 1);
    let question = chart
        .all("Observation")
        .into_iter()
        .find(|it| it["code"]["coding"][0]["code"] == "1-1")
        .unwrap();
    assert_eq!(
        chart.the("ServiceRequest")["supportingInfo"][0]["reference"],
        reference(&question)
    );
    assert_eq!(question["category"][1]["coding"][0]["code"], "QST");
}

#[test]
fn participants_take_the_part_that_their_role_says() {
    let chart = Chart::of(&[oru(&format!(
        "ORC|RE|P1|F1\nPRT||AD||OP^Ordering^HL70912|3^ORDER^OLA\n{OBR}\n\
         PRT||AD||PRI^Principal^HL70912|4^READ^ROB\nPRT||AD||TN^Technician^HL70912|5^TECH^TOM\n\
         PRT||D||TN^Technician^HL70912|6^GONE^GUS\n\
         OBX|1|NM|1-1^T^LN||5||||||F\nPRT||AD||RO^Observer^HL70912|7^SEE^SUE"
    ))]);
    let shown = |resource: &str, element: &str| {
        let it = chart.the(resource);
        let first = it[element].as_array().map_or(&it[element], |list| &list[0]);
        first["display"].as_str().unwrap().to_owned()
    };
    assert_eq!(shown("ServiceRequest", "requester"), "OLA ORDER");
    assert_eq!(shown("DiagnosticReport", "resultsInterpreter"), "ROB READ");
    assert_eq!(shown("DiagnosticReport", "performer"), "TOM TECH");
    assert_eq!(shown("Observation", "performer"), "SUE SEE");
    assert!(!chart.the("DiagnosticReport").to_string().contains("GUS"));
}

#[test]
fn a_message_of_two_patients_has_two_charts() {
    let both = format!(
        "{OBR}\nOBX|1|NM|1-1^T^LN||5||||||F\nPID|2||88^^^EMR^MR||ROE^RICK\n{}\nOBX|1|NM|1-1^T^LN||6||||||F",
        OBR.replace("F1^LAB", "F2^LAB")
    );
    let chart = Chart::of(&[oru(&both)]);
    let reports = chart.all("DiagnosticReport");
    assert_eq!(reports.len(), 2);
    assert_ne!(reports[0]["subject"], reports[1]["subject"]);
}
