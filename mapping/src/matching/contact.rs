//! Addresses, telephone numbers and e-mail addresses: what a household shares.

use serde::{Deserialize, Serialize};

use super::text::{digits, is_monotone, is_one_slip, joined, parted, words};
use super::weights::What;

/// An address, its parts in the form of [`words`].
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Address {
    #[serde(rename = "l", default, skip_serializing_if = "String::is_empty")]
    line: String,
    #[serde(rename = "c", default, skip_serializing_if = "String::is_empty")]
    city: String,
    #[serde(rename = "s", default, skip_serializing_if = "String::is_empty")]
    state: String,
    #[serde(rename = "z", default, skip_serializing_if = "String::is_empty")]
    pub(super) zip: String,
}

/// Words of a street line that are written in two ways or left out (USPS Publication 28, appendix C).
const FILLERS: [&str; 43] = [
    "STREET",
    "ST",
    "AVENUE",
    "AVE",
    "AV",
    "ROAD",
    "RD",
    "DRIVE",
    "DR",
    "LANE",
    "LN",
    "COURT",
    "CT",
    "BOULEVARD",
    "BLVD",
    "CIRCLE",
    "CIR",
    "PLACE",
    "PL",
    "TERRACE",
    "TER",
    "WAY",
    "PARKWAY",
    "PKWY",
    "HIGHWAY",
    "HWY",
    "TRAIL",
    "TRL",
    "NORTH",
    "N",
    "SOUTH",
    "S",
    "EAST",
    "E",
    "WEST",
    "W",
    "APT",
    "APARTMENT",
    "UNIT",
    "STE",
    "SUITE",
    "NO",
    "LOT",
];

/// Lines that stand for "unknown".
const NO_LINE: [&str; 6] = [
    "UNKNOWN",
    "NONE",
    "HOMELESS",
    "NO ADDRESS",
    "GENERAL DELIVERY",
    "NA",
];

