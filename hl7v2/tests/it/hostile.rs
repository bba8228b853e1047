//! What peers really send, from the socket's bytes to the answer: every complete frame is answered
//! by its own control id or refused, nothing is merged, nothing is lost.

use bytes::BytesMut;
use hl7v2::{
    Charset, Envelope, Header, HeaderError, Message,
    ack::{self, AckCode, Acknowledgement, Answer, Fault},
    batch,
    datatype::Dtm,
    mllp::{MllpCodec, Received, Trailer},
};
use tokio_util::codec::Decoder;

const ADT: &str = "MSH|^~\\&|EMR|HOME|DB|X|20240131||ADT^A01|ID1|P|2.5\rPID|1||7||DOE^JANE\r";

/// Everything that comes out of these reads, and of the close after them.
fn received(reads: &[&[u8]]) -> Vec<Received> {
    let (mut codec, mut buf) = (MllpCodec::new(64 << 20), BytesMut::new());
    let mut received = Vec::new();
    for read in reads {
        buf.extend_from_slice(read);
        while let Some(item) = codec.decode(&mut buf).unwrap() {
            received.push(item);
        }
    }
    while let Some(item) = codec.decode_eof(&mut buf).unwrap() {
        received.push(item);
    }
    received
}

/// What a receiver would answer to a frame, as `AA ID1` or `AR` with the place of the fault.
fn answers(frame: &[u8]) -> Vec<String> {
    let parts: Vec<&[u8]> = if batch::is_batch(frame) {
        batch::messages(frame).collect()
    } else {
        vec![frame]
    };
    parts.into_iter().map(answer).collect()
}

fn answer(message: &[u8]) -> String {
    let refusal = match Envelope::parse(message, Charset::Windows1252) {
        Ok(envelope) => envelope.refusal(),
        Err(error) => Some(error),
    };
    let header = Header::parse(message, Charset::Windows1252).ok();
    let faults: Vec<_> = refusal.map(Fault::of_header).into_iter().collect();
    let code = if faults.is_empty() {
        AckCode::Aa
    } else {
        AckCode::Ar
    };
    let at = Dtm::parse("20240131120000").unwrap();
    let bytes = ack::write(
        header.as_ref(),
        &Answer {
            code,
            control_id: "9",
            at,
            faults: &faults,
        },
    );
    let ack = Acknowledgement::parse(&bytes, Charset::Windows1252).unwrap();
    let place = ack
        .complaints()
        .map(|complaint| complaint.place.into_owned())
        .next();
    let mut words = vec![
        ack.code().as_str().to_owned(),
        ack.acknowledges().into_owned(),
    ];
    words.extend(place);
    words.join(" ").trim_end().to_owned()
}

fn check(reads: &[&[u8]], expected: &[&str]) {
    let answered = received(reads).into_iter().flat_map(|item| match item {
        Received::Frame(frame) => answers(&frame.bytes),
        Received::Quarantine { .. } => vec!["quarantined".to_owned()],
        Received::Stray { .. } => vec!["stray".to_owned()],
        Received::EmptyFrame => vec!["empty".to_owned()],
    });
    assert_eq!(answered.collect::<Vec<_>>(), expected);
}

fn framed(message: &str) -> Vec<u8> {
    hl7v2::mllp::frame(message.as_bytes()).to_vec()
}

fn with_id(id: &str) -> String {
    ADT.replace("ID1", id)
}

#[test]
fn byte_by_byte() {
    let stream = framed(ADT);
    check(&stream.chunks(1).collect::<Vec<_>>(), &["AA ID1"]);
}

#[test]
fn a_trailer_split_over_two_packets() {
    let stream = framed(ADT);
    let (head, tail) = stream.split_at(stream.len() - 1);
    check(&[head, tail], &["AA ID1"]);
}

#[test]
fn three_messages_in_one_write() {
    let stream = ["1", "2", "3"].map(|id| framed(&with_id(id))).concat();
    check(&[&stream], &["AA 1", "AA 2", "AA 3"]);
}

#[test]
fn a_last_segment_without_cr() {
    check(&[&framed(ADT.trim_end())], &["AA ID1"]);
}

#[test]
fn line_feeds_and_crlf_as_segment_ends() {
    for end in ["\n", "\r\n"] {
        let text = ADT.replace('\r', end);
        check(&[&framed(&text)], &["AA ID1"]);
        let message = Message::parse(text.as_bytes()).unwrap();
        assert_eq!(
            message.segment("PID").unwrap().field(5).component(2).text(),
            "JANE"
        );
        assert_eq!(message.line_endings().n_cr, 0);
    }
}

#[test]
fn a_trailer_without_cr_or_with_a_line_feed() {
    for (trailer, expected) in [("\x1C", Trailer::NoCr), ("\x1C\n", Trailer::LineFeed)] {
        let stream = format!("\x0B{ADT}{trailer}");
        check(&[stream.as_bytes()], &["AA ID1"]);
        let found = received(&[stream.as_bytes()]);
        let [Received::Frame(frame)] = found.as_slice() else {
            panic!("{found:?}")
        };
        assert_eq!(frame.deviations.trailer, expected);
        let next = framed(&with_id("2"));
        check(&[stream.as_bytes(), &next], &["AA ID1", "AA 2"]);
    }
}

