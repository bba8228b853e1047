//! Index values of many rows in flat arrays: a statement takes one array per column, and each row its
//! slice of it.

use jiff::Timestamp;

use super::IndexRows;
use crate::columns::storable;

/// The index values of some rows, one after the other, and where each row's begin and end (from 1,
/// both inclusive, as SQL slices; the end stands before the beginning when there are none).
#[derive(Default)]
pub(crate) struct Flat {
    pub(crate) tokens: Vec<i64>,
    pub(crate) string_params: Vec<i16>,
    pub(crate) strings: Vec<String>,
    pub(crate) date_params: Vec<i16>,
    pub(crate) lows: Vec<Timestamp>,
    pub(crate) highs: Vec<Timestamp>,
    pub(crate) tokens_from: Vec<i32>,
    pub(crate) tokens_to: Vec<i32>,
    pub(crate) strings_from: Vec<i32>,
    pub(crate) strings_to: Vec<i32>,
    pub(crate) dates_from: Vec<i32>,
    pub(crate) dates_to: Vec<i32>,
}

impl Flat {
    pub(crate) fn push(&mut self, index: Option<&IndexRows>) {
        self.tokens_from.push(next(self.tokens.len()));
        self.strings_from.push(next(self.strings.len()));
        self.dates_from.push(next(self.lows.len()));
        if let Some(index) = index {
            self.tokens.extend(&index.tokens);
            for (param, value) in &index.strings {
                self.string_params.push(*param);
                self.strings.push(storable(value).into_owned());
            }
            for (param, low, high) in &index.dates {
                self.date_params.push(*param);
                self.lows.push(*low);
                self.highs.push(*high);
            }
        }
        self.tokens_to.push(next(self.tokens.len()) - 1);
        self.strings_to.push(next(self.strings.len()) - 1);
        self.dates_to.push(next(self.lows.len()) - 1);
    }
}

fn next(len: usize) -> i32 {
    i32::try_from(len).unwrap_or(i32::MAX - 1) + 1
}
