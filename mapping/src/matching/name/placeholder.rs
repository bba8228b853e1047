//! Names that stand for somebody whose name is not known.

use super::Name;

/// Words that stand for a given name that is not known or not chosen yet.
const NO_GIVEN: [&str; 23] = [
    "BABY",
    "BABYBOY",
    "BABYGIRL",
    "BOY",
    "GIRL",
    "BB",
    "BG",
    "NB",
    "NEWBORN",
    "INFANT",
    "MALE",
    "FEMALE",
    "TWIN",
    "FETUS",
    "UNKNOWN",
    "UNK",
    "UNIDENTIFIED",
    "TRAUMA",
    "TEST",
    "DUMMY",
    "ANONYMOUS",
    "FNU",
    "NFN",
];

/// Words that stand for a family name that is not known, or for a test.
const NO_FAMILY: [&str; 12] = [
    "DOE",
    "UNKNOWN",
    "UNK",
    "UNIDENTIFIED",
    "TRAUMA",
    "TEST",
    "TESTPATIENT",
    "DUMMY",
    "ANONYMOUS",
    "LNU",
    "NLN",
    "NEWBORN",
];

/// Whether a name stands for somebody whose name is not known: `Baby Boy`, `Doe`, `Trauma`, `Test`.
/// A person who really has such a name is not recognised automatically; people still can.
pub(in crate::matching) fn is_placeholder(said: &str) -> bool {
    let name = Name::of_said(said);
    let family = name.family.split(' ').any(|word| NO_FAMILY.contains(&word));
    let given = name.given.split(' ').any(|word| NO_GIVEN.contains(&word));
    family || given || name.family.starts_with("ZZ") || name.given.starts_with("BABY")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_known() {
        for said in [
            "ROE^BABY BOY",
            "DOE^JANE",
            "ROE^BB JANE",
            "TRAUMA^ALPHA",
            "ZZTEST^A",
        ] {
            assert!(is_placeholder(said), "{said}");
        }
        for said in ["ROE^JANE", "BOYD^JANE", "TESTA^BOYD"] {
            assert!(!is_placeholder(said), "{said}");
        }
    }
}
