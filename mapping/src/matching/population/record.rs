//! A person as one source wrote her down.

use rand::Rng;
use rand::seq::IndexedRandom;

use super::lists::{Lists, SHORT};
use super::person::{Home, Person, mbi, phone};
use super::slip;

/// How a record came about: who it is that it may be taken for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kin {
    /// Somebody like everybody.
    Nobody,
    /// A person who is written down once more by another source.
    Again,
    /// A person who is written down once more by the same source.
    Twice,
    /// A twin of somebody.
    Twin,
    /// Bears the parent's name.
    Junior,
    /// Lives with parents or siblings.
    Child,
    /// Lives with a spouse.
    Spouse,
    /// Has the same name and birth date by chance.
    Namesake,
    /// A newborn without a name.
    Baby,
    /// Not known to the source.
    Unknown,
}

/// What one source says of one person.
#[derive(Clone, Debug)]
pub struct Record {
    /// Whose record it is.
    pub person: usize,
    /// How it came about.
    pub kin: Kin,
    pub(super) source: usize,
    number: usize,
    family: String,
    given: String,
    middle: String,
    suffix: String,
    maiden: String,
    mother: String,
    birth: String,
    sex: &'static str,
    ssn: String,
    mbi: String,
    phone: String,
    email: String,
    line: String,
    city: String,
    zip: String,
    birth_order: Option<u8>,
}

/// The sources: MSH-4 and the authority of their record numbers.
pub(super) const SOURCES: [&str; 3] = ["HOMECARE", "HOSPITAL", "CLINIC"];

impl Record {
    /// Writes a person down. `care` is how many mistakes are made: 1 for as many as FEBRL makes in
    /// duplicates.
    pub(super) fn of(
        person: &Person,
        kin: Kin,
        source: usize,
        care: f64,
        lists: &Lists,
        rng: &mut impl Rng,
    ) -> Self {
        let mut record = Self::plain(person, kin, source, lists, care, rng);
        record.forget(person, rng);
        record.err(person, lists, care, rng);
        record
    }

    fn plain(
        person: &Person,
        kin: Kin,
        source: usize,
        lists: &Lists,
        care: f64,
        rng: &mut impl Rng,
    ) -> Self {
        // Of all Americans 8.7 % moved within the year 2022 (Census Bureau, CPS ASEC).
        let is_moved = rng.random_bool(0.1 * care);
        let new_home = Home::new(lists, rng);
        let home = if is_moved { &new_home } else { &person.home };
        let kind = if rng.random_bool(0.5) {
            home.kind.0
        } else {
            home.kind.1
        };
        let flat = home.flat.filter(|_| rng.random_bool(0.8));
        let flat = flat.map_or_else(String::new, |flat| format!(" Apt {flat}"));
        let is_new_phone = rng.random_bool(0.2 * care);
        let phone = if is_new_phone {
            phone(rng)
        } else {
            person.phone
        };
        let (year, month, day) = person.birth;
        Self {
            person: person.number,
            kin,
            source,
            number: 0,
            family: person.family.clone(),
            given: person.given.clone(),
            middle: person.middle.clone(),
            suffix: person.suffix.to_owned(),
            maiden: String::new(),
            mother: person.mother.clone(),
            birth: format!("{year:04}{month:02}{day:02}"),
            sex: if person.is_male { "M" } else { "F" },
            ssn: format!("{:09}", person.ssn),
            mbi: person.mbi.clone(),
            phone: phone.to_string(),
            email: person.email.clone(),
            line: format!("{} {} {kind}{flat}", home.number, home.street),
            city: home.city().to_owned(),
            zip: home.zip.clone(),
            birth_order: person.birth_order,
        }
    }

    /// What the source was not told.
    fn forget(&mut self, person: &Person, rng: &mut impl Rng) {
        match rng.random_range(0..100) {
            0..28 => self.ssn.clear(),
            28..36 => self.ssn = self.ssn.split_off(5),
            36..39 => {
                let dummies = ["000000000", "999999999", "123456789"];
                self.ssn = dummies
                    .choose(rng)
                    .map(|&ssn| ssn.to_owned())
                    .unwrap_or_default();
            }
            _ => {}
        }
        let is_old = person.birth.0 < 1961;
        let mut lose = |field: &mut String, share: f64| {
            if rng.random_bool(share) {
                field.clear();
            }
        };
        lose(&mut self.mbi, if is_old { 0.45 } else { 0.97 });
        lose(&mut self.phone, 0.1);
        lose(&mut self.email, 0.65);
        lose(&mut self.middle, 0.35);
        lose(&mut self.mother, 0.7);
        lose(&mut self.suffix, 0.4);
        lose(&mut self.line, 0.03);
        lose(&mut self.birth, 0.006);
        if rng.random_bool(0.5) {
            self.middle.truncate(1);
        }
        if rng.random_bool(0.6) {
            self.birth_order = None;
        }
        if rng.random_bool(0.01) {
            self.sex = "";
        }
    }

