//! Writing an acknowledgement.

use crate::{
    Charset, Header, HeaderError, Separators,
    ack::{AckCode, ErrorCode},
    datatype::Dtm,
    escape::escape,
};

/// Echoed fields over this size are a sender's mistake that we don't multiply. It is well above
/// what any version allows for MSH-3 to MSH-18.
const ECHO_BYTES_MAX: usize = 2048;

/// What an acknowledgement says.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// MSA-1.
    pub code: AckCode,
    /// MSH-10 of the acknowledgement itself.
    pub control_id: &'a str,
    /// MSH-7.
    pub at: Dtm,
    /// One ERR segment each; the first one's message is MSA-3 too, for versions before 2.7.
    pub faults: &'a [Fault<'a>],
}

/// One complaint. It names places and rules, never what stood there.
#[derive(Clone, Copy, Debug)]
pub struct Fault<'a> {
    /// Segment name, which of that name (from 1), and field: `("MSH", 1, 10)`.
    pub place: Option<(&'a str, usize, usize)>,
    /// ERR-3.
    pub code: ErrorCode,
    /// ERR-4.
    pub severity: Severity,
    /// ERR-8: for people.
    pub message: &'a str,
}

/// ERR-4 (table 0516).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Severity {
    /// The message was not taken.
    Error,
    /// It was taken, but look.
    Warning,
    /// For the record.
    Information,
}

impl Fault<'_> {
    /// The complaint about an unreadable header.
    pub fn of_header(error: HeaderError) -> Fault<'static> {
        let (code, message) = match error {
            HeaderError::Empty => (ErrorCode::SegmentSequence, "The message is empty"),
            HeaderError::NoMsh => (
                ErrorCode::SegmentSequence,
                "The message must begin with MSH",
            ),
            HeaderError::Batch => (ErrorCode::SegmentSequence, "A batch can't be read here"),
            HeaderError::Utf16 => (ErrorCode::DataType, "UTF-16 is not accepted on this link"),
            HeaderError::FieldSeparator => (ErrorCode::DataType, "MSH-1 is no separator"),
            HeaderError::EncodingCharacters => (
                ErrorCode::DataType,
                "MSH-2 must hold four or five separators",
            ),
            HeaderError::NoControlId => (ErrorCode::RequiredFieldMissing, "MSH-10 is empty"),
            HeaderError::TooLarge | HeaderError::TooManySegments => {
                (ErrorCode::ApplicationInternal, "The message is too large")
            }
        };
        let place = error.place().map(|(segment, field)| (segment, 1, field));
        Fault {
            place,
            code,
            severity: Severity::Error,
            message,
        }
    }
}

/// Writes the acknowledgement of a message, without framing. Without a readable header it is in
/// the usual separators and addressed to nobody.
pub fn write(header: Option<&Header<'_>>, answer: &Answer<'_>) -> Vec<u8> {
    let mut writer = Writer {
        header,
        separators: header.map_or_else(Separators::default, Header::separators),
        charset: header.map_or(Charset::Ascii, Header::charset),
        out: Vec::with_capacity(256),
    };
    writer.msh(answer);
    writer.msa(answer);
    for fault in answer.faults {
        writer.err(fault);
    }
    writer.out
}

struct Writer<'a> {
    header: Option<&'a Header<'a>>,
    separators: Separators,
    charset: Charset,
    out: Vec<u8>,
}

impl<'a> Writer<'a> {
    fn msh(&mut self, answer: &Answer<'_>) {
        self.out.extend_from_slice(b"MSH");
        self.out.push(self.separators.field);
        self.out.extend(self.separators.encoding_characters());
        // The receiver becomes the sender.
        for n in [5, 6, 3, 4] {
            self.field(self.echo(n));
        }
        self.field(answer.at.to_string().as_bytes());
        self.field(b"");
        self.message_type();
        self.field(b"");
        self.text(answer.control_id);
        self.field(or(self.echo(11), b"P"));
        self.field(or(self.echo(12), b"2.5.1"));
        let charset = self.echo(18);
        if !charset.is_empty() {
            (13..18).for_each(|_| self.field(b""));
            self.field(charset);
        }
        self.out.push(b'\r');
    }

