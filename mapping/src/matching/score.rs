//! How much two identities agree, part by part.

use super::features::Features;
use super::name;
use super::veto::{self, Veto};
use super::weights::{Weights, What};
use super::{birth, contact, identifier};

/// How much two identities agree.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Score {
    /// The sum of the parts.
    pub total: i32,
    /// What agrees and what differs: names of parts and points, no values.
    pub parts: Vec<Part>,
    /// Why no points may link the two.
    pub veto: Option<Veto>,
}

/// A part of a score.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Part {
    /// What agrees or differs.
    pub what: What,
    /// What that is worth.
    pub points: i32,
}

/// Points are written down here.
pub(super) struct Sheet<'w> {
    weights: &'w Weights,
    parts: Vec<Part>,
}

impl Sheet<'_> {
    pub(super) fn add(&mut self, what: What) {
        let points = self.weights.of(what);
        self.parts.push(Part { what, points });
    }

    pub(super) fn has(&self, wanted: &[What]) -> bool {
        self.parts.iter().any(|part| wanted.contains(&part.what))
    }
}

/// Compares two identities. Which is the one and which the other makes no difference.
pub fn score(one: &Features, other: &Features, weights: &Weights) -> Score {
    let mut sheet = Sheet {
        weights,
        parts: Vec::with_capacity(10),
    };
    let names = name::compare(&one.names, &other.names, weights);
    names.add_to(&mut sheet);
    let each = [
        birth::compare(&one.birth, &other.birth),
        sex(one, other),
        ssn(one, other),
    ];
    let numbers = identifier::compare(&one.numbers, &other.numbers);
    let shared = [
        numbers.points,
        contact::compare_telecoms(&one.telecoms, &other.telecoms),
        contact::compare(&one.addresses, &other.addresses),
        mother(one, other),
    ];
    for what in each.into_iter().chain(shared).flatten() {
        sheet.add(what);
    }
    let veto = veto::of(one, other, &names, numbers, &sheet);
    // Members of a family agree in everything else: without this, every pair of twins is reviewed.
    if veto::are_twins(one, other, &names, &sheet) {
        sheet.add(What::TwinNames);
    }
    Score {
        total: sheet
            .parts
            .iter()
            .fold(0, |sum, part| sum.saturating_add(part.points)),
        parts: sheet.parts,
        veto,
    }
}

fn sex(one: &Features, other: &Features) -> Option<What> {
    let (left, right) = (one.sex?, other.sex?);
    Some(if left == right {
        What::SexSame
    } else {
        What::SexOther
    })
}

/// The best of what the numbers of both say.
fn ssn(one: &Features, other: &Features) -> Option<What> {
    const BEST_FIRST: [What; 5] = [
        What::SsnSame,
        What::SsnLastSame,
        What::SsnSlip,
        What::SsnOther,
        What::SsnLastOther,
    ];
    let pairs = one.ssns.iter().flat_map(|left| {
        other
            .ssns
            .iter()
            .filter_map(|right| identifier::compare_ssn(left, right))
    });
    pairs.min_by_key(|what| BEST_FIRST.iter().position(|known| known == what))
}

/// The mother's number, else her maiden name.
fn mother(one: &Features, other: &Features) -> Option<What> {
    let shares_number = one
        .mothers
        .iter()
        .any(|number| other.mothers.contains(number));
    if shares_number {
        return Some(What::MotherSame);
    }
    let maiden = name::family(&one.mother.family, &other.mother.family)?;
    if maiden == What::FamilyOther {
        return Some(What::MotherOther);
    }
    // Names that only sound alike say nothing of two mothers.
    (maiden != What::FamilySound).then_some(What::MotherSame)
}
