use proptest::prelude::*;

use super::*;

const ADT: &[u8] = b"MSH|^~\\&|EMR|HOME|DB|X|20240131120000||ADT^A01^ADT_A01|42|P|2.5.1\r\
EVN|A01|20240131115900\r\
PID|1||100^^^EMR&1.2.3&ISO^MR~200^^^STATE^SS||DOE^JANE^Q||19500228|F|||1 MAIN ST^\"\"^TOWN\r\
PV1|1|I|A^1^B|||||||||||||||V1\r";

fn check(bytes: &[u8], segment: &str, field: usize, expected: &str) {
    let message = Message::parse(bytes).unwrap();
    let text = message
        .segment(segment)
        .map(|found| found.field(field).text().into_owned());
    assert_eq!(text.as_deref(), Some(expected), "{segment}-{field}");
}

#[test]
fn fields_components_and_subcomponents_are_found() {
    let message = Message::parse(ADT).unwrap();
    let pid = message.segment("PID").unwrap();
    assert_eq!(pid.set_id(), Some(1));
    assert_eq!(pid.index(), 2);
    assert_eq!(pid.n_fields(), 11);
    let ids = pid
        .field(3)
        .repetitions()
        .map(|id| id.text().into_owned())
        .collect::<Vec<_>>();
    assert_eq!(ids, ["100", "200"]);
    assert_eq!(
        pid.field(3).first().component(4).subcomponent(2).text(),
        "1.2.3"
    );
    assert_eq!(pid.field(3).repetition(2).component(5).text(), "SS");
    assert_eq!(message.message_type().structure(), "ADT_A01");
}

#[test]
fn msh_counts_its_separator() {
    let message = Message::parse(ADT).unwrap();
    assert_eq!(message.msh().field(1).text(), "|");
    assert_eq!(message.msh().field(2).text(), r"^~\&");
    assert_eq!(message.msh().field(2).repetitions().count(), 1);
    assert_eq!(message.msh().field(12).text(), "2.5.1");
    assert_eq!(message.msh().n_fields(), 12);
}

#[test]
fn what_is_not_there_is_empty() {
    let message = Message::parse(ADT).unwrap();
    let pid = message.segment("PID").unwrap();
    for field in [pid.field(0), pid.field(2), pid.field(99)] {
        assert!(field.is_empty() && !field.is_null());
        assert_eq!(
            (field.text().as_ref(), field.repetitions().count()),
            ("", 0)
        );
        assert!(field.first().component(7).subcomponent(7).is_empty());
    }
    assert!(message.segment("ZZZ").is_none());
    assert!(message.segment_at(99).is_none());
}

#[test]
fn null_is_no_text() {
    let bytes = b"MSH|^~\\&|||||||A|1\rPID|\"\"|a^\"\"|\"\"~b|^^|~^&|\"x\"";
    let message = Message::parse(bytes).unwrap();
    let pid = message.segment("PID").unwrap();
    assert!(pid.field(1).is_null() && !pid.field(1).is_empty());
    assert_eq!(pid.field(1).text(), "");
    assert!(!pid.field(2).is_null() && pid.field(2).component(2).is_null());
    assert!(!pid.field(3).is_null() && pid.field(3).first().is_null());
    assert!(pid.field(4).is_empty() && pid.field(5).is_empty());
    assert_eq!(pid.field(6).text(), "\"x\"");
}

#[test]
fn every_line_end_is_accepted_and_counted() {
    for (end, expected) in [
        (
            "\r",
            LineEndings {
                n_cr: 4,
                ..LineEndings::default()
            },
        ),
        (
            "\n",
            LineEndings {
                n_lf: 4,
                ..LineEndings::default()
            },
        ),
        (
            "\r\n",
            LineEndings {
                n_crlf: 4,
                ..LineEndings::default()
            },
        ),
    ] {
        let bytes = String::from_utf8_lossy(ADT).replace('\r', end);
        let message = Message::parse(bytes.as_bytes()).unwrap();
        assert_eq!(message.n_segments(), 4);
        assert_eq!(message.line_endings(), expected);
        check(bytes.as_bytes(), "PV1", 19, "");
        check(bytes.as_bytes(), "PV1", 18, "V1");
    }
    let unended = &ADT[..ADT.len() - 1];
    assert!(Message::parse(unended).unwrap().line_endings().last_unended);
    check(unended, "PV1", 18, "V1");
}

