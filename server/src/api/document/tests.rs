use serde_json::json;

use super::*;

const PATIENT: &str = "0190f3a2-7d5e-7c11-8000-000000000001";
const BINARY: &str = "0190f3a2-7d5e-7c11-8000-000000000002";

fn id(text: &str) -> ResourceId {
    text.parse().unwrap()
}

fn take_from(document: &mut Value) -> Result<Vec<Attachment>, FhirError> {
    take_attachments(document, || id(BINARY))
}

fn document(attachment: &Value) -> Value {
    json!({ "resourceType": "DocumentReference", "content": [{ "attachment": attachment }] })
}

fn places(error: FhirError) -> Vec<String> {
    let FhirError::Invalid(faults) = error else {
        panic!("{error}")
    };
    faults.into_iter().map(|fault| fault.path).collect()
}

#[test]
fn inline_content_becomes_the_url_of_a_binary_with_size_and_hash() {
    let mut document =
        document(&json!({ "contentType": "text/plain", "data": "aGVs\nbG8", "title": "t" }));
    let taken = take_from(&mut document).unwrap();
    assert_eq!(taken[0].content, b"hello");
    assert_eq!(
        document["content"][0]["attachment"],
        json!({
            "contentType": "text/plain", "title": "t", "url": format!("Binary/{BINARY}"),
            "size": 5, "hash": "qvTGHdzF6KLavt4PO0gs2a6pQ00=",
        })
    );
}

#[test]
fn what_an_attachment_says_of_its_content_must_be_true() {
    for (attachment, place) in [
        (
            json!({ "contentType": "text/plain", "data": "a*b" }),
            "data",
        ),
        (json!({ "data": "aGVsbG8=" }), "contentType"),
        (
            json!({ "contentType": "text/plain", "data": "aGVsbG8=", "size": 4 }),
            "size",
        ),
        (
            json!({ "contentType": "text/plain", "data": "aGVsbG8=", "hash": "x" }),
            "hash",
        ),
        (
            json!({ "contentType": "text/plain", "data": "aGVsbG8=", "url": "http://h" }),
            "url",
        ),
    ] {
        let error = take_from(&mut document(&attachment)).unwrap_err();
        let expected = format!("DocumentReference.content[0].attachment.{place}");
        assert_eq!(places(error), [expected]);
    }
}

#[test]
fn an_attachment_over_the_limit_is_refused_with_the_limit() {
    let data = "A".repeat(ATTACHMENT_BYTES_MAX / 3 * 4 + 8);
    let error = take_from(&mut document(
        &json!({ "contentType": "x/y", "data": data }),
    ));
    assert!(matches!(error, Err(FhirError::AttachmentTooLarge { .. })));
}

#[test]
fn a_document_names_a_patient_and_encounters_of_this_server() {
    let mut posted = json!({
        "subject": { "reference": format!("https://h/fhir/Patient/{PATIENT}") },
        "context": { "encounter": [{ "reference": format!("Encounter/{BINARY}") }] },
    });
    make_relative(&mut posted, "https://h/fhir");
    let found = about(&posted).unwrap();
    assert_eq!(found.patient, id(PATIENT));
    assert_eq!(
        found.of_patient[0].path,
        "DocumentReference.context.encounter[0]"
    );
    assert_eq!(found.of_patient[0].id, id(BINARY));

    let elsewhere = json!({
        "subject": { "reference": "https://elsewhere/Patient/1" },
        "context": { "encounter": [{ "display": "visit" }] },
    });
    assert_eq!(
        places(about(&elsewhere).unwrap_err()),
        [
            "DocumentReference.subject",
            "DocumentReference.context.encounter[0]"
        ]
    );
}

#[test]
fn id_version_time_and_origin_are_the_servers_and_the_rest_is_as_posted() {
    let posted = json!({
        "status": "current",
        "resourceType": "DocumentReference",
        "id": "mine",
        "meta": {
            "versionId": "9", "source": "urn:drawbridge:journal:1", "profile": ["http://p"],
            "tag": [{ "system": "urn:drawbridge:origin", "code": "emr" }, { "code": "x" }],
        },
    });
    let stored = with_meta(posted, id(PATIENT), 1, jiff::Timestamp::UNIX_EPOCH);
    assert_eq!(
        stored.to_string(),
        json!({
            "resourceType": "DocumentReference",
            "id": PATIENT,
            "meta": {
                "versionId": "1", "lastUpdated": "1970-01-01T00:00:00Z", "profile": ["http://p"],
                "tag": [{ "code": "x" }, { "system": "urn:drawbridge:origin", "code": "app" }],
            },
            "status": "current",
        })
        .to_string()
    );
}

#[test]
fn content_that_is_a_binary_already_must_be_named_as_one() {
    let linked = |url: String| {
        let mut posted = document(&json!({ "contentType": "text/plain", "url": url }));
        posted["subject"] = json!({ "reference": format!("Patient/{PATIENT}") });
        make_relative(&mut posted, "https://h/fhir");
        about(&posted)
    };
    for url in [
        format!("Binary/{BINARY}"),
        format!("https://h/fhir/Binary/{BINARY}"),
    ] {
        let found = linked(url).unwrap();
        assert_eq!(found.of_patient[0].kind, fhir::ResourceType::Binary);
    }
    assert!(
        linked("https://elsewhere/Binary/1".to_owned())
            .unwrap()
            .of_patient
            .is_empty()
    );
    let place = "DocumentReference.content[0].attachment.url";
    assert_eq!(places(linked("Binary/1".to_owned()).unwrap_err()), [place]);
}
