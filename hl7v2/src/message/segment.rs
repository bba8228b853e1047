//! One segment.

use std::ops::Range;

use memchr::memchr_iter;

use super::{Field, Index, Syntax};

/// One segment: a name and fields. A line of free text is a segment with an odd name.
#[derive(Clone, Copy)]
pub struct Segment<'m> {
    /// Without terminator.
    raw: &'m [u8],
    /// Positions of field separators in the message; `None`: search when asked.
    separators: Option<&'m [u32]>,
    start: usize,
    span: (usize, usize),
    index: usize,
    syntax: &'m Syntax<'m>,
}

impl<'m> Segment<'m> {
    /// A segment of an indexed message. An index out of range gives an empty one.
    pub(super) fn indexed(
        bytes: &'m [u8],
        index: &'m Index,
        segment: usize,
        syntax: &'m Syntax<'m>,
    ) -> Self {
        let Some(mark) = index.mark(segment) else {
            return Self::unindexed(&[], 0, 0, syntax);
        };
        let (start, end) = (mark.start as usize, mark.end as usize);
        let next = index
            .mark(segment + 1)
            .map_or(bytes.len(), |next| next.start as usize);
        // What stands before MSH (a byte order mark, blank lines) belongs to MSH.
        let span = (if segment == 0 { 0 } else { start }, next);
        Self {
            raw: bytes.get(start..end).unwrap_or_default(),
            separators: index.separators_of(mark),
            start,
            span,
            index: segment,
            syntax,
        }
    }

    /// A segment whose separators are searched when asked.
    pub(crate) fn unindexed(raw: &'m [u8], start: usize, index: usize, syntax: &'m Syntax) -> Self {
        Self {
            index,
            ..Self::marked(raw, start, None, syntax)
        }
    }

    /// A segment of its own, with the positions of its separators where they are known.
    pub(crate) fn marked(
        raw: &'m [u8],
        start: usize,
        separators: Option<&'m [u32]>,
        syntax: &'m Syntax<'m>,
    ) -> Self {
        Self {
            raw,
            separators,
            start,
            span: (start, start + raw.len()),
            index: 0,
            syntax,
        }
    }

    /// The name as text, empty if it is not even text.
    pub fn name(&self) -> &'m str {
        std::str::from_utf8(self.name_bytes()).unwrap_or_default()
    }

    /// What stands before the first separator.
    pub fn name_bytes(&self) -> &'m [u8] {
        let end = self.separator(0).unwrap_or(self.raw.len());
        self.raw.get(..end).unwrap_or_default()
    }

    /// Position in the message, counted from 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// The segment's bytes without terminator.
    pub fn raw(&self) -> &'m [u8] {
        self.raw
    }

    /// Where the segment stands in the message, with its terminator and the blank lines after it.
    /// The spans of all segments cover the message.
    pub fn span(&self) -> Range<usize> {
        self.span.0..self.span.1
    }

    pub(super) fn content_end(&self) -> usize {
        self.start + self.raw.len()
    }

    /// How many fields there are, counted as the standard does: in MSH the separator is one.
    pub fn n_fields(&self) -> usize {
        let n_separators = match self.separators {
            Some(separators) => separators.len(),
            None => memchr_iter(self.syntax.separators.field, self.raw).count(),
        };
        n_separators + usize::from(self.is_header() && 0 < n_separators)
    }

    /// Field `n`, counted from 1; in MSH, FHS and BHS 1 is the separator itself. A field that is
    /// not there is empty.
    pub fn field(&self, n: usize) -> Field<'m> {
        let n_naive = match (self.is_header(), n) {
            (_, 0) => return Field::empty(self.syntax),
            (false, _) => n,
            (true, 1) => return Field::literal(self.raw.get(3..4).unwrap_or_default()),
            (true, 2) => return Field::literal(self.between(1)),
            (true, _) => n - 1,
        };
        Field::new(self.between(n_naive), self.syntax)
    }

    /// All fields from 1 on.
    pub fn fields(&self) -> impl Iterator<Item = Field<'m>> + use<'m> {
        let segment = *self;
        (1..=self.n_fields()).map(move |n| segment.field(n))
    }

    /// Field 1 as a number: the set id of most segments that repeat.
    pub fn set_id(&self) -> Option<u32> {
        self.field(1).text().trim().parse().ok()
    }

    /// Segments whose first two fields are the separators themselves (ch. 2.14).
    fn is_header(&self) -> bool {
        matches!(
            self.raw,
            [b'M', b'S', b'H', ..] | [b'F' | b'B', b'H', b'S', ..]
        ) && self.raw.get(3) == Some(&self.syntax.separators.field)
    }

    /// The bytes after the `n`th separator, counted from 1, up to the next one.
    fn between(&self, n: usize) -> &'m [u8] {
        let Some(before) = self.separator(n - 1) else {
            return &[];
        };
        let end = self.separator(n).unwrap_or(self.raw.len());
        self.raw.get(before + 1..end).unwrap_or_default()
    }

    /// Where the `n`th separator stands in the segment, counted from 0.
    fn separator(&self, n: usize) -> Option<usize> {
        match self.separators {
            Some(separators) => separators.get(n).map(|&at| at as usize - self.start),
            None => memchr_iter(self.syntax.separators.field, self.raw).nth(n),
        }
    }
}

crate::redact::debug_as_size!(Segment);
