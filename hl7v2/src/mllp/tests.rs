use bytes::BytesMut;
use proptest::prelude::*;
use tokio_util::codec::{Decoder, Encoder};

use super::*;

const LIMIT: usize = 1 << 20;
const MSG: &[u8] = b"MSH|^~\\&|||||||ADT^A01|1|P|2.5\rPID|1\r";

/// Everything that comes out of a stream given in these pieces and then closed.
fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Received> {
    let (mut codec, mut buf) = (MllpCodec::new(LIMIT), BytesMut::new());
    let mut received = Vec::new();
    for piece in pieces {
        buf.extend_from_slice(piece);
        while let Some(item) = codec.decode(&mut buf).unwrap() {
            received.push(item);
        }
    }
    while let Some(item) = codec.decode_eof(&mut buf).unwrap() {
        received.push(item);
    }
    assert!(buf.is_empty(), "bytes were left unread");
    received
}

/// What came out in short: `[content]`, `quarantine(..)`, `stray(..)`, `empty`.
fn shown(received: &[Received]) -> String {
    let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
    let parts = received.iter().map(|item| match item {
        Received::Frame(frame) => format!("[{}]", text(&frame.bytes)),
        Received::Quarantine { fragment } => format!("quarantine({})", text(fragment)),
        Received::Stray { first, n_bytes } => format!("stray({},{n_bytes})", text(first)),
        Received::EmptyFrame => "empty".to_owned(),
    });
    parts.collect::<Vec<_>>().join(" ")
}

fn check(stream: &[u8], expected: &str) {
    assert_eq!(shown(&read([stream])), expected);
    let bytewise = read(stream.chunks(1));
    assert_eq!(shown(&bytewise), expected, "byte by byte");
}

fn only_frame(stream: &[u8]) -> Frame {
    match read([stream]).as_slice() {
        [Received::Frame(frame)] => frame.clone(),
        other => panic!("not one frame: {other:?}"),
    }
}

#[test]
fn a_standard_frame_deviates_in_nothing() {
    let found = only_frame(&frame(MSG));
    assert_eq!(found.bytes, MSG);
    assert!(found.deviations.is_none(), "{:?}", found.deviations);
}

#[test]
fn three_frames_in_one_read_are_three() {
    check(
        b"\x0BMSH|1\r\x1C\r\x0BMSH|2\r\x1C\r\x0BMSH|3\r\x1C\r",
        r"[MSH|1\r] [MSH|2\r] [MSH|3\r]",
    );
}

#[test]
fn a_trailer_split_over_two_packets_ends_the_frame() {
    let received = read([b"\x0BMSH|1\r\x1C".as_slice(), b"\r"]);
    assert_eq!(shown(&received), r"[MSH|1\r]");
}

#[test]
fn junk_before_a_frame_is_shown_and_the_frame_read() {
    check(b"junk\x0BMSH|1\r\x1C\r", r"stray(junk,4) [MSH|1\r]");
}

#[test]
fn a_trailer_before_any_start_is_stepped_over() {
    check(b"\x1C\r\x0BMSH|1\r\x1C\r", r"[MSH|1\r]");
}

#[test]
fn line_ends_between_frames_are_counted_only() {
    let received = read([b"\x0BMSH|1\r\x1C\r\r\n\x0BMSH|2\r\x1C\r".as_slice()]);
    assert_eq!(shown(&received), r"[MSH|1\r] [MSH|2\r]");
    let Some(Received::Frame(second)) = received.last() else {
        panic!("no frame")
    };
    assert_eq!(second.deviations.n_bytes_before, 2);
}

#[test]
fn a_file_separator_in_the_body_is_content() {
    let found = only_frame(b"\x0BMSH|1\rNTE|a\x1Cb\x1C\nc\x1C\x1C\r");
    assert_eq!(found.bytes, b"MSH|1\rNTE|a\x1Cb\x1C\nc\x1C".as_slice());
    assert_eq!(found.deviations.n_ends_in_body, 3);
    assert!(found.deviations.has_no_final_cr);
}

#[test]
fn a_vertical_tab_in_pasted_text_is_content() {
    let found = only_frame(b"\x0BMSH|1\rNTE|a\x0Bb\x0BMS\x0BPID\x0B\r\x1C\r");
    assert_eq!(
        found.bytes,
        b"MSH|1\rNTE|a\x0Bb\x0BMS\x0BPID\x0B\r".as_slice()
    );
    assert_eq!(found.deviations.n_starts_in_body, 4);
}

