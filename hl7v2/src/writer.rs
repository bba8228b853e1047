//! Messages that we write: segments of values, escaped and encoded when the bytes are made.
//!
//! ```
//! use hl7v2::{Charset, Separators, writer::{Builder, Value}};
//!
//! let mut message = Builder::new(Separators::default(), Charset::Utf8);
//! message.segment("MSH").set(3, "DRAWBRIDGE").set(9, ["MDM", "T02", "MDM_T02"]).set(10, "42");
//! message
//!     .segment("PID")
//!     .set(3, [Value::from("100"), Value::default(), Value::default(), "EMR".into()])
//!     .set(5, ["O&M", "JANE"]);
//! let written = message.write();
//! assert_eq!(
//!     written.bytes,
//!     br"MSH|^~\&|DRAWBRIDGE||||||MDM^T02^MDM_T02|42||||||||UNICODE UTF-8
//! PID|||100^^^EMR||O\T\M^JANE
//! ".map(|byte| if byte == b'\n' { b'\r' } else { byte })
//! );
//! ```

use crate::{
    Charset, Separators,
    escape::{escape, escape_formatted},
};

#[cfg(test)]
mod tests;

/// A message that is being put together.
#[derive(Clone, Debug)]
pub struct Builder {
    separators: Separators,
    charset: Charset,
    segments: Vec<SegmentBuilder>,
}

/// A segment that is being put together.
#[derive(Clone, Debug)]
pub struct SegmentBuilder {
    name: String,
    /// Repetitions of each field; field 1 is the first.
    fields: Vec<Vec<Value>>,
}

/// A written message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Written {
    /// The segments, each with its CR.
    pub bytes: Vec<u8>,
    /// Characters that the character set lacks; they stand in the text as `\X..\` with their UTF-8
    /// bytes, which few receivers understand.
    pub n_unencodable: usize,
}

/// A value at any level: a repetition of a field, a component, a subcomponent. Parts of a
/// repetition are components, theirs are subcomponents; deeper parts have no place to go and are
/// written as their first one.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Value(Content);

#[derive(Clone, PartialEq, Eq)]
enum Content {
    Text(String),
    /// Text whose line breaks are `\.br\`.
    Formatted(String),
    /// Text that is known to need no escape, such as Base64.
    Plain(Vec<u8>),
    Null,
    Parts(Vec<Value>),
}

impl Default for Content {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

impl Value {
    /// Text; separators and control characters in it are escaped.
    pub fn text(text: impl Into<String>) -> Self {
        Self(Content::Text(text.into()))
    }

    /// Text of the types FT and TX, where a line break is written as `\.br\`.
    pub fn formatted(text: impl Into<String>) -> Self {
        Self(Content::Formatted(text.into()))
    }

