//! How much the names of two persons agree.

use super::super::score::Sheet;
use super::super::weights::{Weights, What};
use super::Name;
use super::family::family;
use super::given::{given, middle};

/// How much two names agree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(in crate::matching) struct Agreement {
    points: i32,
    pub(in crate::matching) family: Option<What>,
    pub(in crate::matching) given: Option<What>,
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

    pub(in crate::matching) fn add_to(&self, sheet: &mut Sheet<'_>) {
        for what in self.parts() {
            sheet.add(what);
        }
    }

    /// Whether both say a given name and the two can't mean one person.
    pub(in crate::matching) fn is_other_given(&self) -> bool {
        self.given == Some(What::GivenOther)
    }

    /// Whether the given names are the same, letter by letter.
    pub(in crate::matching) fn is_given_same(&self) -> bool {
        matches!(self.given, Some(What::GivenSame | What::GivenCommon))
    }

    /// Whether the given names are surely meant to be one name.
    pub(in crate::matching) fn is_given_certain(&self) -> bool {
        matches!(
            self.given,
            Some(
                What::GivenSame
                    | What::GivenCommon
                    | What::GivenNickname
                    | What::GivenSlip
                    | What::GivenCrossed
            )
        )
    }
}

/// The best agreement among all the names of two persons.
pub(in crate::matching) fn compare(one: &[Name], other: &[Name], weights: &Weights) -> Agreement {
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
        // Letter by letter, or a given name that is somebody's family name would do. Which of the two is the
        // family name nobody knows, but both ways must find the same.
        let (turned, straight) = if one.family < other.family {
            (one, other)
        } else {
            (other, one)
        };
        return Agreement {
            swapped: Some(What::NameSwapped),
            ..unswapped(&turned.swapped(), straight)
        };
    }
    unswapped(one, other)
}

fn unswapped(one: &Name, other: &Name) -> Agreement {
    let given = given(one, other);
    // Who changed places with the given name is compared already.
    let is_crossed = given == Some(What::GivenCrossed);
    let middle = middle(&one.middle, &other.middle).filter(|_| !is_crossed);
    Agreement {
        family: family(&one.family, &other.family),
        given,
        middle,
        ..Agreement::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(family: &str, given: &str, middle: &str) -> Name {
        Name::new(family, given, middle, "")
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
    fn an_initial_that_changed_places_is_the_same_both_ways() {
        let weights = Weights::default();
        let (one, other) = ([name("A", "Quimby", "")], [name("Quimby", "A", "")]);
        let there = compare(&one, &other, &weights);
        assert!(there == compare(&other, &one, &weights));
    }
}