    fn message_type(&mut self) {
        self.field(b"ACK");
        let trigger = self.header.map(|header| header.field(9).component(2).raw());
        if let Some(trigger) = trigger.map(echoed).filter(|trigger| !trigger.is_empty()) {
            self.out.push(self.separators.component);
            self.out.extend_from_slice(trigger);
            self.out.push(self.separators.component);
            self.out.extend_from_slice(b"ACK");
        }
    }

    fn msa(&mut self, answer: &Answer<'_>) {
        self.out.extend_from_slice(b"MSA");
        self.field(answer.code.as_str().as_bytes());
        // Two quotes are no id, and MSA-2 says none then.
        let has_id = self
            .header
            .is_some_and(|header| !header.control_id().is_null());
        self.field(if has_id { self.echo(10) } else { b"" });
        if let Some(fault) = answer.faults.first().filter(|_| self.is_before("2.7")) {
            self.field(b"");
            self.text(fault.message);
        }
        self.out.push(b'\r');
    }

    fn err(&mut self, fault: &Fault<'_>) {
        self.out.extend_from_slice(b"ERR");
        if self.is_before("2.5") {
            self.err_1(fault);
        } else {
            self.err_2_to_8(fault);
        }
        self.out.push(b'\r');
    }

    /// ELD, before v2.5: segment ^ sequence ^ field ^ code & text & system.
    fn err_1(&mut self, fault: &Fault<'_>) {
        self.field(b"");
        self.place(fault);
        let n_separators = if fault.place.is_some() { 1 } else { 3 };
        self.out
            .extend(std::iter::repeat_n(self.separators.component, n_separators));
        self.error_code(fault, self.separators.subcomponent);
    }

    fn err_2_to_8(&mut self, fault: &Fault<'_>) {
        self.field(b"");
        self.field(b"");
        self.place(fault);
        self.field(b"");
        self.error_code(fault, self.separators.component);
        self.field(match fault.severity {
            Severity::Error => b"E",
            Severity::Warning => b"W",
            Severity::Information => b"I",
        });
        (5..8).for_each(|_| self.field(b""));
        self.field(b"");
        self.text(fault.message);
    }

    fn place(&mut self, fault: &Fault<'_>) {
        let Some((segment, sequence, field)) = fault.place else {
            return;
        };
        self.text(segment);
        for number in [sequence, field] {
            self.out.push(self.separators.component);
            self.text(&number.to_string());
        }
    }

    fn error_code(&mut self, fault: &Fault<'_>, separator: u8) {
        let (code, text) = fault.code.code_and_text();
        self.text(code);
        self.out.push(separator);
        self.text(text);
        self.out.push(separator);
        self.text("HL70357");
    }

    /// What the sender said in a field of MSH.
    fn echo(&self, n: usize) -> &'a [u8] {
        echoed(self.header.map_or(&[][..], |header| header.field(n).raw()))
    }

    fn field(&mut self, raw: &[u8]) {
        self.out.push(self.separators.field);
        self.out.extend_from_slice(raw);
    }

    fn text(&mut self, text: &str) {
        escape(text, &self.separators, self.charset, &mut self.out);
    }

    /// Whether the sender speaks a version before this one. One that says none is taken as new.
    fn is_before(&self, version: &str) -> bool {
        let spoken = self
            .header
            .map(|header| header.version().text())
            .unwrap_or_default();
        !spoken.trim().is_empty() && spoken.trim() < version
    }
}

/// A control character in an echoed field could break the answer's frame.
fn echoed(raw: &[u8]) -> &[u8] {
    let is_safe = raw.len() <= ECHO_BYTES_MAX && !raw.iter().any(u8::is_ascii_control);
    if is_safe { raw } else { b"" }
}

fn or<'a>(raw: &'a [u8], otherwise: &'static [u8]) -> &'a [u8] {
    if raw.is_empty() { otherwise } else { raw }
}
