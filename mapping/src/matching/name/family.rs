//! How two family names agree.

use super::super::text::is_one_slip;
use super::super::weights::What;
use super::{is_two_slips, joined, sound};

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

/// Words of family names that are no names.
const PARTICLES: [&str; 15] = [
    "DE", "LA", "DEL", "LOS", "LAS", "VAN", "VON", "DER", "DEN", "SAN", "SANTA", "SAINT", "ST",
    "MAC", "DOS",
];

/// How two family names agree; none when one is not said.
pub(in crate::matching) fn family(one: &str, other: &str) -> Option<What> {
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

#[cfg(test)]
mod tests {
    use super::super::super::text::words;
    use super::*;

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
}
