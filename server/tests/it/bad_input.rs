//! Bodies that are not what they should be, and too much of everything.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::site::{EVERYTHING, Site, Wanted, document, refused};

#[tokio::test]
async fn bodies_that_can_not_be_read_are_bad_requests() {
    let Some(site) = Site::start().await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    let nested = format!("{}1{}", "{\"a\":".repeat(200), "}".repeat(200));
    let lists = format!(
        "{{\"resourceType\":\"DocumentReference\",\"x\":{}{}}}",
        "[".repeat(200),
        "]".repeat(200)
    );
    for body in [
        "",
        "marker",
        "<DocumentReference/>",
        "[]",
        "{\"resourceType\":\"DocumentReference\"",
        "{\"status\":\"current\",\"status\":\"current\"}",
        nested.as_str(),
        lists.as_str(),
    ] {
        let create = site
            .request(Method::POST, "/fhir/DocumentReference", &token)
            .header("content-type", "application/fhir+json")
            .body(body.to_owned());
        let words = refused(create, 400).await;
        assert!(!words.contains("marker"), "{words}");
    }
}

#[tokio::test]
async fn every_fault_of_a_resource_is_told_at_once_with_its_place() {
    let Some(site) = Site::start().await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    let patient = site.patient("Marker").await;
    let mut faulty = document(patient);
    faulty["nonsense"] = json!("marker value");
    faulty["date"] = json!("2026-13-45");
    faulty["status"] = json!("marker-status");
    faulty["description"] = json!(["not a list"]);
    faulty.as_object_mut().unwrap().remove("content");
    let words = refused(site.post("/fhir/DocumentReference", &token, &faulty), 422).await;
    for place in ["nonsense", "date", "status", "description", "content"] {
        assert!(
            words.contains(&format!("DocumentReference.{place}")),
            "{place}: {words}"
        );
    }
    assert!(!words.contains("marker"), "{words}");
    let wrong_type = json!({ "resourceType": "Patient" });
    refused(
        site.post("/fhir/DocumentReference", &token, &wrong_type),
        422,
    )
    .await;
    refused(
        site.post("/fhir/DocumentReference", &token, &json!({})),
        422,
    )
    .await;
}

#[tokio::test]
async fn a_body_must_say_that_it_is_fhir_json() {
    let Some(site) = Site::start().await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    for content_type in [
        "text/plain",
        "application/fhir+xml",
        "application/json; charset=latin1",
    ] {
        let create = site
            .request(Method::POST, "/fhir/DocumentReference", &token)
            .header("content-type", content_type)
            .body("{}");
        refused(create, 415).await;
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_with_the_limit() {
    let wanted = Wanted {
        body_bytes_max: 10_000,
        ..Wanted::default()
    };
    let Some(site) = Site::start_as(wanted).await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    let create = || {
        site.request(Method::POST, "/fhir/DocumentReference", &token)
            .header("content-type", "application/fhir+json")
    };
    let words = refused(create().body("x".repeat(10_001)), 413).await;
    assert!(words.contains("10000"), "{words}");
    let chunks =
        futures_util::stream::iter((0..20).map(|_| Ok::<_, std::io::Error>("x".repeat(1_000))));
    refused(create().body(reqwest::Body::wrap_stream(chunks)), 413).await;
}

#[tokio::test]
async fn a_body_that_does_not_come_is_given_up() {
    let wanted = Wanted {
        timeout: Duration::from_millis(300),
        ..Wanted::default()
    };
    let Some(site) = Site::start_as(wanted).await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    let mut socket = TcpStream::connect(site.address).await.unwrap();
    let head = format!(
        "POST /fhir/DocumentReference HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/fhir+json\r\nContent-Length: 100\r\nConnection: close\r\n\r\n{{"
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let read = socket.read_to_string(&mut answer);
    tokio::time::timeout(Duration::from_secs(20), read)
        .await
        .unwrap()
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("OperationOutcome"));
}

#[tokio::test]
async fn more_than_can_be_done_is_put_off() {
    let wanted = Wanted {
        requests_max: 0,
        ..Wanted::default()
    };
    let Some(site) = Site::start_as(wanted).await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    let response = site.get("/fhir/Patient", &token).send().await.unwrap();
    assert_eq!(response.headers()["retry-after"], "1");
    crate::site::refusal(response, 503).await;
}

#[tokio::test]
async fn the_database_being_away_is_said_and_passes() {
    let Some(site) = Site::start().await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    site.patient("Marker").await;
    let (status, _) = crate::site::told(site.get("/fhir/Patient", &token)).await;
    assert_eq!(status, StatusCode::OK);
    site.allow_connections(false).await;
    let words = refused(site.get("/fhir/Patient", &token), 503).await;
    assert!(words.contains("database"), "{words}");
    site.allow_connections(true).await;
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    while crate::site::told(site.get("/fhir/Patient", &token)).await.0 != StatusCode::OK {
        assert!(
            std::time::Instant::now() < deadline,
            "the server does not recover"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
