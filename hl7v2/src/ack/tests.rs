use super::*;
use crate::{Charset, Header, HeaderError, Message, datatype::Dtm};

fn answered(msh: &[u8], code: AckCode, faults: &[Fault<'_>]) -> String {
    let header = Header::parse(msh, Charset::Windows1252).ok();
    let at = Dtm::parse("20240131120000+0000").unwrap();
    let bytes = write(
        header.as_ref(),
        &Answer {
            code,
            control_id: "9",
            at,
            faults,
        },
    );
    bytes.escape_ascii().to_string()
}

fn with_version(version: &str) -> Vec<u8> {
    format!(r"MSH|^~\&|EMR|HOME|DB|X|20240131||ADT^A01^ADT_A01|42|T|{version}").into_bytes()
}

const MISSING: Fault<'static> = Fault {
    place: Some(("PID", 1, 3)),
    code: ErrorCode::RequiredFieldMissing,
    severity: Severity::Error,
    message: "PID-3 & more",
};

#[test]
fn the_sender_becomes_the_receiver() {
    assert_eq!(
        answered(&with_version("2.5.1"), AckCode::Aa, &[]),
        r"MSH|^~\\&|DB|X|EMR|HOME|20240131120000+0000||ACK^A01^ACK|9|T|2.5.1\rMSA|AA|42\r"
    );
}

#[test]
fn separators_and_character_set_are_the_senders() {
    let msh = b"MSH$*@!%#$A\xE9$B$$$$$ADT*A01$1!F!$P$2.7$$$$$$8859/1@UNICODE UTF-8";
    assert_eq!(
        answered(msh, AckCode::Ca, &[]),
        r"MSH$*@!%#$$$A\xe9$B$20240131120000+0000$$ACK*A01*ACK$9$P$2.7$$$$$$8859/1@UNICODE UTF-8\rMSA$CA$1!F!\r"
    );
}

#[test]
fn without_a_trigger_the_type_is_ack_alone() {
    assert!(answered(b"MSH|^~\\&|||||||ADT|1", AckCode::Aa, &[]).contains("||ACK|9|P|2.5.1\\r"));
}

#[test]
fn a_complaint_names_place_code_severity_and_words() {
    assert!(answered(&with_version("2.5.1"), AckCode::Ar, &[MISSING]).ends_with(
        r"MSA|AR|42|PID-3 \\T\\ more\rERR||PID^1^3|101^Required field missing^HL70357|E||||PID-3 \\T\\ more\r"
    ));
    assert!(answered(&with_version("2.8"), AckCode::Ar, &[MISSING]).contains(r"MSA|AR|42\rERR||"));
}

#[test]
fn before_2_5_the_complaint_is_one_field() {
    assert!(
        answered(&with_version("2.3"), AckCode::Ar, &[MISSING])
            .ends_with(r"ERR|PID^1^3^101&Required field missing&HL70357\r")
    );
    let nowhere = Fault {
        place: None,
        ..MISSING
    };
    assert!(answered(&with_version("2.3"), AckCode::Ar, &[nowhere]).contains("ERR|^^^101&"));
}

#[test]
fn an_unreadable_header_is_answered_to_nobody() {
    let fault = Fault::of_header(HeaderError::NoMsh);
    assert_eq!(
        answered(b"hello world", AckCode::Ar, &[fault]),
        r"MSH|^~\\&|||||20240131120000+0000||ACK|9|P|2.5.1\rMSA|AR|\rERR|||100^Segment sequence error^HL70357|E||||The message must begin with MSH\r"
    );
}

#[test]
fn a_missing_control_id_is_pointed_at() {
    let fault = Fault::of_header(HeaderError::NoControlId);
    let answer = answered(b"MSH|^~\\&|EMR||||||ADT^A01||P|2.5", AckCode::Ar, &[fault]);
    assert!(
        answer.contains(r"MSA|AR||MSH-10 is empty\rERR||MSH^1^10|101^"),
        "{answer}"
    );
}

#[test]
fn what_could_break_the_frame_is_not_echoed() {
    let answer = answered(
        b"MSH|^~\\&|A\x1CB|\x0B|||||ADT^A01|1\x1C|P",
        AckCode::Aa,
        &[],
    );
    assert!(
        !answer.contains(r"\x1c") && !answer.contains(r"\x0b"),
        "{answer}"
    );
    let long = [
        b"MSH|^~\\&|".as_slice(),
        &vec![b'x'; 100_000],
        b"||||||ADT^A01|1",
    ]
    .concat();
    assert!(answered(&long, AckCode::Aa, &[]).len() < 200);
}

#[test]
fn an_answer_reads_back() {
    let header = with_version("2.5.1");
    let header = Header::parse(&header, Charset::Utf8).unwrap();
    let at = Dtm::parse("20240131").unwrap();
    let faults = [
        MISSING,
        Fault {
            place: None,
            severity: Severity::Warning,
            ..MISSING
        },
    ];
    let bytes = write(
        Some(&header),
        &Answer {
            code: AckCode::Ae,
            control_id: "9",
            at,
            faults: &faults,
        },
    );
    let ack = Acknowledgement::parse(&bytes, Charset::Utf8).unwrap();
    assert_eq!(
        (ack.code(), ack.acknowledges().as_ref()),
        (AckCode::Ae, "42")
    );
    assert_eq!(
        (ack.control_id().as_ref(), ack.text().as_ref()),
        ("9", "PID-3 & more")
    );
    let complaints = ack.complaints().collect::<Vec<_>>();
    assert_eq!(complaints.len(), 2);
    assert_eq!(
        (complaints[0].place.as_ref(), complaints[0].code.as_ref()),
        ("PID^1^3", "101")
    );
    assert_eq!(complaints[0].text, "PID-3 & more");
    assert_eq!(complaints[1].severity, "W");
    assert!(Message::parse(&bytes).unwrap().is_in_charset());
}

#[test]
fn old_complaints_are_read_too() {
    let bytes = b"MSH|^~\\&|||||||ACK|9|P|2.3\rMSA|AR|42|no|||207^Application internal error\r\
ERR|PID^1^3^101&Required field missing~PID^1^5^102&Data type error\r";
    let ack = Acknowledgement::parse(bytes, Charset::Utf8).unwrap();
    let codes = ack
        .complaints()
        .map(|c| format!("{} {}", c.code, c.text))
        .collect::<Vec<_>>();
    assert_eq!(
        codes,
        [
            "207 Application internal error",
            "101 Required field missing",
            "102 Data type error"
        ]
    );
}

#[test]
fn what_is_no_acknowledgement_is_refused() {
    let parse = |bytes| {
        Acknowledgement::parse(bytes, Charset::Utf8)
            .map(|_| ())
            .unwrap_err()
    };
    assert_eq!(
        parse(b"hello".as_slice()),
        AckError::Header(HeaderError::NoMsh)
    );
    assert_eq!(parse(b"MSH|^~\\&|||||||ACK|1"), AckError::NoMsa);
    assert_eq!(parse(b"MSH|^~\\&|||||||ACK|1\rMSA|OK|1"), AckError::Code);
}
