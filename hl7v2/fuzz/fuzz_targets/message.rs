//! Any bytes as a message: no panic, no byte outside a segment, every view readable, and an answer
//! that can be read back.
#![no_main]

use hl7v2::{
    Charset, Envelope, Header, Message, ack, batch,
    datatype::{Cwe, Cx, Dtm, Ed, Nm, Tm, Xad, Xcn, Xpn, Xtn},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for part in batch::messages(bytes) {
        read(part);
    }
    read(bytes);
    read(&[b"MSH|^~\\&|A|B|C|D|20240101||ADT^A01|1|P|2.5\r", bytes].concat());
});

fn read(bytes: &[u8]) {
    let _ = Envelope::parse(bytes, Charset::Windows1252).map(|envelope| {
        envelope.patient_ids().count()
            + envelope.prior_patient_ids().count()
            + envelope.visit_ids().count()
    });
    let Ok(message) = Message::parse(bytes) else { return };
    let spans = message.segments().map(|segment| segment.span());
    let rebuilt = spans.flat_map(|span| &bytes[span]).copied().collect::<Vec<_>>();
    assert_eq!(rebuilt, bytes, "a byte belongs to no segment");
    for field in message.segments().flat_map(|segment| segment.fields()) {
        let _ = (field.text(), field.full_text(), field.is_null(), field.n_repetitions());
        for repetition in field.repetitions() {
            let text = repetition.text();
            let _ = (Dtm::parse(&text), Tm::parse(&text), Nm::parse(text));
            let _ = (Cx::new(repetition).authority().namespace(), Xpn::new(repetition).family());
            let _ = (Xad::new(repetition).street().line(), Xtn::new(repetition).number());
            let _ = (Xcn::new(repetition).family().surname(), Ed::new(repetition).compact_data());
            let _ = Cwe::new(repetition).codings().count();
        }
    }
    answer(bytes);
}

fn answer(bytes: &[u8]) {
    let header = Header::parse(bytes, Charset::Windows1252).expect("the message was readable");
    let at = Dtm::parse("20240101").expect("a good date");
    let said = ack::Answer { code: ack::AckCode::Aa, control_id: "1", at, faults: &[] };
    let written = ack::write(Some(&header), &said);
    assert!(!written.iter().any(|byte| matches!(byte, 0x0B | 0x1C)), "framing in an answer");
    ack::Acknowledgement::parse(&written, Charset::Windows1252).expect("the answer is readable");
}
