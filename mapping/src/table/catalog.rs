//! All code tables by name: what documents them, and what a table row is called in lineage.

use std::sync::LazyLock;

use crate::datatype::attachment;
use crate::datatype::cwe::Meaning;

use super::{administrative, clinical, location, order, schedule, system, visit};

/// A code table as people read it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CodeTable {
    /// The HL7 table (`0004`), or a word where the codes are of no HL7 table.
    pub name: &'static str,
    /// What its codes become: an element, or a code system.
    pub target: &'static str,
    /// Its rows, sorted by what is sent.
    pub rows: Vec<CodeRow>,
}

/// A row of a code table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CodeRow {
    /// The code that is sent.
    pub sent: &'static str,
    /// The code, or the words, that it becomes.
    pub code: &'static str,
    /// What that code is called; empty where it needs no words.
    pub display: &'static str,
    /// The system of the code; empty where the element has a fixed set of codes.
    pub system: &'static str,
}

impl CodeRow {
    /// Whether an element could have its value from this row.
    pub(crate) fn gives(&self, value: &str) -> bool {
        [self.code, self.display, self.system].contains(&value)
    }
}

trait Row: Copy {
    fn row(self, sent: &'static str) -> CodeRow;
}

impl Row for Meaning {
    fn row(self, sent: &'static str) -> CodeRow {
        CodeRow {
            sent,
            code: self.code,
            display: self.display,
            system: self.system,
        }
    }
}

impl Row for &'static str {
    fn row(self, sent: &'static str) -> CodeRow {
        CodeRow {
            sent,
            code: self,
            display: "",
            system: "",
        }
    }
}

fn listed<T: Row>(
    name: &'static str,
    target: &'static str,
    table: &[(&'static str, T)],
) -> CodeTable {
    CodeTable {
        name,
        target,
        rows: table.iter().map(|(sent, row)| row.row(sent)).collect(),
    }
}

static TABLES: LazyLock<Vec<CodeTable>> = LazyLock::new(|| {
    vec![
        listed("0001", "gender", administrative::GENDER),
        listed(
            "0002",
            "Patient.maritalStatus",
            administrative::MARITAL_STATUS,
        ),
        listed("0004", "Encounter.class", visit::CLASS),
        listed("0006", "religious affiliation", administrative::RELIGION),
        listed(
            "0009",
            "Encounter.hospitalization.specialArrangement",
            visit::AMBULATORY_STATUS,
        ),
        listed("0038", "ServiceRequest.status", order::ORDER_STATUS),
        listed("0062", "Provenance.reason", visit::EVENT_REASON),
        listed(
            "0063",
            "RelatedPerson.relationship",
            administrative::RELATIONSHIP,
        ),
        listed(
            "0063",
            "Coverage.relationship",
            clinical::SUBSCRIBER_RELATIONSHIP,
        ),
        listed("0074", "Observation.category", order::SECTION),
        listed("0085", "Observation.status", clinical::OBSERVATION_STATUS),
        listed("0116", "Location.operationalStatus", location::BED_STATUS),
        listed("0119", "ServiceRequest.status", order::ORDER_CONTROL),
        listed("0119", "Provenance.activity", order::ACTIVITIES),
        listed("0123", "DiagnosticReport.status", order::REPORT_STATUS),
        listed(
            "0127",
            "AllergyIntolerance.category",
            clinical::ALLERGEN_CATEGORY,
        ),
        listed(
            "0128",
            "AllergyIntolerance.criticality",
            clinical::ALLERGY_CRITICALITY,
        ),
        listed(
            "0128",
            "AllergyIntolerance.reaction.severity",
            clinical::ALLERGY_SEVERITY,
        ),
        listed(
            "0131",
            "Patient.contact.relationship",
            administrative::CONTACT_ROLE,
        ),
        listed("0162", "route", order::ROUTE),
        listed("0165", "Dosage.method", order::ADMINISTRATION_METHOD),
        listed("0177", "meta.security", order::CONFIDENTIALITY),
        listed(
            "0189",
            "OMB category of ethnicity",
            administrative::ETHNICITY,
        ),
        listed("0191", "media type", attachment::TYPES),
        listed("0217", "Encounter.priority", visit::VISIT_PRIORITY),
        listed("0271", "DocumentReference.docStatus", schedule::COMPLETION),
        listed("0273", "DocumentReference.status", schedule::AVAILABILITY),
        listed(
            "0276",
            "Appointment.reasonCode",
            schedule::APPOINTMENT_REASON,
        ),
        listed("0278", "Appointment.status", schedule::APPOINTMENT_STATUS),
        listed("0291", "media type", attachment::SUBTYPES),
        listed("0322", "Immunization.status", order::COMPLETION),
        listed("0335", "Timing.code", order::REPEAT_PATTERN),
        listed(
            "0344",
            "Coverage.relationship",
            clinical::PATIENT_RELATIONSHIP,
        ),
        listed("0396", "system", system::SYSTEMS),
        listed("0443", "participant", visit::PROVIDER_ROLE),
        listed("0482", "ServiceRequest.locationCode", order::ORDER_TYPE),
        listed("0485", "ServiceRequest.priority", order::PRIORITY),
        listed(
            "0488",
            "Specimen.collection.method",
            order::COLLECTION_METHOD,
        ),
        listed("language", "BCP 47", administrative::LANGUAGES),
        listed(
            "race and ethnicity",
            "OMB category",
            administrative::OMB_CATEGORIES,
        ),
        listed("unit of time", "UCUM", order::TIME_UNIT),
        listed(
            "v3-ActCode",
            "words of a class that a profile names",
            visit::ACT_CODES,
        ),
    ]
});

/// Every table that this build maps codes with.
pub fn code_tables() -> &'static [CodeTable] {
    &TABLES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_known_by_its_codes() {
        for (at, table) in code_tables().iter().enumerate() {
            let codes =
                |table: &CodeTable| -> Vec<_> { table.rows.iter().map(|row| row.sent).collect() };
            let first = code_tables()
                .iter()
                .position(|other| codes(other) == codes(table));
            assert_eq!(first, Some(at), "{} {}", table.name, table.target);
        }
    }
}