#[test]
fn a_new_frame_in_an_unfinished_one_quarantines_the_fragment() {
    check(
        b"\x0BMSH|1\rPID|\x0BMSH|2\r\x1C\r",
        r"quarantine(MSH|1\rPID|) [MSH|2\r]",
    );
    check(
        b"\x0BMSH|1\r\x0BFHS|2\r\x1C\r",
        r"quarantine(MSH|1\r) [FHS|2\r]",
    );
    check(
        b"\x0BMSH|1\r\x0BBHS|2\r\x1C\r",
        r"quarantine(MSH|1\r) [BHS|2\r]",
    );
    check(
        b"\x0BMSH|1\r\x0B\xEF\xBB\xBFMSH|2\r\x1C\r",
        r"quarantine(MSH|1\r) [\xef\xbb\xbfMSH|2\r]",
    );
    check(b"\x0B\x0BMSH|2\r\x1C\r", r"empty [MSH|2\r]");
}

#[test]
fn a_trailer_without_cr_ends_where_a_new_frame_begins() {
    check(b"\x0BMSH|1\r\x1C\x0BMSH|2\r\x1C\r", r"[MSH|1\r] [MSH|2\r]");
    check(
        b"\x0BMSH|1\r\x1C\n\x0BMSH|2\r\x1C\n",
        r"[MSH|1\r] [MSH|2\r]",
    );
}

#[test]
fn a_trailer_without_cr_is_accepted_when_its_owner_has_waited() {
    for (trailer, expected) in [("\x1C", Trailer::NoCr), ("\x1C\n", Trailer::LineFeed)] {
        let (mut codec, mut buf) = (MllpCodec::new(LIMIT), BytesMut::new());
        buf.extend_from_slice(format!("\x0BMSH|1\r{trailer}").as_bytes());
        assert!(codec.decode(&mut buf).unwrap().is_none());
        assert_eq!(codec.pending(), Pending::Trailer);
        let Some(Received::Frame(frame)) = codec.flush_trailer(&mut buf) else {
            panic!("no frame")
        };
        assert_eq!(frame.bytes, b"MSH|1\r".as_slice());
        assert_eq!(frame.deviations.trailer, expected);
        assert_eq!((codec.pending(), buf.len()), (Pending::Nothing, 0));
        // The CR was only late: it is no frame and no junk worth showing.
        buf.extend_from_slice(b"\r\x0BMSH|2\r\x1C\r");
        let Some(Received::Frame(frame)) = codec.decode(&mut buf).unwrap() else {
            panic!("none")
        };
        assert_eq!(
            (frame.bytes.as_ref(), frame.deviations.n_bytes_before),
            (b"MSH|2\r".as_slice(), 1)
        );
    }
}

#[test]
fn flushing_keeps_the_next_frame_that_has_begun() {
    let (mut codec, mut buf) = (MllpCodec::new(LIMIT), BytesMut::new());
    buf.extend_from_slice(b"\x0BMSH|1\r\x1C\x0BMS");
    assert!(codec.decode(&mut buf).unwrap().is_none());
    let first = codec.flush_trailer(&mut buf).unwrap();
    buf.extend_from_slice(b"H|2\r\x1C\r");
    let second = codec.decode(&mut buf).unwrap().unwrap();
    assert_eq!(shown(&[first, second]), r"[MSH|1\r] [MSH|2\r]");
}

#[test]
fn flushing_in_the_middle_of_a_body_does_nothing() {
    let (mut codec, mut buf) = (MllpCodec::new(LIMIT), BytesMut::new());
    buf.extend_from_slice(b"\x0BMSH|1\rPID|");
    assert!(codec.decode(&mut buf).unwrap().is_none());
    assert!(codec.flush_trailer(&mut buf).is_none());
    assert_eq!(codec.pending(), Pending::Body);
}

#[test]
fn a_stream_that_ends_before_the_cr_gives_its_frame() {
    check(b"\x0BMSH|1\r\x1C", r"[MSH|1\r]");
    check(b"\x0BMSH|1\r\x1C\n", r"[MSH|1\r]");
}

#[test]
fn a_stream_that_ends_in_a_frame_gives_a_fragment() {
    check(b"\x0BMSH|1\rPI", r"quarantine(MSH|1\rPI)");
    check(b"\x0BMSH|1\r\x0BM", r"quarantine(MSH|1\r\x0bM)");
    check(b"\x0BMSH|1\r\x1C\x0BM", r"[MSH|1\r] quarantine(M)");
}

