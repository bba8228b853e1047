use model::IdentityKind;
use serde_json::json;

use super::*;

fn identity(kind: IdentityKind, authority: &str, value: &str) -> SourceIdentity {
    SourceIdentity {
        kind,
        authority: authority.to_owned(),
        type_code: String::new(),
        value: value.to_owned(),
    }
}

fn document() -> Value {
    json!({
        "resourceType": "DocumentReference",
        "id": "0197-doc",
        "status": "current",
        "docStatus": "final",
        "date": "2024-01-15T10:30:00-05:00",
        "type": {"coding": [{"system": "http://loinc.org", "code": "34133-9", "display": "Summary"}]},
        "author": [{"display": "Dr. Able", "identifier":
            {"system": "http://hl7.org/fhir/sid/us-npi", "value": "1234567893"}}],
    })
}

fn patient() -> Value {
    json!({
        "resourceType": "Patient",
        "name": [{"family": "O|Brien", "given": ["Jane", "Q"]}],
        "birthDate": "1960-01-02",
        "gender": "female",
    })
}

fn pdf() -> Attachment {
    Attachment {
        content_type: "application/pdf".to_owned(),
        title: Some("note.pdf".to_owned()),
        bytes: Bytes::from_static(b"%PDF-1.4"),
    }
}

fn check(destination: &Destination, document: &Value) -> Result<String, Refused> {
    let identifiers = Identifiers {
        patient: vec![identity(IdentityKind::Patient, "HCHB&1.2.3&ISO", "77")],
        visit: Some(identity(IdentityKind::Visit, "HCHB", "V9")),
    };
    let control_id = ControlId::parse("DB1").unwrap();
    let bytes = build(
        document,
        &patient(),
        Some(&json!({"class": {"code": "HH"}})),
        &identifiers,
        &[pdf()],
        &control_id,
        Timestamp::UNIX_EPOCH,
        destination,
    )?;
    Ok(String::from_utf8(bytes).unwrap().replace('\r', "\n"))
}

#[test]
fn a_document_becomes_a_message() {
    insta::assert_snapshot!(check(&Destination::default(), &document()).unwrap());
}

#[test]
fn a_patient_without_an_identifier_is_held() {
    let refused = build(
        &document(),
        &patient(),
        None,
        &Identifiers::default(),
        &[pdf()],
        &ControlId::parse("DB1").unwrap(),
        Timestamp::UNIX_EPOCH,
        &Destination::default(),
    );
    assert!(refused.unwrap_err().held);
}

#[test]
fn a_type_that_the_receivers_table_lacks_is_held_never_replaced() {
    let mut destination = Destination::default();
    destination
        .types
        .insert("11506-3".to_owned(), DocumentType::default());
    assert!(check(&destination, &document()).unwrap_err().held);
    let mapped = DocumentType {
        code: "DS".to_owned(),
        ..DocumentType::default()
    };
    destination
        .types
        .insert("http://loinc.org|34133-9".to_owned(), mapped);
    assert!(
        check(&destination, &document())
            .unwrap()
            .contains("TXA|1|DS|")
    );
}

#[test]
fn a_document_that_is_too_large_is_never_sent() {
    let destination = Destination {
        content_bytes_max: 4,
        ..Destination::default()
    };
    assert!(!check(&destination, &document()).unwrap_err().held);
}

#[test]
fn receivers_have_their_wording() {
    let destination = Destination {
        media_wording: MediaWording::Mime,
        patient_id_width: 6,
        patient_authority: "EMR".to_owned(),
        zone: "America/Chicago".to_owned(),
        zone_offset: false,
        visit_id: vec![VisitField::AlternateVisitId],
        ..Destination::default()
    };
    let message = check(&destination, &document()).unwrap();
    assert!(message.contains("^application^pdf^Base64^JVBERi0xLjQ="));
    assert!(message.contains("PID|1||000077^^^EMR^MR||"));
    assert!(message.contains("20240115093000|"));
    assert!(message.contains("PV1|1|O||||||||||||||||||||||||||||||||||||||||||||||||V9^^^HCHB"));
}
