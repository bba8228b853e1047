//! One socket to a receiver: frames out in one write, frames in however they are cut.

use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use hl7v2::mllp::{self, MllpCodec, MllpError, Pending, Received};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::codec::Decoder;

use super::Endpoint;

/// An acknowledgement is small; what is larger is none.
const ACK_BYTES_MAX: usize = 1 << 20;
/// How long a frame's trailer may lack its CR before we take the frame as complete.
const TRAILER_GRACE: Duration = Duration::from_millis(250);
/// The slowest line on which a long message may still be written.
const BYTES_PER_SECOND_MIN: u64 = 16 << 10;

trait Socket: AsyncRead + AsyncWrite + Unpin + Send + Sync {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send + Sync> Socket for T {}

/// An open connection.
pub(super) struct Connection {
    socket: Box<dyn Socket>,
    codec: MllpCodec,
    buffer: BytesMut,
    /// The receiver has closed, or sent what can't be read on.
    ended: bool,
}

/// What came.
pub(super) enum Heard {
    /// A frame's content.
    Frame(Bytes),
    /// Bytes that are no frame.
    Noise,
    /// The end of the stream.
    Closed,
    /// Nothing until the deadline.
    Nothing,
}

impl Connection {
    pub(super) async fn open(endpoint: &Endpoint) -> io::Result<Self> {
        let socket = TcpStream::connect((endpoint.host.as_str(), endpoint.port)).await?;
        socket.set_nodelay(true)?;
        // A receiver that vanished without a word is noticed while nothing is being sent.
        let keepalive = socket2::TcpKeepalive::new()
            .with_time(Duration::from_mins(1))
            .with_interval(Duration::from_secs(15));
        socket2::SockRef::from(&socket).set_tcp_keepalive(&keepalive)?;
        let socket: Box<dyn Socket> = match &endpoint.tls {
            None => Box::new(socket),
            Some(tls) => Box::new(tls.connect(&endpoint.host, socket).await?),
        };
        let codec = MllpCodec::new(ACK_BYTES_MAX);
        Ok(Self {
            socket,
            codec,
            buffer: BytesMut::new(),
            ended: false,
        })
    }

    /// Writes a message as one frame in one write.
    pub(super) async fn write_frame(
        &mut self,
        message: &[u8],
        patience: Duration,
    ) -> io::Result<()> {
        let framed = mllp::frame(message);
        let for_size = Duration::from_secs(framed.len() as u64 / BYTES_PER_SECOND_MIN);
        let write = async {
            self.socket.write_all(&framed).await?;
            self.socket.flush().await
        };
        timeout(patience + for_size, write)
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    /// Waits for the next thing that comes.
    pub(super) async fn hear(&mut self, deadline: Instant) -> Heard {
        loop {
            if let Some(heard) = self.decode() {
                return heard;
            }
            let grace = Instant::now() + TRAILER_GRACE;
            let incomplete = self.codec.pending() == Pending::Trailer;
            let until = if incomplete {
                deadline.min(grace)
            } else {
                deadline
            };
            match timeout_at(until, self.socket.read_buf(&mut self.buffer)).await {
                Ok(Ok(0) | Err(_)) => self.ended = true,
                Ok(Ok(_)) => {}
                Err(_) if incomplete => return self.flush().unwrap_or(Heard::Nothing),
                Err(_) => return Heard::Nothing,
            }
        }
    }

    /// What has come without being asked for, and whether the receiver still listens. Never waits.
    pub(super) fn drain(&mut self) -> (Vec<Bytes>, bool) {
        while !self.ended {
            match self.socket.read_buf(&mut self.buffer).now_or_never() {
                None => break,
                Some(Ok(0) | Err(_)) => self.ended = true,
                Some(Ok(_)) => {}
            }
        }
        let mut frames = Vec::new();
        loop {
            match self.decode() {
                Some(Heard::Frame(frame)) => frames.push(frame),
                Some(Heard::Noise) => {}
                Some(Heard::Closed | Heard::Nothing) | None => return (frames, !self.ended),
            }
        }
    }

    fn decode(&mut self) -> Option<Heard> {
        let read = if self.ended {
            self.codec.decode_eof(&mut self.buffer)
        } else {
            self.codec.decode(&mut self.buffer)
        };
        match read {
            Ok(Some(received)) => Some(heard(received)),
            Ok(None) => self.ended.then_some(Heard::Closed),
            Err(MllpError::TooLarge { .. } | MllpError::NoStart { .. } | MllpError::Io(_)) => {
                self.buffer.clear();
                self.ended = true;
                Some(Heard::Noise)
            }
        }
    }

    fn flush(&mut self) -> Option<Heard> {
        self.codec.flush_trailer(&mut self.buffer).map(heard)
    }
}

fn heard(received: Received) -> Heard {
    match received {
        Received::Frame(frame) => Heard::Frame(frame.bytes),
        Received::Quarantine { .. } | Received::EmptyFrame | Received::Stray { .. } => Heard::Noise,
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Connection({} bytes unread)", self.buffer.len())
    }
}
