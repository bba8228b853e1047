//! read, vread, history, metadata.

use fhir::ResourceType;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::site::{EVERYTHING, Site, patient, refused, told};

#[tokio::test]
async fn a_read_gives_the_stored_text_with_its_version_and_time() {
    let Some(site) = Site::start().await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    let id = site.patient("Marker").await;
    let response = site
        .get(&format!("/fhir/Patient/{id}"), &token)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["etag"], "W/\"1\"");
    assert_eq!(
        response.headers()["content-type"],
        "application/fhir+json; charset=utf-8"
    );
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert!(response.headers().contains_key("last-modified"));
    assert!(response.headers().contains_key("x-request-id"));
    let read: Value = response.json().await.unwrap();
    assert_eq!(read["name"][0]["family"], "Marker");
    assert_eq!(read["id"], id.to_string());
}

#[tokio::test]
async fn head_answers_as_get_without_the_body() {
    let Some(site) = Site::start().await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    let id = site.patient("Marker").await;
    let path = format!("/fhir/Patient/{id}");
    let got = site.get(&path, &token).send().await.unwrap();
    let length = got.headers()["content-length"].clone();
    let head = site
        .request(Method::HEAD, &path, &token)
        .send()
        .await
        .unwrap();
    assert_eq!(head.status(), StatusCode::OK);
    assert_eq!(head.headers()["content-length"], length);
    assert_eq!(head.headers()["etag"], "W/\"1\"");
    assert!(head.text().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_known_version_is_not_sent_again() {
    let Some(site) = Site::start().await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    let id = site.patient("Marker").await;
    let path = format!("/fhir/Patient/{id}");
    let modified = site.get(&path, &token).send().await.unwrap().headers()["last-modified"].clone();
    for (name, value, status) in [
        ("if-none-match", "W/\"1\"".to_owned(), 304),
        ("if-none-match", "W/\"2\"".to_owned(), 200),
        (
            "if-modified-since",
            modified.to_str().unwrap().to_owned(),
            304,
        ),
        (
            "if-modified-since",
            "Sun, 06 Nov 1994 08:49:37 GMT".to_owned(),
            200,
        ),
    ] {
        let response = site
            .get(&path, &token)
            .header(name, &value)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status().as_u16(), status, "{name}: {value}");
        assert_eq!(response.headers()["etag"], "W/\"1\"");
    }
}

#[tokio::test]
async fn every_version_can_be_read_and_a_deleted_one_is_gone() {
    let Some(site) = Site::start().await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    let id = site.patient("First").await;
    site.change(ResourceType::Patient, id, Some(&patient("Second")))
        .await;
    let path = format!("/fhir/Patient/{id}");
    for (version, family) in [(1, "First"), (2, "Second")] {
        let (status, read) = told(site.get(&format!("{path}/_history/{version}"), &token)).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(read["name"][0]["family"], family);
    }
    refused(site.get(&format!("{path}/_history/3"), &token), 404).await;
    refused(site.get(&format!("{path}/_history/x"), &token), 404).await;

    site.change(ResourceType::Patient, id, None).await;
    let words = refused(site.get(&path, &token), 410).await;
    assert!(words.contains("_history"), "{words}");
    refused(site.get(&format!("{path}/_history/3"), &token), 410).await;
    let (status, _) = told(site.get(&format!("{path}/_history/1"), &token)).await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn a_history_shows_the_newest_first_and_pages() {
    let Some(site) = Site::start().await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    let id = site.patient("V1").await;
    for family in ["V2", "V3"] {
        site.change(ResourceType::Patient, id, Some(&patient(family)))
            .await;
    }
    site.change(ResourceType::Patient, id, None).await;
    let path = format!("/fhir/Patient/{id}/_history");
    let (status, bundle) = told(site.get(&path, &token)).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(bundle["type"], "history");
    assert_eq!(bundle["total"], 4);
    let methods: Vec<&str> = bundle["entry"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["request"]["method"].as_str().unwrap())
        .collect();
    assert_eq!(methods, ["DELETE", "PUT", "PUT", "POST"]);
    assert!(fhir::check(&bundle, Some(ResourceType::Bundle)).is_empty());

    let (_, first) = told(site.get(&format!("{path}?_count=3"), &token)).await;
    assert_eq!(first["entry"].as_array().unwrap().len(), 3);
    let next = crate::site::link(&first, "next").unwrap();
    let (_, second) = told(site.get(&next, &token)).await;
    assert_eq!(second["entry"][0]["resource"]["name"][0]["family"], "V1");
    assert_eq!(crate::site::link(&second, "next"), None);
    refused(site.get(&format!("{path}?_since=2026"), &token), 400).await;
}

#[tokio::test]
async fn what_is_not_there_is_not_found_and_says_what_is() {
    let Some(site) = Site::start().await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    let nobody = "0190f3a2-7d5e-7c11-8000-000000000001";
    refused(site.get(&format!("/fhir/Patient/{nobody}"), &token), 404).await;
    refused(site.get("/fhir/Patient/no-uuid", &token), 404).await;
    refused(
        site.get(&format!("/fhir/Patient/{nobody}/_history"), &token),
        404,
    )
    .await;
    let words = refused(site.get("/fhir/Patent", &token), 404).await;
    assert!(
        words.contains("Patient") && words.contains("DocumentReference"),
        "{words}"
    );
    refused(site.get("/fhir/Medication", &token), 404).await;
    refused(site.get("/fhir/a/b/c/d/e/f", &token), 404).await;
    refused(site.get("/elsewhere", &token), 404).await;
    refused(
        site.get("/fhir/.well-known/smart-configuration", &token),
        404,
    )
    .await;
    refused(site.get("/oauth/token", &token), 404).await;
}

#[tokio::test]
async fn the_capability_statement_is_open_and_says_no_more_than_is_served() {
    let Some(site) = Site::start().await else {
        return;
    };
    let url = format!("http://{}/fhir/metadata", site.address);
    let response = site.client.get(&url).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let statement: Value = response.json().await.unwrap();
    assert!(fhir::check(&statement, Some(ResourceType::CapabilityStatement)).is_empty());
    assert_eq!(statement["fhirVersion"], "4.0.1");
    let token = site.token(EVERYTHING).await;
    for resource in statement["rest"][0]["resource"].as_array().unwrap() {
        let kind = resource["type"].as_str().unwrap();
        let interactions = resource["interaction"].as_array().unwrap();
        let serves = |code: &str| interactions.contains(&json!({ "code": code }));
        assert!(!serves("update") && !serves("delete"), "{kind}");
        if serves("search-type") {
            let (status, _) = told(site.get(&format!("/fhir/{kind}?_count=1"), &token)).await;
            assert_eq!(status, StatusCode::OK, "{kind}");
        }
        assert_eq!(serves("create"), kind == "DocumentReference", "{kind}");
    }
    let unknown = format!("http://{}/nobody/fhir/metadata", site.address);
    refused(site.client.get(&unknown), 404).await;
}

#[tokio::test]
async fn what_apps_may_not_write_says_who_may() {
    let Some(site) = Site::start().await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    let id = site.patient("Marker").await;
    let words = refused(site.post("/fhir/Patient", &token, &patient("X")), 403).await;
    assert!(words.contains("EMR"), "{words}");
    let path = format!("/fhir/Patient/{id}");
    refused(site.request(Method::PUT, &path, &token), 403).await;
    refused(site.request(Method::DELETE, &path, &token), 403).await;
    let path = format!("/fhir/DocumentReference/{id}");
    let response = site
        .request(Method::DELETE, &path, &token)
        .send()
        .await
        .unwrap();
    assert_eq!(response.headers()["allow"], "GET, HEAD");
    crate::site::refusal(response, 405).await;
    refused(site.request(Method::POST, "/fhir", &token), 405).await;
}

#[tokio::test]
async fn only_json_goes_out() {
    let Some(site) = Site::start().await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    let id = site.patient("Marker").await;
    let path = format!("/fhir/Patient/{id}");
    for (accept, status) in [
        ("application/fhir+json", 200),
        ("application/json", 200),
        ("text/html, */*;q=0.1", 200),
        ("application/fhir+xml", 406),
    ] {
        let response = site
            .get(&path, &token)
            .header("accept", accept)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status().as_u16(), status, "{accept}");
    }
    refused(site.get(&format!("{path}?_format=xml"), &token), 406).await;
    let json = site
        .get(&format!("{path}?_format=json"), &token)
        .header("accept", "text/html");
    assert_eq!(json.send().await.unwrap().status(), StatusCode::OK);
}
