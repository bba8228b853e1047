//! What intake needs of a message before it is stored, and no more: MSH, and the segments that say
//! whose it is. The long OBX lines are stepped over.

use memchr::memchr2;

use crate::{
    Charset, Header, HeaderError, Segment,
    batch::is_batch,
    datatype::Cx,
    message::{Field, LineEndings, MessageType},
};

/// Segments beyond this many with keys in them are not kept: a message names a few patients.
const KEPT_MAX: usize = 1024;

/// MSH and the segments with lane keys: EVN, PID, MRG, PV1.
pub struct Envelope<'a> {
    header: Header<'a>,
    kept: Vec<Line<'a>>,
    is_complete: bool,
    line_endings: LineEndings,
}

struct Line<'a> {
    bytes: &'a [u8],
    start: usize,
    index: usize,
}

impl<'a> Envelope<'a> {
    /// Reads a message's envelope; `fallback` is the link's character set (see
    /// [`Header::parse`]). MSH-10 may be missing: [`Envelope::refusal`] tells, so that the header
    /// can still be answered.
    pub fn parse(bytes: &'a [u8], fallback: Charset) -> Result<Self, HeaderError> {
        if is_batch(bytes) {
            return Err(HeaderError::Batch);
        }
        let header = Header::parse(bytes, fallback)?;
        let mut envelope = Self {
            header,
            kept: Vec::with_capacity(4),
            is_complete: true,
            line_endings: LineEndings::default(),
        };
        envelope.keep_lines(bytes);
        Ok(envelope)
    }

    fn keep_lines(&mut self, bytes: &'a [u8]) {
        let mut start = self.header.start() + self.header.raw().len();
        self.line_endings
            .count(bytes.get(start..).unwrap_or_default());
        let mut index = 1;
        while let Some(rest) = bytes.get(start..).filter(|rest| !rest.is_empty()) {
            let n_bytes = memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
            let (line, after) = rest.split_at(n_bytes);
            if has_keys(line) {
                self.keep(Line {
                    bytes: line,
                    start,
                    index,
                });
            }
            if !line.is_empty() {
                self.line_endings.count(after);
                index += 1;
            }
            start += n_bytes + 1;
        }
    }

    fn keep(&mut self, line: Line<'a>) {
        if self.kept.len() < KEPT_MAX {
            self.kept.push(line);
        } else {
            self.is_complete = false;
        }
    }

    /// MSH.
    pub fn header(&self) -> &Header<'a> {
        &self.header
    }

    /// Why the message can't be acknowledged although its MSH is readable.
    pub fn refusal(&self) -> Option<HeaderError> {
        let control_id = self.header.control_id();
        control_id
            .text()
            .trim()
            .is_empty()
            .then_some(HeaderError::NoControlId)
    }

    /// MSH-9.
    pub fn message_type(&self) -> MessageType<'_> {
        self.header.message_type()
    }

    /// Whether every segment with keys was kept; otherwise the whole message has to be read.
    pub fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// How the segments end.
    pub fn line_endings(&self) -> LineEndings {
        self.line_endings
    }

    /// The kept segments of that name, in order.
    pub fn segments<'e>(&'e self, name: &str) -> impl Iterator<Item = Segment<'e>> {
        let name = name.as_bytes();
        let syntax = self.header.syntax();
        self.kept
            .iter()
            .map(move |line| Segment::unindexed(line.bytes, line.start, line.index, syntax))
            .filter(move |segment| segment.name_bytes() == name)
    }

    /// The identifiers of every patient that the message is about: PID-3, else PID-2 of old
    /// versions.
    pub fn patient_ids(&self) -> impl Iterator<Item = Cx<'_>> {
        self.segments("PID")
            .flat_map(|pid| identifiers(pid.field(3), pid.field(2)))
    }

    /// The identifiers that a merge retires: MRG-1, else MRG-4 of old versions.
    pub fn prior_patient_ids(&self) -> impl Iterator<Item = Cx<'_>> {
        self.segments("MRG")
            .flat_map(|mrg| identifiers(mrg.field(1), mrg.field(4)))
    }

    /// The visits that the message is about: PV1-19.
    pub fn visit_ids(&self) -> impl Iterator<Item = Cx<'_>> {
        self.segments("PV1").flat_map(|pv1| values(pv1.field(19)))
    }
}

