//! MSH: who sent what, and how the rest is to be read.

use memchr::{memchr_iter, memchr2};

use crate::{
    charset::{self, Charset},
    message::{Field, MessageType, Segment, Syntax},
    separators::Separators,
};

/// Why a message can't be read at all. Each names its place, never what stood there.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum HeaderError {
    /// Nothing, or only blanks.
    #[error("the message is empty")]
    Empty,
    /// The bytes are UTF-16.
    #[error("the message is encoded in UTF-16")]
    Utf16,
    /// The bytes begin with FHS or BHS: see [`crate::batch`].
    #[error("the bytes are a batch, not a message")]
    Batch,
    /// The bytes don't begin with MSH.
    #[error("the message does not begin with MSH")]
    NoMsh,
    /// MSH-1 is missing or can't separate.
    #[error("MSH-1 is no separator")]
    FieldSeparator,
    /// MSH-2 is missing or can't separate.
    #[error("MSH-2 holds characters that can't separate")]
    EncodingCharacters,
    /// MSH-10 is empty.
    #[error("MSH-10 is empty")]
    NoControlId,
    /// More bytes than positions can be counted (4 GiB).
    #[error("the message is too large")]
    TooLarge,
    /// More segments than any real message has.
    #[error("the message has too many segments")]
    TooManySegments,
}

impl HeaderError {
    /// The field that is at fault, for ERR-2; `None` where there is no MSH to point into.
    pub fn place(self) -> Option<(&'static str, usize)> {
        match self {
            Self::FieldSeparator => Some(("MSH", 1)),
            Self::EncodingCharacters => Some(("MSH", 2)),
            Self::NoControlId => Some(("MSH", 10)),
            Self::Utf16 => Some(("MSH", 18)),
            Self::Empty | Self::Batch | Self::NoMsh | Self::TooLarge | Self::TooManySegments => {
                None
            }
        }
    }
}

/// The MSH line of a message, read without looking at the rest.
#[derive(Clone, Copy)]
pub struct Header<'a> {
    line: &'a [u8],
    start: usize,
    marks: Marks,
    syntax: Syntax<'a>,
}

/// Where the field separators stand, found once for the dozen fields that every message is asked for.
#[derive(Clone, Copy)]
struct Marks {
    at: [u32; MARKS_MAX],
    n: usize,
}

/// MSH has 25 fields in v2.8; a longer one is searched when it is asked.
const MARKS_MAX: usize = 32;

impl Marks {
    fn of(line: &[u8], start: usize, field: u8) -> Self {
        let mut marks = Self {
            at: [0; MARKS_MAX],
            n: 0,
        };
        for at in memchr_iter(field, line) {
            if let Some(mark) = marks.at.get_mut(marks.n) {
                *mark = u32::try_from(start + at).unwrap_or(u32::MAX);
            }
            marks.n += 1;
        }
        marks
    }

    /// `None` when there were too many to remember.
    fn get(&self) -> Option<&[u32]> {
        self.at.get(..self.n)
    }
}

impl<'a> Header<'a> {
    /// Finds MSH at the beginning (a byte order mark or blank lines may stand before it) and takes
    /// separators and character set from it. `fallback` is the link's character set: it reads
    /// what MSH-18 does not name, unless that is valid UTF-8, and bytes that are bad in the
    /// declared set.
    pub fn parse(bytes: &'a [u8], fallback: Charset) -> Result<Self, HeaderError> {
        let start = leading_blank(bytes);
        let rest = bytes.get(start..).unwrap_or_default();
        if charset::looks_like_utf16(bytes) || charset::looks_like_utf16(rest) {
            return Err(HeaderError::Utf16);
        }
        let line = rest.get(..memchr2(b'\r', b'\n', rest).unwrap_or(rest.len()));
        let line = line.unwrap_or_default();
        let (field, after) = match line {
            [] => return Err(HeaderError::Empty),
            [b'F' | b'B', b'H', b'S', ..] => return Err(HeaderError::Batch),
            [b'M', b'S', b'H'] => return Err(HeaderError::FieldSeparator),
            [b'M', b'S', b'H', field, after @ ..] => (*field, after),
            _ => return Err(HeaderError::NoMsh),
        };
        if !field.is_ascii_punctuation() {
            return Err(HeaderError::FieldSeparator);
        }
        let msh_2 = after
            .split(|&byte| byte == field)
            .next()
            .unwrap_or_default();
        let separators = Separators::parse(field, msh_2).ok_or(HeaderError::EncodingCharacters)?;
        let mut header = Self {
            line,
            start,
            marks: Marks::of(line, start, field),
            syntax: Syntax {
                separators,
                charset: Charset::Utf8,
                fallback,
                text: None,
            },
        };
        header.syntax.charset = header.declared_charset().unwrap_or(Charset::Utf8);
        Ok(header)
    }

