//! Who lives with whom, and who resembles whom.

use rand::Rng;
use rand::SeedableRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand_chacha::ChaCha8Rng;

use super::lists::{Lists, RHYMES};
use super::person::{Person, given, mbi, phone, ssn};
use super::record::{Kin, Record, SOURCES};

/// Mistakes in a record that nobody copied.
const CARE: f64 = 0.2;

/// The share of people who are written down more than once.
const AGAIN: f64 = 0.05;

struct Town {
    lists: Lists,
    rng: ChaCha8Rng,
    people: usize,
    records: Vec<Record>,
}

/// The records of about `n_people`, in the order in which they arrive. The same seed gives the same.
pub fn population(seed: u64, n_people: usize) -> Vec<Record> {
    let mut town = Town {
        lists: Lists::new(),
        rng: ChaCha8Rng::seed_from_u64(seed),
        people: 0,
        records: Vec::new(),
    };
    while town.people < n_people {
        town.settle();
    }
    town.records.shuffle(&mut town.rng);
    for (number, record) in (100_001..).zip(&mut town.records) {
        record.numbered(number);
    }
    town.records
}

impl Town {
    /// One person, and sometimes somebody who resembles that person.
    fn settle(&mut self) {
        let mut person = self.born();
        match self.rng.random_range(0..1000) {
            0..15 => self.twins(&mut person),
            15..25 => self.junior(&person),
            25..50 => self.child(&person),
            50..150 => self.spouse(&person),
            150..155 => self.namesake(&person),
            155..159 => self.baby(&person),
            159..161 => self.unknown(&person),
            _ => {}
        }
        let source = self.source();
        self.write(&person, Kin::Nobody, source, CARE);
        if self.rng.random_bool(AGAIN) {
            self.again(&person, source);
        }
    }

    fn born(&mut self) -> Person {
        self.people += 1;
        Person::new(self.people, &self.lists, &mut self.rng)
    }

    fn source(&mut self) -> usize {
        match self.rng.random_range(0..10) {
            0..6 => 0,
            6..9 => 1,
            _ => 2,
        }
    }

    fn write(&mut self, person: &Person, kin: Kin, source: usize, care: f64) {
        let record = Record::of(person, kin, source, care, &self.lists, &mut self.rng);
        self.records.push(record);
    }

    /// The same person at another source; rarely at the same one, or at a third.
    fn again(&mut self, person: &Person, source: usize) {
        if self.rng.random_bool(0.03) {
            return self.write(person, Kin::Twice, source, 1.0);
        }
        let next = (source + 1) % SOURCES.len();
        self.write(person, Kin::Again, next, 1.0);
        if self.rng.random_bool(0.05) {
            self.write(person, Kin::Again, (source + 2) % SOURCES.len(), 1.0);
        }
    }

    /// Somebody of the same household: name, home, telephone, mail.
    fn relative(&mut self, person: &Person) -> Person {
        let relative = self.born();
        Person {
            family: person.family.clone(),
            phone: person.phone,
            email: person.email.clone(),
            home: person.home.clone(),
            ..relative
        }
    }

    /// Anywhere, most often elsewhere than where the other is known.
    fn settled(&mut self, person: &Person, kin: Kin) {
        let source = self.source();
        self.write(person, kin, source, CARE);
    }

    fn twins(&mut self, person: &mut Person) {
        let mut second = self.relative(person);
        second.birth = person.birth;
        second.mother.clone_from(&person.mother);
        second.is_male = if self.rng.random_bool(0.65) {
            person.is_male
        } else {
            !person.is_male
        };
        second.given = given(second.is_male, &self.lists, &mut self.rng);
        if self.rng.random_bool(0.25)
            && let Some((one, other)) = RHYMES.choose(&mut self.rng)
        {
            (*one).clone_into(&mut person.given);
            (*other).clone_into(&mut second.given);
        }
        if second.given == person.given {
            second.given.push_str("ette");
        }
        if self.rng.random_bool(0.3) {
            second.middle.clone_from(&person.middle);
        }
        // Numbers that were applied for together follow each other.
        if self.rng.random_bool(0.4) {
            second.ssn = person.ssn + 1;
        }
        (person.birth_order, second.birth_order) = (Some(1), Some(2));
        self.settled(&second, Kin::Twin);
    }

