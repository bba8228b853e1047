//! Results: the rules of the mapping, one test each.

use serde_json::{Value, json};

use crate::chart::{Chart, bytes, context, profile, segment};
use crate::orders::{OBR, message, oru, read, reference, report};

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
fn rule_6_a_document_ends_where_an_order_begins() {
    let chart = Chart::of(&[oru(&format!(
        "TXA|1|DS|TX||||||||||D1^EMR|||||AU\nOBX|1|TX|||said in the document\nORC|RE|P1^EMR|F1^LAB\n\
         {OBR}\nNTE|1||of the report\nOBX|1|TX|1-1^Test^LN||of the result||||||F\nNTE|1||of the result"
    ))]);
    assert_eq!(
        chart.the("ServiceRequest")["note"][0]["text"],
        "of the report"
    );
    let observation = chart.the("Observation");
    assert_eq!(observation["note"][0]["text"], "of the result");
    assert_eq!(observation["valueString"], "of the result");
    assert_eq!(chart.all("DocumentReference").len(), 1);
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
fn rule_24_a_document_is_presented_by_the_report() {
    let chart = report(
        "OBX|1|ED|60591-5^Summary^LN||LAB^AP^PDF^Base64^JVBERi0xLjQ=||||||F\n\
         OBX|2|RP|60592-3^Image^LN||https://pacs.example/1^^IM^JPEG||||||F\n\
         OBX|3|TX|||A text without a code||||||F",
    );
    let forms = &chart.the("DiagnosticReport")["presentedForm"];
    let file = reference(&chart.the("Binary"));
    assert_eq!(
        *forms,
        json!([
            {"contentType": "application/pdf", "data": "JVBERi0xLjQ=", "url": file, "size": 8},
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

#[test]
fn a_participation_names_a_place_a_device_or_somebody_and_how_to_reach_them() {
    let somebody = segment(
        "PRT",
        &[
            (4, "RO"),
            (5, "5^GRANT^ALEX"),
            (14, "1 MAIN ST^^WACO"),
            (15, "^^PH^^^254^5550100"),
            (24, "N5^NPI"),
        ],
    );
    let chart = report(&format!(
        "OBX|1|ST|1-1^Test^LN||x||||||F\n{}\n{}\n{somebody}",
        segment("PRT", &[(4, "OLOC"), (9, "2W^201")]),
        segment("PRT", &[(4, "EQUIP"), (10, "D77^LAB")]),
    ));
    let observation = chart.the("Observation");
    assert_eq!(observation["device"]["identifier"]["value"], "D77");
    let place = &observation["extension"][0];
    assert_eq!(
        place["url"],
        "http://hl7.org/fhir/StructureDefinition/event-location"
    );
    assert_eq!(place["valueReference"]["display"], "201");
    assert_eq!(observation["performer"].as_array().unwrap().len(), 1);
    let role = chart.the("PractitionerRole");
    assert_eq!(role["telecom"][0]["value"], "254 5550100");
    assert_eq!(
        role["identifier"][0]["system"],
        "http://hl7.org/fhir/sid/us-npi"
    );
    assert_eq!(chart.the("Practitioner")["address"][0]["city"], "WACO");
}

#[test]
fn rule_27_a_day_that_must_be_an_instant_begins_where_the_sender_is() {
    let obr = OBR.replace("|||20240115083000||", "|||20240115||");
    assert_ne!(obr, OBR.to_owned());
    let message = oru(&obr).replace("|20240115083000||ORU", "|20240115083000+0900||ORU");
    let issued = &Chart::of(&[message]).the("DiagnosticReport")["issued"];
    assert_eq!(issued, "2024-01-15T00:00:00+09:00");
}
