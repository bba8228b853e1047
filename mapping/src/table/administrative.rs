//! Tables of persons, as the official guide maps them.

use super::{Table, meaning};

const V2_0063: &str = "http://terminology.hl7.org/CodeSystem/v2-0063";
const V2_0131: &str = "http://terminology.hl7.org/CodeSystem/v2-0131";
const V3_MARITAL_STATUS: &str = "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus";
const V3_NULL_FLAVOR: &str = "http://terminology.hl7.org/CodeSystem/v3-NullFlavor";
const V3_RELIGIOUS_AFFILIATION: &str =
    "http://terminology.hl7.org/CodeSystem/v3-ReligiousAffiliation";
const V3_ROLE_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-RoleCode";

/// Table 0002 to `Patient.maritalStatus`.
pub(crate) const MARITAL_STATUS: Table = &[
    ("A", meaning("L", "Legally Separated", V3_MARITAL_STATUS)),
    ("B", meaning("U", "unmarried", V3_MARITAL_STATUS)),
    ("C", meaning("C", "Common Law", V3_MARITAL_STATUS)),
    ("D", meaning("D", "Divorced", V3_MARITAL_STATUS)),
    ("E", meaning("L", "Legally Separated", V3_MARITAL_STATUS)),
    ("G", meaning("T", "Domestic partner", V3_MARITAL_STATUS)),
    ("I", meaning("I", "Interlocutory", V3_MARITAL_STATUS)),
    ("M", meaning("M", "Married", V3_MARITAL_STATUS)),
    ("N", meaning("A", "Annulled", V3_MARITAL_STATUS)),
    ("O", meaning("OTH", "Other", V3_NULL_FLAVOR)),
    ("P", meaning("T", "Domestic partner", V3_MARITAL_STATUS)),
    ("R", meaning("T", "Domestic partner", V3_MARITAL_STATUS)),
    ("S", meaning("S", "Never Married", V3_MARITAL_STATUS)),
    ("T", meaning("NAVU", "Not available", V3_NULL_FLAVOR)),
    ("U", meaning("UNK", "Unknown", V3_NULL_FLAVOR)),
    ("W", meaning("W", "Widowed", V3_MARITAL_STATUS)),
];

/// Table 0063 to `RelatedPerson.relationship`.
pub(crate) const RELATIONSHIP: Table = &[
    ("ASC", meaning("ASC", "Associate", V2_0063)),
    ("BRO", meaning("BRO", "brother", V3_ROLE_CODE)),
    ("CGV", meaning("CGV", "Care giver", V2_0063)),
    ("CHD", meaning("CHILD", "child", V3_ROLE_CODE)),
    ("DEP", meaning("DEP", "Handicapped dependent", V2_0063)),
    ("DOM", meaning("SIGOTHR", "significant other", V3_ROLE_CODE)),
    ("EMC", meaning("C", "Emergency Contact", V2_0131)),
    ("EME", meaning("EME", "Employee", V2_0063)),
    ("EMR", meaning("E", "Employer", V2_0131)),
    (
        "EXF",
        meaning("EXT", "extended family member", V3_ROLE_CODE),
    ),
    ("FCH", meaning("CHLDFOST", "foster child", V3_ROLE_CODE)),
    ("FND", meaning("FRND", "unrelated friend", V3_ROLE_CODE)),
    ("FTH", meaning("FTH", "father", V3_ROLE_CODE)),
    ("GCH", meaning("GRNDCHILD", "grandchild", V3_ROLE_CODE)),
    ("GRD", meaning("GRD", "Guardian", V2_0063)),
    ("GRP", meaning("GRPRN", "grandparent", V3_ROLE_CODE)),
    ("MGR", meaning("MGR", "Manager", V2_0063)),
    ("MTH", meaning("MTH", "mother", V3_ROLE_CODE)),
    ("NCH", meaning("NCHILD", "natural child", V3_ROLE_CODE)),
    ("NON", meaning("NON", "None", V2_0063)),
    ("OAD", meaning("OAD", "Other adult", V2_0063)),
    ("OTH", meaning("O", "Other", V2_0131)),
    ("OWN", meaning("OWN", "Owner", V2_0063)),
    ("PAR", meaning("PRN", "parent", V3_ROLE_CODE)),
    ("SCH", meaning("STPCHLD", "step child", V3_ROLE_CODE)),
    ("SEL", meaning("ONESELF", "self", V3_ROLE_CODE)),
    ("SIB", meaning("SIB", "sibling", V3_ROLE_CODE)),
    ("SIS", meaning("SIS", "sister", V3_ROLE_CODE)),
    ("SPO", meaning("SPS", "spouse", V3_ROLE_CODE)),
    ("TRA", meaning("TRA", "Trainer", V2_0063)),
    ("UNK", meaning("U", "Unknown", V2_0131)),
    ("WRD", meaning("WRD", "Ward of court", V2_0063)),
];

