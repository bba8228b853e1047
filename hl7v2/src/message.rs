//! A message: an index over the received bytes, and views that read them when asked.

mod field;
mod index;
mod message_type;
mod segment;

#[cfg(test)]
mod tests;

pub use field::{Component, Field, Repetition, Subcomponent};
pub use index::Index;
pub use message_type::MessageType;
pub use segment::Segment;

use crate::{Charset, Header, HeaderError, Separators};

/// What is needed to read a value: it comes from MSH and from the link.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Syntax<'a> {
    pub(crate) separators: Separators,
    pub(crate) charset: Charset,
    pub(crate) fallback: Charset,
    /// The whole message where that is UTF-8: its parts are text without being looked at again.
    pub(crate) text: Option<&'a str>,
}

/// One message as received. Every byte belongs to some segment's [`Segment::span`].
pub struct Message<'a> {
    bytes: &'a [u8],
    syntax: Syntax<'a>,
    index: Index,
}

/// How the segments of a message end, for counting what a sender gets wrong.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct LineEndings {
    /// Ends by CR, as the standard says.
    pub n_cr: u32,
    /// Ends by LF alone.
    pub n_lf: u32,
    /// Ends by CR LF.
    pub n_crlf: u32,
    /// The last segment has no end.
    pub last_unended: bool,
}

impl LineEndings {
    /// Counts the end of one segment: the bytes after its content.
    pub(crate) fn count(&mut self, after: &[u8]) {
        match after {
            [] => self.last_unended = true,
            [b'\r', b'\n', ..] => self.n_crlf += 1,
            [b'\n', ..] => self.n_lf += 1,
            _ => self.n_cr += 1,
        }
    }

    /// Whether every segment ends as the standard says.
    pub fn is_standard(&self) -> bool {
        self.n_lf == 0 && self.n_crlf == 0 && !self.last_unended
    }
}

impl<'a> Message<'a> {
    /// Reads a message whose link has no agreed character set: MSH-18, else UTF-8, else
    /// Windows-1252.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, HeaderError> {
        Self::parse_with(bytes, Charset::Windows1252)
    }

    /// Reads a message; `fallback` is the link's character set, see [`Header::parse`].
    pub fn parse_with(bytes: &'a [u8], fallback: Charset) -> Result<Self, HeaderError> {
        Self::parse_reusing(bytes, fallback, Index::default())
    }

    /// [`Message::parse_with`] that takes the memory of an earlier message's index
    /// ([`Message::into_index`]).
    pub fn parse_reusing(
        bytes: &'a [u8],
        fallback: Charset,
        index: Index,
    ) -> Result<Self, HeaderError> {
        Self::indexed(&Header::parse(bytes, fallback)?, bytes, index)
    }

    /// Reads the message whose header was read already, from the same bytes.
    pub fn behind(header: &Header<'_>, bytes: &'a [u8]) -> Result<Self, HeaderError> {
        Self::indexed(header, bytes, Index::default())
    }

    fn indexed(
        header: &Header<'_>,
        bytes: &'a [u8],
        mut index: Index,
    ) -> Result<Self, HeaderError> {
        let header_syntax = *header.syntax();
        let text = header_syntax.charset.text_of_all(bytes);
        let syntax = Syntax {
            text,
            ..header_syntax
        };
        index.build(bytes, header.start(), syntax.separators.field)?;
        Ok(Self {
            bytes,
            syntax,
            index,
        })
    }

    /// Gives the index's memory back for the next message.
    pub fn into_index(self) -> Index {
        self.index
    }

    /// Exactly what was received.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// MSH-1 and MSH-2.
    pub fn separators(&self) -> Separators {
        self.syntax.separators
    }

    /// The character set in force.
    pub fn charset(&self) -> Charset {
        self.syntax.charset
    }

    /// The character set of bytes that are no text in the declared one: the link's.
    pub fn fallback(&self) -> Charset {
        self.syntax.fallback
    }

    /// How many segments there are; blank lines are none.
    pub fn n_segments(&self) -> usize {
        self.index.n_segments()
    }

    /// The segments in order.
    pub fn segments(&self) -> impl DoubleEndedIterator<Item = Segment<'_>> + ExactSizeIterator {
        (0..self.n_segments()).map(|index| self.segment_at_known(index))
    }

    /// The segment at a position, counted from 0.
    pub fn segment_at(&self, index: usize) -> Option<Segment<'_>> {
        (index < self.n_segments()).then(|| self.segment_at_known(index))
    }

    /// The first segment of that name.
    pub fn segment(&self, name: &str) -> Option<Segment<'_>> {
        self.segments_named(name).next()
    }

    /// All segments of that name, in order.
    pub fn segments_named<'m>(&'m self, name: &str) -> impl Iterator<Item = Segment<'m>> {
        let name = name.as_bytes();
        // Most segments have another name, which their first bytes show.
        let may_be_meant = move |index: &usize| {
            let start = self.index.mark(*index).map(|mark| mark.start as usize);
            let raw = start.and_then(|start| self.bytes.get(start..));
            raw.is_some_and(|raw| raw.starts_with(name))
        };
        (0..self.n_segments())
            .filter(may_be_meant)
            .map(|index| self.segment_at_known(index))
            .filter(move |segment| segment.name_bytes() == name)
    }

    /// MSH. A message without one is not parsed.
    pub fn msh(&self) -> Segment<'_> {
        self.segment_at_known(0)
    }

    /// MSH-9.
    pub fn message_type(&self) -> MessageType<'_> {
        MessageType::of(self.msh().field(9))
    }

    /// How the segments end.
    pub fn line_endings(&self) -> LineEndings {
        let mut endings = LineEndings::default();
        for segment in self.segments() {
            let after = segment.content_end()..segment.span().end;
            endings.count(self.bytes.get(after).unwrap_or_default());
        }
        endings
    }

    /// Whether a byte order mark stands before MSH.
    pub fn has_byte_order_mark(&self) -> bool {
        self.bytes.starts_with(b"\xEF\xBB\xBF")
    }

    /// Whether every byte is text in the declared character set (MSH-18, else UTF-8), so that no
    /// fallback is needed to read the message. Reads all of it.
    pub fn is_in_charset(&self) -> bool {
        self.syntax.charset.reads(self.bytes)
    }

    fn segment_at_known(&self, index: usize) -> Segment<'_> {
        Segment::indexed(self.bytes, &self.index, index, &self.syntax)
    }
}

impl std::fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Message({} bytes, {} segments)",
            self.bytes.len(),
            self.n_segments()
        )
    }
}
