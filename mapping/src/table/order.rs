//! Tables of orders, results and immunizations.

use super::{Table, meaning};

/// Table 0038 to `ServiceRequest.status`.
pub(crate) const ORDER_STATUS: &[(&str, &str)] = &[
    ("A", "active"),
    ("CA", "revoked"),
    ("CM", "completed"),
    ("DC", "revoked"),
    ("ER", "entered-in-error"),
    ("HD", "on-hold"),
    ("IP", "active"),
    ("RP", "revoked"),
    ("SC", "active"),
];

/// Table 0119 to `ServiceRequest.status`. A request to cancel or hold counts as done: what the filler
/// says to it comes as a status of its own.
pub(crate) const ORDER_CONTROL: &[(&str, &str)] = &[
    ("AF", "active"),
    ("CA", "revoked"),
    ("CR", "revoked"),
    ("DC", "revoked"),
    ("DF", "revoked"),
    ("DR", "revoked"),
    ("FU", "completed"),
    ("HD", "on-hold"),
    ("HR", "on-hold"),
    ("NW", "active"),
    ("OC", "revoked"),
    ("OD", "revoked"),
    ("OH", "on-hold"),
    ("OK", "active"),
    ("PR", "active"),
    ("PY", "active"),
    ("RL", "active"),
    ("RO", "active"),
    ("RQ", "active"),
];

/// Table 0119 to `Provenance.activity`: what ORC-1 does to the record of the order.
pub(crate) const ACTIVITIES: Table = &[
    ("CA", meaning("CANCEL", "cancel", DATA_OPERATION)),
    ("NW", meaning("CREATE", "create", DATA_OPERATION)),
    ("OC", meaning("CANCEL", "cancel", DATA_OPERATION)),
    ("SC", meaning("UPDATE", "revise", DATA_OPERATION)),
];

const DATA_OPERATION: &str = "http://terminology.hl7.org/CodeSystem/v3-DataOperation";

/// Tables 0485 and 0027 to `ServiceRequest.priority`, with the words that senders write instead.
pub(crate) const PRIORITY: &[(&str, &str)] = &[
    ("A", "asap"),
    ("ASAP", "asap"),
    ("R", "routine"),
    ("ROUTINE", "routine"),
    ("S", "stat"),
    ("STAT", "stat"),
    ("URGENT", "urgent"),
];

/// Table 0123 to `DiagnosticReport.status`.
pub(crate) const REPORT_STATUS: &[(&str, &str)] = &[
    ("A", "partial"),
    ("C", "corrected"),
    ("F", "final"),
    ("I", "registered"),
    ("M", "preliminary"),
    ("N", "registered"),
    ("O", "registered"),
    ("P", "preliminary"),
    ("R", "partial"),
    ("S", "registered"),
    ("X", "cancelled"),
];

/// `Observation.category`.
const CATEGORY: &str = "http://terminology.hl7.org/CodeSystem/observation-category";
const LABORATORY: crate::datatype::cwe::Meaning = meaning("laboratory", "Laboratory", CATEGORY);
const IMAGING: crate::datatype::cwe::Meaning = meaning("imaging", "Imaging", CATEGORY);

/// Table 0074 to `Observation.category`, where the section says so.
pub(crate) const SECTION: Table = &[
    ("BG", LABORATORY),
    ("BLB", LABORATORY),
    ("CG", LABORATORY),
    ("CH", LABORATORY),
    ("CP", LABORATORY),
    ("CT", IMAGING),
    ("CUS", IMAGING),
    ("GE", LABORATORY),
    ("HM", LABORATORY),
    ("IMM", LABORATORY),
    ("LAB", LABORATORY),
    ("MB", LABORATORY),
    ("MCB", LABORATORY),
    ("MYC", LABORATORY),
    ("NMR", IMAGING),
    ("NMS", IMAGING),
    ("OSL", LABORATORY),
    ("OUS", IMAGING),
    ("PAR", LABORATORY),
    ("PAT", LABORATORY),
    ("RAD", IMAGING),
    ("RUS", IMAGING),
    ("RX", IMAGING),
    ("SP", LABORATORY),
    ("SR", LABORATORY),
    ("TX", LABORATORY),
    ("URN", LABORATORY),
    ("VR", LABORATORY),
    ("VUS", IMAGING),
    ("XRC", IMAGING),
];

/// Codes of table 0078 that v3-ObservationInterpretation does not have.
pub(crate) const INTERPRETATION_OF_V2: &[&str] = &["AC", "HM", "OBX", "QCF", "TOX"];

const V3_CONFIDENTIALITY: &str = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";
const V3_ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";

/// Table 0177 to `meta.security`.
pub(crate) const CONFIDENTIALITY: Table = &[
    ("AID", meaning("HIV", "HIV related", V3_CONFIDENTIALITY)),
    (
        "EMP",
        meaning("EMP", "employee information sensitivity", V3_ACT_CODE),
    ),
    (
        "ETH",
        meaning(
            "ETHUD",
            "alcohol use disorder information sensitivity",
            V3_ACT_CODE,
        ),
    ),
    ("HIV", meaning("HIV", "HIV related", V3_CONFIDENTIALITY)),
    (
        "PSY",
        meaning("PSY", "psychiatry relate", V3_CONFIDENTIALITY),
    ),
    ("R", meaning("R", "restricted", V3_CONFIDENTIALITY)),
    ("V", meaning("V", "very restricted", V3_CONFIDENTIALITY)),
];

