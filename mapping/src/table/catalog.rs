//! All code tables by name: what documents them, and what a table row is called in lineage.

use std::sync::LazyLock;

use crate::datatype::attachment;
use crate::datatype::cwe::Meaning;

use super::{administrative, clinical, location, mapped, order, schedule, system, visit};

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

/// The rows that are built in of a table that profiles may add to.
fn mapped<T: Row>(number: &'static str, table: &[(&'static str, T)]) -> CodeTable {
    let target = mapped::known(number).map_or("", |known| known.element);
    listed(number, target, table)
}

static TABLES: LazyLock<Vec<CodeTable>> = LazyLock::new(|| {
    vec![
        mapped("0001", administrative::GENDER),
        mapped("0002", administrative::MARITAL_STATUS),
        mapped("0004", visit::CLASS),
        mapped("0006", administrative::RELIGION),
        mapped("0009", visit::AMBULATORY_STATUS),
        mapped("0038", order::ORDER_STATUS),
        listed("0062", "Provenance.reason", visit::EVENT_REASON),
        mapped("0063", administrative::RELATIONSHIP),
        listed(
            "0063",
            "Coverage.relationship",
            clinical::SUBSCRIBER_RELATIONSHIP,
        ),
        listed("0074", "Observation.category", order::SECTION),
        mapped("0085", clinical::OBSERVATION_STATUS),
        mapped("0116", location::BED_STATUS),
        mapped("0119", order::ORDER_CONTROL),
        listed("0119", "Provenance.activity", order::ACTIVITIES),
        mapped("0123", order::REPORT_STATUS),
        mapped("0127", clinical::ALLERGEN_CATEGORY),
        mapped("0128", clinical::ALLERGY_CRITICALITY),
        listed(
            "0128",
            "AllergyIntolerance.reaction.severity",
            clinical::ALLERGY_SEVERITY,
        ),
        mapped("0131", administrative::CONTACT_ROLE),
        mapped("0162", order::ROUTE),
        mapped("0165", order::ADMINISTRATION_METHOD),
        mapped("0177", order::CONFIDENTIALITY),
        mapped("0189", administrative::ETHNICITY),
        listed("0191", "media type", attachment::TYPES),
        mapped("0217", visit::VISIT_PRIORITY),
        mapped("0271", schedule::COMPLETION),
        mapped("0273", schedule::AVAILABILITY),
        mapped("0276", schedule::APPOINTMENT_REASON),
        mapped("0278", schedule::APPOINTMENT_STATUS),
        listed("0291", "media type", attachment::SUBTYPES),
        mapped("0322", order::COMPLETION),
        listed("0335", "Timing.code", order::REPEAT_PATTERN),
        mapped("0344", clinical::PATIENT_RELATIONSHIP),
        listed("0396", "system", system::SYSTEMS),
        listed("0443", "participant", visit::PROVIDER_ROLE),
        listed("0482", "ServiceRequest.locationCode", order::ORDER_TYPE),
        listed("0485", "ServiceRequest.priority", order::PRIORITY),
        mapped("0488", order::COLLECTION_METHOD),
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
            assert!(!table.target.is_empty(), "{}", table.name);
        }
    }
}
