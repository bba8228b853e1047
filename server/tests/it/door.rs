//! Who is let in, and how far.

use std::time::{Duration, Instant};

use fhir::ResourceType;
use model::{ResourceId, Tenant};
use reqwest::{Method, StatusCode};
use serde_json::json;
use server::door::{REVOKED_WITHIN, Token};

use crate::site::{EVERYTHING, Site, document, ids, refusal, refused, told};

#[tokio::test]
async fn without_a_good_token_nobody_is_let_in() {
    let Some(site) = Site::start().await else {
        return;
    };
    let url = format!("http://{}/fhir/Patient", site.address);
    let none = site.client.get(&url).send().await.unwrap();
    assert_eq!(
        none.headers()["www-authenticate"],
        "Bearer realm=\"drawbridge\""
    );
    refusal(none, 401).await;
    let unknown = site
        .get("/fhir/Patient", Token::random().expose())
        .send()
        .await
        .unwrap();
    let challenge = unknown.headers()["www-authenticate"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
    refusal(unknown, 401).await;
    let basic = site.client.get(&url).basic_auth("a", Some("b"));
    refused(basic, 401).await;
    // What does not exist is not told to who is not let in.
    refused(
        site.client
            .get(format!("http://{}/fhir/Nothing", site.address)),
        401,
    )
    .await;
    refused(
        site.client
            .get(format!("http://{}/nobody/fhir/Patient", site.address)),
        401,
    )
    .await;
}

#[tokio::test]
async fn a_token_in_a_url_is_refused() {
    let Some(site) = Site::start().await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    let url = format!("http://{}/fhir/Patient?access_token={token}", site.address);
    let words = refused(site.client.get(&url), 400).await;
    assert!(!words.contains(&token));
    refused(
        site.get(&format!("/fhir/Patient?access_token={token}"), &token),
        400,
    )
    .await;
}

#[tokio::test]
async fn an_expired_token_is_refused() {
    let Some(site) = Site::start().await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    site.execute("update access_token set expires_at = now() - interval '1 second'")
        .await;
    refused(site.get("/fhir/Patient", &token), 401).await;
}

#[tokio::test]
async fn a_revoked_token_is_refused_within_five_seconds() {
    let Some(site) = Site::start().await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    let (status, _) = told(site.get("/fhir/Patient", &token)).await;
    assert_eq!(status, StatusCode::OK);
    let hash = *Token::parse(&token).unwrap().hash().as_bytes();
    assert!(store::token::revoke(&site.store, hash).await.unwrap());
    let revoked = Instant::now();
    while told(site.get("/fhir/Patient", &token)).await.0 == StatusCode::OK {
        assert!(revoked.elapsed() < REVOKED_WITHIN, "still let in");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn scopes_allow_what_they_name_and_nothing_else() {
    let Some(site) = Site::start().await else {
        return;
    };
    let patient = site.patient("Marker").await;
    let read = format!("/fhir/Patient/{patient}");
    let history = format!("/fhir/Patient/{patient}/_history");
    let search = "/fhir/Patient?family=marker".to_owned();
    let encounters = "/fhir/Encounter".to_owned();
    for (scope, allowed) in [
        ("system/Patient.r", [true, true, false, false, false]),
        ("system/Patient.s", [false, false, true, false, false]),
        ("system/Patient.rs", [true, true, true, false, false]),
        ("system/Patient.read", [true, true, true, false, false]),
        ("user/*.read", [true, true, true, true, false]),
        ("system/*.cruds", [true, true, true, true, true]),
        (
            "system/DocumentReference.c system/Patient.r",
            [true, true, false, false, true],
        ),
        (
            "system/DocumentReference.write",
            [false, false, false, false, true],
        ),
        ("openid fhirUser", [false, false, false, false, false]),
    ] {
        let token = site.token(scope).await;
        let requests = [
            site.get(&read, &token),
            site.get(&history, &token),
            site.get(&search, &token),
            site.get(&encounters, &token),
            site.post("/fhir/DocumentReference", &token, &document(patient)),
        ];
        for (n, (request, allowed)) in requests.into_iter().zip(allowed).enumerate() {
            let response = request.send().await.unwrap();
            if allowed {
                assert!(response.status().is_success(), "{scope}, request {n}");
                continue;
            }
            let challenge = response.headers()["www-authenticate"]
                .to_str()
                .unwrap()
                .to_owned();
            assert!(
                challenge.contains("error=\"insufficient_scope\", scope=\""),
                "{challenge}"
            );
            refusal(response, 403).await;
        }
    }
}

#[tokio::test]
async fn a_patient_scope_opens_one_chart() {
    let Some(site) = Site::start().await else {
        return;
    };
    let (mine, other) = (site.patient("Mine").await, site.patient("Other").await);
    let encounter = |patient: ResourceId| {
        json!({
            "resourceType": "Encounter",
            "status": "in-progress",
            "class": { "code": "HH" },
            "subject": { "reference": format!("Patient/{patient}") },
        })
    };
    let my_visit = site.put(ResourceType::Encounter, &encounter(mine)).await;
    let other_visit = site.put(ResourceType::Encounter, &encounter(other)).await;
    site.change(
        ResourceType::Encounter,
        other_visit,
        Some(&encounter(other)),
    )
    .await;
    let token = site
        .token_of(Tenant::DEFAULT, "patient/*.cruds", Some(mine))
        .await;
    for path in [
        format!("Patient/{other}"),
        format!("Patient/{other}/_history"),
        format!("Encounter/{other_visit}"),
        format!("Encounter/{other_visit}/_history"),
        format!("Encounter/{other_visit}/_history/1"),
        format!("Encounter/{other_visit}/_history/2"),
    ] {
        refused(site.get(&format!("/fhir/{path}"), &token), 404).await;
    }
    for (query, expected) in [
        ("Patient".to_owned(), vec![mine.to_string()]),
        ("Encounter".to_owned(), vec![my_visit.to_string()]),
        (format!("Encounter?patient={other}"), vec![]),
        (format!("Encounter?_id={other_visit}"), vec![]),
        ("Patient?family=other".to_owned(), vec![]),
    ] {
        let (status, bundle) = told(site.get(&format!("/fhir/{query}"), &token)).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(ids(&bundle), expected, "{query}");
    }
    let doctor = json!({ "resourceType": "Practitioner", "name": [{ "family": "Made-Up" }] });
    let doctor = site.put(ResourceType::Practitioner, &doctor).await;
    let (status, _) = told(site.get(&format!("/fhir/Practitioner/{doctor}"), &token)).await;
    assert_eq!(status, StatusCode::OK, "charts point to who cares");
    let (_, counted) = told(site.get("/fhir/Encounter?_summary=count", &token)).await;
    assert_eq!(counted["total"], 1);
    let post = |patient| site.post("/fhir/DocumentReference", &token, &document(patient));
    refused(post(other), 422).await;
    assert_eq!(
        post(mine).send().await.unwrap().status(),
        StatusCode::CREATED
    );
}

#[tokio::test]
async fn a_token_opens_its_own_tenant_and_no_other() {
    let Some(site) = Site::start().await else {
        return;
    };
    let acme = site.store.create_tenant("acme").await.unwrap().tenant;
    let theirs = crate::site::patient("Theirs");
    let theirs = site.put_in(acme, ResourceType::Patient, &theirs).await;
    let ours = site.patient("Ours").await;
    let our_token = site.token(EVERYTHING).await;
    let their_token = site.token_of(acme, EVERYTHING, None).await;

    let (status, _) = told(site.get(&format!("/acme/fhir/Patient/{theirs}"), &their_token)).await;
    assert_eq!(status, StatusCode::OK);
    let (status, _) = told(site.get(&format!("/default/fhir/Patient/{ours}"), &our_token)).await;
    assert_eq!(status, StatusCode::OK);
    refused(
        site.get(&format!("/fhir/Patient/{theirs}"), &our_token),
        404,
    )
    .await;
    // Another tenant's base answers as one that does not exist.
    let theirs_by_us = refused(site.get("/acme/fhir/Patient", &our_token), 404).await;
    let nobodys = refused(site.get("/nobody/fhir/Patient", &our_token), 404).await;
    assert_eq!(theirs_by_us, nobodys);
    refused(
        site.get(&format!("/fhir/Patient/{ours}"), &their_token),
        404,
    )
    .await;
    let (_, found) = told(site.get("/acme/fhir/Patient", &their_token)).await;
    assert_eq!(ids(&found), [theirs.to_string()]);
    let url = found["entry"][0]["fullUrl"].as_str().unwrap();
    assert!(url.contains("/acme/fhir/Patient/"), "{url}");
}

#[tokio::test]
async fn browsers_may_ask_from_anywhere() {
    let Some(site) = Site::start().await else {
        return;
    };
    let url = format!("http://{}/fhir/Patient", site.address);
    let preflight = site
        .client
        .request(Method::OPTIONS, &url)
        .header("origin", "https://app.example")
        .header("access-control-request-method", "GET")
        .header("access-control-request-headers", "authorization")
        .send()
        .await
        .unwrap();
    assert!(preflight.status().is_success());
    assert_eq!(preflight.headers()["access-control-allow-origin"], "*");
}