/// Table 0131 to `Patient.contact.relationship`.
pub(crate) const CONTACT_ROLE: Table = &[
    ("C", meaning("C", "Emergency Contact", V2_0131)),
    ("E", meaning("E", "Employer", V2_0131)),
    ("F", meaning("F", "Federal Agency", V2_0131)),
    ("I", meaning("I", "Insurance Company", V2_0131)),
    ("N", meaning("N", "Next-of-Kin", V2_0131)),
    ("O", meaning("O", "Other", V2_0131)),
    ("S", meaning("S", "State Agency", V2_0131)),
    ("U", meaning("U", "Unknown", V2_0131)),
];

/// Table 0006 to v3-ReligiousAffiliation.
pub(crate) const RELIGION: Table = &[
    ("A", meaning("1007", "Atheism", V3_RELIGIOUS_AFFILIATION)),
    (
        "AGN",
        meaning("1004", "Agnosticism", V3_RELIGIOUS_AFFILIATION),
    ),
    ("ANG", meaning("1005", "Anglican", V3_RELIGIOUS_AFFILIATION)),
    (
        "AOG",
        meaning("1061", "Assembly of God", V3_RELIGIOUS_AFFILIATION),
    ),
    ("ATH", meaning("1007", "Atheism", V3_RELIGIOUS_AFFILIATION)),
    ("B", meaning("1009", "Baptist", V3_RELIGIOUS_AFFILIATION)),
    (
        "BAH",
        meaning("1008", "Babi & Baha'I faiths", V3_RELIGIOUS_AFFILIATION),
    ),
    ("BAP", meaning("1009", "Baptist", V3_RELIGIOUS_AFFILIATION)),
    ("BMA", meaning("1029", "Mahayana", V3_RELIGIOUS_AFFILIATION)),
    ("BRE", meaning("1062", "Brethren", V3_RELIGIOUS_AFFILIATION)),
    (
        "BTH",
        meaning("1051", "Theravada", V3_RELIGIOUS_AFFILIATION),
    ),
    (
        "CAT",
        meaning("1041", "Roman Catholic Church", V3_RELIGIOUS_AFFILIATION),
    ),
    (
        "CHR",
        meaning(
            "1013",
            "Christian (non-Catholic, non-specific)",
            V3_RELIGIOUS_AFFILIATION,
        ),
    ),
    (
        "CHS",
        meaning("1063", "Christian Scientist", V3_RELIGIOUS_AFFILIATION),
    ),
    (
        "CNF",
        meaning("1014", "Confucianism", V3_RELIGIOUS_AFFILIATION),
    ),
    (
        "COC",
        meaning("1064", "Church of Christ", V3_RELIGIOUS_AFFILIATION),
    ),
    (
        "COG",
        meaning("1065", "Church of God", V3_RELIGIOUS_AFFILIATION),
    ),
    (
        "COL",
        meaning("1066", "Congregational", V3_RELIGIOUS_AFFILIATION),
    ),
    ("CRR", meaning("1079", "Reformed", V3_RELIGIOUS_AFFILIATION)),
    (
        "DOC",
        meaning("1067", "Disciples of Christ", V3_RELIGIOUS_AFFILIATION),
    ),
    (
        "E",
        meaning("1069", "Episcopalian", V3_RELIGIOUS_AFFILIATION),
    ),
    (
        "EOT",
        meaning("1068", "Eastern Orthodox", V3_RELIGIOUS_AFFILIATION),
    ),
    (
        "EPI",
        meaning("1069", "Episcopalian", V3_RELIGIOUS_AFFILIATION),
    ),
    ("FRQ", meaning("1071", "Friends", V3_RELIGIOUS_AFFILIATION)),
    (
        "FUL",
        meaning("1072", "Full Gospel", V3_RELIGIOUS_AFFILIATION),
    ),
    ("HOT", meaning("1020", "Hinduism", V3_RELIGIOUS_AFFILIATION)),
    ("HSH", meaning("1020", "Hinduism", V3_RELIGIOUS_AFFILIATION)),
    ("HVA", meaning("1020", "Hinduism", V3_RELIGIOUS_AFFILIATION)),
    ("J", meaning("1026", "Judaism", V3_RELIGIOUS_AFFILIATION)),
    ("JAI", meaning("1024", "Jainism", V3_RELIGIOUS_AFFILIATION)),
    (
        "JWN",
        meaning("1025", "Jehovah's Witnesses", V3_RELIGIOUS_AFFILIATION),
    ),
    ("L", meaning("1028", "Lutheran", V3_RELIGIOUS_AFFILIATION)),
    ("LUT", meaning("1028", "Lutheran", V3_RELIGIOUS_AFFILIATION)),
    (
        "M",
        meaning("1027", "Latter Day Saints", V3_RELIGIOUS_AFFILIATION),
    ),
    (
        "MET",
        meaning("1073", "Methodist", V3_RELIGIOUS_AFFILIATION),
    ),
    (
        "MOM",
        meaning("1027", "Latter Day Saints", V3_RELIGIOUS_AFFILIATION),
    ),
    ("MOS", meaning("1023", "Islam", V3_RELIGIOUS_AFFILIATION)),
    (
        "MSH",
        meaning("1045", "Shiite (Islam)", V3_RELIGIOUS_AFFILIATION),
    ),
    (
        "MSU",
        meaning("1049", "Sunni (Islam)", V3_RELIGIOUS_AFFILIATION),
    ),
    ("N", meaning("1020", "Hinduism", V3_RELIGIOUS_AFFILIATION)),
    (
        "NAM",
        meaning("1074", "Native American", V3_RELIGIOUS_AFFILIATION),
    ),
    ("NAZ", meaning("1075", "Nazarene", V3_RELIGIOUS_AFFILIATION)),
    ("ORT", meaning("1036", "Orthodox", V3_RELIGIOUS_AFFILIATION)),
    ("P", meaning("1077", "Protestant", V3_RELIGIOUS_AFFILIATION)),
    (
        "PEN",
        meaning("1038", "Pentecostal", V3_RELIGIOUS_AFFILIATION),
    ),
    (
        "PRC",
        meaning(
            "1078",
            "Protestant, No Denomination",
            V3_RELIGIOUS_AFFILIATION,
        ),
    ),
    (
        "PRE",
        meaning("1076", "Presbyterian", V3_RELIGIOUS_AFFILIATION),
    ),
    (
        "PRO",
        meaning("1077", "Protestant", V3_RELIGIOUS_AFFILIATION),
    ),
    ("QUA", meaning("1071", "Friends", V3_RELIGIOUS_AFFILIATION)),
    ("REC", meaning("1079", "Reformed", V3_RELIGIOUS_AFFILIATION)),
    (
        "SAA",
        meaning("1080", "Salvation Army", V3_RELIGIOUS_AFFILIATION),
    ),
    (
        "SEV",
        meaning("1001", "Adventist", V3_RELIGIOUS_AFFILIATION),
    ),
    ("SHN", meaning("1046", "Shinto", V3_RELIGIOUS_AFFILIATION)),
    ("SIK", meaning("1047", "Sikism", V3_RELIGIOUS_AFFILIATION)),
    (
        "SPI",
        meaning("1048", "Spiritualism", V3_RELIGIOUS_AFFILIATION),
    ),
    (
        "UCC",
        meaning("1082", "United Church of Christ", V3_RELIGIOUS_AFFILIATION),
    ),
    (
        "UNI",
        meaning("1052", "Unitarian-Universalism", V3_RELIGIOUS_AFFILIATION),
    ),
    (
        "UNU",
        meaning("1081", "Unitarian Universalist", V3_RELIGIOUS_AFFILIATION),
    ),
];

