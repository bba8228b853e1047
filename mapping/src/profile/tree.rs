//! TOML as a tree that knows its places, and the mistakes that are found while it is read.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Problem, ProfileError};

/// A value with its place in the text.
pub(super) type Node<'t> = Spanned<DeValue<'t>>;

/// The mistakes in a text.
pub(super) struct Mistakes<'t> {
    text: &'t str,
    found: Vec<Problem>,
}

impl<'t> Mistakes<'t> {
    pub(super) const fn new(text: &'t str) -> Self {
        Self {
            text,
            found: Vec::new(),
        }
    }

    /// Something is wrong at that place of the text.
    pub(super) fn add(&mut self, span: Range<usize>, what: impl Into<String>) {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line = 1 + before.matches('\n').count();
        let column = 1 + before
            .chars()
            .rev()
            .take_while(|char| *char != '\n')
            .count();
        self.found.push(Problem {
            line,
            column,
            what: what.into(),
        });
    }

    /// A key that means nothing there.
    pub(super) fn unknown<'k>(
        &mut self,
        span: Range<usize>,
        kind: &str,
        key: &str,
        known: impl Iterator<Item = &'k str> + Clone,
    ) {
        let nearest = nearest(key, known.clone()).map_or_else(
            || format!("; known: {}", known.collect::<Vec<_>>().join(", ")),
            |known| format!("; did you mean `{known}`?"),
        );
        self.add(span, format!("unknown {kind} `{key}`{nearest}"));
    }

    /// The tree, unless there were mistakes.
    pub(super) fn end<T>(self, value: T) -> Result<T, ProfileError> {
        let mut problems = self.found;
        if problems.is_empty() {
            return Ok(value);
        }
        problems.sort();
        Err(ProfileError { problems })
    }

    /// The text as a tree.
    pub(super) fn tree(&mut self) -> Option<DeTable<'t>> {
        let (tree, errors) = DeTable::parse_recoverable(self.text);
        let is_sound = errors.is_empty();
        for error in errors {
            let span = error.span().unwrap_or(0..0);
            self.add(
                span,
                format!("this is not TOML: {}", error.message().trim()),
            );
        }
        is_sound.then(|| tree.into_inner())
    }

    pub(super) fn text_of<'n>(&mut self, key: &str, node: &'n Node<'t>) -> Option<&'n str> {
        let text = node.get_ref().as_str();
        if text.is_none() {
            self.wants(key, node, "a text in quotes");
        }
        text
    }

    pub(super) fn flag(&mut self, key: &str, node: &Node<'t>) -> Option<bool> {
        let flag = node.get_ref().as_bool();
        if flag.is_none() {
            self.wants(key, node, "true or false");
        }
        flag
    }

    pub(super) fn number(&mut self, key: &str, node: &Node<'t>) -> Option<u32> {
        let digits = node.get_ref().as_integer().map(toml::de::DeInteger::as_str);
        let number = digits.and_then(|digits| digits.parse().ok());
        if number.is_none() {
            self.wants(key, node, "a whole number, as 3");
        }
        number
    }

    /// Points of a score.
    pub(super) fn points(&mut self, key: &str, node: &Node<'t>) -> Option<i32> {
        let digits = node.get_ref().as_integer().map(toml::de::DeInteger::as_str);
        let points = digits.and_then(|digits| digits.parse().ok());
        let points = points.filter(|points| (-1000..=1000).contains(points));
        if points.is_none() {
            self.wants(key, node, "a whole number from -1000 to 1000");
        }
        points
    }

    pub(super) fn table<'n>(&mut self, key: &str, node: &'n Node<'t>) -> Option<&'n DeTable<'t>> {
        let table = node.get_ref().as_table();
        if table.is_none() {
            self.wants(key, node, "a table");
        }
        table
    }

    /// The texts of a list, with their places.
    pub(super) fn texts<'n>(
        &mut self,
        key: &str,
        node: &'n Node<'t>,
    ) -> Vec<(&'n str, Range<usize>)> {
        let Some(list) = node.get_ref().as_array() else {
            self.wants(key, node, "a list of texts, as [\"MR\"]");
            return Vec::new();
        };
        let mut texts = Vec::new();
        for entry in list {
            if let Some(text) = self.text_of(key, entry) {
                texts.push((text, entry.span()));
            }
        }
        texts
    }

    fn wants(&mut self, key: &str, node: &Node<'t>, what: &str) {
        let is = node.get_ref().type_str();
        self.add(
            node.span(),
            format!("`{key}` is {what}, not a value of type {is}"),
        );
    }
}

/// The known word that was probably meant.
pub(super) fn nearest<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let closeness = |known: &str| strsim::jaro_winkler(word, known);
    known
        .filter(|known| 0.75 < closeness(known))
        .max_by(|a, b| closeness(a).total_cmp(&closeness(b)))
}
