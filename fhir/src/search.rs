//! A search in typed form: what the parameters of a query string ask for.

pub mod params;
mod parse;
#[cfg(test)]
mod tests;
mod values;

use jiff::Timestamp;
use model::ResourceId;

pub use parse::{parse, parse_under};

/// A search of one resource type.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Query {
    /// All must hold.
    pub criteria: Vec<Criterion>,
    /// `_count`: how many to a page; 0 asks for the total alone.
    pub count: Option<u32>,
    /// `_sort`, first key first; empty is the server's own order, newest first.
    pub sort: Vec<Sort>,
    /// `_total`.
    pub total: Total,
    /// `_summary`.
    pub summary: Summary,
    /// `_elements`: the top-level elements to return; empty returns all.
    pub elements: Vec<String>,
    /// `_pretty`: JSON for people.
    pub pretty: bool,
}

/// One condition; the alternatives inside it are `ORed`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Criterion {
    /// The resource has one of these hashes among its [`crate::IndexValues::tokens`]; an empty list
    /// matches nothing.
    Tokens(Vec<i64>),
    /// The same for codes with their systems: what has one of `hashes` has one of `leads` among its
    /// [`crate::IndexValues::leads`] too.
    Coded {
        /// With the system.
        hashes: Vec<i64>,
        /// The codes alone.
        leads: Vec<i64>,
    },
    /// It has none of them.
    NotTokens(Vec<i64>),
    /// `_id`: it has one of these ids; an empty list matches nothing.
    Id(Vec<ResourceId>),
    /// It has a string under one of these parameters that one of the values matches.
    String {
        /// Parameter ids; most often one (`name` looks through `family` and `given` too).
        params: Vec<i16>,
        /// The alternatives.
        values: Vec<StringMatch>,
    },
    /// It has a date under this parameter that one of the ranges matches.
    Date {
        /// The parameter's id.
        param: i16,
        /// The alternatives.
        ranges: Vec<DateMatch>,
    },
    /// `_lastUpdated`: the time of its current version matches one of the ranges.
    LastUpdated(Vec<DateMatch>),
}

/// How a string value matches a row `v` of [`crate::IndexValues::strings`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StringMatch {
    /// `v` starts with the text: `v >= text and v < text || U+10FFFF` in the collation `C`.
    Prefix(String),
    /// `v` is the text.
    Exact(String),
    /// The text is somewhere in `v`.
    Contains(String),
}

/// How a date is compared (R4 search.html#prefix).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Prefix {
    /// `v.lo >= lo and v.hi <= hi`
    Eq,
    /// `not (v.lo >= lo and v.hi <= hi)`
    Ne,
    /// `v.hi > hi`
    Gt,
    /// `v.lo < lo`
    Lt,
    /// `v.hi >= lo`
    Ge,
    /// `v.lo <= hi`
    Le,
    /// starts after: `v.lo > hi`
    Sa,
    /// ends before: `v.hi < lo`
    Eb,
}

/// One date of a search: a closed range of instants and how to compare with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DateMatch {
    /// How to compare.
    pub prefix: Prefix,
    /// The first instant that the date means.
    pub lo: Timestamp,
    /// The last instant that the date means, in whole microseconds.
    pub hi: Timestamp,
}

/// One key of the order of results.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sort {
    /// What to order by.
    pub by: SortBy,
    /// The greatest first (`-` before the parameter).
    pub descending: bool,
}

/// What results can be ordered by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SortBy {
    /// The time of the current version.
    LastUpdated,
    /// A date parameter, by id: ascending by the earliest start, descending by the latest end.
    Date(i16),
}

/// `_total`: how exact the count of matches must be.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Total {
    /// Not asked for: the server may leave it out.
    #[default]
    Unsaid,
    /// None is wanted.
    None,
    /// An estimate will do.
    Estimate,
    /// It must be exact.
    Accurate,
}

/// `_summary`: which part of each resource is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Summary {
    /// `false`: all of it.
    #[default]
    False,
    /// `true`: the elements that R4 marks as summary.
    True,
    /// `text`: narrative, id, meta and mandatory elements.
    Text,
    /// `data`: all but the narrative.
    Data,
    /// `count`: only how many there are.
    Count,
}

/// Why a search can't be made.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{param}: {what}")]
pub struct SearchError {
    /// The parameter as it was sent, modifier included.
    pub param: String,
    /// What is wrong and what would be right; never the value.
    pub what: String,
}