impl std::fmt::Debug for Envelope<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Envelope({:?}, {} segments)",
            self.header,
            self.kept.len()
        )
    }
}

/// By the first letters alone; the name is compared when the segment is asked for.
fn has_keys(line: &[u8]) -> bool {
    line.first_chunk()
        .is_some_and(|name| matches!(name, b"PID" | b"PV1" | b"MRG" | b"EVN"))
}

fn identifiers<'m>(field: Field<'m>, of_old_versions: Field<'m>) -> impl Iterator<Item = Cx<'m>> {
    let says_something = values(field).next().is_some();
    values(if says_something {
        field
    } else {
        of_old_versions
    })
}

/// The repetitions that have an identifier.
fn values(field: Field<'_>) -> impl Iterator<Item = Cx<'_>> {
    field
        .repetitions()
        .map(Cx::new)
        .filter(|cx| !cx.id().trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids<'m>(ids: impl Iterator<Item = Cx<'m>>) -> Vec<String> {
        ids.map(|cx| format!("{}@{}", cx.id(), cx.authority().namespace()))
            .collect()
    }

    const MERGE: &[u8] = b"MSH|^~\\&|EMR|HOME|||20240131||ADT^A40|7|P|2.5\r\nEVN|A40|20240130\r\n\
PID|1||10^^^A~\"\"~^^^B~11^^^B\r\nMRG|20^^^A\r\nPID|2|30^^^A\r\nMRG||||40\r\nPV1|1|I\r\nPV1|2|I|||||||||||||||||V1^^^A";

    #[test]
    fn the_keys_of_every_group_are_found() {
        let envelope = Envelope::parse(MERGE, Charset::Windows1252).unwrap();
        assert_eq!(ids(envelope.patient_ids()), ["10@A", "11@B", "30@A"]);
        assert_eq!(ids(envelope.prior_patient_ids()), ["20@A", "40@"]);
        assert_eq!(ids(envelope.visit_ids()), ["V1@A"]);
        assert_eq!(
            envelope.segments("EVN").next().unwrap().field(2).text(),
            "20240130"
        );
        assert_eq!(envelope.message_type().trigger(), "A40");
        assert!(envelope.is_complete() && envelope.refusal().is_none());
    }

    #[test]
    fn positions_are_those_of_the_message() {
        let envelope = Envelope::parse(MERGE, Charset::Windows1252).unwrap();
        let message = crate::Message::parse(MERGE).unwrap();
        for segment in envelope.segments("PID") {
            let same = message.segment_at(segment.index()).unwrap();
            assert_eq!(
                (same.raw(), same.span().start),
                (segment.raw(), segment.span().start)
            );
        }
    }

    #[test]
    fn line_ends_are_counted_as_the_message_does() {
        for end in ["\r", "\n", "\r\n", "\r\r\n"] {
            let bytes = String::from_utf8_lossy(MERGE).replace("\r\n", end);
            let envelope = Envelope::parse(bytes.as_bytes(), Charset::Utf8).unwrap();
            let message = crate::Message::parse(bytes.as_bytes()).unwrap();
            assert_eq!(envelope.line_endings(), message.line_endings(), "{end:?}");
            assert!(envelope.line_endings().last_unended);
        }
    }

    #[test]
    fn a_header_without_a_control_id_can_still_be_answered() {
        let envelope = Envelope::parse(b"MSH|^~\\&|EMR|HOME", Charset::Utf8).unwrap();
        assert_eq!(envelope.refusal(), Some(HeaderError::NoControlId));
        assert_eq!(envelope.header().sending_application().text(), "EMR");
    }

    #[test]
    fn a_batch_is_named_as_one() {
        let parsed = Envelope::parse(b"BHS|^~\\&\rMSH|^~\\&|", Charset::Utf8);
        assert_eq!(parsed.unwrap_err(), HeaderError::Batch);
    }

    #[test]
    fn a_message_with_very_many_patients_says_that_it_was_not_read_to_the_end() {
        let bytes = [MERGE, &b"\rPID|1||5".repeat(2000)].concat();
        assert!(
            !Envelope::parse(&bytes, Charset::Utf8)
                .unwrap()
                .is_complete()
        );
    }
}
