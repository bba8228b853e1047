use super::*;

fn parse(bytes: &[u8]) -> Result<Header<'_>, HeaderError> {
    let header = Header::parse(bytes, Charset::Windows1252)?;
    header.require_control_id()?;
    Ok(header)
}

fn check_error(bytes: &[u8], expected: HeaderError) {
    assert_eq!(
        parse(bytes).unwrap_err(),
        expected,
        "{}",
        bytes.escape_ascii()
    );
}

const MSH: &[u8] = br"MSH|^~\&|EMR|HOME|DB|X|20240131120000||ADT^A01^ADT_A01|42|P|2.5.1|7||AL|NE";

#[test]
fn fields_are_counted_from_the_separator() {
    let header = parse(MSH).unwrap();
    assert_eq!(header.field(1).text(), "|");
    assert_eq!(header.field(2).text(), r"^~\&");
    assert_eq!(header.sending_application().text(), "EMR");
    assert_eq!(header.control_id().text(), "42");
    assert_eq!(header.message_type().trigger(), "A01");
    assert_eq!(header.application_ack_type().text(), "NE");
    assert!(header.field(18).is_empty());
}

#[test]
fn what_is_no_header_is_refused_with_its_place() {
    check_error(b"", HeaderError::Empty);
    check_error(b"\r\n \r", HeaderError::Empty);
    check_error(b"hello world", HeaderError::NoMsh);
    check_error(b"PID|1", HeaderError::NoMsh);
    check_error(b"MSH", HeaderError::FieldSeparator);
    check_error(b"MSHA", HeaderError::FieldSeparator);
    check_error(b"MSH|SENDER|HOME", HeaderError::EncodingCharacters);
    check_error(b"M\0S\0H\0|\0", HeaderError::Utf16);
    check_error(b"\xFF\xFEM\0S\0H\0|\0", HeaderError::Utf16);
    check_error(b"FHS|^~\\&|", HeaderError::Batch);
    check_error(b"MSH|", HeaderError::NoControlId);
    check_error(b"MSH|^~\\&|||||||ADT^A01||P", HeaderError::NoControlId);
    assert_eq!(HeaderError::NoControlId.place(), Some(("MSH", 10)));
}

#[test]
fn a_byte_order_mark_and_blank_lines_may_stand_before() {
    let bytes = [b"\xEF\xBB\xBF\r\n".as_slice(), MSH].concat();
    assert_eq!(parse(&bytes).unwrap().control_id().text(), "42");
}

#[test]
fn a_line_feed_ends_the_header() {
    let bytes = [MSH, b"\nPID|1"].concat();
    assert_eq!(parse(&bytes).unwrap().raw(), MSH);
}

#[test]
fn msh_18_names_the_character_set() {
    let with = |msh_18: &str| {
        let bytes = [MSH, b"||", msh_18.as_bytes()].concat();
        parse(&bytes).unwrap().charset()
    };
    assert_eq!(with("8859/2"), Charset::Latin2);
    assert_eq!(with("8859/1~UNICODE UTF-8"), Charset::Latin1);
    assert_eq!(with(""), Charset::Utf8);
    assert_eq!(with("KLINGON"), Charset::Utf8);
}

#[test]
fn debug_shows_no_content() {
    assert_eq!(
        format!("{:?}", parse(b"MSH|^~\\&|||||||A|SECRET").unwrap()),
        "Header(23 bytes)"
    );
}
