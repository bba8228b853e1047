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

/// Table 0443 (and 0912, which has the same codes) to who somebody is in a visit or for a patient.
pub(crate) const PROVIDER_ROLE: Table = &[
    ("AD", meaning("ADM", "admitter", V3_PARTICIPATION)),
    ("AT", meaning("ATND", "attender", V3_PARTICIPATION)),
    ("CP", meaning("CON", "consultant", V3_PARTICIPATION)),
    ("PI", meaning("40570005", "Interpreter", SNOMED_CT)),
    (
        "PP",
        meaning("446050000", "PCP - Primary care physician", SNOMED_CT),
    ),
    ("RP", meaning("REF", "referrer", V3_PARTICIPATION)),
];

/// Table 0217 to `Encounter.priority`.
pub(crate) const VISIT_PRIORITY: Table = &[
    ("1", meaning("EM", "emergency", V3_ACT_PRIORITY)),
    ("2", meaning("UR", "urgent", V3_ACT_PRIORITY)),
    ("3", meaning("EL", "elective", V3_ACT_PRIORITY)),
];

const V3_ACT_PRIORITY: &str = "http://terminology.hl7.org/CodeSystem/v3-ActPriority";
const SNOMED_CT: &str = "http://snomed.info/sct";

/// Table 0009 to `Encounter.hospitalization.specialArrangement`, where FHIR has a code of its own.
pub(crate) const AMBULATORY_STATUS: Table = &[(
    "A2",
    meaning(
        "wheel",
        "Wheelchair",
        "http://terminology.hl7.org/CodeSystem/encounter-special-arrangements",
    ),
)];

/// Table 0062 to `Provenance.reason`.
pub(crate) const EVENT_REASON: Table = &[
    ("01", meaning("PATRQT", "patient requested", V3_ACT_REASON)),
    ("02", meaning("TREAT", "treatment", V3_ACT_REASON)),
    (
        "03",
        meaning("HOPERAT", "healthcare operations", V3_ACT_REASON),
    ),
];

const V3_ACT_REASON: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";
