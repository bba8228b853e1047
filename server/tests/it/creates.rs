//! Creating documents.

use fhir::ResourceType;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::site::{EVERYTHING, Site, Wanted, document, ids, refused, told};

#[tokio::test]
async fn a_posted_document_is_stored_and_read_back() {
    let Some(site) = Site::start().await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    let patient = site.patient("Marker").await;
    let posted = document(patient);
    let response = site
        .post("/fhir/DocumentReference", &token, &posted)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::CREATED);
    assert_eq!(response.headers()["etag"], "W/\"1\"");
    assert!(response.headers().contains_key("last-modified"));
    let location = response.headers()["location"].to_str().unwrap().to_owned();
    let created: Value = response.json().await.unwrap();
    let id = created["id"].as_str().unwrap();
    let base = format!("http://{}/fhir", site.address);
    assert_eq!(
        location,
        format!("{base}/DocumentReference/{id}/_history/1")
    );
    assert_eq!(uuid::Uuid::parse_str(id).unwrap().get_version_num(), 7);
    assert_eq!(created["meta"]["versionId"], "1");
    assert!(
        created["meta"]["tag"]
            .to_string()
            .contains("\"code\":\"app\"")
    );
    assert!(fhir::check(&created, Some(ResourceType::DocumentReference)).is_empty());

    let read = site
        .client
        .get(&location)
        .bearer_auth(&token)
        .send()
        .await
        .unwrap();
    assert_eq!(read.json::<Value>().await.unwrap(), created);
    for query in [
        format!("patient={patient}"),
        format!("patient={patient}&type=http://loinc.org|34133-9"),
        format!("patient={patient}&status=current"),
        format!("patient={patient}&date=2026-01-02"),
    ] {
        let path = format!("/fhir/DocumentReference?{query}");
        let (_, bundle) = told(site.get(&path, &token)).await;
        assert_eq!(ids(&bundle), [id], "{query}");
    }
}

#[tokio::test]
async fn the_caller_chooses_what_a_create_answers() {
    let Some(site) = Site::start().await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    let patient = site.patient("Marker").await;
    for (prefer, kind) in [
        ("return=minimal", None),
        ("return=representation", Some("DocumentReference")),
        ("return=OperationOutcome", Some("OperationOutcome")),
    ] {
        let create = site.post("/fhir/DocumentReference", &token, &document(patient));
        let (status, body) = told(create.header("prefer", prefer)).await;
        assert_eq!(status, StatusCode::CREATED, "{prefer}");
        assert_eq!(body["resourceType"].as_str(), kind, "{prefer}");
    }
}

#[tokio::test]
async fn a_document_must_name_a_patient_and_visits_that_the_caller_sees() {
    let Some(site) = Site::start().await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    let patient = site.patient("Marker").await;
    let other = site.patient("Other").await;
    let visit = json!({
        "resourceType": "Encounter",
        "status": "in-progress",
        "class": { "code": "HH" },
        "subject": { "reference": format!("Patient/{other}") },
    });
    let visit = site.put(ResourceType::Encounter, &visit).await;
    let nobody = "0190f3a2-7d5e-7c11-8000-000000000001";
    let mut without = document(patient);
    without.as_object_mut().unwrap().remove("subject");
    let mut unknown = document(patient);
    unknown["subject"] = json!({ "reference": format!("Patient/{nobody}") });
    let mut of_other = document(patient);
    of_other["context"] = json!({ "encounter": [{ "reference": format!("Encounter/{visit}") }] });
    for (posted, place) in [
        (without, "DocumentReference.subject"),
        (unknown, "DocumentReference.subject"),
        (of_other, "DocumentReference.context.encounter[0]"),
    ] {
        let words = refused(site.post("/fhir/DocumentReference", &token, &posted), 422).await;
        assert!(words.contains(place), "{words}");
    }
    assert_eq!(
        site.number("select count(*) from resource where origin = 'app'")
            .await,
        0
    );

    let mut absolute = document(other);
    let base = format!("http://{}/fhir", site.address);
    absolute["subject"] = json!({ "reference": format!("{base}/Patient/{other}") });
    absolute["context"] =
        json!({ "encounter": [{ "reference": format!("{base}/Encounter/{visit}") }] });
    let (status, created) = told(site.post("/fhir/DocumentReference", &token, &absolute)).await;
    assert_eq!(status, StatusCode::CREATED, "{created}");
    assert_eq!(created["subject"]["reference"], format!("Patient/{other}"));
}

#[tokio::test]
async fn a_create_writes_the_document_its_content_its_deliveries_and_the_trail_at_once() {
    let wanted = Wanted {
        destinations: vec!["hchb", "archive"],
        ..Wanted::default()
    };
    let Some(site) = Site::start_as(wanted).await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    let patient = site.patient("Marker").await;
    let (status, created) =
        told(site.post("/fhir/DocumentReference", &token, &document(patient))).await;
    assert_eq!(status, StatusCode::CREATED);
    let id = created["id"].as_str().unwrap();
    assert_eq!(
        site.number("select count(*) from delivery where state = 'queued'")
            .await,
        2
    );
    let events = "select count(*) from audit where interaction = 'create' and resource is not null";
    assert_eq!(site.number(events).await, 1);
    // One transaction wrote all of it: the change feed's rows have one transaction id.
    let of_apps = "select count(distinct xid) from change where journal is null and type <> 103";
    assert_eq!(site.number(of_apps).await, 1);

    let path = format!("/fhir/Task?focus=DocumentReference/{id}&patient={patient}");
    let (status, tasks) = told(site.get(&path, &token)).await;
    assert_eq!(status, StatusCode::OK, "{tasks}");
    let tasks = tasks["entry"].as_array().unwrap();
    assert_eq!(tasks.len(), 2);
    for task in tasks {
        let task = &task["resource"];
        assert_eq!(task["businessStatus"]["coding"][0]["code"], "queued");
        assert_eq!(task["code"]["coding"][0]["code"], "deliver-document");
        assert_eq!(task["for"]["reference"], format!("Patient/{patient}"));
    }
    refused(
        site.post("/fhir/Task", &token, &json!({ "resourceType": "Task" })),
        403,
    )
    .await;
}

#[tokio::test]
async fn a_document_without_content_and_one_with_a_url_are_stored_as_they_are() {
    let Some(site) = Site::start().await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    let patient = site.patient("Marker").await;
    let mut posted = document(patient);
    posted["content"][0]["attachment"] =
        json!({ "contentType": "text/plain", "url": "https://elsewhere.example/doc" });
    let (status, created) = told(site.post("/fhir/DocumentReference", &token, &posted)).await;
    assert_eq!(status, StatusCode::CREATED, "{created}");
    assert_eq!(created["content"], posted["content"]);
    assert_eq!(site.number("select count(*) from blob").await, 0);
}

#[tokio::test]
async fn decimals_keep_the_digits_that_were_sent() {
    let Some(site) = Site::start().await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    let patient = site.patient("Marker").await;
    let text = document(patient).to_string().replacen(
        '{',
        "{\"extension\":[{\"url\":\"urn:x\",\"valueDecimal\":98.50}],",
        1,
    );
    let create = site
        .request(Method::POST, "/fhir/DocumentReference", &token)
        .header("content-type", "application/fhir+json")
        .body(text);
    let response = create.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::CREATED);
    assert!(response.text().await.unwrap().contains("98.50"));
}
