//! The state machine that cuts a stream into frames.

use bytes::{Buf, Bytes, BytesMut};
use memchr::{memchr, memchr2};
use tokio_util::codec::{Decoder, Encoder};

use super::{
    Deviations, END, Frame, Head, MllpError, Pending, Received, START, TRAILER_CR, Trailer,
    put_frame,
};

/// Bytes outside frames that are kept to show what a peer sent.
const STRAY_BYTES_KEPT: usize = 1024;

/// A peer that sends this much without beginning a frame does not speak MLLP.
const STRAY_BYTES_MAX: usize = 64 * 1024;

/// Of a frame that is too large, this much is kept: enough for any MSH.
const HEAD_BYTES_KEPT: usize = 64 * 1024;

/// A frame over this size leaves its connection with a fresh buffer.
const BIG_FRAME_BYTES: usize = 256 * 1024;

/// Reads and writes frames. Bytes in are frames out, wherever the network cuts them.
#[derive(Debug)]
pub struct MllpCodec {
    frame_bytes_max: usize,
    state: State,
    /// Deviations of the frame that is being read.
    deviations: Deviations,
    stray: Vec<u8>,
    n_stray_bytes: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// Before a start byte.
    Outside,
    /// After it; the buffer begins with the content and has been searched up to `scanned`.
    Inside { scanned: usize },
    /// Like `Inside`, with 0x1C at `end` as the last byte, or the last but a line feed.
    AtTrailer { end: usize },
    /// After an error: whatever comes is dropped.
    Failed,
}

/// What a start or end byte in a frame turned out to be.
enum Meaning {
    Content,
    /// More bytes are needed to tell.
    Open,
    /// The frame ends before this byte; so many bytes are its trailer.
    Trailer(Trailer, usize),
    /// A new frame starts at this byte.
    NewFrame,
}

impl MllpCodec {
    /// A codec that refuses frames over this size.
    pub fn new(frame_bytes_max: usize) -> Self {
        Self {
            frame_bytes_max,
            state: State::Outside,
            deviations: Deviations::default(),
            stray: Vec::new(),
            n_stray_bytes: 0,
        }
    }

    /// What the codec waits for, as of the last `decode`.
    pub fn pending(&self) -> Pending {
        match self.state {
            State::Outside if self.stray_is_noteworthy() => Pending::Stray,
            State::Outside | State::Failed => Pending::Nothing,
            State::Inside { .. } => Pending::Body,
            State::AtTrailer { .. } => Pending::Trailer,
        }
    }

    /// Takes a frame whose trailer lacks its CR as finished. To be called when nothing has come
    /// for a short while in the state [`Pending::Trailer`]; does nothing in any other.
    pub fn flush_trailer(&mut self, src: &mut BytesMut) -> Option<Received> {
        let State::AtTrailer { end } = self.state else {
            return None;
        };
        // The beginning of another frame may stand behind the trailer already: it stays.
        let (trailer, n_bytes) = match src.get(end + 1) {
            Some(b'\n') => (Trailer::LineFeed, 2),
            _ => (Trailer::NoCr, 1),
        };
        Some(self.finish_frame(src, end, trailer, n_bytes))
    }

    /// Steps over what stands before a start byte. `true` if one was found.
    fn skip_to_start(&mut self, src: &mut BytesMut) -> Result<bool, MllpError> {
        let start = memchr(START, src);
        let n_stray_bytes = start.unwrap_or(src.len());
        self.keep_stray(src.get(..n_stray_bytes).unwrap_or_default());
        src.advance(n_stray_bytes);
        if STRAY_BYTES_MAX < self.n_stray_bytes {
            let n_bytes = self.n_stray_bytes;
            self.state = State::Failed;
            src.clear();
            return Err(MllpError::NoStart {
                first: Head(self.stray.split_off(0).into()),
                n_bytes,
            });
        }
        Ok(start.is_some())
    }

