//! Any stream, cut anywhere: no panic, bounded memory, the same frames wherever it is cut, and no
//! byte lost but framing.
#![no_main]

use bytes::BytesMut;
use hl7v2::mllp::{END, MllpCodec, Received, START};
use libfuzzer_sys::fuzz_target;
use tokio_util::codec::Decoder;

const FRAME_BYTES_MAX: usize = 4096;

fuzz_target!(|input: (Vec<u8>, u8)| {
    let (stream, piece_bytes) = input;
    let whole = read(&stream, stream.len().max(1));
    let cut = read(&stream, usize::from(piece_bytes).max(1));
    // Past an error the connection is closed, and how much was read before it depends on the cut.
    let (Some(whole), Some(cut)) = (whole, cut) else { return };
    assert_eq!(whole, cut, "the cut changes the frames");
    assert_eq!(content(&whole), plain(&stream), "bytes were lost");
});

/// What comes out of the stream; `None` after an error.
fn read(stream: &[u8], piece_bytes: usize) -> Option<Vec<Received>> {
    let (mut codec, mut buf) = (MllpCodec::new(FRAME_BYTES_MAX), BytesMut::new());
    let mut received = Vec::new();
    for piece in stream.chunks(piece_bytes) {
        buf.extend_from_slice(piece);
        while let Some(item) = codec.decode(&mut buf).ok()? {
            received.push(item);
        }
        assert!(buf.len() <= FRAME_BYTES_MAX + piece_bytes + 16, "the buffer grows without limit");
    }
    while let Some(item) = codec.decode_eof(&mut buf).ok()? {
        received.push(item);
    }
    assert!(buf.is_empty(), "bytes were left unread");
    Some(received)
}

fn content(received: &[Received]) -> Vec<u8> {
    let parts = received.iter().flat_map(|item| match item {
        Received::Frame(frame) => frame.bytes.to_vec(),
        Received::Quarantine { fragment } => fragment.to_vec(),
        Received::Stray { first, .. } => first.to_vec(),
        Received::EmptyFrame => Vec::new(),
    });
    plain(&parts.collect::<Vec<_>>())
}

fn plain(bytes: &[u8]) -> Vec<u8> {
    let framing = |byte: u8| matches!(byte, START | END) || byte.is_ascii_whitespace();
    bytes.iter().copied().filter(|byte| !framing(*byte)).collect()
}