impl Address {
    pub(super) fn new(line: &str, city: &str, state: &str, zip: &str) -> Self {
        let line = Some(words(line)).filter(|line| !NO_LINE.contains(&line.as_str()));
        let zip = digits(zip);
        let zip = zip.get(..5).filter(|zip| !is_monotone(zip));
        Self {
            line: line.unwrap_or_default(),
            city: words(city),
            state: words(state),
            zip: zip.unwrap_or_default().to_owned(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.line.is_empty() && self.city.is_empty() && self.zip.is_empty()
    }

    /// `LINE^CITY^STATE^ZIP`.
    pub(super) fn said(&self) -> String {
        joined([&self.line, &self.city, &self.state, &self.zip])
    }

    /// Reads what [`Address::said`] wrote.
    pub(super) fn of_said(said: &str) -> Self {
        let [line, city, state, zip] = parted(said);
        Self {
            line,
            city,
            state,
            zip,
        }
    }

    /// Numbers and names of the line, without the words that are written in two ways.
    fn line_words(&self) -> impl Iterator<Item = &str> {
        self.line
            .split(' ')
            .filter(|word| !word.is_empty() && !FILLERS.contains(word))
    }

    /// The first number of the line and the first name, else the street's number.
    pub(super) fn house(&self) -> Option<(&str, &str)> {
        let number = self.line_words().find(|word| is_number(word))?;
        let mut words = self.line_words();
        let street = words.find(|word| !has_digit(word));
        Some((number, street.or_else(|| self.ordinal())?))
    }

    /// What stands behind number and street: the flat.
    fn flat(&self) -> Option<&str> {
        self.line_words().filter(|word| is_number(word)).nth(1)
    }

    /// The number that a street has for a name.
    fn ordinal(&self) -> Option<&str> {
        self.line_words().find(|word| is_ordinal(word))
    }

    /// 8th Street is near 9th Street, and no slip of it.
    fn is_street_other(&self, other: &Self) -> bool {
        let streets = self.ordinal().zip(other.ordinal());
        streets.is_some_and(|(street, way)| street != way)
    }

    /// Whether both are in one place, as far as they say.
    fn is_in_place_of(&self, other: &Self) -> bool {
        let zips = (self.zip.as_str(), other.zip.as_str());
        let cities = (self.city.as_str(), other.city.as_str());
        match (zips, cities) {
            ((one, two), _) if !one.is_empty() && one == two => true,
            (_, (one, two)) => !one.is_empty() && one == two,
        }
    }

    /// Number and name of the street without the flat, in one word.
    fn front(&self) -> String {
        let number = self.line_words().find(|word| is_number(word));
        let names = self.line_words().filter(|word| !is_number(word));
        number.into_iter().chain(names).collect()
    }

    /// One house but for a slip in its number or its street, for a blank, or else for the flat. Neighbours
    /// are so near as well, but no neighbour bears the same name since the same day.
    fn is_near_house_of(&self, other: &Self) -> bool {
        if self.line.is_empty() || other.line.is_empty() || !self.is_in_place_of(other) {
            return false;
        }
        if self.is_street_other(other) {
            return false;
        }
        let (one, two) = (self.front(), other.front());
        let is_glued = |long: &str, short: &str| {
            let rest = long.strip_prefix(short);
            rest.is_some_and(|rest| rest.is_empty() || FILLERS.contains(&rest))
        };
        let is_like = is_one_slip(&one, &two) || is_glued(&one, &two) || is_glued(&two, &one);
        has_digit(&one)
            && has_digit(&two)
            && 4 < one.len().min(two.len())
            && (one == two || (is_like && !self.is_flat_other(other)))
    }

    fn is_flat_other(&self, other: &Self) -> bool {
        let flats = self.flat().zip(other.flat());
        flats.is_some_and(|(flat, door)| flat != door)
    }

    fn is_house_of(&self, other: &Self) -> bool {
        let (Some((one, street)), Some((two, way))) = (self.house(), other.house()) else {
            return false;
        };
        let is_street =
            street == way || (3 < street.len().min(way.len()) && is_one_slip(street, way));
        let is_other = self.is_street_other(other) || self.is_flat_other(other);
        one == two && is_street && !is_other && self.is_in_place_of(other)
    }
}

fn has_digit(word: &str) -> bool {
    word.starts_with(|char: char| char.is_ascii_digit())
}

/// The number of a house or a flat.
fn is_number(word: &str) -> bool {
    has_digit(word) && !is_ordinal(word)
}

/// `8TH`: streets have such names.
fn is_ordinal(word: &str) -> bool {
    let ends = ["ST", "ND", "RD", "TH"];
    let number = ends.iter().find_map(|end| word.strip_suffix(end));
    number.is_some_and(|it| !it.is_empty() && it.bytes().all(|byte| byte.is_ascii_digit()))
}

/// How the nearest two addresses agree; none when one is not said.
pub(super) fn compare(one: &[Address], other: &[Address]) -> Option<What> {
    if one.is_empty() || other.is_empty() {
        return None;
    }
    let any = |agree: &dyn Fn(&Address, &Address) -> bool| {
        one.iter()
            .any(|left| other.iter().any(|right| agree(left, right)))
    };
    Some(if any(&Address::is_house_of) {
        What::AddressSame
    } else if any(&Address::is_near_house_of) {
        What::AddressNear
    } else if any(&|left, right| !left.zip.is_empty() && left.zip == right.zip) {
        What::ZipSame
    } else if any(&Address::is_in_place_of) {
        What::CitySame
    } else {
        What::AddressOther
    })
}

/// A telephone number (its last ten digits) or an e-mail address (in lower case); none where it is
/// neither, or nobody's.
pub(super) fn telecom(sent: &str) -> Option<String> {
    let sent = sent.trim();
    if let Some((name, host)) = sent.split_once('@') {
        let is_somebody = host.contains('.') && !is_nobody(name);
        let is_plain = sent.len() <= 128 && !sent.contains(['^', '~', ' ']);
        return (is_somebody && is_plain).then(|| sent.to_lowercase());
    }
    // What stands behind the number is an extension.
    let number = sent.split(['x', 'X', 'e', 'E']).next().unwrap_or_default();
    let digits = digits(number);
    let number = digits.get(digits.len().saturating_sub(10)..)?;
    let local = number.get(number.len().checked_sub(7)?..)?;
    let is_dummy = is_monotone(local) || number == "1234567890" || local == "5551212";
    (!is_dummy).then(|| number.to_owned())
}

fn is_nobody(name: &str) -> bool {
    matches!(
        name.to_lowercase().as_str(),
        "" | "none" | "no" | "noemail" | "na" | "unknown" | "declined" | "refused" | "test"
    )
}

/// What two lists of [`telecom`] have in common. That they differ says nothing.
pub(super) fn compare_telecoms(one: &[String], other: &[String]) -> Option<What> {
    let shared = |is_mail: bool| {
        one.iter()
            .filter(|text| text.contains('@') == is_mail)
            .any(|left| other.iter().any(|right| is_same_telecom(left, right)))
    };
    if shared(true) {
        Some(What::EmailSame)
    } else if shared(false) {
        Some(What::PhoneSame)
    } else {
        let slips = |left: &String| other.iter().any(|right| is_phone_slip(left, right));
        one.iter().any(slips).then_some(What::PhoneSlip)
    }
}

/// One digit of ten is another, or two neighbours are swapped.
fn is_phone_slip(one: &str, other: &str) -> bool {
    let is_number = |text: &str| text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number(one) && is_number(other) && is_one_slip(one, other)
}

/// A number without its area is the number with it.
fn is_same_telecom(one: &str, other: &str) -> bool {
    let is_local = |number: &str| number.len() == 7;
    one == other
        || (is_local(one) && !other.contains('@') && other.ends_with(one))
        || (is_local(other) && !one.contains('@') && one.ends_with(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_house_is_the_same_however_its_street_is_written() {
        let home = Address::new("12 N. Made Street Apt 4", "Upton", "TX", "75001-1234");
        for (line, city, zip, expected) in [
            ("12 Made St #4", "Upton", "75001", What::AddressSame),
            ("12 MADE ST", "", "75001", What::AddressSame),
            ("12 Mdae St Apt 4", "Upton", "", What::AddressSame),
            ("12 Made St Apt 5", "Upton", "75001", What::AddressNear),
            ("12Made St Apt 4", "Upton", "75001", What::AddressNear),
            ("12 MadeSt Apt 4", "Upton", "75001", What::AddressNear),
            ("21 Made St", "Upton", "75001", What::AddressNear),
            ("21 Mdae St", "Upton", "75001", What::ZipSame),
            ("470 Made St Apt 4", "Upton", "75002", What::CitySame),
            ("12 Made St Apt 4", "Elsewhere", "99501", What::AddressOther),
        ] {
            let other = [Address::new(line, city, "TX", zip)];
            assert_eq!(
                compare(std::slice::from_ref(&home), &other),
                Some(expected),
                "{line}"
            );
        }
    }

    #[test]
    fn a_street_with_a_number_for_a_name_is_another_than_the_next() {
        let home = [Address::new("1025 SW 8th St", "Upton", "TX", "75001")];
        for (line, expected) in [
            ("1025 S.W. 8TH Street", What::AddressSame),
            ("1025 SW 8th St Apt 4", What::AddressSame),
            ("1052 SW 8th St", What::AddressNear),
            ("1025 SW 57th Ave", What::ZipSame),
            ("1025 SW 9th St", What::ZipSame),
            ("1052 SW 9th St", What::ZipSame),
        ] {
            let other = [Address::new(line, "Upton", "TX", "75001")];
            assert_eq!(compare(&home, &other), Some(expected), "{line}");
        }
        let [one, other] = ["101 1st Ave Apt 4", "101 1st Ave Apt 5"]
            .map(|line| [Address::new(line, "Upton", "TX", "")]);
        assert_eq!(compare(&one, &one), Some(What::AddressSame));
        assert_eq!(compare(&one, &other), Some(What::AddressNear));
    }

    #[test]
    fn numbers_and_mails_have_one_form() {
        for (sent, expected) in [
            ("(214) 555-0142 x12", Some("2145550142")),
            ("+1 214 555 0142", Some("2145550142")),
            ("5550142", Some("5550142")),
            ("999-999-9999", None),
            ("214-555", None),
            ("Jane@Made.Example", Some("jane@made.example")),
            ("none@none.com", None),
        ] {
            assert_eq!(telecom(sent).as_deref(), expected, "{sent}");
        }
        let one = ["2145550142".to_owned()];
        assert_eq!(
            compare_telecoms(&one, &["5550142".to_owned()]),
            Some(What::PhoneSame)
        );
        for (other, expected) in [
            ("2145550124", Some(What::PhoneSlip)),
            ("2145550143", Some(What::PhoneSlip)),
            ("2145550421", None),
            ("9725550143", None),
        ] {
            assert_eq!(compare_telecoms(&one, &[other.to_owned()]), expected);
        }
    }
}
