//! Health and metrics.

use reqwest::StatusCode;

use crate::site::{EVERYTHING, Site, refused, told};

#[tokio::test]
async fn health_follows_the_database() {
    let Some(site) = Site::start().await else {
        return;
    };
    let get = |path: &str| site.client.get(format!("http://{}{path}", site.address));
    assert_eq!(told(get("/health/live")).await.0, StatusCode::OK);
    let (status, ready) = told(get("/health/ready")).await;
    assert_eq!(
        (status, &ready["status"]),
        (StatusCode::OK, &"ready".into())
    );
    site.allow_connections(false).await;
    let (status, ready) = told(get("/health/ready")).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(ready["reasons"][0].as_str().unwrap().contains("database"));
    assert_eq!(told(get("/health/live")).await.0, StatusCode::OK);
    site.allow_connections(true).await;
}

#[tokio::test]
async fn metrics_count_requests_and_hold_no_patient_data() {
    let Some(site) = Site::start().await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    let id = site.patient("Zzmarker").await;
    told(site.get(&format!("/fhir/Patient/{id}"), &token)).await;
    told(site.get("/fhir/Patient?family=Zzmarker", &token)).await;
    refused(site.get("/fhir/Zzmarker/1", &token), 404).await;
    let response = site
        .client
        .get(format!("http://{}/metrics", site.address))
        .send()
        .await
        .unwrap();
    assert_eq!(
        response.headers()["content-type"],
        "text/plain; version=0.0.4; charset=utf-8"
    );
    let page = response.text().await.unwrap();
    for line in [
        "drawbridge_http_request_duration_seconds_count{interaction=\"read\",type=\"Patient\",status=\"200\"} 1",
        "drawbridge_http_request_duration_seconds_count{interaction=\"search\",type=\"Patient\",status=\"200\"} 1",
        "drawbridge_queue_messages{tenant=\"default\"} 0",
        "drawbridge_database_up 1",
    ] {
        assert!(page.lines().any(|found| found == line), "{line}\n{page}");
    }
    assert!(page.contains("process_resident_memory_bytes"));
    for marker in ["Zzmarker", &id.to_string(), &token] {
        assert!(!page.contains(marker), "{marker}");
    }
}

#[tokio::test]
async fn another_method_on_an_operators_path_is_not_allowed() {
    let Some(site) = Site::start().await else {
        return;
    };
    let url = format!("http://{}/health/live", site.address);
    refused(site.client.post(&url), 405).await;
}