/// Table 0001 to `Patient.gender`; what is not here is `unknown`.
pub(crate) const GENDER: &[(&str, &str)] = &[
    ("A", "other"),
    ("F", "female"),
    ("M", "male"),
    ("N", "other"),
    ("O", "other"),
    ("U", "unknown"),
];

/// Table 0189 to the OMB categories of ethnicity.
pub(crate) const ETHNICITY: &[(&str, &str)] = &[("H", "2135-2"), ("N", "2186-5"), ("NH", "2186-5")];

/// OMB categories of race and ethnicity (US Core), with their words.
pub(crate) const OMB_CATEGORIES: &[(&str, &str)] = &[
    ("1002-5", "American Indian or Alaska Native"),
    ("2028-9", "Asian"),
    ("2054-5", "Black or African American"),
    ("2076-8", "Native Hawaiian or Other Pacific Islander"),
    ("2106-3", "White"),
    ("2131-1", "Other Race"),
    ("2135-2", "Hispanic or Latino"),
    ("2186-5", "Not Hispanic or Latino"),
];

/// ISO 639-2 (both its forms) and what senders write, to BCP 47.
pub(crate) const LANGUAGES: &[(&str, &str)] = &[
    ("ara", "ar"),
    ("ben", "bn"),
    ("ces", "cs"),
    ("chi", "zh"),
    ("cze", "cs"),
    ("dan", "da"),
    ("deu", "de"),
    ("dut", "nl"),
    ("ell", "el"),
    ("eng", "en"),
    ("english", "en"),
    ("fin", "fi"),
    ("fra", "fr"),
    ("fre", "fr"),
    ("french", "fr"),
    ("ger", "de"),
    ("german", "de"),
    ("gre", "el"),
    ("hat", "ht"),
    ("heb", "he"),
    ("hin", "hi"),
    ("hmn", "hmn"),
    ("hun", "hu"),
    ("hye", "hy"),
    ("ind", "id"),
    ("ita", "it"),
    ("italian", "it"),
    ("jpn", "ja"),
    ("khm", "km"),
    ("kor", "ko"),
    ("korean", "ko"),
    ("lao", "lo"),
    ("nld", "nl"),
    ("nor", "no"),
    ("pan", "pa"),
    ("per", "fa"),
    ("pol", "pl"),
    ("polish", "pl"),
    ("por", "pt"),
    ("portuguese", "pt"),
    ("ron", "ro"),
    ("rum", "ro"),
    ("rus", "ru"),
    ("russian", "ru"),
    ("som", "so"),
    ("spa", "es"),
    ("spanish", "es"),
    ("srp", "sr"),
    ("swa", "sw"),
    ("swe", "sv"),
    ("tam", "ta"),
    ("tel", "te"),
    ("tgl", "tl"),
    ("tha", "th"),
    ("tur", "tr"),
    ("ukr", "uk"),
    ("urd", "ur"),
    ("vie", "vi"),
    ("vietnamese", "vi"),
    ("yid", "yi"),
    ("yor", "yo"),
    ("zho", "zh"),
];
