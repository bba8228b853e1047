//! Names of persons: their plain form, placeholders, and how much two names agree.

use rphonetic::{DoubleMetaphone, Encoder};
use serde::{Deserialize, Serialize};

use super::nickname;
use super::score::Sheet;
use super::text::{is_one_slip, words};
use super::weights::{Weights, What};

/// A name, its parts in the form of [`words`].
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Name {
    #[serde(rename = "f", default, skip_serializing_if = "String::is_empty")]
    pub(super) family: String,
    #[serde(rename = "g", default, skip_serializing_if = "String::is_empty")]
    pub(super) given: String,
    #[serde(rename = "m", default, skip_serializing_if = "String::is_empty")]
    pub(super) middle: String,
    #[serde(rename = "s", default, skip_serializing_if = "String::is_empty")]
    pub(super) suffix: String,
}

/// Which son or daughter of the name: what is written, what it means.
const SUFFIXES: [(&str, &str); 12] = [
    ("JR", "JR"),
    ("JUNIOR", "JR"),
    ("SR", "SR"),
    ("SENIOR", "SR"),
    ("I", "SR"),
    ("II", "II"),
    ("2ND", "II"),
    ("III", "III"),
    ("3RD", "III"),
    ("IV", "IV"),
    ("4TH", "IV"),
    ("V", "V"),
];

fn generation(word: &str) -> Option<&'static str> {
    let known = SUFFIXES.iter().find(|(written, _)| *written == word);
    known.map(|(_, meaning)| *meaning)
}

impl Name {
    pub(super) fn new(family: &str, given: &str, middle: &str, suffix: &str) -> Self {
        let mut suffix = generation(&words(suffix)).unwrap_or_default();
        let mut take = |sent: &str| {
            let mut words = words(sent);
            // `Roe Jr` in one part; a name that is nothing but a suffix stays.
            if let Some((rest, last)) = words.rsplit_once(' ')
                && let Some(meaning) = generation(last).filter(|_| 1 < last.len())
            {
                suffix = meaning;
                words.truncate(rest.len());
            }
            words
        };
        let (family, mut given, mut middle) = (take(family), take(given), take(middle));
        if middle.is_empty()
            && let Some((first, last)) = given.rsplit_once(' ')
            && last.len() == 1
        {
            last.clone_into(&mut middle);
            given.truncate(first.len());
        }
        Self {
            family,
            given,
            middle,
            suffix: suffix.to_owned(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.family.is_empty() && self.given.is_empty()
    }

    /// `FAMILY^GIVEN^MIDDLE^SUFFIX`.
    pub(super) fn said(&self) -> String {
        let parts = [&self.family, &self.given, &self.middle, &self.suffix];
        let said = parts.map(String::as_str).join("^");
        said.trim_end_matches('^').to_owned()
    }

    /// Reads what [`Name::said`] wrote.
    pub(super) fn of_said(said: &str) -> Self {
        let mut parts = said.split('^').map(str::to_owned);
        let mut next = || parts.next().unwrap_or_default();
        Self {
            family: next(),
            given: next(),
            middle: next(),
            suffix: next(),
        }
    }

    /// The name with family and given name in each other's place.
    fn swapped(&self) -> Self {
        Self {
            family: self.given.clone(),
            given: self.family.clone(),
            ..self.clone()
        }
    }
}

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
pub(super) fn is_placeholder(said: &str) -> bool {
    let name = Name::of_said(said);
    let family = name.family.split(' ').any(|word| NO_FAMILY.contains(&word));
    let given = name.given.split(' ').any(|word| NO_GIVEN.contains(&word));
    family || given || name.family.starts_with("ZZ") || name.given.starts_with("BABY")
}

/// Family names that more than about one in 500 bear (US census 2010): that two of them agree says
/// less. A table of how often each name stands in this population would have to be kept and would
/// change scores as it grows; a common name costs a fixed number of points instead.
const COMMON_FAMILIES: [&str; 42] = [
    "SMITH",
    "JOHNSON",
    "WILLIAMS",
    "BROWN",
    "JONES",
    "GARCIA",
    "MILLER",
    "DAVIS",
    "RODRIGUEZ",
    "MARTINEZ",
    "HERNANDEZ",
    "LOPEZ",
    "GONZALEZ",
    "WILSON",
    "ANDERSON",
    "THOMAS",
    "TAYLOR",
    "MOORE",
    "JACKSON",
    "MARTIN",
    "LEE",
    "PEREZ",
    "THOMPSON",
    "WHITE",
    "HARRIS",
    "SANCHEZ",
    "CLARK",
    "RAMIREZ",
    "LEWIS",
    "ROBINSON",
    "WALKER",
    "YOUNG",
    "ALLEN",
    "KING",
    "WRIGHT",
    "SCOTT",
    "TORRES",
    "NGUYEN",
    "HILL",
    "FLORES",
    "GREEN",
    "ADAMS",
];

/// Given names that about one in 100 of their sex bear.
const COMMON_GIVENS: [&str; 24] = [
    "JAMES",
    "JOHN",
    "ROBERT",
    "MICHAEL",
    "WILLIAM",
    "DAVID",
    "RICHARD",
    "JOSEPH",
    "THOMAS",
    "CHARLES",
    "CHRISTOPHER",
    "DANIEL",
    "MARY",
    "PATRICIA",
    "JENNIFER",
    "LINDA",
    "ELIZABETH",
    "BARBARA",
    "SUSAN",
    "MARGARET",
    "DOROTHY",
    "BETTY",
    "HELEN",
    "NANCY",
];

/// Words of family names that are no names.
const PARTICLES: [&str; 15] = [
    "DE", "LA", "DEL", "LOS", "LAS", "VAN", "VON", "DER", "DEN", "SAN", "SANTA", "SAINT", "ST",
    "MAC", "DOS",
];

/// How much two names agree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Agreement {
    points: i32,
    pub(super) family: Option<What>,
    pub(super) given: Option<What>,
    middle: Option<What>,
    swapped: Option<What>,
    alias: Option<What>,
}

impl Agreement {
    fn parts(&self) -> impl Iterator<Item = What> {
        let parts = [
            self.family,
            self.given,
            self.middle,
            self.swapped,
            self.alias,
        ];
        parts.into_iter().flatten()
    }