#[test]
fn odd_lines_are_segments_and_hide_nothing() {
    let bytes =
        b"MSH|^~\\&|||||||A|1\r\r\n\rPV2\rQ1|x\rfree text, no bar\r\xC3\xA9\xFF|y\rPID|1||7\r";
    let message = Message::parse(bytes).unwrap();
    let names = message
        .segments()
        .map(|segment| segment.name().to_owned())
        .collect::<Vec<_>>();
    assert_eq!(names, ["MSH", "PV2", "Q1", "free text, no bar", "", "PID"]);
    assert_eq!(message.segment_at(4).unwrap().name_bytes(), b"\xC3\xA9\xFF");
    check(bytes, "PID", 3, "7");
    check(bytes, "PV2", 1, "");
}

#[test]
fn a_byte_order_mark_is_stepped_over() {
    let bytes = [b"\xEF\xBB\xBF", ADT].concat();
    let message = Message::parse(&bytes).unwrap();
    assert!(message.has_byte_order_mark());
    assert_eq!(message.msh().span().start, 0);
    check(&bytes, "MSH", 10, "42");
    check(&bytes, "PID", 8, "F");
}

#[test]
fn separators_come_from_the_message() {
    let bytes = b"MSH$*@!%$A$$$$$$ADT*A01$1\rPID$1$$5***X%Y@6$$O!T!B*J|^~&";
    check(bytes, "MSH", 9, "ADT");
    let message = Message::parse(bytes).unwrap();
    let pid = message.segment("PID").unwrap();
    assert_eq!(
        pid.field(3).first().component(4).subcomponent(2).text(),
        "Y"
    );
    assert_eq!(pid.field(3).repetition(2).text(), "6");
    assert_eq!(pid.field(5).text(), "O%B");
    assert_eq!(pid.field(5).component(2).text(), "J|^~&");
}

#[test]
fn a_short_msh_2_keeps_the_next_fields() {
    let bytes = b"MSH|^~\\|EMR||||||ADT^A01|1\rPID|1||7||DOE^JANE";
    check(bytes, "MSH", 3, "EMR");
    check(bytes, "PID", 5, "DOE");
}

#[test]
fn the_truncation_character_does_not_shift_fields() {
    let bytes = b"MSH|^~\\&#|EMR||||||ADT^A01|1\rPID|1||7||LONG#";
    check(bytes, "MSH", 3, "EMR");
    check(bytes, "PID", 5, "LONG#");
}

#[test]
fn escapes_are_read_after_splitting() {
    let bytes = br"MSH|^~\&|||||||A|1".to_vec();
    let bytes = [
        bytes,
        b"\rNTE|1||a \\S\\ b \\F\\ c\\.br\\d C:\\dir".to_vec(),
    ]
    .concat();
    check(&bytes, "NTE", 3, "a ^ b | c\nd C:\\dir");
}

#[test]
fn hex_escapes_are_bytes_of_the_character_set() {
    let head = b"MSH|^~\\&|||||||A|1||||||||".as_slice();
    for (charset, body, expected) in [
        ("8859/1", b"Jos\\XE9\\".as_slice(), "José"),
        ("UNICODE UTF-8", b"Jos\\XC3A9\\", "José"),
        ("UNICODE UTF-8", b"Jos\\XC3\\\\XA9\\", "José"),
        ("8859/2", b"\xB3\\XB3\\", "łł"),
    ] {
        let bytes = [head, charset.as_bytes(), b"\rNTE|1||", body].concat();
        check(&bytes, "NTE", 3, expected);
    }
}

#[test]
fn bytes_that_are_bad_in_the_set_are_read_by_the_fallback() {
    let bytes = b"MSH|^~\\&|||||||A|1\rPID|Jos\xE9|Jos\xC3\xA9";
    check(bytes, "PID", 1, "José");
    check(bytes, "PID", 2, "José");
    let latin2 = Message::parse_with(b"MSH|^~\\&|||||||A|1\rPID|\xB3", Charset::Latin2).unwrap();
    assert_eq!(latin2.segment("PID").unwrap().field(1).text(), "ł");
    assert!(!Message::parse(bytes).unwrap().is_in_charset());
    assert!(Message::parse(ADT).unwrap().is_in_charset());
}

