//! Code tables: v2 tables as FHIR codes, as data.

pub(crate) mod administrative;
mod catalog;
pub(crate) mod clinical;
pub(crate) mod location;
pub(crate) mod mapped;
pub(crate) mod order;
pub(crate) mod schedule;
pub(crate) mod system;
pub(crate) mod usage;
pub(crate) mod visit;

pub use catalog::{CodeRow, CodeTable, code_tables};

use crate::datatype::cwe::Meaning;

/// v2 codes, sorted, with what they mean in FHIR.
pub(crate) type Table = &'static [(&'static str, Meaning)];

pub(crate) const fn meaning(
    code: &'static str,
    display: &'static str,
    system: &'static str,
) -> Meaning {
    Meaning {
        code,
        display,
        system,
    }
}

/// The row of a code in a sorted table.
pub(crate) fn find<T: Copy>(table: &[(&str, T)], code: &str) -> Option<T> {
    let at = table
        .binary_search_by(|(known, _)| (*known).cmp(code))
        .ok()?;
    usage::note(table, at);
    table.get(at).map(|(_, row)| *row)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: Copy>(table: &[(&str, T)]) {
        assert!(
            table.windows(2).all(|pair| pair[0].0 < pair[1].0),
            "at {:?}",
            table[0].0
        );
    }

    #[test]
    fn every_table_is_sorted_so_that_every_code_is_found() {
        check(administrative::MARITAL_STATUS);
        check(administrative::RELATIONSHIP);
        check(administrative::CONTACT_ROLE);
        check(administrative::RELIGION);
        check(administrative::GENDER);
        check(administrative::ETHNICITY);
        check(administrative::OMB_CATEGORIES);
        check(administrative::LANGUAGES);
        check(clinical::ALLERGEN_CATEGORY);
        check(clinical::ALLERGY_CRITICALITY);
        check(clinical::ALLERGY_SEVERITY);
        check(clinical::SUBSCRIBER_RELATIONSHIP);
        check(clinical::OBSERVATION_STATUS);
        check(clinical::PATIENT_RELATIONSHIP);
        check(schedule::APPOINTMENT_STATUS);
        check(schedule::APPOINTMENT_REASON);
        check(schedule::COMPLETION);
        check(schedule::AVAILABILITY);
        check(location::BED_STATUS);
        check(visit::CLASS);
        check(visit::ACT_CODES);
        check(visit::PROVIDER_ROLE);
        check(visit::EVENT_REASON);
        check(visit::VISIT_PRIORITY);
        check(visit::AMBULATORY_STATUS);
        check(order::ORDER_STATUS);
        check(order::ORDER_CONTROL);
        check(order::PRIORITY);
        check(order::REPORT_STATUS);
        check(order::SECTION);
        check(order::CONFIDENTIALITY);
        check(order::ORDER_TYPE);
        check(order::ROUTE);
        check(order::ADMINISTRATION_METHOD);
        check(order::COLLECTION_METHOD);
        check(order::COMPLETION);
        check(order::REPEAT_PATTERN);
        check(order::TIME_UNIT);
    }
}
