//! Contents: in with the document, out by their Binary.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::StatusCode;
use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};

use crate::commands::receive;
use crate::site::{EVERYTHING, Site, document, refused, told};

fn with_content(mut document: Value, content_type: &str, content: &[u8]) -> Value {
    document["content"][0]["attachment"] =
        json!({ "contentType": content_type, "data": STANDARD.encode(content) });
    document
}

/// Creates a document with this content; answers its attachment.
async fn attachment(site: &Site, token: &str, content_type: &str, content: &[u8]) -> Value {
    let patient = site.patient("Marker").await;
    let posted = with_content(document(patient), content_type, content);
    let (status, created) = told(site.post("/fhir/DocumentReference", token, &posted)).await;
    assert_eq!(status, StatusCode::CREATED, "{created}");
    created["content"][0]["attachment"].clone()
}

#[tokio::test]
async fn a_content_comes_back_byte_by_byte_or_as_a_resource() {
    let Some(site) = Site::start().await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    let content = b"%PDF-1.4 \x00\xFF made up";
    let attachment = attachment(&site, &token, "application/pdf", content).await;
    assert_eq!(attachment["size"], content.len());
    assert_eq!(attachment["hash"], STANDARD.encode(Sha1::digest(content)));
    assert_eq!(attachment.get("data"), None);
    let path = format!("/fhir/{}", attachment["url"].as_str().unwrap());

    let raw = site
        .get(&path, &token)
        .header("accept", "application/pdf")
        .send()
        .await
        .unwrap();
    assert_eq!(raw.status(), StatusCode::OK);
    assert_eq!(raw.headers()["content-type"], "application/pdf");
    assert_eq!(raw.headers()["content-security-policy"], "sandbox");
    assert_eq!(raw.bytes().await.unwrap(), content.as_slice());

    let json = site
        .get(&path, &token)
        .header("accept", "application/fhir+json");
    let (status, binary) = told(json).await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        fhir::check(&binary, Some(fhir::ResourceType::Binary)).is_empty(),
        "{binary}"
    );
    assert_eq!(binary["data"], STANDARD.encode(content));
    assert_eq!(binary.get("_data"), None);

    refused(site.get(&path, &token).header("accept", "image/png"), 406).await;
    let known = site.get(&path, &token).header("if-none-match", "W/\"1\"");
    assert_eq!(
        known.send().await.unwrap().status(),
        StatusCode::NOT_MODIFIED
    );
}

#[tokio::test]
async fn sixteen_mebibytes_are_taken_and_one_byte_more_is_not() {
    let Some(site) = Site::start().await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    let mut content = vec![7_u8; 16 << 20];
    let attachment = attachment(&site, &token, "application/octet-stream", &content).await;
    let path = format!("/fhir/{}", attachment["url"].as_str().unwrap());
    let read = site.get(&path, &token).send().await.unwrap();
    assert_eq!(
        read.headers()["content-length"],
        (16_u32 << 20).to_string().as_str()
    );
    assert!(read.bytes().await.unwrap() == content);

    content.push(7);
    let patient = site.patient("Other").await;
    let posted = with_content(document(patient), "application/octet-stream", &content);
    let words = refused(site.post("/fhir/DocumentReference", &token, &posted), 413).await;
    assert!(words.contains("16777216"), "{words}");
}

#[tokio::test]
async fn a_content_is_in_the_compartment_of_its_document() {
    let Some(site) = Site::start().await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    let attachment = attachment(&site, &token, "text/plain", b"made up").await;
    let path = format!("/fhir/{}", attachment["url"].as_str().unwrap());
    let other = site.patient("Other").await;
    let stranger = site
        .token_of(model::Tenant::DEFAULT, "patient/*.rs", Some(other))
        .await;
    refused(site.get(&path, &stranger), 404).await;
    let without = site.token("system/DocumentReference.rs").await;
    refused(site.get(&path, &without), 403).await;
}

#[tokio::test]
async fn a_document_can_not_carry_another_patients_content() {
    let Some(site) = Site::start().await else {
        return;
    };
    let token = site.token(EVERYTHING).await;
    let theirs = attachment(&site, &token, "text/plain", b"made up").await;
    let mine = site.patient("Mine").await;
    let mut posted = document(mine);
    posted["content"][0]["attachment"] =
        json!({ "contentType": "text/plain", "url": theirs["url"] });
    let words = refused(site.post("/fhir/DocumentReference", &token, &posted), 422).await;
    assert!(words.contains("attachment.url"), "{words}");
}

/// A document of a made-up patient that the EMR sends, with this content.
fn sent(content: &[u8]) -> String {
    let content = STANDARD.encode(content);
    format!(
        "MSH|^~\\&|EMR|HOSP|DB|DB|20260102080000+0000||MDM^T02|FILE1|P|2.5.1\r\
         PID|1||4711^^^EMR^MR||Made^Up||19500203|F\r\
         TXA|1|DS|AP|||||||||D1^EMR||||plan.pdf|AU\r\
         OBX|1|ED|1^Plan^L||EMR^AP^PDF^Base64^{content}||||||F\r"
    )
}

#[tokio::test]
async fn a_file_of_the_emr_is_served_to_those_who_may_see_its_patient() {
    let Some(site) = Site::start().await else {
        return;
    };
    // Too large to stand in the document.
    let content = vec![7_u8; 3 << 20];
    receive(&site, &[&sent(&content)]).await;
    let token = site.token(EVERYTHING).await;
    let (_, found) = told(site.get("/fhir/DocumentReference", &token)).await;
    let document = &found["entry"][0]["resource"];
    let attachment = &document["content"][0]["attachment"];
    assert_eq!(attachment.get("data"), None);
    assert_eq!(attachment["size"], content.len());
    let path = format!("/fhir/{}", attachment["url"].as_str().unwrap());

    let raw = site.get(&path, &token).send().await.unwrap();
    assert_eq!(raw.headers()["content-type"], "application/pdf");
    assert_eq!(raw.headers()["content-security-policy"], "sandbox");
    assert!(raw.bytes().await.unwrap() == content);
    let as_resource = site
        .get(&path, &token)
        .header("accept", "application/fhir+json");
    let (_, binary) = told(as_resource).await;
    assert_eq!(fhir::check(&binary, Some(fhir::ResourceType::Binary)), []);
    assert_eq!(binary["data"], STANDARD.encode(&content));
    assert_eq!(binary["securityContext"], document["subject"]);

    let (_, lineage) = told(site.get(&format!("{path}/$lineage"), &token)).await;
    let lineage = lineage.to_string();
    assert!(lineage.contains("Binary.data") && lineage.contains("OBX-5"));

    let patient = document["subject"]["reference"].as_str().unwrap();
    let patient = patient.trim_start_matches("Patient/").parse().unwrap();
    let of = |who| site.token_of(model::Tenant::DEFAULT, "patient/*.rs", Some(who));
    let own = site.get(&path, &of(patient).await).send().await.unwrap();
    assert_eq!(own.status(), StatusCode::OK);
    let other = site.patient("Other").await;
    refused(site.get(&path, &of(other).await), 404).await;
}