#[test]
fn unescaped_separators_in_text_can_be_read_as_text() {
    let bytes = b"MSH|^~\\&|||||||A|1\rOBX|1|TX|||salt & pepper ^ more";
    let message = Message::parse(bytes).unwrap();
    let field = message.segment("OBX").unwrap().field(5);
    assert_eq!(field.text(), "salt ");
    assert_eq!(field.component(1).full_text(), "salt & pepper ");
    assert_eq!(field.full_text(), "salt & pepper ^ more");
}

#[test]
fn too_many_segments_are_refused_not_cut_off() {
    let bytes = [ADT, &b"A\r".repeat(1_000_001)].concat();
    assert_eq!(
        Message::parse(&bytes).unwrap_err(),
        HeaderError::TooManySegments
    );
}

#[test]
fn an_index_costs_a_bounded_amount_of_memory() {
    let bytes = [ADT, &b"|".repeat(5_000_000), b"\rPID|1||7|x"].concat();
    let message = Message::parse(&bytes).unwrap();
    let last = message.segments().next_back().unwrap();
    assert_eq!((last.field(3).text().as_ref(), last.n_fields()), ("7", 4));
    assert_eq!(message.segment_at(4).unwrap().n_fields(), 5_000_000);
    assert!(message.into_index().memory_bytes() < 48 << 20);
}

#[test]
fn debug_shows_no_content() {
    let message = Message::parse(ADT).unwrap();
    let pid = message.segment("PID").unwrap();
    let shown = format!(
        "{message:?} {pid:?} {:?} {:?}",
        pid.field(5),
        pid.field(5).first()
    );
    assert!(!shown.contains("DOE") && !shown.contains("JANE"), "{shown}");
}

fn rebuilt(message: &Message<'_>) -> Vec<u8> {
    let spans = message.segments().map(|segment| segment.span());
    spans
        .flat_map(|span| message.bytes()[span].to_vec())
        .collect()
}

fn message_like() -> impl Strategy<Value = Vec<u8>> {
    let parts = prop::sample::select(vec![
        b"|".as_slice(),
        b"^",
        b"~",
        b"\\",
        b"&",
        b"\r",
        b"\n",
        b"\r\n",
        b"PID|",
        b"\"\"",
        b"A",
        b"\\X0D\\",
        b"\xC3\xA9",
        b"\xFF",
        b"\0",
        b"\x0B",
        b"\x1C",
        b"MSH|",
        b"\\.br\\",
    ]);
    prop::collection::vec(parts, 0..80)
        .prop_map(|parts| [b"MSH|^~\\&|".to_vec(), parts.concat()].concat())
}

proptest! {
    #[test]
    fn every_byte_belongs_to_a_segment(bytes in message_like()) {
        let message = Message::parse(&bytes).unwrap();
        prop_assert_eq!(rebuilt(&message), bytes.clone());
    }

    #[test]
    fn fields_joined_by_separators_give_the_segment(bytes in message_like()) {
        let message = Message::parse(&bytes).unwrap();
        for segment in message.segments().skip(1).filter(|s| !matches!(s.name(), "MSH")) {
            let fields = segment.fields().map(|field| field.raw());
            let joined = std::iter::once(segment.name_bytes()).chain(fields).collect::<Vec<_>>();
            prop_assert_eq!(joined.join(&b'|'), segment.raw());
        }
    }

    #[test]
    fn parts_joined_by_separators_give_the_field(bytes in message_like()) {
        let message = Message::parse(&bytes).unwrap();
        for field in message.segments().skip(1).flat_map(|segment| segment.fields().collect::<Vec<_>>()) {
            let repetitions = field.repetitions().map(|part| part.raw()).collect::<Vec<_>>();
            prop_assert_eq!(repetitions.join(&b'~'), field.raw());
            for repetition in field.repetitions() {
                let components = (1..=repetition.n_components()).map(|n| repetition.component(n).raw());
                prop_assert_eq!(components.collect::<Vec<_>>().join(&b'^'), repetition.raw());
            }
        }
    }

    #[test]
    fn any_bytes_after_msh_are_readable(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let bytes = [b"MSH|^~\\&|".to_vec(), bytes].concat();
        let message = Message::parse(&bytes).unwrap();
        prop_assert_eq!(rebuilt(&message), bytes.clone());
        for field in message.segments().flat_map(|segment| segment.fields().collect::<Vec<_>>()) {
            let _ = (field.text(), field.full_text(), field.is_null(), field.is_empty());
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Message::parse(&bytes);
    }
}
