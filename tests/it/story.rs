//! The main job: a message in, FHIR out, a document in, MDM out.

use serde_json::{Value, json};
use tests::database;
use tests::message::{admission, discharge, message};
use tests::mllp::Sender;
use tests::server::{PATIENCE, Server, Wanted};

const SCOPES: &str = "system/*.rs system/DocumentReference.cruds";

fn first(bundle: &Value) -> &Value {
    &bundle["entry"][0]["resource"]
}

fn found(bundle: &Value) -> bool {
    bundle["entry"][0].is_object()
}

#[tokio::test]
async fn an_acknowledged_admission_becomes_readable_fhir() {
    let Some(cluster) = database::cluster() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let url = database::fresh(&cluster).await.unwrap();
    let wanted = Wanted {
        database: Some(url),
        ..Wanted::default()
    };
    let server = Server::start(folder.path(), wanted).await.unwrap();
    let token = server.token(SCOPES).unwrap();
    let ack = Sender::connect(server.mllp, PATIENCE)
        .unwrap()
        .send(&admission(7))
        .unwrap();
    assert_eq!((ack.code.as_str(), ack.control_id.as_str()), ("AA", "C7"));

    let patients = server
        .wait_for(&token, "Patient?identifier=0000007", found)
        .await
        .unwrap();
    let patient = first(&patients);
    assert_eq!(patient["birthDate"], "1941-08-12");
    let reference = format!("Patient/{}", patient["id"].as_str().unwrap());
    let query = format!("Encounter?patient={reference}");
    let encounters = server.wait_for(&token, &query, found).await.unwrap();
    assert_eq!(first(&encounters)["status"], "in-progress");
    let query = format!("Condition?patient={reference}&code=I50.9");
    let conditions = server.wait_for(&token, &query, found).await.unwrap();
    assert_eq!(
        first(&conditions)["subject"]["reference"],
        reference.as_str()
    );
}

#[tokio::test]
async fn an_admission_that_arrives_after_the_discharge_reopens_nothing() {
    let Some(cluster) = database::cluster() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let url = database::fresh(&cluster).await.unwrap();
    let wanted = Wanted {
        database: Some(url),
        ..Wanted::default()
    };
    let server = Server::start(folder.path(), wanted).await.unwrap();
    let token = server.token(SCOPES).unwrap();
    let mut sender = Sender::connect(server.mllp, PATIENCE).unwrap();
    let update = message("ADT^A08", "U3", 3, "20260310", "20260310", "");
    for late in [discharge(3), admission(3), update] {
        assert_eq!(sender.send(&late).unwrap().code, "AA");
    }
    let finished = |bundle: &Value| {
        let encounter = first(bundle);
        encounter["status"] == "finished" && encounter["period"]["start"].is_string()
    };
    let query = "Encounter?identifier=V0000003";
    let bundle = server.wait_for(&token, query, finished).await.unwrap();
    assert_eq!(bundle["entry"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_posted_document_reaches_the_emr_as_mdm() {
    let Some(cluster) = database::cluster() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let emr = tests::server::Emr::start(&folder.path().join("emr"), "accept").unwrap();
    let wanted = Wanted {
        database: Some(database::fresh(&cluster).await.unwrap()),
        emr: Some(emr.address),
        outbound: "patient_authority = \"HCHB\"\nvisit_authority = \"HCHB\"\n\
                   [outbound.document_types]\n\"34133-9\" = \"PN^Progress note^L\"",
        ..Wanted::default()
    };
    let server = Server::start(folder.path(), wanted).await.unwrap();
    let token = server.token(SCOPES).unwrap();
    Sender::connect(server.mllp, PATIENCE)
        .unwrap()
        .send(&admission(9))
        .unwrap();
    let patients = server
        .wait_for(&token, "Patient?identifier=0000009", found)
        .await
        .unwrap();
    let patient = format!("Patient/{}", first(&patients)["id"].as_str().unwrap());
    let document = json!({
        "resourceType": "DocumentReference", "status": "current", "docStatus": "final",
        "type": {"coding": [{"system": "http://loinc.org", "code": "34133-9"}]},
        "subject": {"reference": patient}, "date": "2026-03-02T10:00:00Z",
        "content": [{"attachment": {"contentType": "application/pdf", "data": "JVBERi0xLjQK"}}]
    });
    let (status, created) = server
        .post(&token, "DocumentReference", &document)
        .await
        .unwrap();
    assert_eq!(status, 201, "{created}");
    let query = format!(
        "Task?focus=DocumentReference/{}",
        created["id"].as_str().unwrap()
    );
    let accepted =
        |bundle: &Value| first(bundle)["businessStatus"]["coding"][0]["code"] == "accepted";
    server.wait_for(&token, &query, accepted).await.unwrap();
    let mdm = emr.received().unwrap();
    assert_eq!(mdm.len(), 1);
    assert!(mdm[0].contains("|MDM^T02"), "{}", mdm[0]);
    assert!(mdm[0].contains("0000009^^^HCHB"), "{}", mdm[0]);
    assert!(mdm[0].contains("^Base64^JVBERi0xLjQK"), "{}", mdm[0]);
}
