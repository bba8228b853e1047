//! Where elements came from, and what is not mapped: over HTTP, in metrics and on the command line.

use std::process::Command;

use model::Tenant;
use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::commands::{ADMISSION, receive};
use crate::site::{EVERYTHING, Site, refused, told};

/// The parts of the element parameter with that path.
fn element(parameters: &Value, path: &str) -> Vec<(String, Value)> {
    let part = |part: &Value| {
        let value = part.as_object().unwrap().values().nth(1).unwrap();
        (part["name"].as_str().unwrap().to_owned(), value.clone())
    };
    let parts = |parameter: &Value| -> Vec<(String, Value)> {
        let parts = parameter["part"].as_array();
        parts.into_iter().flatten().map(part).collect()
    };
    let all = parameters["parameter"].as_array().unwrap();
    let is_it = |parts: &Vec<(String, Value)>| parts.iter().any(|(_, value)| value == path);
    all.iter().map(parts).find(is_it).unwrap_or_default()
}

#[tokio::test]
async fn lineage_names_message_field_and_mapping_of_each_element() {
    let Some(site) = Site::start().await else {
        return;
    };
    receive(&site, &[ADMISSION]).await;
    let token = site.token(EVERYTHING).await;
    let (_, found) = told(site.get("/fhir/Patient?family=Made", &token)).await;
    let patient = &found["entry"][0]["resource"];
    let id = patient["id"].as_str().unwrap();
    let path = format!("/fhir/Patient/{id}/$lineage");
    let (status, lineage) = told(site.get(&path, &token)).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(lineage["resourceType"], "Parameters");
    assert_eq!(fhir::check(&lineage, None), []);
    let name = element(&lineage, "Patient.name");
    let of = |name: &[(String, Value)], part: &str| {
        let found = name.iter().find(|(known, _)| known == part);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    assert_eq!(of(&name, "field"), "PID-5");
    assert_eq!(of(&name, "journal"), patient["meta"]["source"]);
    assert_eq!(of(&name, "mappingVersion"), mapping::MAPPING_VERSION);
    assert!(
        of(&name, "profile")
            .as_str()
            .unwrap()
            .starts_with("generic ")
    );
    // No value of the message is in it.
    for value in ["Made", "4711", "1950"] {
        assert!(!lineage.to_string().contains(value), "{value}");
    }
    let (_, found) = told(site.get("/fhir/Encounter", &token)).await;
    let id = found["entry"][0]["resource"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let (_, lineage) = told(site.get(&format!("/fhir/Encounter/{id}/$lineage"), &token)).await;
    assert_eq!(of(&element(&lineage, "Encounter.class"), "field"), "PV1-2");
}

#[tokio::test]
async fn lineage_is_let_in_and_written_down_like_a_read() {
    let Some(site) = Site::start().await else {
        return;
    };
    let id = site.patient("Marker").await;
    let path = format!("/fhir/Patient/{id}/$lineage");
    let everything = site.token(EVERYTHING).await;
    // What no message made has nothing to tell.
    let (status, lineage) = told(site.get(&path, &everything)).await;
    assert_eq!(
        (status, element(&lineage, "Patient.name").len()),
        (StatusCode::OK, 0)
    );
    let no_patients = site.token("system/Encounter.rs").await;
    refused(site.get(&path, &no_patients), 403).await;
    let other = site.patient("Other").await;
    let of_other = site
        .token_of(Tenant::DEFAULT, "patient/*.rs", Some(other))
        .await;
    refused(site.get(&path, &of_other), 404).await;
    let nobody = "/fhir/Patient/0190f3a2-7d5e-7c11-8000-000000000001/$lineage";
    refused(site.get(nobody, &everything), 404).await;
    refused(site.get("/fhir/Task/1/$lineage", &everything), 404).await;
    refused(site.request(Method::POST, &path, &everything), 405).await;
    let (_, metadata) = told(site.get("/fhir/metadata", &everything)).await;
    let resources = metadata["rest"][0]["resource"].as_array().unwrap();
    let patient = resources.iter().find(|it| it["type"] == "Patient").unwrap();
    assert_eq!(patient["operation"][0]["name"], "lineage");
}

#[test]
fn the_command_explains_reports_and_documents() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("message.hl7");
    let message = "MSH|^~\\&|EMR|HOSP|||20260101||ADT^A31|M1|P|2.5.1\rEVN||20260101\r\
                   PID|1||4711^^^EMR^MR||DOE^JANE||19500203|F|||||||||||||||||||Marine\r";
    std::fs::write(&file, message).unwrap();
    let file = file.to_str().unwrap();
    let run = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_drawbridge"));
        let output = command.arg("map").args(args).output().unwrap();
        assert!(output.status.success(), "{args:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let text = run(&["--lineage", file]);
    let has = |words: [&str; 2]| {
        text.lines()
            .any(|line| words.iter().all(|it| line.contains(it)))
    };
    assert!(has(["name[0].family", "PID-5.1  (rule PID-5)"]), "{text}");
    assert!(
        has(["gender", "PID-8  (rule PID-8, table 0001[F])"]),
        "{text}"
    );
    let json: Value = serde_json::from_str(&run(&["--lineage", "--json", file])).unwrap();
    assert_eq!(json["bundle"]["resourceType"], "Bundle");
    let lines = json["lineage"].as_array().unwrap();
    let name = lines
        .iter()
        .find(|line| line["path"] == "name[0].given[0]")
        .unwrap();
    assert_eq!(
        name["from"][0],
        serde_json::json!({"segment": "PID", "occurrence": 1, "field": 5, "repetition": 1, "component": 2})
    );

    let text = run(&["--report", file]);
    assert!(
        text.contains("message 1:") && text.contains("in all:"),
        "{text}"
    );
    let report = run(&["--report", "--json", file]);
    let report: Vec<Value> = report
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let unmapped = report[0]["unmapped"].as_array().unwrap();
    let place =
        serde_json::json!({"place": "PID-27", "name": "Veterans Military Status", "count": 1});
    assert_eq!(unmapped.as_slice(), [place]);
    assert_eq!(report[1]["messages"], 1);
    // Places and rules, never values.
    for value in ["DOE", "JANE", "Marine"] {
        assert!(!text.contains(value), "{value}");
    }
}
