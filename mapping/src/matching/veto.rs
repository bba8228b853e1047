//! What forbids to link two identities without a person, whatever else agrees: what is known of
//! families, and of numbers.

use super::features::Features;
use super::name::{self, Agreement};
use super::score::Sheet;
use super::weights::What;
use super::{birth, identifier};

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
    /// No whole number says that they are one, and the sex differs, or the middle name and one thing
    /// more, or the form of the given name and a digit of the social security number.
    Doubts,
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
            Self::Doubts => "doubts",
            Self::Thin => "thin",
        }
    }
}

/// Births of namesakes further apart than this are those of two generations.
const GENERATION_YEARS: u32 = 15;

/// The first veto that stands against the two.
pub(super) fn of(
    one: &Features,
    other: &Features,
    names: &Agreement,
    numbers: identifier::Said,
    sheet: &Sheet<'_>,
) -> Option<Veto> {
    identity(one, other, numbers, sheet)
        .or_else(|| family(one, other, names, numbers, sheet))
        .or_else(|| evidence(one, other, names, numbers, sheet))
}

/// What says that the two are two, or that nobody knows who they are.
fn identity(
    one: &Features,
    other: &Features,
    numbers: identifier::Said,
    sheet: &Sheet<'_>,
) -> Option<Veto> {
    if one.is_placeholder || other.is_placeholder {
        return Some(Veto::Placeholder);
    }
    if numbers.is_contradicted || sheet.has(&[What::SsnOther, What::SsnLastOther]) {
        return Some(Veto::Identifier);
    }
    numbers.is_same_source.then_some(Veto::SameSource)
}

/// Born on one day into one family, and called otherwise; or in another birth order.
pub(super) fn are_twins(
    one: &Features,
    other: &Features,
    names: &Agreement,
    sheet: &Sheet<'_>,
) -> bool {
    let orders = one.birth_order.zip(other.birth_order);
    let is_other_order = orders.is_some_and(|(left, right)| left != right);
    let is_born_alike = sheet.has(&[What::BirthSame, What::BirthNewYear]);
    let is_family = names.family != Some(What::FamilyOther)
        || sheet.has(&[
            What::AddressSame,
            What::AddressNear,
            What::PhoneSame,
            What::MotherSame,
        ]);
    is_other_order || (is_born_alike && is_family && names.is_other_given())
}

/// Who shares names, addresses and birth dates without being one person.
fn family(
    one: &Features,
    other: &Features,
    names: &Agreement,
    numbers: identifier::Said,
    sheet: &Sheet<'_>,
) -> Option<Veto> {
    if are_twins(one, other, names, sheet) {
        return Some(Veto::Twins);
    }
    // Twins may bear each other's names in the other order: only a number tells.
    let is_crossed = names.given == Some(What::GivenCrossed);
    if names.is_other_given() || (is_crossed && !has_whole_number(numbers, sheet)) {
        return Some(Veto::GivenName);
    }
    let years = birth::years_apart(&one.birth, &other.birth);
    let is_far = years.is_some_and(|years| GENERATION_YEARS < years);
    // Parents give their social security number for their children, but not their Medicare number.
    let is_slip_of_year = numbers.is_own && sheet.has(&[What::BirthSlip]);
    let is_other_generation = name::is_other_generation(one.suffix(), other.suffix());
    if is_far && !is_slip_of_year || is_other_generation {
        return Some(Veto::Generation);
    }
    let is_other_birth = sheet.has(&[What::BirthOther]);
    is_other_birth.then_some(Veto::BirthDate)
}

/// Whether what agrees is enough to tell the two from twins, and from namesakes.
fn evidence(
    one: &Features,
    other: &Features,
    names: &Agreement,
    numbers: identifier::Said,
    sheet: &Sheet<'_>,
) -> Option<Veto> {
    if names.given.is_none() || names.family.is_none() {
        return Some(Veto::Thin);
    }
    let is_whole_number = has_whole_number(numbers, sheet);
    let has_number = is_whole_number || sheet.has(&[What::SsnLastSame]);
    let is_middle_same = sheet.has(&[What::MiddleSame, What::MiddleInitial]);
    let is_twin = one.is_multiple || other.is_multiple;
    // Twins may be called so alike that a slip makes one of the other; by a second name they are not.
    let is_bare_slip = names.given == Some(What::GivenSlip) && !is_middle_same;
    // And in families that call their daughters Laura and Lori, what the house shares is shared by both.
    let is_bare_nickname = names.given == Some(What::GivenNickname)
        && !is_middle_same
        && !sheet.has(&[What::AddressSame]);
    let is_given = if is_twin || is_bare_slip || is_bare_nickname {
        names.is_given_same()
    } else {
        names.is_given_certain()
    };
    if !is_given && !has_number {
        return Some(Veto::GivenName);
    }
    // Of ten thousand namesakes of one birth date, or twins, two have the same last four digits.
    if are_doubtful(names, sheet) && !is_whole_number {
        return Some(Veto::Doubts);
    }
    let is_dated = numbers.is_own || is_dated(sheet);
    let is_number = is_whole_number || has_number && is_middle_same;
    (!(is_number || is_confirmed(sheet)) || !is_dated).then_some(Veto::Thin)
}

/// Whether a number that a person has alone says that the two are one.
fn has_whole_number(numbers: identifier::Said, sheet: &Sheet<'_>) -> bool {
    numbers.is_own || sheet.has(&[What::SsnSame])
}

/// Another middle name is a mistake now and then. With a second mistake beside it, it is as likely the
/// brother, or the son, whose name or birth date is mistaken; and so is another sex alone.
fn are_doubtful(names: &Agreement, sheet: &Sheet<'_>) -> bool {
    let differs = [What::MiddleOther, What::SexOther].map(|what| sheet.has(&[what]));
    let is_birth_same = sheet.has(&[What::BirthSame, What::BirthNewYear]);
    let is_number_slip = sheet.has(&[What::SsnSlip, What::NumberSlip]);
    // Numbers of twins follow each other.
    if !names.is_given_same() && sheet.has(&[What::SsnSlip]) {
        return true;
    }
    match differs {
        [false, false] => false,
        // Among twins, a name that was taken from the other one shows by nothing else.
        [_, true] => true,
        [true, false] => !names.is_given_same() || !is_birth_same || is_number_slip,
    }
}

/// Namesakes of one birth date exist; that they also share a house or a number, hardly. A mother's name is
/// as common as any.
fn is_confirmed(sheet: &Sheet<'_>) -> bool {
    // On one street live many: a number that is nearly the same says little beside another middle name.
    let is_near = sheet.has(&[What::PhoneSlip, What::AddressNear]);
    let is_near = is_near && !sheet.has(&[What::MiddleOther]);
    is_near
        || sheet.has(&[
            What::SsnSlip,
            What::NumberSlip,
            What::PhoneSame,
            What::EmailSame,
            What::AddressSame,
        ])
}

/// Whether the birth dates agree at all, by more than the year.
fn is_dated(sheet: &Sheet<'_>) -> bool {
    sheet.has(&[
        What::BirthSame,
        What::BirthNewYear,
        What::BirthSwapped,
        What::BirthSlip,
        What::BirthNear,
        What::BirthMonth,
    ])
}