#[test]
fn empty_frames_are_reported_and_harmless() {
    check(
        b"\x0B\x1C\r\x0B\x1C\r\x0BMSH|1\r\x1C\r",
        r"empty empty [MSH|1\r]",
    );
    check(b"\x0B", "");
    check(b"", "");
}

#[test]
fn a_byte_order_mark_stays_in_the_bytes_and_is_noted() {
    let found = only_frame(b"\x0B\xEF\xBB\xBFMSH|1\r\x1C\r");
    assert!(found.deviations.has_byte_order_mark);
    assert_eq!(found.bytes, b"\xEF\xBB\xBFMSH|1\r".as_slice());
}

#[test]
fn a_missing_final_cr_is_noted() {
    let found = only_frame(b"\x0BMSH|1\rPID|1\x1C\r");
    assert!(found.deviations.has_no_final_cr);
}

#[test]
fn a_frame_of_no_message_is_still_a_frame_to_be_answered() {
    check(b"\x0Bhello world\x1C\r", "[hello world]");
    check(b"\x0B\xFF\xFEM\0S\0H\0\x1C\r", r"[\xff\xfeM\x00S\x00H\x00]");
}

#[test]
fn bytes_without_a_start_are_shown_at_the_end_of_the_stream() {
    check(MSG, &format!("stray({},{})", MSG.escape_ascii(), MSG.len()));
    let (mut codec, mut buf) = (MllpCodec::new(LIMIT), BytesMut::from(MSG));
    assert!(codec.decode(&mut buf).unwrap().is_none());
    assert_eq!(codec.pending(), Pending::Stray);
}

#[test]
fn a_peer_that_never_begins_a_frame_is_refused() {
    let (mut codec, mut buf) = (MllpCodec::new(LIMIT), BytesMut::new());
    let mut n_bytes = 0;
    let error = loop {
        buf.extend_from_slice(&[b'x'; 8192]);
        n_bytes += 8192;
        match codec.decode(&mut buf) {
            Ok(received) => assert!(received.is_none() && buf.is_empty()),
            Err(error) => break error,
        }
    };
    let MllpError::NoStart {
        first,
        n_bytes: counted,
    } = error
    else {
        panic!("{error}")
    };
    assert_eq!((first.0.len(), counted), (1024, n_bytes));
}

#[test]
fn an_unfinished_frame_over_the_limit_is_refused_with_its_head() {
    let (mut codec, mut buf) = (MllpCodec::new(100_000), BytesMut::new());
    buf.extend_from_slice(b"\x0BMSH|1\r");
    let error = loop {
        buf.extend_from_slice(&[b'x'; 8192]);
        if let Err(error) = codec.decode(&mut buf) {
            break error;
        }
        assert!(buf.len() < 200_000, "the buffer grows beyond the limit");
    };
    let MllpError::TooLarge { limit, head } = error else {
        panic!("{error}")
    };
    assert!(limit == 100_000 && head.0.starts_with(b"MSH|1\r"));
    // Nothing more is read from it, and nothing is kept.
    buf.extend_from_slice(&frame(MSG));
    assert!(codec.decode(&mut buf).unwrap().is_none() && buf.is_empty());
}

#[test]
fn a_finished_frame_over_the_limit_is_refused_too() {
    let body = [MSG, &[b'x'; 1000]].concat();
    let decode = |limit| MllpCodec::new(limit).decode(&mut BytesMut::from(frame(&body).as_ref()));
    assert!(matches!(decode(body.len()), Ok(Some(Received::Frame(_)))));
    assert!(matches!(
        decode(body.len() - 1),
        Err(MllpError::TooLarge { .. })
    ));
}

#[test]
fn a_connection_does_not_keep_the_buffer_of_a_big_frame() {
    let (mut codec, mut buf) = (MllpCodec::new(64 << 20), BytesMut::new());
    buf.extend_from_slice(&frame(&vec![b'x'; 8 << 20]));
    let received = codec.decode(&mut buf).unwrap().unwrap();
    drop(received);
    assert!(codec.decode(&mut buf).unwrap().is_none());
    buf.reserve(1);
    assert!(
        buf.capacity() < 1 << 16,
        "{} bytes are kept",
        buf.capacity()
    );
}

