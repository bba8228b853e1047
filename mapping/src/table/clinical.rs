//! Tables of allergies, coverage and results.

use super::{Table, meaning};

/// Table 0127 to `AllergyIntolerance.category`.
pub(crate) const ALLERGEN_CATEGORY: &[(&str, &str)] = &[
    ("AA", "biologic"),
    ("DA", "medication"),
    ("EA", "environment"),
    ("FA", "food"),
    ("LA", "environment"),
    ("PA", "environment"),
];

/// Table 0128 to `AllergyIntolerance.criticality`; moderate is neither high nor low.
pub(crate) const ALLERGY_CRITICALITY: &[(&str, &str)] = &[("MI", "low"), ("SV", "high")];

/// Table 0128 to `AllergyIntolerance.reaction.severity`.
pub(crate) const ALLERGY_SEVERITY: &[(&str, &str)] =
    &[("MI", "mild"), ("MO", "moderate"), ("SV", "severe")];

const RELATIONSHIP: &str = "http://terminology.hl7.org/CodeSystem/subscriber-relationship";

/// Table 0063 to `Coverage.relationship`.
pub(crate) const SUBSCRIBER_RELATIONSHIP: Table = &[
    ("CHD", meaning("child", "Child", RELATIONSHIP)),
    ("DOM", meaning("common", "Common Law Spouse", RELATIONSHIP)),
    ("FCH", meaning("child", "Child", RELATIONSHIP)),
    ("FTH", meaning("parent", "Parent", RELATIONSHIP)),
    ("MTH", meaning("parent", "Parent", RELATIONSHIP)),
    ("NCH", meaning("child", "Child", RELATIONSHIP)),
    ("OTH", meaning("other", "Other", RELATIONSHIP)),
    ("PAR", meaning("parent", "Parent", RELATIONSHIP)),
    ("SCH", meaning("child", "Child", RELATIONSHIP)),
    ("SEL", meaning("self", "Self", RELATIONSHIP)),
    ("SPO", meaning("spouse", "Spouse", RELATIONSHIP)),
];

/// Table 0344: what the patient is to the insured, to the codes of FHIR for a subscriber.
pub(crate) const PATIENT_RELATIONSHIP: Table = &[
    ("01", meaning("self", "Self", RELATIONSHIP)),
    ("02", meaning("spouse", "Spouse", RELATIONSHIP)),
    ("03", meaning("child", "Child", RELATIONSHIP)),
    ("04", meaning("child", "Child", RELATIONSHIP)),
    ("05", meaning("child", "Child", RELATIONSHIP)),
    ("06", meaning("child", "Child", RELATIONSHIP)),
    ("07", meaning("other", "Other", RELATIONSHIP)),
    ("08", meaning("other", "Other", RELATIONSHIP)),
    ("10", meaning("other", "Other", RELATIONSHIP)),
    ("11", meaning("other", "Other", RELATIONSHIP)),
    ("12", meaning("other", "Other", RELATIONSHIP)),
    ("13", meaning("other", "Other", RELATIONSHIP)),
    ("14", meaning("other", "Other", RELATIONSHIP)),
    ("15", meaning("injured", "Injured Party", RELATIONSHIP)),
    ("16", meaning("other", "Other", RELATIONSHIP)),
    ("17", meaning("other", "Other", RELATIONSHIP)),
    ("18", meaning("parent", "Parent", RELATIONSHIP)),
    ("19", meaning("other", "Other", RELATIONSHIP)),
];

/// Table 0085 to `Observation.status`.
pub(crate) const OBSERVATION_STATUS: &[(&str, &str)] = &[
    ("A", "amended"),
    ("B", "preliminary"),
    ("C", "corrected"),
    ("D", "entered-in-error"),
    ("F", "final"),
    ("I", "registered"),
    ("N", "unknown"),
    ("O", "registered"),
    ("P", "preliminary"),
    ("R", "preliminary"),
    ("S", "preliminary"),
    ("U", "final"),
    ("V", "final"),
    ("W", "entered-in-error"),
    ("X", "cancelled"),
];
