//! Memory stays in proportion to what was sent, whatever was sent.

use bytes::BytesMut;
use hl7v2::{
    Envelope, Message,
    mllp::{MllpCodec, MllpError},
};
use tokio_util::codec::Decoder;

#[test]
fn a_sender_that_never_closes_its_frame_fills_no_memory() {
    let limit = 256 * 1024;
    for filler in [
        b"x".as_slice(),
        b"\x0B",
        b"\x1C",
        b"\x1Cx",
        b"\x0BMS",
        b"\r",
        b"|",
    ] {
        let (mut codec, mut buf) = (MllpCodec::new(limit), BytesMut::new());
        buf.extend_from_slice(b"\x0BMSH|^~\\&|");
        let packet: Vec<u8> = filler.iter().copied().cycle().take(1460).collect();
        let error = loop {
            buf.extend_from_slice(&packet);
            match codec.decode(&mut buf) {
                Ok(received) => assert!(received.is_none(), "{filler:?} made a frame"),
                Err(error) => break error,
            }
            assert!(
                buf.capacity() <= 4 * limit,
                "{filler:?}: {} bytes",
                buf.capacity()
            );
        };
        assert!(matches!(error, MllpError::TooLarge { .. }), "{filler:?}");
        assert!(buf.is_empty());
    }
}

#[test]
fn many_fragments_leave_nothing_behind() {
    let (mut codec, mut buf) = (MllpCodec::new(1 << 20), BytesMut::new());
    for _ in 0..10_000 {
        buf.extend_from_slice(b"\x0BMSH|1\rPID|1\r");
        while codec.decode(&mut buf).unwrap().is_some() {}
        assert!(
            buf.len() < 64 && buf.capacity() < 1 << 16,
            "{}",
            buf.capacity()
        );
    }
}

#[test]
fn messages_of_nothing_but_separators_are_read() {
    for filler in [
        b"|".as_slice(),
        b"^",
        b"~",
        b"&",
        b"\\",
        b"\r",
        b"\"\"|",
        b"\\X41\\",
    ] {
        let mut bytes = b"MSH|^~\\&|||||||A|1\rZZZ|".to_vec();
        bytes.extend(filler.iter().cycle().take(1 << 20));
        let message = Message::parse(&bytes).unwrap();
        let last = message.segments().next_back().unwrap();
        assert!(last.field(1).full_text().len() <= bytes.len());
        assert!(last.field(1).n_repetitions() <= bytes.len());
        assert!(Envelope::parse(&bytes, hl7v2::Charset::Utf8).is_ok());
    }
}
