//! `If-None-Exist`.

use std::collections::HashSet;

use reqwest::{RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::site::{EVERYTHING, Site, document, refused};

fn create(site: &Site, token: &str, posted: &Value, condition: &str) -> RequestBuilder {
    site.post("/fhir/DocumentReference", token, posted)
        .header("if-none-exist", condition)
}

fn with_identifier(mut document: Value, value: &str) -> Value {
    document["identifier"] = json!([{ "system": "urn:s", "value": value }]);
    document
}

#[tokio::test]
async fn sixteen_parallel_creates_make_one_resource() {
    let Some(site) = Site::start().await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    let patient = site.patient("Marker").await;
    let posted = with_identifier(document(patient), "once");
    let creates = (0..16).map(|_| create(&site, &token, &posted, "identifier=urn:s|once").send());
    let answers = futures_util::future::join_all(creates).await;
    let mut n_new = 0;
    let mut ids = HashSet::new();
    for answer in answers {
        let answer = answer.unwrap();
        match answer.status() {
            StatusCode::CREATED => n_new += 1,
            status => assert_eq!(status, StatusCode::OK),
        }
        assert!(answer.headers().contains_key("location"));
        let body: Value = answer.json().await.unwrap();
        ids.insert(body["id"].as_str().unwrap().to_owned());
    }
    assert_eq!((n_new, ids.len()), (1, 1));
    assert_eq!(
        site.number("select count(*) from resource where type = 42")
            .await,
        1
    );
    // Exactly one event for each request, and one of them made something.
    let events = "select count(*) from audit where interaction = 'create'";
    assert_eq!(site.number(events).await, 16);
}

#[tokio::test]
async fn several_matches_are_a_failed_precondition() {
    let Some(site) = Site::start().await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    let patient = site.patient("Marker").await;
    let posted = with_identifier(document(patient), "twice");
    for _ in 0..2 {
        let answer = site
            .post("/fhir/DocumentReference", &token, &posted)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::CREATED);
    }
    refused(
        create(&site, &token, &posted, "identifier=urn:s|twice"),
        412,
    )
    .await;
    assert_eq!(
        site.number("select count(*) from resource where type = 42")
            .await,
        2
    );
}

#[tokio::test]
async fn a_condition_must_be_a_search_that_the_caller_may_make() {
    let Some(site) = Site::start().await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    let patient = site.patient("Marker").await;
    let posted = document(patient);
    for condition in ["", "nonsense=1", "_count=1", "status"] {
        refused(create(&site, &token, &posted, condition), 400).await;
    }
    let creator = site
        .token("system/DocumentReference.c system/Patient.r")
        .await;
    let words = refused(create(&site, &creator, &posted, "identifier=x"), 403).await;
    assert!(words.contains("DocumentReference.s"), "{words}");
}

#[tokio::test]
async fn a_match_that_the_caller_may_not_see_is_not_shown() {
    let Some(site) = Site::start().await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    let (mine, other) = (site.patient("Mine").await, site.patient("Other").await);
    let hidden = with_identifier(document(other), "hidden");
    let answer = site
        .post("/fhir/DocumentReference", &token, &hidden)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::CREATED);
    let scope = "patient/DocumentReference.cs";
    let caller = site
        .token_of(model::Tenant::DEFAULT, scope, Some(mine))
        .await;
    let posted = with_identifier(document(mine), "hidden");
    let words = refused(
        create(&site, &caller, &posted, "identifier=urn:s|hidden"),
        412,
    )
    .await;
    assert!(!words.contains(&other.to_string()), "{words}");
}