    fn weighed(mut self, weights: &Weights) -> Self {
        self.points = self.parts().map(|what| weights.of(what)).sum();
        self
    }

    pub(super) fn add_to(&self, sheet: &mut Sheet<'_>) {
        for what in self.parts() {
            sheet.add(what);
        }
    }

    /// Whether both say a given name and the two can't mean one person.
    pub(super) fn is_other_given(&self) -> bool {
        self.given == Some(What::GivenOther)
    }

    /// Whether the given names are surely meant to be one name.
    pub(super) fn is_given_certain(&self) -> bool {
        matches!(
            self.given,
            Some(What::GivenSame | What::GivenCommon | What::GivenNickname | What::GivenSlip)
        )
    }
}

/// The best agreement among all the names of two persons.
pub(super) fn compare(one: &[Name], other: &[Name], weights: &Weights) -> Agreement {
    let mut best: Option<Agreement> = None;
    for (i, left) in one.iter().enumerate() {
        for (j, right) in other.iter().enumerate() {
            let mut agreement = pair(left, right);
            agreement.alias = (0 < i + j).then_some(What::NameAlias);
            best = best.max(Some(agreement.weighed(weights)));
        }
    }
    best.unwrap_or_default()
}

fn pair(one: &Name, other: &Name) -> Agreement {
    let is_swapped = !one.family.is_empty()
        && !one.given.is_empty()
        && one.family == other.given
        && one.given == other.family
        && one.family != one.given;
    if is_swapped {
        // Letter by letter, or a given name that is somebody's family name would do.
        return Agreement {
            swapped: Some(What::NameSwapped),
            ..unswapped(&one.swapped(), other)
        };
    }
    unswapped(one, other)
}

fn unswapped(one: &Name, other: &Name) -> Agreement {
    Agreement {
        family: family(&one.family, &other.family),
        given: given(one, other),
        middle: middle(&one.middle, &other.middle),
        ..Agreement::default()
    }
}

fn joined(words: &str) -> String {
    words.replace(' ', "")
}

/// How two family names agree; none when one is not said.
pub(super) fn family(one: &str, other: &str) -> Option<What> {
    let (left, right) = (joined(one), joined(other));
    if left.is_empty() || right.is_empty() {
        return None;
    }
    if left == right {
        let is_common = COMMON_FAMILIES.contains(&left.as_str());
        return Some(if is_common {
            What::FamilyCommon
        } else {
            What::FamilySame
        });
    }
    let is_name = |word: &&str| 2 < word.len() && !PARTICLES.contains(word);
    let mut names = one.split(' ').filter(is_name);
    let shares = names.any(|name| other.split(' ').any(|word| word == name));
    let shorter = left.len().min(right.len());
    Some(if shares {
        What::FamilyPart
    } else if 3 < shorter && is_one_slip(&left, &right) || is_two_slips(&left, &right) {
        What::FamilySimilar
    } else if sound(&left) == sound(&right) {
        What::FamilySound
    } else {
        What::FamilyOther
    })
}

fn is_two_slips(one: &str, other: &str) -> bool {
    7 < one.len().min(other.len()) && strsim::osa_distance(one, other) == 2
}

fn given(one: &Name, other: &Name) -> Option<What> {
    let (left, right) = (joined(&one.given), joined(&other.given));
    if left.is_empty() || right.is_empty() {
        return None;
    }
    if left == right {
        let is_common = COMMON_GIVENS.contains(&left.as_str());
        return Some(match left.chars().count() {
            1 => What::GivenInitial,
            _ if is_common => What::GivenCommon,
            _ => What::GivenSame,
        });
    }
    Some(different_given(one, other, &left, &right))
}

fn different_given(one: &Name, other: &Name, left: &str, right: &str) -> What {
    if left.chars().count() == 1 || right.chars().count() == 1 {
        return if left.chars().next() == right.chars().next() {
            What::GivenInitial
        } else {
            What::GivenOther
        };
    }
    let (first, rest) = one.given.split_once(' ').unwrap_or((&one.given, ""));
    let (second, more) = other.given.split_once(' ').unwrap_or((&other.given, ""));
    if first == second && (rest.is_empty() || more.is_empty()) || nickname::related(left, right) {
        return What::GivenNickname;
    }
    let is_middle = |given: &str, middle: &str| {
        1 < middle.chars().count() && (given == middle || nickname::related(given, middle))
    };
    if is_middle(left, &other.middle) || is_middle(right, &one.middle) {
        return What::GivenMiddle;
    }
    if nickname::share_root(left, right) {
        return What::GivenSimilar;
    }
    // Two names that are both names are not slips of each other: twins are called so.
    if nickname::is_known(left) && nickname::is_known(right) {
        return What::GivenOther;
    }
    if is_safe_slip(left, right) {
        What::GivenSlip
    } else if is_one_slip(left, right) || is_two_slips(left, right) || is_same_sound(left, right) {
        What::GivenSimilar
    } else {
        What::GivenOther
    }
}

/// Neighbours swapped behind the same first letter: hardly any second name arises so. (One doubles a
/// letter: `Marisa` and `Marissa` may be twins.)
fn is_safe_slip(one: &str, other: &str) -> bool {
    one.chars().next() == other.chars().next()
        && 3 < one.len().min(other.len())
        && one.len() == other.len()
        && is_one_slip(one, other)
        && strsim::levenshtein(one, other) == 2
}

fn is_same_sound(one: &str, other: &str) -> bool {
    one.chars().next() == other.chars().next() && sound(one) == sound(other)
}

fn middle(one: &str, other: &str) -> Option<What> {
    if one.is_empty() || other.is_empty() {
        return None;
    }
    let is_initial = one.chars().count() == 1 || other.chars().count() == 1;
    Some(if one == other && !is_initial {
        What::MiddleSame
    } else if is_initial && one.chars().next() == other.chars().next()
        || is_one_slip(&joined(one), &joined(other)) && !is_initial
        || nickname::related(one, other)
    {
        What::MiddleInitial
    } else {
        What::MiddleOther
    })
}

/// Whether two suffixes name different generations. `Jr` and `II` are written for each other.
pub(super) fn is_other_generation(one: &str, other: &str) -> bool {
    let is_second = |suffix: &str| matches!(suffix, "JR" | "II");
    let is_said = !one.is_empty() && !other.is_empty();
    is_said && one != other && !(is_second(one) && is_second(other))
}

/// How a name sounds; a name in another script sounds as it is written.
pub(super) fn sound(name: &str) -> String {
    let letters = joined(name);
    if !letters.is_ascii() {
        return letters;
    }
    let letters: String = letters.chars().filter(char::is_ascii_alphabetic).collect();
    let sound = DoubleMetaphone::default().encode(&letters);
    if sound.is_empty() { letters } else { sound }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(family: &str, given: &str, middle: &str) -> Name {
        Name::new(family, given, middle, "")
    }

    fn check_given(one: (&str, &str), other: (&str, &str), expected: What) {
        let (left, right) = (name("ROE", one.0, one.1), name("ROE", other.0, other.1));
        assert_eq!(given(&left, &right), Some(expected), "{one:?} {other:?}");
        assert_eq!(given(&right, &left), Some(expected), "{other:?} {one:?}");
    }

    #[test]
    fn given_names_agree_as_people_write_them() {
        check_given(("Bob", ""), ("Robert", ""), What::GivenNickname);
        check_given(("Bob", ""), ("Rob", ""), What::GivenSimilar);
        check_given(("Mary Ann", ""), ("Mary", ""), What::GivenNickname);
        check_given(("Mary Ann", ""), ("Maryann", ""), What::GivenSame);
        check_given(("Mary Ann", ""), ("Mary Jane", ""), What::GivenOther);
        check_given(("Orbert", ""), ("Robert", ""), What::GivenSimilar);
        check_given(("Robret", ""), ("Robert", ""), What::GivenSlip);
        check_given(("Robxrt", ""), ("Robert", ""), What::GivenSimilar);
        check_given(("R", ""), ("Robert", ""), What::GivenInitial);
        check_given(("Lee", ""), ("Robert", "Lee"), What::GivenMiddle);
    }

    #[test]
    fn names_of_twins_are_not_slips_of_each_other() {
        for (one, other) in [("Maria", "Marie"), ("Eric", "Erin"), ("Jayden", "Hayden")] {
            check_given((one, ""), (other, ""), What::GivenOther);
        }
    }

    #[test]
    fn family_names_agree_as_people_write_them() {
        for (one, other, expected) in [
            ("Smith", "SMITH", What::FamilyCommon),
            ("O'Brien", "OBrien", What::FamilySame),
            ("Roe-Made", "Made", What::FamilyPart),
            ("de la Cruz", "de la Rosa", What::FamilyOther),
            ("Quimby", "Quinby", What::FamilySimilar),
            ("Meyer", "Maier", What::FamilySound),
            ("Quimby", "Zed", What::FamilyOther),
        ] {
            assert_eq!(
                family(&words(one), &words(other)),
                Some(expected),
                "{one} {other}"
            );
        }
    }

    #[test]
    fn family_and_given_name_may_be_swapped() {
        let weights = Weights::default();
        let found = compare(
            &[name("Quimby", "Orla", "")],
            &[name("Orla", "Quimby", "")],
            &weights,
        );
        assert_eq!(found.swapped, Some(What::NameSwapped));
        assert!(found.is_given_certain());
    }

    #[test]
    fn a_suffix_is_found_wherever_it_stands() {
        assert_eq!(name("Roe Jr.", "Al", "").suffix, "JR");
        assert_eq!(Name::new("Roe", "Al", "", "3rd").suffix, "III");
        assert_eq!(name("Roe", "Al B", "").middle, "B");
        assert!(is_other_generation("JR", "SR") && !is_other_generation("JR", "II"));
        assert!(!is_other_generation("JR", ""));
    }

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
