//! How two given names agree, and two middle names.

use super::super::nickname;
use super::super::text::is_one_slip;
use super::super::weights::What;
use super::{Name, is_two_slips, joined, sound};

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

pub(super) fn given(one: &Name, other: &Name) -> Option<What> {
    let (left, right) = (joined(&one.given), joined(&other.given));
    if left.is_empty() || right.is_empty() {
        return None;
    }
    if left == right {
        return Some(match left.chars().count() {
            1 => What::GivenInitial,
            _ if COMMON_GIVENS.contains(&left.as_str()) => What::GivenCommon,
            _ => What::GivenSame,
        });
    }
    Some(different_given(one, other, &left, &right))
}

fn different_given(one: &Name, other: &Name, left: &str, right: &str) -> What {
    if is_crossed(one, other) || is_crossed(other, one) {
        return What::GivenCrossed;
    }
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
    if is_safe_slip(left, right) || is_misspelt(left, right) || is_misspelt(right, left) {
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

/// Whether the second is the first, a name that many bear, with a wrong letter inside that makes it a
/// word like no name: `Patrxck`. What twins are called differs at an end (`Jayden`, `Kayden`; `Maria`,
/// `Mariah`), in a double letter, or makes another name.
fn is_misspelt(name: &str, word: &str) -> bool {
    let ends = |text: &str| (text.chars().next(), text.chars().next_back());
    nickname::is_known(name)
        && 3 < name.len().min(word.len())
        && ends(name) == ends(word)
        && is_one_slip(name, word)
        && single(name) != single(word)
        && nickname::is_unlike_names(word)
}

/// A name with each double letter written once.
fn single(name: &str) -> Vec<char> {
    let mut letters: Vec<char> = name.chars().collect();
    letters.dedup();
    letters
}

/// Whether one's middle name is the other's given name and the other way round, as far as both say;
/// or one has a mere initial before it (`J Edgar`). No two children of a family are named so.
fn is_crossed(one: &Name, other: &Name) -> bool {
    let (middle, given) = (one.middle.as_str(), other.given.as_str());
    let is_initial = |name: &str| name.chars().count() == 1;
    let is_called_so = !is_initial(middle) && (middle == given || nickname::related(middle, given));
    let (first, second) = (one.given.as_str(), other.middle.as_str());
    let fits = first == second
        || (is_initial(first) || is_initial(second))
            && first.chars().next() == second.chars().next();
    let is_before = is_initial(first) && second.is_empty();
    !middle.is_empty() && !first.is_empty() && is_called_so && (fits || is_before)
}

fn is_same_sound(one: &str, other: &str) -> bool {
    one.chars().next() == other.chars().next() && sound(one) == sound(other)
}

pub(super) fn middle(one: &str, other: &str) -> Option<What> {
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
        check_given(("Robxrt", ""), ("Robert", ""), What::GivenSlip);
        check_given(("Rober", ""), ("Robert", ""), What::GivenSimilar);
        check_given(("R", ""), ("Robert", ""), What::GivenInitial);
        check_given(("Lee", ""), ("Robert", "Lee"), What::GivenMiddle);
        check_given(("Lee", "R"), ("Robert", "Lee"), What::GivenCrossed);
        check_given(("Lee", "Robert"), ("Robert", "Lee"), What::GivenCrossed);
        check_given(("Lee", ""), ("R", "Lee"), What::GivenCrossed);
        check_given(("Lee", "J"), ("Robert", "Lee"), What::GivenMiddle);
    }

    #[test]
    fn names_of_twins_are_not_slips_of_each_other() {
        for (one, other) in [("Maria", "Marie"), ("Eric", "Erin"), ("Jayden", "Hayden")] {
            check_given((one, ""), (other, ""), What::GivenOther);
        }
        for (one, other) in [("Lary", "Larry"), ("Mariaj", "Maria"), ("Zobert", "Robert")] {
            check_given((one, ""), (other, ""), What::GivenSimilar);
        }
    }
}
