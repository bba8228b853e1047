//! Invented names and places, and real codes (ICD-10-CM is in the public domain).

use rand::Rng;
use rand::seq::IndexedRandom;

/// Surnames that nobody bears, some with what makes converters stumble: an apostrophe, a hyphen,
/// letters beyond ASCII.
const FAMILIES: [&str; 28] = [
    "Brackenfield",
    "Thistlewood",
    "Quillanby",
    "Marrowby",
    "Fennimoor",
    "Ashgrovely",
    "Larkspurre",
    "Nightwell",
    "O'Fennelly",
    "Dunwickham",
    "Hollowellow",
    "Pepperidgely",
    "Söderglimt",
    "Nuñéquez",
    "Van Der Moorland",
    "Tanglebrook",
    "Wetherspunn",
    "Ostrichter",
    "Umberlane",
    "Velvetine",
    "Copperthwaitely",
    "Ironmead",
    "Jessamyne",
    "Kettlewick",
    "Loomis-Hartwood",
    "Gravenstine",
    "Yarrowgate",
    "Zephyrton",
];
const GIVEN_F: [&str; 12] = [
    "Orla",
    "Tilda",
    "Maribeth",
    "Zoë",
    "Philippa",
    "Ottoline",
    "Wilhelmina",
    "Noreen",
    "Delphine",
    "Xiomara",
    "Ines",
    "Guinevere",
];
const GIVEN_M: [&str; 12] = [
    "Bram",
    "Cosmo",
    "Thaddeus",
    "Rufus",
    "Ansel",
    "Hjalmar",
    "Ignatius",
    "Lorcan",
    "Peregrine",
    "Ulysses",
    "Osvaldo",
    "Benedikt",
];
const STREETS: [&str; 10] = [
    "Alder Lane",
    "Nutmeg Court",
    "Old Ferry Road",
    "Lantern Street",
    "Sorrel Way",
    "Mill Pond Drive",
    "Harrow Hill",
    "Juniper Row",
    "St. Elsewhere Avenue",
    "Plover Terrace",
];
const TOWNS: [(&str, &str, &str); 6] = [
    ("Fernbrook", "IL", "Quarry"),
    ("Millhaven", "IL", "Quarry"),
    ("Little Marsh", "WI", "Heron"),
    ("Oxbow Falls", "WI", "Heron"),
    ("Port Wren", "IA", "Tern"),
    ("Saint Plover", "IA", "Tern"),
];

/// Diagnoses that bring people into home care.
pub(super) const DIAGNOSES: [(&str, &str); 14] = [
    ("I10", "Essential (primary) hypertension"),
    ("I50.9", "Heart failure, unspecified"),
    ("E11.9", "Type 2 diabetes mellitus without complications"),
    ("E11.621", "Type 2 diabetes mellitus with foot ulcer"),
    (
        "J44.9",
        "Chronic obstructive pulmonary disease, unspecified",
    ),
    ("J18.9", "Pneumonia, unspecified organism"),
    ("I63.9", "Cerebral infarction, unspecified"),
    (
        "G20.A1",
        "Parkinson's disease without dyskinesia, without mention of fluctuations",
    ),
    ("L89.152", "Pressure ulcer of sacral region, stage 2"),
    ("N18.30", "Chronic kidney disease, stage 3 unspecified"),
    ("M17.11", "Unilateral primary osteoarthritis, right knee"),
    ("Z96.651", "Presence of right artificial knee joint"),
    (
        "Z48.812",
        "Encounter for surgical aftercare following surgery on the circulatory system",
    ),
    (
        "F03.90",
        "Unspecified dementia, unspecified severity, without behavioral disturbance",
    ),
];

/// Payers: plan, company id, company, IN1-15. The ampersand is a separator that must be escaped.
pub(super) const PAYERS: [(&str, &str, &str, &str); 4] = [
    ("MEDA", "CMS01", "Medicare Part A", "MA"),
    ("MEDB", "CMS02", "Medicare Part B", "MB"),
    ("FERN1", "FM77", "Fern & Sons Mutual", "CI"),
    ("HAVEN2", "HV12", "Haven Health Plan", "HN"),
];

/// The two agencies of the feed: MSH-4, the authority of their MRNs, the branch.
pub(super) const FACILITIES: [(&str, &str, &str); 2] =
    [("MAPLE", "MAPLEMRN", "BR10"), ("RIVER", "RIVERMRN", "BR20")];

/// Somebody who cares: shared by many visits, and their name may change.
#[derive(Clone, Debug)]
pub(super) struct Staff {
    pub(super) id: String,
    pub(super) authority: &'static str,
    pub(super) id_type: &'static str,
    pub(super) family: String,
    pub(super) given: &'static str,
    pub(super) degree: &'static str,
}

/// Physicians with NPI-like numbers (a real one begins with 1 or 2), then nurses of the agency.
pub(super) fn staff() -> Vec<Staff> {
    let names = FAMILIES.iter().rev().zip(GIVEN_F.iter().chain(&GIVEN_M));
    let people = names.enumerate().map(|(n, (family, given))| {
        let physician = n < 10;
        Staff {
            id: if physician {
                format!("90000{:05}", n * 37 + 11)
            } else {
                format!("RN{:04}", n * 13)
            },
            authority: if physician { "NPI" } else { "HHASTAFF" },
            id_type: if physician { "NPI" } else { "EI" },
            family: (*family).to_owned(),
            given,
            degree: if physician { "MD" } else { "RN" },
        }
    });
    people.collect()
}

/// How many of [`staff`] are physicians; they stand first.
pub(super) const N_PHYSICIANS: usize = 10;

/// A surname.
pub(super) fn family(rng: &mut impl Rng) -> &'static str {
    FAMILIES.choose(rng).copied().unwrap_or("Thistlewood")
}

/// A given name for PID-8 `sex`.
pub(super) fn given(rng: &mut impl Rng, sex: &str) -> &'static str {
    let names = if sex == "F" { &GIVEN_F } else { &GIVEN_M };
    names.choose(rng).copied().unwrap_or("Ines")
}

/// An XAD with a post code that is not assigned.
pub(super) fn address(rng: &mut impl Rng) -> String {
    let street = STREETS.choose(rng).copied().unwrap_or("Alder Lane");
    let (town, state, county) = TOWNS
        .choose(rng)
        .copied()
        .unwrap_or(("Fernbrook", "IL", "Quarry"));
    let unit = if rng.random_ratio(1, 4) {
        format!("Apt {}", rng.random_range(1..40))
    } else {
        String::new()
    };
    let (house, zip) = (rng.random_range(1..2000), rng.random_range(0..1000));
    format!("{house} {street}^{unit}^{town}^{state}^00{zip:03}^USA^H^^{county}")
}

/// A telephone number of the range kept for fiction (555-0100 to 555-0199), as an XTN.
pub(super) fn phone(rng: &mut impl Rng, usage: &str, equipment: &str) -> String {
    let line = rng.random_range(100..200);
    format!("(312)555-0{line}^{usage}^{equipment}^^1^312^5550{line}")
}
