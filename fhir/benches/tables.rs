//! What each write costs here: the check and the index values of one Patient of 1.5 kB.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use fhir::ResourceType;
use serde_json::{Value, json};

fn patient() -> Value {
    json!({
        "resourceType": "Patient",
        "id": "0190f3a2-7d5e-7c11-8000-000000000001",
        "meta": { "versionId": "1", "lastUpdated": "2024-05-01T10:00:00.123Z" },
        "identifier": [
            {
                "use": "usual",
                "type": { "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR" }] },
                "system": "urn:oid:2.16.840.1.113883.19.5",
                "value": "MRN-000123",
                "assigner": { "display": "Example Home Health" }
            },
            { "system": "http://hl7.org/fhir/sid/us-medicare", "value": "1EG4-TE5-MK72" }
        ],
        "active": true,
        "name": [
            { "use": "official", "family": "Testperson", "given": ["Alexandra", "Jane"], "prefix": ["Ms"] },
            { "use": "maiden", "family": "Sample" }
        ],
        "telecom": [
            { "system": "phone", "value": "(555) 010-0100", "use": "home" },
            { "system": "email", "value": "alexandra@example.com" }
        ],
        "gender": "female",
        "birthDate": "1941-07-09",
        "deceasedBoolean": false,
        "address": [
            { "use": "home", "line": ["100 Example Avenue", "Apt 4"], "city": "Springfield", "state": "IL", "postalCode": "62701", "country": "US" }
        ],
        "maritalStatus": { "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus", "code": "W" }] },
        "contact": [
            {
                "relationship": [{ "text": "daughter" }],
                "name": { "family": "Testperson", "given": ["Robin"] },
                "telecom": [{ "system": "phone", "value": "555-010-0101" }]
            }
        ],
        "communication": [{ "language": { "coding": [{ "system": "urn:ietf:bcp:47", "code": "en" }] }, "preferred": true }],
        "generalPractitioner": [{ "reference": "Practitioner/0190f3a2-7d5e-7c11-8000-000000000002" }],
        "managingOrganization": { "reference": "Organization/0190f3a2-7d5e-7c11-8000-000000000003" }
    })
}

fn tables(criterion: &mut Criterion) {
    let patient = patient();
    assert!(fhir::check(&patient, Some(ResourceType::Patient)).is_empty());
    criterion.bench_function("check a patient", |bench| {
        bench.iter(|| fhir::check(black_box(&patient), Some(ResourceType::Patient)));
    });
    criterion.bench_function("index a patient", |bench| {
        bench.iter(|| fhir::index(ResourceType::Patient, black_box(&patient)));
    });
    let pairs = [
        ("family".to_owned(), "test".to_owned()),
        ("birthdate".to_owned(), "ge1941".to_owned()),
    ];
    criterion.bench_function("parse a search", |bench| {
        bench.iter(|| fhir::search::parse(ResourceType::Patient, black_box(&pairs)));
    });
}

criterion_group!(benches, tables);
criterion_main!(benches);
