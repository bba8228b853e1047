//! Birth dates, by the digits that were sent.

use super::text::{self, is_monotone};
use super::weights::What;

/// Dates that stand for "unknown".
const DUMMIES: [&str; 8] = [
    "19000101", "19010101", "18000101", "18500101", "19111111", "99991231", "17760704", "190001",
];

/// The years in which somebody who is cared for can be born; everything else is a stand-in.
const YEARS: std::ops::RangeInclusive<u32> = 1880..=2200;

/// `YYYYMMDD`, `YYYYMM` or `YYYY`; a day or month that is none stays, since it may be swapped.
pub(super) fn said(sent: &str) -> Option<String> {
    let digits: String = sent
        .trim()
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    let n_digits = match digits.len() {
        8.. => 8,
        6..8 => 6,
        4..6 => 4,
        _ => return None,
    };
    let date = digits.get(..n_digits)?;
    let year: u32 = date.get(..4)?.parse().ok()?;
    let is_known = YEARS.contains(&year) && year != 1900;
    let is_dummy = DUMMIES.contains(&date) || is_monotone(date);
    (is_known && !is_dummy).then(|| date.to_owned())
}

/// A whole date in a year in which nobody was born, so that a digit of the year must be wrong: `1336` is
/// `1936`. The first and the last day of a year, and years of one digit, are stand-ins.
pub(super) fn misdated(sent: &str) -> Option<String> {
    let date = sent.trim().get(..8)?;
    let is_date = date.bytes().all(|byte| byte.is_ascii_digit());
    let is_stand_in = date.ends_with("0101") || date.ends_with("1231");
    let is_stand_in = is_stand_in || is_monotone(date.get(..4)?) || is_monotone(date);
    (is_date && is_impossible(date) && !is_stand_in).then(|| date.to_owned())
}

fn is_impossible(date: &str) -> bool {
    let year = date.get(..4).and_then(|year| year.parse().ok());
    year.is_some_and(|year| !YEARS.contains(&year))
}

/// How two birth dates agree; none when one is not said.
pub(super) fn compare(one: &str, other: &str) -> Option<What> {
    if is_impossible(one) || is_impossible(other) {
        // That it is one slip away from a birth date says as much as any slip; nothing else counts.
        let is_slip = is_impossible(one) != is_impossible(other) && text::is_one_slip(one, other);
        return (is_slip && one.len() == other.len()).then_some(What::BirthSlip);
    }
    let shorter = one.len().min(other.len());
    if shorter == 0 {
        return None;
    }
    let (Some(left), Some(right)) = (one.get(..shorter), other.get(..shorter)) else {
        return None;
    };
    if shorter < 8 {
        return Some(match (left == right, shorter) {
            (true, 6) => What::BirthMonth,
            (true, _) => What::BirthYear,
            (false, _) => What::BirthOther,
        });
    }
    Some(if left == right {
        // The first of January stands for "in this year" as well.
        if left.ends_with("0101") {
            What::BirthNewYear
        } else {
            What::BirthSame
        }
    } else if swap_day(left) == right {
        What::BirthSwapped
    } else if text::is_one_slip(left, right) {
        What::BirthSlip
    } else if is_next(left, right) {
        What::BirthNear
    } else {
        What::BirthOther
    })
}

/// The date with day and month in each other's place.
pub(super) fn swap_day(date: &str) -> String {
    let part = |range| date.get(range).unwrap_or_default();
    [part(0..4), part(6..8), part(4..6)].concat()
}

/// Whether one part of the date differs, and by one.
fn is_next(one: &str, other: &str) -> bool {
    let parts = |date: &str| {
        [0..4, 4..6, 6..8].map(|range| date.get(range).and_then(|part| part.parse::<u32>().ok()))
    };
    let differences: Vec<u32> = parts(one)
        .into_iter()
        .zip(parts(other))
        .filter_map(|(left, right)| Some(left?.abs_diff(right?)))
        .collect();
    differences.len() == 3 && differences.iter().sum::<u32>() == 1
}

/// The years between two births; none where one of them is in no year at all.
pub(super) fn years_apart(one: &str, other: &str) -> Option<u32> {
    if is_impossible(one) || is_impossible(other) {
        return None;
    }
    let year = |date: &str| date.get(..4)?.parse::<u32>().ok();
    Some(year(one)?.abs_diff(year(other)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dummies_and_what_is_no_date_say_nothing() {
        for sent in [
            "19000101",
            "190001010000",
            "11111111",
            "99991231",
            "0000",
            "195",
            "n/a",
            "",
        ] {
            assert_eq!(said(sent), None, "{sent}");
        }
        assert_eq!(said("195002030815-0600").as_deref(), Some("19500203"));
        assert_eq!(said("195002").as_deref(), Some("195002"));
        assert_eq!(said("1950").as_deref(), Some("1950"));
    }

    #[test]
    fn a_year_in_which_nobody_was_born_is_a_slip_of_another_or_nothing() {
        assert_eq!(misdated("13360604").as_deref(), Some("13360604"));
        for sent in [
            "19360604", "99991231", "99990604", "00010101", "1336", "", "n/a",
        ] {
            assert_eq!(misdated(sent), None, "{sent}");
        }
        assert_eq!(compare("13360604", "19360604"), Some(What::BirthSlip));
        assert_eq!(compare("13360604", "13360604"), None);
        assert_eq!(compare("13360604", "19470604"), None);
        assert_eq!(compare("13360604", "1936"), None);
        assert_eq!(years_apart("13360604", "19360604"), None);
    }

    #[test]
    fn dates_agree_as_people_write_them() {
        for (one, other, expected) in [
            ("19500203", "19500203", What::BirthSame),
            ("19500101", "19500101", What::BirthNewYear),
            ("19500203", "19500302", What::BirthSwapped),
            ("19500213", "19500231", What::BirthSlip),
            ("19500213", "19600213", What::BirthSlip),
            ("19500209", "19500210", What::BirthNear),
            ("19490213", "19500213", What::BirthNear),
            ("19500203", "195002", What::BirthMonth),
            ("19500203", "1950", What::BirthYear),
            ("19500203", "1951", What::BirthOther),
            ("19500203", "19620917", What::BirthOther),
        ] {
            assert_eq!(compare(one, other), Some(expected), "{one} {other}");
            assert_eq!(compare(other, one), Some(expected), "{other} {one}");
        }
        assert_eq!(compare("", "19500203"), None);
    }
}
