//! Search of one type. Every predicate shape has one SQL text, planned once: a *lead* names the
//! candidates by an ordered walk or a bounded set, and what else is asked is checked in the
//! candidate's own row. Which criterion leads is decided by looking, not by statistics.

mod filter;
mod lead;
mod run;
mod source;
mod texts;

use jiff::Timestamp;
use model::{ResourceId, Rid};

use super::Stored;

pub(crate) use run::search_in;
pub use run::{plan, search};

/// What to look for; all criteria must hold.
#[derive(Clone, Debug)]
pub struct Search {
    /// Type, as the caller numbers them.
    pub kind: i16,
    /// At most [`Search::CRITERIA_MAX`].
    pub criteria: Vec<Criterion>,
    /// In which order.
    pub order: Order,
    /// Continues after this place.
    pub after: Option<Cursor>,
    /// At most this many.
    pub limit: u32,
    /// Whether to count all matches.
    pub total: TotalWanted,
}

/// One condition; the alternatives inside it are `ORed`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Criterion {
    /// One of these hashes is among the resource's tokens.
    Tokens(Vec<i64>),
    /// The same; the index knows them by `leads`, which stand for more than `hashes`.
    Coded {
        /// One of them is among the resource's tokens.
        hashes: Vec<i64>,
        /// One of them is among its leads then.
        leads: Vec<i64>,
    },
    /// None of them is.
    NotTokens(Vec<i64>),
    /// It has one of these ids.
    Id(Vec<ResourceId>),
    /// One of the values matches a string under one of these parameters.
    String {
        /// Parameters.
        params: Vec<i16>,
        /// Alternatives.
        values: Vec<StringMatch>,
    },
    /// One of the ranges matches a date under this parameter.
    Date {
        /// The parameter.
        param: i16,
        /// Alternatives.
        ranges: Vec<DateMatch>,
    },
    /// One of the ranges matches the time of the current version.
    LastUpdated(Vec<DateMatch>),
}

/// How a string matches.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StringMatch {
    /// It starts with the text.
    Prefix(String),
    /// It is the text.
    Exact(String),
    /// The text is somewhere in it.
    Contains(String),
}

/// How a date is compared (R4 search.html#prefix): `v` is the resource's range.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Prefix {
    /// `lo <= v.lo and v.hi <= hi`
    Eq,
    /// not `Eq`
    Ne,
    /// `hi < v.hi`
    Gt,
    /// `v.lo < lo`
    Lt,
    /// `lo <= v.hi`
    Ge,
    /// `v.lo <= hi`
    Le,
    /// `hi < v.lo`
    Sa,
    /// `v.hi < lo`
    Eb,
}

/// A closed range of instants and how to compare with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DateMatch {
    /// How.
    pub prefix: Prefix,
    /// The first instant.
    pub lo: Timestamp,
    /// The last instant.
    pub hi: Timestamp,
}

/// The order of results; ties are broken by row number in the same direction.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Order {
    /// The newest resource first: a walk, and the only order without a sort of all matches.
    #[default]
    Newest,
    /// By the time of the current version.
    LastUpdated {
        /// The latest first.
        descending: bool,
    },
    /// By a date parameter: ascending by the earliest start, descending by the latest end.
    Date {
        /// The parameter.
        param: i16,
        /// The latest first.
        descending: bool,
    },
}

/// Where a page ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cursor {
    /// The last row.
    pub rid: Rid,
    /// What it was ordered by, when that is a time.
    pub key: Option<Timestamp>,
}

/// Whether to count all matches.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum TotalWanted {
    /// No.
    #[default]
    No,
    /// Up to [`Search::ESTIMATE_MAX`]; beyond that the number is a lower bound.
    Estimate,
    /// All of them, as far as the statement's time allows.
    Exact,
}

/// How many matches there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Total {
    /// How many were counted.
    pub n: u64,
    /// There may be more.
    pub at_least: bool,
}

/// A page of matches.
#[derive(Clone, Debug)]
pub struct Page {
    /// The matches, in order.
    pub entries: Vec<Stored>,
    /// There are more: continue here.
    pub next: Option<Cursor>,
    /// How many there are altogether, when that was asked.
    pub total: Option<Total>,
}

impl Search {
    /// More criteria than this are refused: each shape is a text of its own.
    pub const CRITERIA_MAX: usize = 24;
    /// How far an estimate counts.
    pub const ESTIMATE_MAX: u32 = 1_000;

    /// A search of everything of a type, the newest first.
    pub fn of(kind: i16, criteria: Vec<Criterion>, limit: u32) -> Self {
        Self {
            kind,
            criteria,
            order: Order::Newest,
            after: None,
            limit,
            total: TotalWanted::No,
        }
    }
}