    /// Base64 or hex digits, copied as they are. Anything else in it is left out, so that no
    /// separator or control character can slip into the message.
    pub fn encoded(digits: impl Into<Vec<u8>>) -> Self {
        let mut digits = digits.into();
        digits.retain(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='));
        Self(Content::Plain(digits))
    }

    /// Two quotes: the receiver deletes what it has.
    pub fn null() -> Self {
        Self(Content::Null)
    }

    /// Components, or inside a component subcomponents.
    pub fn parts(parts: impl IntoIterator<Item = Value>) -> Self {
        Self(Content::Parts(parts.into_iter().collect()))
    }

    /// Whether nothing would be written.
    pub fn is_empty(&self) -> bool {
        match &self.0 {
            Content::Text(text) | Content::Formatted(text) => text.is_empty(),
            Content::Plain(bytes) => bytes.is_empty(),
            Content::Null => false,
            Content::Parts(parts) => parts.iter().all(Self::is_empty),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

impl<V: Into<Value>, const N: usize> From<[V; N]> for Value {
    fn from(parts: [V; N]) -> Self {
        Self::parts(parts.map(Into::into))
    }
}

impl<V: Into<Value>> From<Vec<V>> for Value {
    fn from(parts: Vec<V>) -> Self {
        Self::parts(parts.into_iter().map(Into::into))
    }
}

impl Builder {
    /// An empty message. It begins with the segment MSH, which the caller adds first; MSH-1, MSH-2
    /// and, unless it was set, MSH-18 are written from these.
    pub fn new(separators: Separators, charset: Charset) -> Self {
        Self {
            separators,
            charset,
            segments: Vec::new(),
        }
    }

    /// Adds a segment.
    pub fn segment(&mut self, name: &str) -> &mut SegmentBuilder {
        let name = name.chars().filter(char::is_ascii_alphanumeric).collect();
        self.segments.push_mut(SegmentBuilder {
            name,
            fields: Vec::new(),
        })
    }

    /// The bytes.
    pub fn write(&self) -> Written {
        let mut writer = Writer {
            separators: self.separators,
            charset: self.charset,
            written: Written {
                bytes: Vec::with_capacity(512),
                n_unencodable: 0,
            },
        };
        for segment in &self.segments {
            writer.segment(segment);
        }
        writer.written
    }
}

impl SegmentBuilder {
    /// Says a field, counted from 1 as the standard does; in MSH 1 and 2 are written from the
    /// separators. What the field had is replaced.
    pub fn set(&mut self, field: usize, value: impl Into<Value>) -> &mut Self {
        if let Some(repetitions) = self.repetitions(field) {
            *repetitions = vec![value.into()];
        }
        self
    }

    /// Adds a repetition to a field.
    pub fn repeat(&mut self, field: usize, value: impl Into<Value>) -> &mut Self {
        if let Some(repetitions) = self.repetitions(field) {
            repetitions.push(value.into());
        }
        self
    }

    /// Says a field only where there is something to say.
    pub fn set_some(&mut self, field: usize, value: Option<impl Into<Value>>) -> &mut Self {
        match value {
            Some(value) => self.set(field, value),
            None => self,
        }
    }

    fn repetitions(&mut self, field: usize) -> Option<&mut Vec<Value>> {
        let index = field.checked_sub(1)?;
        if self.fields.len() <= index {
            self.fields.resize_with(index + 1, Vec::new);
        }
        self.fields.get_mut(index)
    }
}

struct Writer {
    separators: Separators,
    charset: Charset,
    written: Written,
}

impl Writer {
    fn segment(&mut self, segment: &SegmentBuilder) {
        self.written
            .bytes
            .extend_from_slice(segment.name.as_bytes());
        let is_header = matches!(segment.name.as_str(), "MSH" | "FHS" | "BHS");
        if is_header {
            self.written.bytes.push(self.separators.field);
            self.written
                .bytes
                .extend(self.separators.encoding_characters());
        }
        let charset = [Value::text(self.charset.msh_18())];
        let mut n_pending = 0;
        for n in (if is_header { 3 } else { 1 })..=segment.fields.len().max(18) {
            let said = segment
                .fields
                .get(n - 1)
                .map(Vec::as_slice)
                .unwrap_or_default();
            let is_charset = segment.name == "MSH" && n == 18 && self.charset != Charset::Ascii;
            let said = if said.is_empty() && is_charset {
                &charset
            } else {
                said
            };
            n_pending += 1;
            if said.iter().all(Value::is_empty) {
                continue;
            }
            self.push(self.separators.field, n_pending);
            n_pending = 0;
            self.list(said, self.separators.repetition, Level::Repetition);
        }
        self.written.bytes.push(b'\r');
    }

    /// Writes values with a separator between them, and none after the last that says something.
    fn list(&mut self, values: &[Value], separator: u8, level: Level) {
        let mut n_pending = 0;
        for (n, value) in values.iter().enumerate() {
            n_pending += usize::from(0 < n);
            if !value.is_empty() {
                self.push(separator, n_pending);
                n_pending = 0;
                self.value(value, level);
            }
        }
    }

    fn value(&mut self, value: &Value, level: Level) {
        let out = &mut self.written.bytes;
        let n_unencodable = match &value.0 {
            Content::Text(text) => escape(text, &self.separators, self.charset, out),
            Content::Formatted(text) => escape_formatted(text, &self.separators, self.charset, out),
            Content::Plain(bytes) => {
                out.extend_from_slice(bytes);
                0
            }
            Content::Null => {
                out.extend_from_slice(b"\"\"");
                0
            }
            Content::Parts(parts) => {
                match level {
                    Level::Repetition => {
                        self.list(parts, self.separators.component, Level::Component);
                    }
                    Level::Component => {
                        self.list(parts, self.separators.subcomponent, Level::Subcomponent);
                    }
                    Level::Subcomponent => {
                        if let Some(first) = parts.first() {
                            self.value(first, level);
                        }
                    }
                }
                0
            }
        };
        self.written.n_unencodable += n_unencodable;
    }

    fn push(&mut self, byte: u8, times: usize) {
        self.written.bytes.extend(std::iter::repeat_n(byte, times));
    }
}

#[derive(Clone, Copy)]
enum Level {
    Repetition,
    Component,
    Subcomponent,
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Value(..)")
    }
}