    /// What the source got wrong.
    fn err(&mut self, person: &Person, lists: &Lists, care: f64, rng: &mut impl Rng) {
        self.err_names(person, lists, care, rng);
        let happens = |share: f64, rng: &mut dyn rand::RngCore| rng.random_bool(share * care);
        if happens(0.03, rng) {
            self.birth = slip::digits(&self.birth, rng);
        }
        if happens(0.015, rng) && person.birth.2 <= 12 && self.birth.len() == 8 {
            let day = self.birth.split_off(6);
            let month = self.birth.split_off(4);
            self.birth = [self.birth.as_str(), &day, &month].concat();
        }
        if happens(0.012, rng) {
            let (year, month, day) = person.birth;
            let years = if rng.random_bool(0.5) {
                (year + 1, day)
            } else {
                (year, day + 1)
            };
            self.birth = format!("{:04}{month:02}{:02}", years.0, years.1);
        }
        if happens(0.03, rng) {
            self.ssn = slip::digits(&self.ssn, rng);
        }
        if happens(0.02, rng) {
            self.mbi = if rng.random_bool(0.2) {
                mbi(rng)
            } else {
                slip::digits(&self.mbi, rng)
            };
        }
        if happens(0.03, rng) {
            self.phone = slip::digits(&self.phone, rng);
        }
        if happens(0.08, rng) {
            self.line = slip::word(&self.line, rng);
        }
        if happens(0.02, rng) {
            self.zip = slip::digits(&self.zip, rng);
        }
        if happens(0.005, rng) {
            self.sex = if person.is_male { "F" } else { "M" };
        }
    }

    fn err_names(&mut self, person: &Person, lists: &Lists, care: f64, rng: &mut impl Rng) {
        let happens = |share: f64, rng: &mut dyn rand::RngCore| rng.random_bool(share * care);
        if happens(0.12, rng) {
            let shorts: Vec<&str> = SHORT
                .iter()
                .filter(|(full, _)| *full == self.given)
                .map(|(_, short)| *short)
                .collect();
            if let Some(short) = shorts.choose(rng) {
                (*short).clone_into(&mut self.given);
            }
        }
        if !person.is_male && happens(0.07, rng) {
            let married = lists.surnames.pick(rng).to_owned();
            match rng.random_range(0..100) {
                0..35 => self.family = format!("{}-{married}", self.family),
                35..65 => self.maiden = std::mem::replace(&mut self.family, married),
                _ => self.family = married,
            }
        }
        if happens(0.07, rng) {
            self.family = slip::word(&self.family, rng);
        }
        if happens(0.06, rng) {
            self.given = slip::word(&self.given, rng);
        }
        if happens(0.04, rng) {
            self.middle = slip::word(&self.middle, rng);
        }
        if happens(0.01, rng) {
            std::mem::swap(&mut self.family, &mut self.given);
        }
        if happens(0.01, rng) && !self.middle.is_empty() {
            std::mem::swap(&mut self.middle, &mut self.given);
        }
    }

    /// Replaces the names by what stands for somebody whose name is not known.
    pub(super) fn unnamed(mut self, family: Option<&str>, given: &str) -> Self {
        if let Some(family) = family {
            family.clone_into(&mut self.family);
        }
        given.clone_into(&mut self.given);
        self.middle.clear();
        self.ssn.clear();
        self.mbi.clear();
        self
    }

    /// Replaces the birth date as sent.
    pub(super) fn born(mut self, birth: &str) -> Self {
        birth.clone_into(&mut self.birth);
        self
    }

    /// Gives the record its number at its source.
    pub(super) const fn numbered(&mut self, number: usize) {
        self.number = number;
    }

    /// The message in which the source says it.
    pub fn message(&self) -> String {
        let Self {
            number,
            family,
            given,
            middle,
            suffix,
            birth,
            sex,
            ssn,
            phone,
            line,
            city,
            zip,
            mother,
            ..
        } = self;
        let source = SOURCES.get(self.source).copied().unwrap_or_default();
        let mbi = some(&self.mbi, |mbi| format!("~{mbi}^^^CMS^MC"));
        let maiden = some(&self.maiden, |maiden| format!("{maiden}^{given}^^^^^M"));
        let email = some(&self.email, |email| format!("~^NET^Internet^{email}"));
        let order = self
            .birth_order
            .map_or_else(String::new, |order| order.to_string());
        let multiple = if order.is_empty() { "" } else { "Y" };
        format!(
            "MSH|^~\\&|REG|{source}|DB|DB|20260101080000||ADT^A28^ADT_A05|{number}|P|2.5.1\r\
             EVN|A28|20260101080000\r\
             PID|1||{number}^^^{source}^MR{mbi}||{family}^{given}^{middle}^{suffix}^^^L|{mother}|{birth}|{sex}\
             |{maiden}||{line}^^{city}^TX^{zip}||{phone}{email}||||||{ssn}|||||{multiple}|{order}\r"
        )
    }
}

fn some(text: &str, write: impl FnOnce(&str) -> String) -> String {
    if text.is_empty() {
        String::new()
    } else {
        write(text)
    }
}
