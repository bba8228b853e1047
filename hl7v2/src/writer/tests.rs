use proptest::prelude::*;

use super::*;
use crate::Message;

fn written(
    charset: Charset,
    fill: impl FnOnce(&mut SegmentBuilder) -> &mut SegmentBuilder,
) -> Written {
    let mut message = Builder::new(Separators::default(), charset);
    fill(message.segment("ZZZ"));
    message.write()
}

fn check(fill: impl FnOnce(&mut SegmentBuilder) -> &mut SegmentBuilder, expected: &str) {
    let bytes = written(Charset::Utf8, fill).bytes;
    assert_eq!(String::from_utf8(bytes).unwrap(), format!("{expected}\r"));
}

#[test]
fn fields_stand_where_they_belong_and_nothing_trails() {
    check(|s| s.set(3, "c").set(1, "a"), "ZZZ|a||c");
    check(|s| s.set(2, ["a", "", "c", ""]).set(5, ""), "ZZZ||a^^c");
    check(|s| s, "ZZZ");
    check(|s| s.set(0, "x").set(20, "y"), "ZZZ||||||||||||||||||||y");
}

#[test]
fn repetitions_and_subcomponents_have_their_separators() {
    check(
        |s| {
            s.repeat(1, "a")
                .repeat(1, "")
                .repeat(1, [Value::from("b"), ["c", "d"].into()])
        },
        "ZZZ|a~~b^c&d",
    );
    check(|s| s.set(1, [[["too", "deep"]]]), "ZZZ|too");
}

#[test]
fn null_and_two_quotes_are_different() {
    check(
        |s| s.set(1, Value::null()).set(2, "\"\""),
        r#"ZZZ|""|\X2222\"#,
    );
}

#[test]
fn text_can_not_break_out_of_its_field() {
    check(
        |s| s.set(1, "a|b^c&d~e\\f\rPID|\u{b}\u{1c}"),
        r"ZZZ|a\F\b\S\c\T\d\R\e\E\f\X0D\PID\F\\X0B\\X1C\",
    );
    check(|s| s.set(1, Value::formatted("a\nb")), r"ZZZ|a\.br\b");
    check(
        |s| s.set(1, Value::encoded("SGVs\r\nbG8=|x^")),
        "ZZZ|SGVsbG8=x",
    );
    let mut message = Builder::new(Separators::default(), Charset::Utf8);
    message.segment("Z|\rZ");
    assert_eq!(message.write().bytes, b"ZZ\r");
}

#[test]
fn the_character_set_is_named_and_used() {
    let mut message = Builder::new(Separators::default(), Charset::Latin1);
    message.segment("MSH").set(10, "1");
    message.segment("PID").set(5, "José €");
    let written = message.write();
    assert_eq!(
        written.bytes,
        b"MSH|^~\\&||||||||1||||||||8859/1\rPID|||||Jos\xE9 \\XE282AC\\\r"
    );
    assert_eq!(written.n_unencodable, 1);
}

#[test]
fn ascii_needs_no_name_and_a_name_that_was_set_stays() {
    let mut message = Builder::new(Separators::default(), Charset::Ascii);
    message.segment("MSH").set(10, "1");
    assert_eq!(message.write().bytes, b"MSH|^~\\&||||||||1\r");
    let mut message = Builder::new(Separators::default(), Charset::Utf8);
    message.segment("MSH").set(10, "1").set(18, "UTF8");
    assert!(message.write().bytes.ends_with(b"|UTF8\r"));
}

#[test]
fn other_separators_are_written_and_escaped() {
    let separators = Separators::parse(b'!', b"@*/%#").unwrap();
    let mut message = Builder::new(separators, Charset::Ascii);
    message.segment("MSH").set(3, "A!#|");
    message.segment("PID").set(3, [["a", "b"]]);
    assert_eq!(message.write().bytes, b"MSH!@*/%#!A/F//P/|\rPID!!!a%b\r");
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        values in prop::collection::vec(prop::collection::vec("\\PC{0,8}|[|^~&\\\\\"\r\n]{0,4}", 1..4), 1..5),
    ) {
        let mut message = Builder::new(Separators::default(), Charset::Utf8);
        message.segment("MSH").set(10, "1");
        let segment = message.segment("ZZZ");
        for (n, parts) in values.iter().enumerate() {
            segment.set(n + 1, Value::parts(parts.iter().map(|part| part.as_str().into())));
        }
        let bytes = message.write().bytes;
        let read = Message::parse(&bytes).unwrap();
        let zzz = read.segment("ZZZ").unwrap();
        for (n, parts) in values.iter().enumerate() {
            for (m, part) in parts.iter().enumerate() {
                prop_assert_eq!(zzz.field(n + 1).component(m + 1).text(), part.as_str());
            }
        }
    }
}