#[test]
fn no_start_byte() {
    check(&[ADT.as_bytes(), b"\x1C\r"], &["stray"]);
}

#[test]
fn junk_before_the_start_byte() {
    check(&[b"GET / HTTP/1.1", &framed(ADT)], &["stray", "AA ID1"]);
}

#[test]
fn cr_lf_between_frames() {
    let stream = [
        framed(&with_id("1")),
        b"\r\n".to_vec(),
        framed(&with_id("2")),
    ]
    .concat();
    check(&[&stream], &["AA 1", "AA 2"]);
}

#[test]
fn a_file_separator_in_the_body() {
    let text = ADT.replace("DOE", "D\x1COE");
    check(&[&framed(&text)], &["AA ID1"]);
    let found = received(&[&framed(&text)]);
    let [Received::Frame(frame)] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(
        (frame.deviations.n_ends_in_body, frame.bytes.len()),
        (1, text.len())
    );
}

#[test]
fn an_unterminated_frame_and_then_a_new_one() {
    let stream = [
        b"\x0B",
        &with_id("1").as_bytes()[..40],
        &framed(&with_id("2")),
    ]
    .concat();
    check(&[&stream], &["quarantined", "AA 2"]);
}

#[test]
fn a_vertical_tab_in_pasted_text() {
    check(
        &[&framed(&ADT.replace("DOE", "D\x0BOE \x0BMS"))],
        &["AA ID1"],
    );
}

#[test]
fn an_empty_frame() {
    check(&[b"\x0B\x1C\r", &framed(ADT)], &["empty", "AA ID1"]);
}

#[test]
fn a_byte_order_mark_before_msh() {
    check(&[&framed(&format!("\u{feff}{ADT}"))], &["AA ID1"]);
}

#[test]
fn something_that_is_no_message() {
    check(&[&framed("hello world")], &["AR"]);
    check(&[&framed("\r\n")], &["AR"]);
    check(&[&framed("MSH")], &["AR  MSH^1^1"]);
    check(&[&framed("MSH|")], &["AR  MSH^1^10"]);
    check(&[&framed("MSH|EMR|HOME")], &["AR  MSH^1^2"]);
}

#[test]
fn no_control_id() {
    check(&[&framed(&with_id(""))], &["AR  MSH^1^10"]);
    check(&[&framed(&with_id("\"\""))], &["AR  MSH^1^10"]);
}

#[test]
fn a_latin_1_byte_without_msh_18() {
    let bytes = ADT.replace("JANE", "JOS?").into_bytes();
    let bytes: Vec<u8> = bytes
        .into_iter()
        .map(|b| if b == b'?' { 0xC9 } else { b })
        .collect();
    check(&[&hl7v2::mllp::frame(&bytes)], &["AA ID1"]);
    let message = Message::parse(&bytes).unwrap();
    assert_eq!(
        message.segment("PID").unwrap().field(5).component(2).text(),
        "JOSÉ"
    );
    assert_eq!(message.bytes(), bytes);
}

#[test]
fn a_utf_16_body() {
    for mark in ["\u{feff}", ""] {
        let units = format!("{mark}{ADT}").encode_utf16().collect::<Vec<_>>();
        for to_bytes in [u16::to_le_bytes, u16::to_be_bytes] {
            let bytes = units
                .iter()
                .flat_map(|unit| to_bytes(*unit))
                .collect::<Vec<_>>();
            let parsed = Message::parse(&bytes);
            assert_eq!(parsed.unwrap_err(), HeaderError::Utf16);
            check(&[&hl7v2::mllp::frame(&bytes)], &["AR  MSH^1^18"]);
            let text = hl7v2::charset::utf16_to_utf8(&bytes).unwrap();
            assert_eq!(answer(text.as_bytes()), "AA ID1");
        }
    }
}

#[test]
fn a_batch_with_two_messages() {
    let body = format!(
        "FHS|^~\\&|EMR\rBHS|^~\\&|EMR\r{}{}BTS|2\rFTS|1\r",
        with_id("1"),
        with_id("2")
    );
    check(&[&framed(&body)], &["AA 1", "AA 2"]);
}

#[test]
fn documents_of_1_8_and_32_megabytes() {
    for mebibytes in [1, 8, 32] {
        let mut body = ADT.as_bytes().to_vec();
        body.extend_from_slice(b"OBX|1|ED|1^Doc^L||^AP^PDF^Base64^");
        body.resize(body.len() + (mebibytes << 20), b'A');
        body.extend_from_slice(b"||||||F\r");
        let stream = hl7v2::mllp::frame(&body);
        check(&stream.chunks(65_536).collect::<Vec<_>>(), &["AA ID1"]);
        let message = Message::parse(&body).unwrap();
        let obx = message.segment("OBX").unwrap();
        assert_eq!(obx.field(5).component(5).raw().len(), mebibytes << 20);
        assert_eq!(obx.field(11).text(), "F");
    }
}

#[test]
fn connect_and_close() {
    check(&[], &[]);
}

#[test]
fn a_sender_that_stops_in_the_middle() {
    check(&[&framed(ADT)[..50]], &["quarantined"]);
}