const V3_ROLE_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-RoleCode";

/// Table 0482 to `ServiceRequest.locationCode`.
pub(crate) const ORDER_TYPE: Table = &[
    ("I", meaning("HOSP", "Hospital", V3_ROLE_CODE)),
    ("O", meaning("OF", "Outpatient facility", V3_ROLE_CODE)),
];

const V3_ROUTE: &str = "http://terminology.hl7.org/CodeSystem/v3-RouteOfAdministration";

/// Table 0162, as far as FHIR has other codes for it.
pub(crate) const ROUTE: Table = &[
    ("ID", meaning("IDINJ", "Injection, intradermal", V3_ROUTE)),
    ("IM", meaning("IM", "Injection, intramuscular", V3_ROUTE)),
    ("IV", meaning("IVINJ", "Injection, intravenous", V3_ROUTE)),
    ("PO", meaning("PO", "Swallow, oral", V3_ROUTE)),
    ("SC", meaning("SQ", "Injection, subcutaneous", V3_ROUTE)),
    ("TD", meaning("TRNSDERM", "Transdermal", V3_ROUTE)),
];

const SNOMED: &str = "http://snomed.info/sct";

/// Table 0165 to `Dosage.method`.
pub(crate) const ADMINISTRATION_METHOD: Table = &[
    ("CH", meaning("419747000", "Chew", SNOMED)),
    ("DI", meaning("421682005", "Dissolve", SNOMED)),
    ("IS", meaning("421257003", "Insert", SNOMED)),
    ("SH", meaning("420606003", "Shampoo", SNOMED)),
    ("WA", meaning("422152000", "Wash", SNOMED)),
];

/// Table 0488, as far as FHIR has other codes for it.
pub(crate) const COLLECTION_METHOD: Table = &[
    ("BIO", meaning("129314006", "Biopsy - action", SNOMED)),
    ("SCRAPS", meaning("129323009", "Scraping - action", SNOMED)),
];

/// Table 0322 to `Immunization.status`.
pub(crate) const COMPLETION: &[(&str, &str)] = &[
    ("CP", "completed"),
    ("NA", "not-done"),
    ("PA", "completed"),
    ("RE", "not-done"),
];

const GTS: &str = "http://terminology.hl7.org/CodeSystem/v3-GTSAbbreviation";

/// Table 0335 to `Timing.code`, as far as FHIR has codes for it.
pub(crate) const REPEAT_PATTERN: Table = &[
    ("AM", meaning("AM", "AM", GTS)),
    ("BED", meaning("BED", "at bedtime", GTS)),
    ("BID", meaning("BID", "BID", GTS)),
    ("MO", meaning("MO", "monthly", GTS)),
    ("PM", meaning("PM", "PM", GTS)),
    ("Q1H", meaning("Q1H", "every hour", GTS)),
    ("Q2H", meaning("Q2H", "every 2 hours", GTS)),
    ("Q3H", meaning("Q3H", "every 3 hours", GTS)),
    ("Q4H", meaning("Q4H", "Q4H", GTS)),
    ("Q6H", meaning("Q6H", "Q6H", GTS)),
    ("Q8H", meaning("Q8H", "every 8 hours", GTS)),
    ("QD", meaning("QD", "QD", GTS)),
    ("QID", meaning("QID", "QID", GTS)),
    ("QOD", meaning("QOD", "QOD", GTS)),
    ("TID", meaning("TID", "TID", GTS)),
    ("WK", meaning("WK", "weekly", GTS)),
];

/// Events of table 0528 that `Timing.repeat.when` has.
pub(crate) const TIMING_EVENT: &[&str] = &[
    "AC", "ACD", "ACM", "ACV", "C", "CD", "CM", "CV", "HS", "PC", "PCD", "PCM", "PCV", "WAKE",
];

/// Units of time as senders write them (ANS+, ISO+, UCUM), and as FHIR does.
pub(crate) const TIME_UNIT: &[(&str, &str)] = &[
    ("a", "a"),
    ("ann", "a"),
    ("d", "d"),
    ("day", "d"),
    ("days", "d"),
    ("h", "h"),
    ("hour", "h"),
    ("hours", "h"),
    ("hr", "h"),
    ("hrs", "h"),
    ("min", "min"),
    ("minute", "min"),
    ("minutes", "min"),
    ("mo", "mo"),
    ("mon", "mo"),
    ("month", "mo"),
    ("months", "mo"),
    ("s", "s"),
    ("sec", "s"),
    ("second", "s"),
    ("seconds", "s"),
    ("week", "wk"),
    ("weeks", "wk"),
    ("wk", "wk"),
    ("year", "a"),
    ("years", "a"),
    ("yr", "a"),
];
