//! A person, as she is.

use rand::Rng;
use rand::seq::IndexedRandom;

use super::lists::{Lists, STREET_TYPES, city};

/// Somebody who does not exist.
#[derive(Clone, Debug)]
pub struct Person {
    /// Tells people apart.
    pub number: usize,
    pub(super) family: String,
    pub(super) given: String,
    pub(super) middle: String,
    pub(super) suffix: &'static str,
    pub(super) is_male: bool,
    /// Year, month, day.
    pub(super) birth: (u16, u8, u8),
    pub(super) ssn: u32,
    pub(super) mbi: String,
    pub(super) phone: u64,
    pub(super) email: String,
    pub(super) home: Home,
    pub(super) mother: String,
    pub(super) birth_order: Option<u8>,
}

/// Where somebody lives.
#[derive(Clone, Debug)]
pub(super) struct Home {
    pub(super) number: u16,
    pub(super) street: String,
    pub(super) kind: (&'static str, &'static str),
    pub(super) flat: Option<u16>,
    pub(super) zip: String,
}

impl Home {
    pub(super) fn new(lists: &Lists, rng: &mut impl Rng) -> Self {
        Self {
            number: rng.random_range(1..4000),
            street: lists.streets.pick(rng).to_owned(),
            kind: STREET_TYPES.choose(rng).copied().unwrap_or_default(),
            flat: rng.random_bool(0.2).then(|| rng.random_range(1..60)),
            zip: lists.zips.pick(rng).to_owned(),
        }
    }

    pub(super) fn city(&self) -> &'static str {
        city(&self.zip)
    }
}

impl Person {
    /// Somebody of an age at which people need care at home, mostly.
    pub(super) fn new(number: usize, lists: &Lists, rng: &mut impl Rng) -> Self {
        let is_male = rng.random_bool(0.45);
        let year = match rng.random_range(0..100) {
            0..70 => rng.random_range(1928..1966),
            70..90 => rng.random_range(1966..2005),
            _ => rng.random_range(2005..2026),
        };
        let given = given(is_male, lists, rng);
        let family = lists.surnames.pick(rng).to_owned();
        Self {
            number,
            middle: self::given(is_male, lists, rng),
            suffix: "",
            is_male,
            birth: (year, rng.random_range(1..=12), rng.random_range(1..=28)),
            ssn: ssn(rng),
            mbi: mbi(rng),
            phone: phone(rng),
            email: format!("{given}.{family}{}@mail.example", rng.random_range(1..999))
                .to_lowercase(),
            home: Home::new(lists, rng),
            mother: lists.surnames.pick(rng).to_owned(),
            birth_order: None,
            family,
            given,
        }
    }
}

pub(super) fn given(is_male: bool, lists: &Lists, rng: &mut impl Rng) -> String {
    let names = if is_male { &lists.male } else { &lists.female };
    names.pick(rng).to_owned()
}

pub(super) fn ssn(rng: &mut impl Rng) -> u32 {
    let (area, group, serial) = (
        rng.random_range(1..666),
        rng.random_range(1..100),
        rng.random_range(1..10_000),
    );
    area * 1_000_000 + group * 10_000 + serial
}

pub(super) fn phone(rng: &mut impl Rng) -> u64 {
    let area = [214, 469, 972, 903].choose(rng).copied().unwrap_or(214);
    area * 10_000_000 + rng.random_range(2_000_000..9_990_000)
}

/// Digits and letters in the order that CMS fixed.
pub(super) fn mbi(rng: &mut impl Rng) -> String {
    const LETTERS: &[u8] = b"ACDEFGHJKMNPQRTUVWXY";
    // 1 stands for a digit, A for a letter.
    let pattern = "1AA1AA1AA11".chars();
    let number = pattern.map(|kind| match kind {
        'A' => LETTERS.choose(rng).copied().unwrap_or(b'A'),
        _ => rng.random_range(b'1'..=b'9'),
    });
    number.map(char::from).collect()
}
