//! How much two identities agree, part by part, and what forbids to link them without a person.

use super::features::Features;
use super::name::{self, Agreement};
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

/// Why two identities are never linked automatically, whatever else agrees. People still may.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Veto {
    /// One of them has a placeholder for a name: `Baby Boy`, `Doe`, `Trauma`, `Test`.
    Placeholder,
    /// Numbers that a person has for life contradict each other by more than a slip.
    Identifier,
    /// One authority has two record numbers for them. It knows them as two people; where that is a
    /// mistake of its own, it says so by a merge message, or a person does. Not so where the two share
    /// a number of that authority: then it has merged them already.
    SameSource,
    /// Born on one day with other given names, in one family; or in another birth order.
    Twins,
    /// Namesakes of two generations: `Jr` and `Sr`, or births too far apart.
    Generation,
    /// Given names that can't be one, or that are only alike while no number confirms them.
    GivenName,
    /// Birth dates that no slip explains.
    BirthDate,
    /// Too little was said to tell the two from others: a name or a birth date is missing, or nothing
    /// but these agrees.
    Thin,
}

impl Veto {
    /// The word that stands for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Placeholder => "placeholder",
            Self::Identifier => "identifier",
            Self::SameSource => "same-source",
            Self::Twins => "twins",
            Self::Generation => "generation",
            Self::GivenName => "given-name",
            Self::BirthDate => "birth-date",
            Self::Thin => "thin",
        }
    }
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

    fn has(&self, wanted: &[What]) -> bool {
        self.parts.iter().any(|part| wanted.contains(&part.what))
    }
}

/// Births of namesakes further apart than this are those of two generations.
const GENERATION_YEARS: u32 = 15;

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
    let veto =
        identity_veto(one, other, numbers, &sheet).or_else(|| veto(one, other, &names, &sheet));
    // Members of a family agree in everything else: without this, every pair of twins is reviewed.
    if are_twins(one, other, &names, &sheet) {
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

/// What says that the two are two, or that nobody knows who they are.
fn identity_veto(
    one: &Features,
    other: &Features,
    numbers: identifier::Said,
    sheet: &Sheet<'_>,
) -> Option<Veto> {
    if one.is_placeholder || other.is_placeholder {
        return Some(Veto::Placeholder);
    }
    if numbers.is_contradicted || sheet.has(&[What::SsnOther]) {
        return Some(Veto::Identifier);
    }
    numbers.is_same_source.then_some(Veto::SameSource)
}

/// Born on one day into one family, and called otherwise; or in another birth order.
fn are_twins(one: &Features, other: &Features, names: &Agreement, sheet: &Sheet<'_>) -> bool {
    let orders = one.birth_order.zip(other.birth_order);
    let is_other_order = orders.is_some_and(|(left, right)| left != right);
    let is_born_alike = sheet.has(&[What::BirthSame, What::BirthNewYear]);
    let is_family = names.family != Some(What::FamilyOther)
        || sheet.has(&[What::AddressSame, What::PhoneSame, What::MotherSame]);
    is_other_order || (is_born_alike && is_family && names.is_other_given())
}

/// What is known of families: who shares names, addresses and birth dates without being one person.
fn veto(one: &Features, other: &Features, names: &Agreement, sheet: &Sheet<'_>) -> Option<Veto> {
    if are_twins(one, other, names, sheet) {
        return Some(Veto::Twins);
    }
    if names.is_other_given() {
        return Some(Veto::GivenName);
    }
    let is_far =
        birth::years_apart(&one.birth, &other.birth).is_some_and(|years| GENERATION_YEARS < years);
    if is_far || name::is_other_generation(one.suffix(), other.suffix()) {
        return Some(Veto::Generation);
    }
    if sheet.has(&[What::BirthOther]) {
        return Some(Veto::BirthDate);
    }
    let has_number = sheet.has(&[What::SsnSame, What::SsnLastSame, What::NumberSame]);
    if names.given.is_none() || names.family.is_none() {
        return Some(Veto::Thin);
    }
    if !names.is_given_certain() && !has_number {
        return Some(Veto::GivenName);
    }
    // Namesakes of one birth date exist; that they also share a house or a number, hardly.
    let is_confirmed = has_number
        || sheet.has(&[
            What::SsnSlip,
            What::NumberSlip,
            What::PhoneSame,
            What::EmailSame,
            What::AddressSame,
            What::MotherSame,
        ]);
    // Parents give their social security number for their children, but not their Medicare number.
    let is_birth_said =
        !one.birth.is_empty() && !other.birth.is_empty() && !sheet.has(&[What::BirthYear]);
    let is_dated = is_birth_said || sheet.has(&[What::NumberSame]);
    (!is_confirmed || !is_dated).then_some(Veto::Thin)
}
