//! Index values of many rows in flat arrays: a statement takes one array per column, and each row its
//! slice of it.

use jiff::Timestamp;

use super::IndexRows;
use crate::columns::storable;

/// The index values of some rows, one after the other, and where each row's begin and end (from 1,
/// both inclusive, as SQL slices; the end stands before the beginning when there are none). Strings are an
/// array literal for each row: to slice an array of texts, Postgres walks it from its beginning.
#[derive(Default)]
pub(crate) struct Flat {
    pub(crate) tokens: Vec<i64>,
    pub(crate) string_params: Vec<i16>,
    /// One for each row.
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
        self.strings_from.push(next(self.string_params.len()));
        self.dates_from.push(next(self.lows.len()));
        let strings = index.map_or(&[][..], |index| &index.strings);
        self.strings
            .push(literal(strings.iter().map(|(_, value)| value.as_str())));
        if let Some(index) = index {
            self.tokens.extend(&index.tokens);
            self.string_params
                .extend(index.strings.iter().map(|(param, _)| *param));
            for (param, low, high) in &index.dates {
                self.date_params.push(*param);
                self.lows.push(*low);
                self.highs.push(*high);
            }
        }
        self.tokens_to.push(next(self.tokens.len()) - 1);
        self.strings_to.push(next(self.string_params.len()) - 1);
        self.dates_to.push(next(self.lows.len()) - 1);
    }
}

fn next(len: usize) -> i32 {
    i32::try_from(len).unwrap_or(i32::MAX - 1) + 1
}

/// Texts as Postgres reads an array (PostgreSQL manual, Array Input): each in quotes, which it escapes.
fn literal<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    let mut literal = String::from("{");
    for text in texts {
        literal.push_str(if literal.len() == 1 { "\"" } else { ",\"" });
        for letter in storable(text).chars() {
            if matches!(letter, '"' | '\\') {
                literal.push('\\');
            }
            literal.push(letter);
        }
        literal.push('"');
    }
    literal.push('}');
    literal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_with_quotes_and_backslashes_stay_one_element_each() {
        assert_eq!(literal(std::iter::empty()), "{}");
        let texts = ["o\"neil, {ann}", "a\\b", "", "null"];
        let expected = r#"{"o\"neil, {ann}","a\\b","","null"}"#;
        assert_eq!(literal(texts.into_iter()), expected);
    }
}