    /// MSH-10 must be there: without it nothing can be acknowledged.
    pub fn require_control_id(&self) -> Result<(), HeaderError> {
        if self.control_id().text().trim().is_empty() {
            return Err(HeaderError::NoControlId);
        }
        Ok(())
    }

    /// MSH as a segment.
    pub fn segment(&self) -> Segment<'_> {
        Segment::marked(self.line, self.start, self.marks.get(), &self.syntax)
    }

    /// A field of MSH, counted as the standard does: 1 is the separator itself.
    pub fn field(&self, n: usize) -> Field<'_> {
        self.segment().field(n)
    }

    /// MSH-1 and MSH-2.
    pub fn separators(&self) -> Separators {
        self.syntax.separators
    }

    /// The character set in force: MSH-18, else UTF-8 with the link's as fallback.
    pub fn charset(&self) -> Charset {
        self.syntax.charset
    }

    /// What MSH-18 names, if we know it. Of repeated names the first one is the set in which a
    /// message begins; the others only apply after switching escapes (ch. 2.9.2).
    pub fn declared_charset(&self) -> Option<Charset> {
        Charset::parse(&String::from_utf8_lossy(self.field(18).first().raw()))
    }

    /// MSH-3.
    pub fn sending_application(&self) -> Field<'_> {
        self.field(3)
    }

    /// MSH-4.
    pub fn sending_facility(&self) -> Field<'_> {
        self.field(4)
    }

    /// MSH-5.
    pub fn receiving_application(&self) -> Field<'_> {
        self.field(5)
    }

    /// MSH-6.
    pub fn receiving_facility(&self) -> Field<'_> {
        self.field(6)
    }

    /// MSH-7: when the message was made.
    pub fn made_at(&self) -> Field<'_> {
        self.field(7)
    }

    /// MSH-9.
    pub fn message_type(&self) -> MessageType<'_> {
        MessageType::of(self.field(9))
    }

    /// MSH-10.
    pub fn control_id(&self) -> Field<'_> {
        self.field(10)
    }

    /// MSH-11: production, training or debugging.
    pub fn processing_id(&self) -> Field<'_> {
        self.field(11)
    }

    /// MSH-12: the version of the standard.
    pub fn version(&self) -> Field<'_> {
        self.field(12)
    }

    /// MSH-13.
    pub fn sequence_number(&self) -> Field<'_> {
        self.field(13)
    }

    /// MSH-15: when the sender wants an accept acknowledgement. With MSH-16 empty too, the
    /// original mode is meant.
    pub fn accept_ack_type(&self) -> Field<'_> {
        self.field(15)
    }

    /// MSH-16: when the sender wants an application acknowledgement.
    pub fn application_ack_type(&self) -> Field<'_> {
        self.field(16)
    }

    /// Where MSH begins in the bytes.
    pub(crate) fn start(&self) -> usize {
        self.start
    }

    /// How the message is to be read.
    pub(crate) fn syntax(&self) -> &Syntax<'a> {
        &self.syntax
    }

    /// The MSH line without its terminator.
    pub fn raw(&self) -> &'a [u8] {
        self.line
    }
}

crate::redact::debug_as_size!(Header);

/// How many bytes stand before the first segment: a byte order mark, blank lines, blanks.
fn leading_blank(bytes: &[u8]) -> usize {
    let mark = usize::from(bytes.starts_with(b"\xEF\xBB\xBF")) * 3;
    let blank = bytes
        .iter()
        .skip(mark)
        .take_while(|byte| byte.is_ascii_whitespace())
        .count();
    mark + blank
}

#[cfg(test)]
mod tests;