    fn junior(&mut self, person: &Person) {
        let mut junior = self.relative(person);
        junior.given.clone_from(&person.given);
        junior.is_male = person.is_male;
        if self.rng.random_bool(0.5) {
            junior.middle.clone_from(&person.middle);
        }
        // Fathers of old people are in no record; there the record is the child's.
        let years = self.rng.random_range(19..38);
        junior.birth.0 = match person.birth.0 {
            ..1988 => person.birth.0 + years,
            year => year - years,
        };
        if self.rng.random_bool(0.05) {
            (junior.birth.1, junior.birth.2) = (person.birth.1, person.birth.2);
        }
        junior.suffix = ["JR", "II", "Jr.", ""]
            .choose(&mut self.rng)
            .copied()
            .unwrap_or_default();
        // The parent's number is given for the child's.
        if self.rng.random_bool(0.05) {
            junior.ssn = person.ssn;
        }
        self.settled(&junior, Kin::Junior);
    }

    fn child(&mut self, person: &Person) {
        let mut child = self.relative(person);
        let years = self.rng.random_range(0..35);
        child.birth.0 = (person.birth.0 + years).min(2025);
        child.mother.clone_from(&person.mother);
        if self.rng.random_bool(0.1) {
            child.ssn = person.ssn;
        }
        self.settled(&child, Kin::Child);
    }

    fn spouse(&mut self, person: &Person) {
        let mut spouse = self.relative(person);
        spouse.is_male = !person.is_male;
        spouse.given = given(spouse.is_male, &self.lists, &mut self.rng);
        let years = self.rng.random_range(0..6);
        spouse.birth.0 = person.birth.0.saturating_sub(years);
        self.settled(&spouse, Kin::Spouse);
    }

    fn namesake(&mut self, person: &Person) {
        let mut namesake = self.born();
        namesake.family.clone_from(&person.family);
        namesake.given.clone_from(&person.given);
        namesake.is_male = person.is_male;
        namesake.birth = person.birth;
        if self.rng.random_bool(0.5) {
            namesake.home.zip.clone_from(&person.home.zip);
        }
        self.settled(&namesake, Kin::Namesake);
    }

    /// Two newborns of one family, or of two with one name.
    fn baby(&mut self, person: &Person) {
        let birth = format!("2025{:02}{:02}", person.birth.1, person.birth.2);
        for number in 0..2 {
            let mut baby = self.relative(person);
            baby.phone = if number == 0 {
                person.phone
            } else {
                phone(&mut self.rng)
            };
            let names = ["BabyBoy", "Baby Girl", "BB", "Baby Boy A", "Infant"];
            let name = names.choose(&mut self.rng).copied().unwrap_or_default();
            let source = self.source();
            let record = Record::of(&baby, Kin::Baby, source, CARE, &self.lists, &mut self.rng);
            self.records.push(record.unnamed(None, name).born(&birth));
        }
    }

    fn unknown(&mut self, person: &Person) {
        let names = [
            ("Doe", "John"),
            ("Unknown", "Male"),
            ("Trauma", "Alpha"),
            ("Test", "Patient"),
        ];
        for _ in 0..2 {
            let mut unknown = self.born();
            unknown.home = person.home.clone();
            (unknown.ssn, unknown.mbi) = (ssn(&mut self.rng), mbi(&mut self.rng));
            let (family, given) = names.choose(&mut self.rng).copied().unwrap_or_default();
            let source = self.source();
            let record = Record::of(
                &unknown,
                Kin::Unknown,
                source,
                CARE,
                &self.lists,
                &mut self.rng,
            );
            self.records
                .push(record.unnamed(Some(family), given).born("19000101"));
        }
    }
}
