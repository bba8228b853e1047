//! Numbers that name one person, whoever asks: social security, Medicare, driver's licence …

use serde::{Deserialize, Serialize};

use super::text::{code, digits, is_monotone, is_one_slip};
use super::weights::What;

/// The numbers of one type (table 0203) from one authority.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Numbers {
    #[serde(rename = "k", default, skip_serializing_if = "String::is_empty")]
    pub(super) kind: String,
    #[serde(rename = "a", default, skip_serializing_if = "String::is_empty")]
    pub(super) authority: String,
    #[serde(rename = "v")]
    pub(super) values: Vec<String>,
}

/// Social security numbers that are known from advertisements, or typed where one must be given.
const DUMMY_SSNS: [&str; 8] = [
    "123456789",
    "987654321",
    "078051120",
    "219099999",
    "111223333",
    "123121234",
    "001010001",
    "012345678",
];

/// The plain form of a number; none where it says nothing.
pub(super) fn said(kind: &str, sent: &str) -> Option<String> {
    if kind == "SS" {
        return social_security(sent);
    }
    let value = code(sent);
    let is_blank = value.is_empty() || (3 < value.len() && is_monotone(&value));
    (!is_blank).then_some(value)
}

/// Nine digits or the last four, however they are written and whatever masks the others.
fn social_security(sent: &str) -> Option<String> {
    let digits = digits(sent);
    match digits.len() {
        9 if is_issued(&digits) => Some(digits),
        4 if digits != "0000" => Some(digits),
        _ => None,
    }
}

/// Area 000, 666 and 9xx, group 00 and serial 0000 are never issued (SSA, POMS RM 10201.035).
fn is_issued(ssn: &str) -> bool {
    let part = |range| ssn.get(range).unwrap_or_default();
    let is_real = part(0..3) != "000" && part(0..3) != "666" && part(0..1) != "9";
    let is_real = is_real && part(3..5) != "00" && part(5..9) != "0000";
    is_real && !is_monotone(ssn) && !DUMMY_SSNS.contains(&ssn)
}

/// Whether a number of this type is a Medicare Beneficiary Identifier: eleven letters and digits in the
/// order that CMS fixed. What came before it began with the social security number of anybody.
fn is_mbi(value: &str) -> bool {
    let is_digit = |at: usize| matches!(at, 0 | 3 | 6 | 9 | 10);
    let is_letter = |at: usize| matches!(at, 1 | 4 | 7 | 8);
    value.len() == 11
        && value.bytes().enumerate().all(|(at, byte)| {
            byte.is_ascii_alphanumeric()
                && (!is_digit(at) || byte.is_ascii_digit())
                && (!is_letter(at) || byte.is_ascii_uppercase())
        })
}

/// What two social security numbers say; none when one is not said.
pub(super) fn compare_ssn(one: &str, other: &str) -> Option<What> {
    let last = |ssn: &str| ssn.get(ssn.len().checked_sub(4)?..).map(str::to_owned);
    let is_full = one.len() == 9 && other.len() == 9;
    Some(if is_full {
        match (one == other, is_one_slip(one, other)) {
            (true, _) => What::SsnSame,
            (false, true) => What::SsnSlip,
            (false, false) => What::SsnOther,
        }
    } else {
        let (left, right) = (last(one)?, last(other)?);
        let number = |last: &str| last.parse().unwrap_or(0_u16);
        let is_next = number(&left).abs_diff(number(&right)) == 1;
        match (left == right, is_one_slip(&left, &right) && !is_next) {
            (true, _) => What::SsnLastSame,
            // Numbers that were applied for together, as for twins, follow each other. Other slips
            // of four digits say nothing: one of two hundred and fifty is so near.
            (false, true) => return None,
            (false, false) => What::SsnLastOther,
        }
    })
}

/// What a type's numbers are good for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    /// One person has one of it for life, so that two of them are two people.
    Unique,
    /// Agreement says much, difference little: licences and insurers change.
    Personal,
    /// A record number: the authority itself says who is who.
    Record,
    /// A number of something else than the person.
    None,
}

/// By type in table 0203.
fn usage(kind: &str) -> Use {
    match kind {
        "MC" | "MBI" | "NI" => Use::Unique,
        "DL" | "MA" | "PPN" | "MI" | "HC" | "NH" | "MB" => Use::Personal,
        "MR" | "MRN" | "PI" | "PT" | "EI" | "" => Use::Record,
        _ => Use::None,
    }
}

/// What two lists of numbers say of the same type: agreement, contradiction, and whether an
/// authority itself holds the two for two people.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Said {
    pub(super) points: Option<What>,
    pub(super) is_contradicted: bool,
    pub(super) is_same_source: bool,
    /// Whether a number agrees that nobody else in the family has.
    pub(super) is_own: bool,
}

