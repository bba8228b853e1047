//! What may agree, and how many points that is worth.

use std::fmt;

use serde::{Serialize, Serializer};

macro_rules! weights {
    ($($name:ident $word:literal $points:literal $what:literal;)+) => {
        /// A part of a score.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum What {
            $(#[doc = $what] $name,)+
        }

        impl What {
            /// All there are, in the order of the documentation.
            pub const ALL: [Self; [$($points),+].len()] = [$(Self::$name),+];

            /// The word that stands for it in profiles and in explanations.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }

            /// What it means.
            pub const fn describe(self) -> &'static str {
                match self { $(Self::$name => $what,)+ }
            }

            /// The points, unless a profile says otherwise.
            const fn points(self) -> i32 {
                match self { $(Self::$name => $points,)+ }
            }
        }
    };
}

// Ten points are a factor of two: 10 * log2(m / u), where m is how often two records of one person show
// this and u how often those of two people do; a little less where fields hang together.
weights! {
    FamilySame "family_same" 90 "the same family name";
    FamilyCommon "family_common" 65 "the same family name, which many bear";
    FamilyPart "family_part" 50 "one of several family names in common";
    FamilySimilar "family_similar" 55 "family names that a slip of the pen sets apart";
    FamilySound "family_sound" 35 "family names that sound alike";
    FamilyOther "family_other" -45 "other family names";
    GivenSame "given_same" 65 "the same given name";
    GivenCommon "given_common" 45 "the same given name, which many bear";
    GivenNickname "given_nickname" 40 "a given name and its short form";
    GivenSlip "given_slip" 45 "given names that only a slip of the pen sets apart";
    GivenSimilar "given_similar" 30 "given names that are alike, as those of two people may be";
    GivenInitial "given_initial" 15 "an initial that fits";
    GivenCrossed "given_crossed" 45 "given and middle name in each other's place";
    GivenMiddle "given_middle" 20 "one's given name is the other's middle name";
    GivenOther "given_other" -70 "other given names";
    NameSwapped "name_swapped" -20 "family and given name in each other's place";
    NameAlias "name_alias" -10 "by a further name of one of them";
    MiddleSame "middle_same" 35 "the same middle name";
    MiddleInitial "middle_initial" 20 "middle names that fit";
    MiddleOther "middle_other" -30 "other middle names";
    BirthSame "birth_same" 140 "the same birth date";
    BirthNewYear "birth_new_year" 85 "the same birth date, a first of January";
    BirthSwapped "birth_swapped" 75 "birth dates with day and month swapped";
    BirthSlip "birth_slip" 70 "birth dates that one digit sets apart, or two swapped ones";
    BirthNear "birth_near" 60 "birth dates a day, a month or a year apart";
    BirthMonth "birth_month" 65 "the same month of birth, the day not said";
    BirthYear "birth_year" 35 "the same year of birth, the day not said";
    BirthOther "birth_other" -120 "other birth dates";
    SexSame "sex_same" 10 "the same sex";
    SexOther "sex_other" -40 "another sex";
    SsnSame "ssn_same" 180 "the same social security number";
    SsnSlip "ssn_slip" 90 "social security numbers that a slip sets apart";
    SsnOther "ssn_other" -120 "other social security numbers";
    SsnLastSame "ssn_last_same" 95 "the same last four digits of the social security number";
    SsnLastOther "ssn_last_other" -60 "other last four digits of the social security number";
    NumberSame "number_same" 200 "the same number of an authority (Medicare, licence, record)";
    NumberSlip "number_slip" 90 "numbers of an authority that a slip sets apart";
    NumberOther "number_other" -30 "other numbers of an authority";
    PhoneSame "phone_same" 70 "a telephone number in common";
    PhoneSlip "phone_slip" 45 "telephone numbers that a slip sets apart";
    EmailSame "email_same" 75 "an e-mail address in common";
    AddressSame "address_same" 90 "an address in common";
    AddressNear "address_near" 60 "an address in common but for a slip or the flat";
    ZipSame "zip_same" 30 "a postal code in common";
    CitySame "city_same" 10 "a city in common";
    AddressOther "address_other" -10 "other addresses";
    MotherSame "mother_same" 30 "the same mother";
    MotherOther "mother_other" -15 "mothers of other names";
    TwinNames "twin_names" -150 "other given names at one birth date, in one family";
}

impl What {
    /// The part that a word of a profile means.
    pub(crate) fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|what| what.as_str() == word)
    }
}

/// The points of each part.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Weights([i32; What::ALL.len()]);

impl Default for Weights {
    fn default() -> Self {
        Self(What::ALL.map(What::points))
    }
}

impl Weights {
    /// The points of a part.
    pub fn of(&self, what: What) -> i32 {
        self.0.get(what as usize).copied().unwrap_or_default()
    }

    pub(crate) fn set(&mut self, what: What, points: i32) {
        if let Some(held) = self.0.get_mut(what as usize) {
            *held = points;
        }
    }

    /// The parts whose points a profile changed.
    pub(crate) fn changed(&self) -> impl Iterator<Item = (What, i32)> {
        let each = What::ALL.into_iter().map(|what| (what, self.of(what)));
        each.filter(|(what, points)| what.points() != *points)
    }
}

impl Serialize for Weights {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(What::ALL.map(|what| (what.as_str(), self.of(what))))
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// From how many points on something is done.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Thresholds {
    /// Whether anything is linked without a person; if not, what would be is reviewed.
    pub automatic: bool,
    /// Linked from here on. Among half a million people, of whom one in twenty is known twice, a pair
    /// is true in one of 2^22 cases: 290 points leave odds of 2^7 to one, before the vetoes.
    pub link: i32,
    /// Reviewed by a person from here on.
    pub review: i32,
    /// How far behind anybody else must be.
    pub margin: i32,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            automatic: true,
            link: 290,
            review: 230,
            margin: 60,
        }
    }
}

/// `[matching]` of a profile.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize)]
pub struct Matching {
    /// From how many points on something is done.
    pub thresholds: Thresholds,
    /// The points of each part.
    pub weights: Weights,
}
