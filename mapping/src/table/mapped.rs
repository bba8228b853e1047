//! The v2 tables whose codes become codes of FHIR, and what they become: a profile may add rows to each,
//! also where there are none built in.

use super::system::V2_0203;
use super::visit::{DIAGNOSIS_ROLE, DISCHARGE_DISPOSITION, V3_ACT_CODE};

/// A table of codes as senders write them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table {
    pub(crate) number: &'static str,
    /// What its codes become.
    pub(crate) element: &'static str,
    /// Which codes that may be.
    pub(crate) target: Target,
}

/// Which codes a row of a table may give.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    /// One of these: FHIR has no others.
    Codes(&'static [&'static str]),
    /// Those of this system, unless the row names another.
    System(&'static str),
    /// Those of a system that the row must name.
    Any,
}

const GENDERS: &[&str] = &["male", "female", "other", "unknown"];
const RESULT_STATUSES: &[&str] = &[
    "registered",
    "preliminary",
    "final",
    "amended",
    "corrected",
    "cancelled",
    "entered-in-error",
    "unknown",
];
const REPORT_STATUSES: &[&str] = &[
    "registered",
    "partial",
    "preliminary",
    "final",
    "amended",
    "corrected",
    "appended",
    "cancelled",
    "entered-in-error",
    "unknown",
];
const APPOINTMENT_STATUSES: &[&str] = &[
    "proposed",
    "pending",
    "booked",
    "arrived",
    "fulfilled",
    "cancelled",
    "noshow",
    "entered-in-error",
    "checked-in",
    "waitlist",
];

const REQUEST_STATUSES: &[&str] = &[
    "draft",
    "active",
    "on-hold",
    "revoked",
    "completed",
    "entered-in-error",
    "unknown",
];
/// The codes of the CDC for race and ethnicity.
const CDC_RACE: &str = "urn:oid:2.16.840.1.113883.6.238";

const fn table(number: &'static str, element: &'static str, target: Target) -> Table {
    Table {
        number,
        element,
        target,
    }
}

/// In the order of their numbers.
const TABLES: &[Table] = &[
    table("0001", "Patient.gender", Target::Codes(GENDERS)),
    table(
        "0002",
        "Patient.maritalStatus",
        Target::System("http://terminology.hl7.org/CodeSystem/v3-MaritalStatus"),
    ),
    table("0004", "Encounter.class", Target::System(V3_ACT_CODE)),
    table("0005", "Patient.extension(race)", Target::System(CDC_RACE)),
    table(
        "0006",
        "Patient.extension(religion)",
        Target::System("http://terminology.hl7.org/CodeSystem/v3-ReligiousAffiliation"),
    ),
    table("0007", "Encounter.type", Target::Any),
    table(
        "0009",
        "Encounter.hospitalization.specialArrangement",
        Target::Any,
    ),
    table(
        "0017",
        "ChargeItem.extension(transaction type)",
        Target::Any,
    ),
    table("0018", "Encounter.type", Target::Any),
    table(
        "0023",
        "Encounter.hospitalization.admitSource",
        Target::System("http://terminology.hl7.org/CodeSystem/admit-source"),
    ),
    table(
        "0038",
        "ServiceRequest.status",
        Target::Codes(REQUEST_STATUSES),
    ),
    table(
        "0052",
        "Encounter.diagnosis.use",
        Target::System(DIAGNOSIS_ROLE),
    ),
    table(
        "0063",
        "RelatedPerson.relationship",
        Target::System("http://terminology.hl7.org/CodeSystem/v3-RoleCode"),
    ),
    table("0064", "Coverage.type", Target::Any),
    table("0069", "Encounter.serviceType", Target::Any),
    table(
        "0074",
        "DiagnosticReport.category",
        Target::System("http://terminology.hl7.org/CodeSystem/v2-0074"),
    ),
    table("0085", "Observation.status", Target::Codes(RESULT_STATUSES)),
    table("0086", "Coverage.type", Target::System(V3_ACT_CODE)),
    table("0092", "Encounter.hospitalization.reAdmission", Target::Any),
    table(
        "0099",
        "Encounter.hospitalization.specialCourtesy",
        Target::Any,
    ),
    table(
        "0112",
        "Encounter.hospitalization.dischargeDisposition",
        Target::System(DISCHARGE_DISPOSITION),
    ),
    table(
        "0114",
        "Encounter.hospitalization.dietPreference",
        Target::Any,
    ),
    table(
        "0116",
        "Location.operationalStatus",
        Target::System("http://terminology.hl7.org/CodeSystem/v2-0116"),
    ),
    table(
        "0119",
        "ServiceRequest.status",
        Target::Codes(REQUEST_STATUSES),
    ),
    table(
        "0123",
        "DiagnosticReport.status",
        Target::Codes(REPORT_STATUSES),
    ),
    table(
        "0127",
        "AllergyIntolerance.category",
        Target::Codes(&["food", "medication", "environment", "biologic"]),
    ),
    table(
        "0128",
        "AllergyIntolerance.criticality",
        Target::Codes(&["low", "high", "unable-to-assess"]),
    ),
    table(
        "0131",
        "Patient.contact.relationship",
        Target::System("http://terminology.hl7.org/CodeSystem/v2-0131"),
    ),
    table("0132", "ChargeItem.code", Target::Any),
    table("0162", "Immunization.route", Target::Any),
    table(
        "0165",
        "MedicationRequest.dosageInstruction.method",
        Target::Any,
    ),
    table("0177", "ServiceRequest.meta.security", Target::Any),
    table(
        "0189",
        "Patient.extension(ethnicity)",
        Target::System(CDC_RACE),
    ),
    table("0203", "Identifier.type", Target::System(V2_0203)),
    table("0217", "Encounter.priority", Target::Any),
    table("0230", "Procedure.category", Target::Any),
    table("0270", "DocumentReference.type", Target::Any),
    table(
        "0271",
        "DocumentReference.docStatus",
        Target::Codes(&["preliminary", "final", "amended", "entered-in-error"]),
    ),
    table(
        "0273",
        "DocumentReference.status",
        Target::Codes(&["current", "superseded", "entered-in-error"]),
    ),
    table("0276", "Appointment.reasonCode", Target::Any),
    table("0277", "Appointment.appointmentType", Target::Any),
    table(
        "0278",
        "Appointment.status",
        Target::Codes(APPOINTMENT_STATUSES),
    ),
    table("0292", "Immunization.vaccineCode", Target::Any),
    table("0296", "Patient.communication.language", Target::Any),
    table(
        "0322",
        "Immunization.status",
        Target::Codes(&["completed", "entered-in-error", "not-done"]),
    ),
    table(
        "0344",
        "Coverage.relationship",
        Target::System("http://terminology.hl7.org/CodeSystem/subscriber-relationship"),
    ),
    table("0360", "Practitioner.qualification", Target::Any),
    table("0430", "Encounter.extension(mode of arrival)", Target::Any),
    table("0487", "Specimen.type", Target::Any),
    table("0488", "Specimen.collection.method", Target::Any),
    table("0493", "Specimen.condition", Target::Any),
    table("0550", "dosage and immunization site", Target::Any),
];

/// The table of a number.
pub(crate) fn known(number: &str) -> Option<Table> {
    TABLES.iter().find(|table| table.number == number).copied()
}

/// The numbers of all.
pub(crate) fn numbers() -> impl Iterator<Item = &'static str> + Clone {
    TABLES.iter().map(|table| table.number)
}
