//! Elements that R4 requires, as they are where nobody said anything of them.

use fhir::ResourceType;

/// The names of an element (of a choice: all of them), and what it is then.
type Element = (&'static [&'static str], &'static str);

/// What resources must have. Elements that are computed anyway are not here.
const REQUIRED: &[(ResourceType, &[Element])] = &[
    (ResourceType::AllergyIntolerance, &[PATIENT]),
    (ResourceType::Appointment, &[PARTICIPANT]),
    (ResourceType::ChargeItem, &[STATUS, CODE, SUBJECT]),
    (ResourceType::Condition, &[SUBJECT]),
    (ResourceType::Coverage, &[BENEFICIARY, PAYOR]),
    (ResourceType::DiagnosticReport, &[STATUS, CODE]),
    (ResourceType::EpisodeOfCare, &[PATIENT]),
    (
        ResourceType::Immunization,
        &[DONE, VACCINE, PATIENT, OCCURRED],
    ),
    (
        ResourceType::MedicationRequest,
        &[STATUS, ORIGINAL_ORDER, MEDICATION, SUBJECT],
    ),
    (ResourceType::Observation, &[CODE]),
    (ResourceType::Procedure, &[STATUS, SUBJECT]),
    (ResourceType::RelatedPerson, &[PATIENT]),
    (ResourceType::ServiceRequest, &[STATUS, ORDER, SUBJECT]),
];

/// What a resource of that type must have.
pub(super) fn of(kind: ResourceType) -> &'static [Element] {
    let found = REQUIRED.iter().find(|(known, _)| *known == kind);
    found.map_or(&[], |(_, required)| required)
}

const STATUS: Element = (&["status"], r#"{"status":"unknown"}"#);
const CODE: Element = (&["code"], r#"{"code":{"text":"unknown"}}"#);
const SUBJECT: Element = (&["subject"], r#"{"subject":{"display":"unknown"}}"#);
const PATIENT: Element = (&["patient"], r#"{"patient":{"display":"unknown"}}"#);
const ORDER: Element = (&["intent"], r#"{"intent":"order"}"#);
const ORIGINAL_ORDER: Element = (&["intent"], r#"{"intent":"original-order"}"#);
const MEDICATION: Element = (
    &["medicationCodeableConcept"],
    r#"{"medicationCodeableConcept":{"text":"unknown"}}"#,
);
const DONE: Element = (&["status"], r#"{"status":"completed"}"#);
const VACCINE: Element = (&["vaccineCode"], r#"{"vaccineCode":{"text":"unknown"}}"#);
const OCCURRED: Element = (
    &["occurrenceDateTime", "occurrenceString"],
    r#"{"occurrenceString":"unknown"}"#,
);
const BENEFICIARY: Element = (&["beneficiary"], r#"{"beneficiary":{"display":"unknown"}}"#);
const PAYOR: Element = (&["payor"], r#"{"payor":[{"display":"unknown"}]}"#);
const PARTICIPANT: Element = (
    &["participant"],
    r#"{"participant":[{"actor":{"display":"unknown"},"status":"needs-action"}]}"#,
);