    fn keep_stray(&mut self, bytes: &[u8]) {
        self.n_stray_bytes += bytes.len();
        let room = STRAY_BYTES_KEPT.saturating_sub(self.stray.len());
        self.stray.extend(bytes.iter().take(room));
    }

    /// White space and trailer bytes between frames are common and only counted.
    fn stray_is_noteworthy(&self) -> bool {
        let is_blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == END;
        self.stray.len() < self.n_stray_bytes || !self.stray.iter().all(is_blank)
    }

    /// The bytes outside frames, once, if they are worth showing.
    fn take_stray(&mut self) -> Option<Received> {
        let is_noteworthy = self.stray_is_noteworthy();
        let n_bytes = std::mem::take(&mut self.n_stray_bytes);
        let first = std::mem::take(&mut self.stray);
        self.deviations.n_bytes_before = n_bytes;
        is_noteworthy.then(|| Received::Stray {
            first: first.into(),
            n_bytes,
        })
    }

    /// Searches the content from `scanned` on.
    fn scan(
        &mut self,
        src: &mut BytesMut,
        mut scanned: usize,
    ) -> Result<Option<Received>, MllpError> {
        loop {
            let rest = src.get(scanned..).unwrap_or_default();
            let Some(found) = memchr2(START, END, rest) else {
                self.state = State::Inside { scanned: src.len() };
                return self.check_size(src, src.len()).map(|()| None);
            };
            let at = scanned + found;
            self.check_size(src, at)?;
            match meaning(src.get(at..).unwrap_or_default()) {
                Meaning::Content => {
                    match src.get(at) {
                        Some(&START) => self.deviations.n_starts_in_body += 1,
                        _ => self.deviations.n_ends_in_body += 1,
                    }
                    scanned = at + 1;
                }
                Meaning::Open => {
                    let is_trailer = src.get(at) == Some(&END);
                    self.state = if is_trailer {
                        State::AtTrailer { end: at }
                    } else {
                        State::Inside { scanned: at }
                    };
                    return Ok(None);
                }
                Meaning::Trailer(trailer, n_bytes) => {
                    return Ok(Some(self.finish_frame(src, at, trailer, n_bytes)));
                }
                Meaning::NewFrame => {
                    self.begin_again();
                    let fragment = split_off_front(src, at);
                    return Ok(Some(if fragment.is_empty() {
                        Received::EmptyFrame
                    } else {
                        Received::Quarantine { fragment }
                    }));
                }
            }
        }
    }

    fn check_size(&mut self, src: &mut BytesMut, n_content_bytes: usize) -> Result<(), MllpError> {
        if n_content_bytes <= self.frame_bytes_max {
            return Ok(());
        }
        self.state = State::Failed;
        let head = Bytes::copy_from_slice(src.get(..HEAD_BYTES_KEPT).unwrap_or(src));
        src.clear();
        Err(MllpError::TooLarge {
            limit: self.frame_bytes_max,
            head: Head(head),
        })
    }

    /// Cuts a frame and its trailer off the buffer.
    fn finish_frame(
        &mut self,
        src: &mut BytesMut,
        end: usize,
        trailer: Trailer,
        n_trailer_bytes: usize,
    ) -> Received {
        let mut deviations = self.begin_again();
        let bytes = split_off_front(src, end);
        src.advance(n_trailer_bytes.min(src.len()));
        if bytes.is_empty() {
            return Received::EmptyFrame;
        }
        deviations.trailer = trailer;
        deviations.has_byte_order_mark = bytes.starts_with(b"\xEF\xBB\xBF");
        deviations.has_no_final_cr = !matches!(bytes.last(), Some(b'\r' | b'\n'));
        Received::Frame(Frame { bytes, deviations })
    }

    fn begin_again(&mut self) -> Deviations {
        self.state = State::Outside;
        std::mem::take(&mut self.deviations)
    }
}