/// Compares what both have. The best agreement counts once, however many numbers agree: they are
/// copied from one card, or from one record, together.
pub(super) fn compare(one: &[Numbers], other: &[Numbers]) -> Said {
    let mut said = Said::default();
    let mut points: Vec<What> = Vec::new();
    for left in one {
        for right in other.iter().filter(|right| are_comparable(left, right)) {
            let values = |numbers: &Numbers| numbers.values.clone();
            let agrees = left.values.iter().any(|value| right.values.contains(value));
            let near = !agrees && is_near(&values(left), &values(right));
            let kind = usage(&left.kind);
            said.is_contradicted |= kind == Use::Unique && !agrees && !near;
            said.is_same_source |= kind == Use::Record && !agrees;
            // A family is one member to its insurer.
            said.is_own |= agrees && left.kind != "MB";
            points.push(match (agrees, near && kind != Use::Record) {
                (true, _) => What::NumberSame,
                (false, true) => What::NumberSlip,
                (false, false) => What::NumberOther,
            });
        }
    }
    let has = |what: What| points.contains(&what).then_some(what);
    let differs = has(What::NumberOther).filter(|_| said.is_contradicted || said.is_same_source);
    said.points = differs
        .or(has(What::NumberSame))
        .or(has(What::NumberSlip))
        .or(has(What::NumberOther));
    said
}

fn is_near(one: &[String], other: &[String]) -> bool {
    one.iter()
        .any(|left| other.iter().any(|right| is_one_slip(left, right)))
}

fn are_comparable(one: &Numbers, other: &Numbers) -> bool {
    let is_medicare = |numbers: &Numbers| matches!(numbers.kind.as_str(), "MC" | "MBI");
    if is_medicare(one) && is_medicare(other) {
        // One number in the whole country; its predecessor compares with nothing.
        let are_mbi = |numbers: &Numbers| numbers.values.iter().all(|value| is_mbi(value));
        return are_mbi(one) && are_mbi(other);
    }
    one.kind == other.kind && one.authority == other.authority && usage(&one.kind) != Use::None
}

/// The types under which a number alone finds its person.
pub(super) fn is_findable(numbers: &Numbers) -> bool {
    matches!(usage(&numbers.kind), Use::Unique | Use::Personal) || numbers.kind == "EI"
}

/// The authority under which a number is looked for: none for what is one number in the country.
pub(super) fn scope(numbers: &Numbers) -> (&str, &str) {
    match numbers.kind.as_str() {
        "MC" | "MBI" => ("MC", ""),
        kind => (kind, &numbers.authority),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(kind: &str, authority: &str, value: &str) -> Numbers {
        Numbers {
            kind: kind.to_owned(),
            authority: authority.to_owned(),
            values: vec![value.to_owned()],
        }
    }

    #[test]
    fn dummy_numbers_say_nothing() {
        for sent in [
            "000-00-0000",
            "123-45-6789",
            "999-99-9999",
            "900121234",
            "0000",
            "12",
            "",
        ] {
            assert_eq!(said("SS", sent), None, "{sent}");
        }
        assert_eq!(said("SS", "536-22-8714").as_deref(), Some("536228714"));
        assert_eq!(said("SS", "XXX-XX-8714").as_deref(), Some("8714"));
        assert_eq!(said("MR", " 00-4711 ").as_deref(), Some("004711"));
    }

    #[test]
    fn the_last_four_digits_are_compared_with_the_last_four() {
        assert_eq!(compare_ssn("536228714", "8714"), Some(What::SsnLastSame));
        assert_eq!(compare_ssn("536228714", "8174"), None);
        assert_eq!(compare_ssn("536228714", "8715"), Some(What::SsnLastOther));
        assert_eq!(compare_ssn("536228714", "1907"), Some(What::SsnLastOther));
        assert_eq!(compare_ssn("536228714", "536228741"), Some(What::SsnSlip));
        assert_eq!(compare_ssn("536228714", "218339021"), Some(What::SsnOther));
    }

    #[test]
    fn two_record_numbers_of_one_authority_are_two_people_to_it() {
        let one = [numbers("MR", "HCHB", "1")];
        assert!(compare(&one, &[numbers("MR", "HCHB", "2")]).is_same_source);
        assert!(!compare(&one, &[numbers("MR", "NORTH", "2")]).is_same_source);
        assert!(!compare(&one, &[numbers("AN", "HCHB", "2")]).is_same_source);
        let both = Numbers {
            values: vec!["1".to_owned(), "2".to_owned()],
            ..numbers("MR", "HCHB", "2")
        };
        assert!(!compare(&one, &[both]).is_same_source);
    }

    #[test]
    fn a_medicare_number_is_one_in_the_country() {
        let one = [numbers("MC", "A", "1EG4TE5MK73")];
        let same = compare(&one, &[numbers("MC", "B", "1EG4TE5MK73")]);
        assert_eq!(same.points, Some(What::NumberSame));
        assert!(compare(&one, &[numbers("MC", "B", "9AA9AA9AA99")]).is_contradicted);
        assert!(!compare(&one, &[numbers("MC", "B", "1EG4TE5MK74")]).is_contradicted);
        assert!(!compare(&one, &[numbers("MC", "B", "536228714A")]).is_contradicted);
        assert!(same.is_own);
        let member = [numbers("MB", "A", "4711")];
        assert!(!compare(&member, &member).is_own);
    }
}
