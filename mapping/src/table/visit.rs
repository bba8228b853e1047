//! Tables of visits.

use super::{Table, meaning};

pub(crate) const V2_0004: &str = "http://terminology.hl7.org/CodeSystem/v2-0004";
pub(crate) const V3_ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";

/// Table 0004 to `Encounter.class`.
pub(crate) const CLASS: Table = &[
    ("B", meaning("B", "Obstetrics", V2_0004)),
    ("C", meaning("C", "Commercial Account", V2_0004)),
    ("E", meaning("EMER", "emergency", V3_ACT_CODE)),
    ("I", meaning("IMP", "inpatient encounter", V3_ACT_CODE)),
    ("N", meaning("N", "Not Applicable", V2_0004)),
    ("O", meaning("AMB", "ambulatory", V3_ACT_CODE)),
    ("P", meaning("PRENC", "pre-admission", V3_ACT_CODE)),
    ("R", meaning("R", "Recurring patient", V2_0004)),
    ("U", meaning("U", "Unknown", V2_0004)),
];

/// Codes of v3-ActCode that a profile may name for a class, with their words.
pub(crate) const ACT_CODES: &[(&str, &str)] = &[
    ("ACUTE", "inpatient acute"),
    ("AMB", "ambulatory"),
    ("EMER", "emergency"),
    ("FLD", "field"),
    ("HH", "home health"),
    ("IMP", "inpatient encounter"),
    ("NONAC", "inpatient non-acute"),
    ("OBSENC", "observation encounter"),
    ("PRENC", "pre-admission"),
    ("SS", "short stay"),
    ("VR", "virtual"),
];

/// `Encounter.hospitalization.dischargeDisposition`.
pub(crate) const DISCHARGE_DISPOSITION: &str =
    "http://terminology.hl7.org/CodeSystem/discharge-disposition";

/// `Encounter.participant.type`.
pub(crate) const V3_PARTICIPATION: &str =
    "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";

/// `Encounter.diagnosis.use`.
pub(crate) const DIAGNOSIS_ROLE: &str = "http://terminology.hl7.org/CodeSystem/diagnosis-role";

/// `Condition.category`.
pub(crate) const CONDITION_CATEGORY: &str =
    "http://terminology.hl7.org/CodeSystem/condition-category";
