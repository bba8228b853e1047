//! The MLLP frame, `0x0B … 0x1C 0x0D`, as a pure codec: bytes in, frames out.
//!
//! Peers deviate in ways that don't lose a message if one is careful. What can be read is read and
//! its [`Deviations`] are handed over for counting; what can't is handed over as a fragment, never
//! merged with its neighbour and never dropped unseen. Work is linear in the bytes received.
//!
//! The codec has no clock. A trailer without its CR can only be told from a 0x1C in the text by
//! waiting, so the owner of the socket runs a short timer while [`MllpCodec::pending`] says
//! [`Pending::Trailer`] and then calls [`MllpCodec::flush_trailer`].

mod codec;

#[cfg(test)]
mod tests;

use bytes::{BufMut, Bytes, BytesMut};

pub use codec::MllpCodec;

/// Begins a frame: vertical tab.
pub const START: u8 = 0x0B;
/// Ends a block: file separator. The frame's end is this and [`TRAILER_CR`].
pub const END: u8 = 0x1C;
/// Follows [`END`].
pub const TRAILER_CR: u8 = 0x0D;

/// What the codec reads from a stream.
#[derive(Clone, PartialEq, Eq)]
pub enum Received {
    /// A frame. Its content may still be no message.
    Frame(Frame),
    /// The beginning of a frame that was never finished: a new one began, or the stream ended.
    /// It is kept and not answered.
    Quarantine {
        /// What was received of it, without the start byte.
        fragment: Bytes,
    },
    /// A frame with nothing in it: to be counted, not answered.
    EmptyFrame,
    /// Bytes outside any frame, other than white space and stray trailers.
    Stray {
        /// The first of them.
        first: Bytes,
        /// How many they were.
        n_bytes: usize,
    },
}

/// One frame.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    /// What stood between start and trailer, exactly.
    pub bytes: Bytes,
    /// How the frame differed from the standard.
    pub deviations: Deviations,
}

/// What a peer did that the standard does not allow and we coped with.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Deviations {
    /// Bytes between the previous frame and this one, white space included.
    pub n_bytes_before: usize,
    /// 0x0B that were content.
    pub n_starts_in_body: usize,
    /// 0x1C that were content.
    pub n_ends_in_body: usize,
    /// How the trailer looked.
    pub trailer: Trailer,
    /// The content begins with a byte order mark.
    pub has_byte_order_mark: bool,
    /// The last segment has no end of its own.
    pub has_no_final_cr: bool,
}

/// How a frame ended.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Trailer {
    /// `0x1C 0x0D`.
    #[default]
    Standard,
    /// `0x1C` and nothing, for as long as we cared to wait.
    NoCr,
    /// `0x1C 0x0A`.
    LineFeed,
}

impl Deviations {
    /// Whether the frame was as the standard says.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// What the codec is waiting for, so that the owner of the socket can choose a time-out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pending {
    /// Between frames.
    Nothing,
    /// Something came that does not begin a frame.
    Stray,
    /// Inside a frame.
    Body,
    /// After 0x1C, or 0x1C 0x0A: only time tells whether the frame is complete.
    Trailer,
}

/// Why a stream can't be read on.
#[derive(Debug, thiserror::Error)]
pub enum MllpError {
    /// The frame, finished or not, is over the limit.
    #[error("a frame is larger than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: usize,
        /// What was received of it, at least its MSH if it has one, to answer by.
        head: Head,
    },
    /// The peer does not begin frames.
    #[error("{n_bytes} bytes came outside any frame")]
    NoStart {
        /// The first of them.
        first: Head,
        /// How many they were.
        n_bytes: usize,
    },
    /// The socket failed.
    #[error("the connection failed")]
    Io(#[from] std::io::Error),
}

/// The first bytes of something; its `Debug` does not show them.
#[derive(Clone, PartialEq, Eq)]
pub struct Head(pub Bytes);

/// A framed message, to be sent in one write.
pub fn frame(message: &[u8]) -> Bytes {
    let mut framed = BytesMut::new();
    put_frame(message, &mut framed);
    framed.freeze()
}

fn put_frame(message: &[u8], dst: &mut BytesMut) {
    dst.reserve(message.len() + 3);
    dst.put_u8(START);
    dst.put_slice(message);
    dst.put_slice(&[END, TRAILER_CR]);
}

impl std::fmt::Debug for Head {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Head({} bytes)", self.0.len())
    }
}

impl std::fmt::Debug for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Frame({} bytes, {:?})",
            self.bytes.len(),
            self.deviations
        )
    }
}

impl std::fmt::Debug for Received {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Frame(frame) => frame.fmt(f),
            Self::Quarantine { fragment } => write!(f, "Quarantine({} bytes)", fragment.len()),
            Self::EmptyFrame => f.write_str("EmptyFrame"),
            Self::Stray { n_bytes, .. } => write!(f, "Stray({n_bytes} bytes)"),
        }
    }
}