#[test]
fn a_twenty_mebibyte_frame_in_packets_is_read_in_linear_time() {
    let mut body = b"MSH|1\rOBX|1|ED|||".to_vec();
    body.resize(20 << 20, b'A');
    let (mut codec, mut buf) = (MllpCodec::new(64 << 20), BytesMut::new());
    let mut frames = 0;
    for packet in frame(&body).chunks(1460) {
        buf.extend_from_slice(packet);
        if let Some(Received::Frame(frame)) = codec.decode(&mut buf).unwrap() {
            assert_eq!(frame.bytes.len(), body.len());
            frames += 1;
        }
    }
    assert_eq!(frames, 1);
}

#[test]
fn a_body_of_nothing_but_markers_is_content() {
    for marker in [START, END] {
        let body = [b"MSH|".as_slice(), &vec![marker; 100_000], b"x\r"].concat();
        assert_eq!(only_frame(&frame(&body)).bytes, body);
    }
}

#[test]
fn a_written_frame_is_read_back() {
    let mut buf = BytesMut::new();
    MllpCodec::new(LIMIT).encode(MSG, &mut buf).unwrap();
    assert_eq!(buf, frame(MSG));
    assert_eq!(only_frame(&buf).bytes, MSG);
}

#[test]
fn debug_shows_no_content() {
    let received = read([b"secret\x0BMSH|secret\x0BMSH|secret\x1C\r".as_slice()]);
    assert!(!format!("{received:?}").contains("secret"));
    let error = MllpError::TooLarge {
        limit: 1,
        head: Head(Bytes::from_static(b"secret")),
    };
    assert!(!format!("{error:?} {error}").contains("secret"));
}

fn stream() -> impl Strategy<Value = Vec<u8>> {
    let parts = prop::sample::select(vec![
        b"\x0B".as_slice(),
        b"\x1C",
        b"\r",
        b"\n",
        b"\x1C\r",
        b"\x0BMSH|1",
        b"MSH|",
        b"FHS",
        b"BH",
        b"S",
        b"\xEF\xBB\xBF",
        b"\xEF",
        b"\xBB",
        b"text",
        b"\x0B\x1C\r",
        b"M",
        b"\0",
    ]);
    prop::collection::vec(parts, 0..40).prop_map(|parts| parts.concat())
}

/// All bytes that came out, in order, whatever they were called.
fn content(received: &[Received]) -> Vec<u8> {
    let bytes = received.iter().filter_map(|item| match item {
        Received::Frame(frame) => Some(frame.bytes.to_vec()),
        Received::Quarantine { fragment } => Some(fragment.to_vec()),
        Received::Stray { first, .. } => Some(first.to_vec()),
        Received::EmptyFrame => None,
    });
    bytes.flatten().collect()
}

fn without_framing(bytes: &[u8]) -> Vec<u8> {
    let framing = |byte: &u8| matches!(*byte, START | END) || byte.is_ascii_whitespace();
    bytes
        .iter()
        .copied()
        .filter(|byte| !framing(byte))
        .collect()
}

proptest! {
    /// TCP may cut the stream anywhere; the frames that come out may not depend on where.
    #[test]
    fn cuts_do_not_change_frames(stream in stream(), cuts in prop::collection::vec(0_usize..400, 0..8)) {
        let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(stream.len())).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let pieces = cuts.windows(2).map(|cut| &stream[cut[0]..cut[1]]);
        prop_assert_eq!(read(pieces), read([stream.as_slice()]));
    }

    #[test]
    fn nothing_but_framing_is_dropped(stream in stream()) {
        let received = read([stream.as_slice()]);
        prop_assert_eq!(without_framing(&content(&received)), without_framing(&stream));
    }

    #[test]
    fn messages_without_framing_bytes_come_back_as_they_were(
        bodies in prop::collection::vec("MSH\\|[ -~\r]{0,60}", 0..6),
    ) {
        let stream = bodies.iter().map(|body| frame(body.as_bytes())).collect::<Vec<_>>().concat();
        let received = read([stream.as_slice()]);
        let frames = received.iter().map(|item| {
            let Received::Frame(frame) = item else { panic!("{item:?}") };
            frame.bytes.to_vec()
        });
        prop_assert_eq!(frames.collect::<Vec<_>>(), bodies.into_iter().map(String::into_bytes).collect::<Vec<_>>());
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read([bytes.as_slice()]);
    }
}