/// Cuts bytes off the front. A big frame takes the whole buffer with it, so that a connection
/// doesn't keep the memory of the largest message it ever sent.
fn split_off_front(src: &mut BytesMut, n_bytes: usize) -> Bytes {
    let front = src.split_to(n_bytes.min(src.len())).freeze();
    if BIG_FRAME_BYTES < front.len() {
        *src = BytesMut::from(src.as_ref());
    }
    front
}

/// What the start or end byte at the beginning of `rest` means inside a frame.
fn meaning(rest: &[u8]) -> Meaning {
    match rest {
        [END, TRAILER_CR, ..] => Meaning::Trailer(Trailer::Standard, 2),
        // A new frame after 0x1C shows that the trailer was meant.
        [END, START, after @ ..] => match begins_header(after) {
            Some(true) => Meaning::Trailer(Trailer::NoCr, 1),
            Some(false) => Meaning::Content,
            None => Meaning::Open,
        },
        [END, b'\n', START, after @ ..] => match begins_header(after) {
            Some(true) => Meaning::Trailer(Trailer::LineFeed, 2),
            Some(false) => Meaning::Content,
            None => Meaning::Open,
        },
        [END] | [END, b'\n'] => Meaning::Open,
        [START, after @ ..] => match begins_header(after) {
            Some(true) => Meaning::NewFrame,
            Some(false) => Meaning::Content,
            None => Meaning::Open,
        },
        _ => Meaning::Content,
    }
}

/// Whether a header segment follows, perhaps after a byte order mark; `None` if too few bytes are
/// there to tell.
fn begins_header(bytes: &[u8]) -> Option<bool> {
    const MARK: &[u8] = b"\xEF\xBB\xBF";
    let after_mark = bytes.strip_prefix(MARK).unwrap_or(bytes);
    let headers = [b"MSH", b"FHS", b"BHS"];
    if headers.iter().any(|header| after_mark.starts_with(*header)) {
        return Some(true);
    }
    let may_become_mark = MARK.starts_with(bytes);
    let may_become_header = headers.iter().any(|header| header.starts_with(after_mark));
    if may_become_mark || may_become_header {
        None
    } else {
        Some(false)
    }
}

impl Decoder for MllpCodec {
    type Item = Received;
    type Error = MllpError;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<Received>, MllpError> {
        loop {
            let before = (self.state, src.len());
            let received = match self.state {
                State::Outside => {
                    if !self.skip_to_start(src)? {
                        return Ok(None);
                    }
                    src.advance(1);
                    self.state = State::Inside { scanned: 0 };
                    self.take_stray()
                }
                State::Inside { scanned } => self.scan(src, scanned)?,
                State::AtTrailer { end } => self.scan(src, end)?,
                State::Failed => {
                    src.clear();
                    None
                }
            };
            if received.is_some() || before == (self.state, src.len()) {
                return Ok(received);
            }
        }
    }

    /// At the end of the stream: a frame that only lacks its CR is a frame, any other unfinished
    /// one is a fragment.
    fn decode_eof(&mut self, src: &mut BytesMut) -> Result<Option<Received>, MllpError> {
        if let Some(received) = self.decode(src)? {
            return Ok(Some(received));
        }
        if let Some(frame) = self.flush_trailer(src) {
            return Ok(Some(frame));
        }
        match self.state {
            State::Inside { .. } => {
                self.begin_again();
                let fragment = src.split().freeze();
                Ok((!fragment.is_empty()).then_some(Received::Quarantine { fragment }))
            }
            State::Outside | State::AtTrailer { .. } | State::Failed => Ok(self.take_stray()),
        }
    }
}

impl<T: AsRef<[u8]>> Encoder<T> for MllpCodec {
    type Error = MllpError;

    fn encode(&mut self, message: T, dst: &mut BytesMut) -> Result<(), MllpError> {
        put_frame(message.as_ref(), dst);
        Ok(())
    }
}
