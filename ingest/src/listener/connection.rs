//! One connection: frames in, answers out in their order, and an end that lets the last answer
//! arrive.

use std::{net::IpAddr, time::Duration};

use bytes::BytesMut;
use hl7v2::mllp::{MllpCodec, MllpError, Pending};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::mpsc,
    time::Instant,
};
use tokio_util::{codec::Decoder, sync::CancellationToken};

use super::{Interface, answers::Answers, frames::Frames};
use crate::{budget::Share, intake::IntakeHandle};

/// Answers that may be owed at once: a sender that does not wait is read no further then.
const OWED_MAX: usize = 1024;
/// What a read asks for.
const READ_BYTES: usize = 16 << 10;
/// What a read asks for inside a large frame.
const READ_BYTES_LARGE: usize = 256 << 10;
/// An unfinished frame gets this long when the server stops.
const DRAIN_GRACE: Duration = Duration::from_secs(1);
/// Stray bytes get at least this long to be followed by a frame.
const STRAY_GRACE: Duration = Duration::from_millis(800);
/// How long a closed connection is read on, so that the peer gets its last answers: closing with
/// unread bytes would reset it.
const LINGER: Duration = Duration::from_secs(2);
/// The same, for a peer that is still sending a frame that is too large.
const LINGER_OVERSIZE: Duration = Duration::from_secs(15);

/// One accepted connection.
pub(super) struct Connection<'a> {
    pub(super) interface: &'a Interface,
    pub(super) intake: &'a IntakeHandle,
    pub(super) peer: IpAddr,
    pub(super) shutdown: &'a CancellationToken,
}

/// Why no more is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    /// The peer closed its side.
    Closed,
    /// The connection broke.
    Broken,
    Idle,
    Unframed,
    Oversize,
    Budget,
    /// The server stops.
    Drained,
    /// Answers can't be sent any more.
    Unanswerable,
}

impl Connection<'_> {
    /// Serves the connection to its end.
    pub(super) async fn run<R, W>(&self, mut input: R, mut output: W)
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let (owe, owed) = mpsc::channel(OWED_MAX);
        let mut answers = Answers::new(self.interface, self.intake, &mut output);
        let frames = Frames {
            interface: self.interface,
            intake: self.intake,
            peer: self.peer,
            owe,
        };
        // Once nothing can be answered, nothing more is taken: the sender must send it again.
        let answered = CancellationToken::new();
        let reading = self.read(&mut input, frames, &answered);
        let answering = async {
            let sent = answers.send_all(owed).await;
            answered.cancel();
            sent
        };
        let (end, sent) = tokio::join!(reading, answering);
        self.count(end);
        if sent.is_err() || end == End::Broken {
            return;
        }
        let _ = tokio::time::timeout(LINGER, output.shutdown()).await;
        if end != End::Closed {
            linger(
                &mut input,
                if end == End::Oversize {
                    LINGER_OVERSIZE
                } else {
                    LINGER
                },
            )
            .await;
        }
    }

    fn count(&self, end: End) {
        let counters = &self.interface.counters;
        match end {
            End::Closed | End::Drained => return,
            End::Idle => counters.closed_idle.increment(),
            End::Unframed => counters.closed_unframed.increment(),
            End::Oversize => counters.closed_oversize.increment(),
            End::Budget => counters.closed_budget.increment(),
            End::Broken => counters.closed_broken.increment(),
            End::Unanswerable => counters.closed_unread.increment(),
        }
        tracing::info!(reason = ?end, "connection closed");
    }

    /// Reads until the stream ends, one way or another. Dropping `frames` ends the answering.
    async fn read<R: AsyncRead + Unpin>(
        &self,
        input: &mut R,
        frames: Frames<'_>,
        answered: &CancellationToken,
    ) -> End {
        let limits = &self.interface.settings.limits;
        let mut reader = Reader {
            codec: MllpCodec::new(limits.frame_bytes_max),
            buffer: BytesMut::new(),
            share: Share::default(),
            n_bytes: 0,
        };
        loop {
            if let Err(error) = reader.take_frames(&frames).await {
                return end_of(error, &frames).await;
            }
            let n_wanted = reader.make_room();
            let n_held = reader.buffer.len() + n_wanted;
            if self
                .intake
                .budget()
                .cover(&mut reader.share, n_held)
                .await
                .is_err()
            {
                return End::Budget;
            }
            let pending = reader.codec.pending();
            let Some(wait) = self.wait(pending) else {
                return End::Drained;
            };
            let deadline = Instant::now() + wait;
            let read = tokio::select! {
                biased;
                () = answered.cancelled() => return End::Unanswerable,
                read = input.read_buf(&mut reader.buffer) => Some(read),
                () = tokio::time::sleep_until(deadline) => None,
                () = self.shutdown.cancelled(), if !self.shutdown.is_cancelled() => continue,
            };
            match read {
                Some(Ok(0)) => return reader.close(&frames).await,
                Some(Ok(n_bytes)) => {
                    reader.n_bytes += n_bytes as u64;
                    self.interface.counters.bytes.add(n_bytes as u64);
                }
                Some(Err(_)) => {
                    reader.close(&frames).await;
                    return End::Broken;
                }
                None => {
                    if let Some(end) = reader.overdue(pending, &frames).await {
                        return if self.shutdown.is_cancelled() {
                            End::Drained
                        } else {
                            end
                        };
                    }
                }
            }
        }
    }

    /// How long the next bytes are waited for; `None` when the server stops and nothing is owed.
    fn wait(&self, pending: Pending) -> Option<Duration> {
        let limits = &self.interface.settings.limits;
        let stopping = self.shutdown.is_cancelled();
        let wait = match pending {
            Pending::Nothing if stopping => return None,
            Pending::Nothing => limits.idle_timeout,
            Pending::Stray => limits.trailer_grace.max(STRAY_GRACE),
            Pending::Body => limits.stall_timeout,
            Pending::Trailer => limits.trailer_grace,
        };
        Some(if stopping {
            wait.min(DRAIN_GRACE)
        } else {
            wait
        })
    }
}

/// The bytes of a connection on their way to frames.
struct Reader {
    codec: MllpCodec,
    buffer: BytesMut,
    /// The buffer's share of the memory budget.
    share: Share,
    n_bytes: u64,
}

impl Reader {
    /// Hands over every frame that is complete.
    async fn take_frames(&mut self, frames: &Frames<'_>) -> Result<(), MllpError> {
        while let Some(received) = self.codec.decode(&mut self.buffer)? {
            frames.take(received, &mut self.share).await;
        }
        Ok(())
    }

    /// Makes room for the next read and says how much. A large frame is read in large steps, and its
    /// buffer grows by doubling.
    fn make_room(&mut self) -> usize {
        let n_wanted = if self.buffer.len() < READ_BYTES_LARGE {
            READ_BYTES
        } else {
            READ_BYTES_LARGE
        };
        if self.buffer.is_empty() && READ_BYTES_LARGE < self.buffer.capacity() {
            // What a large frame needed is not kept for an idle connection.
            self.buffer = BytesMut::new();
        }
        self.buffer.reserve(n_wanted);
        n_wanted
    }

    /// The stream ended: what is complete is a frame, what is not is a fragment.
    async fn close(&mut self, frames: &Frames<'_>) -> End {
        if self.n_bytes == 0 {
            frames.interface.counters.empty.increment();
            return End::Closed;
        }
        loop {
            match self.codec.decode_eof(&mut self.buffer) {
                Ok(Some(received)) => frames.take(received, &mut self.share).await,
                Ok(None) => return End::Closed,
                Err(error) => return end_of(error, frames).await,
            }
        }
    }

    /// Nothing came for as long as the state allows. `None` to go on reading.
    async fn overdue(&mut self, pending: Pending, frames: &Frames<'_>) -> Option<End> {
        match pending {
            Pending::Nothing => Some(End::Idle),
            Pending::Trailer => {
                if let Some(received) = self.codec.flush_trailer(&mut self.buffer) {
                    frames.take(received, &mut self.share).await;
                }
                None
            }
            Pending::Stray => {
                self.close(frames).await;
                Some(End::Unframed)
            }
            Pending::Body => {
                self.close(frames).await;
                Some(End::Idle)
            }
        }
    }
}

/// The stream can't be read on.
async fn end_of(error: MllpError, frames: &Frames<'_>) -> End {
    match error {
        MllpError::TooLarge { limit, head } => {
            frames.too_large(head.0, limit).await;
            End::Oversize
        }
        MllpError::NoStart { first, .. } => {
            frames.keep(&first.0, "bytes outside any frame").await;
            End::Unframed
        }
        MllpError::Io(_) => End::Broken,
    }
}

/// Reads what still comes and drops it, until the peer closes or time is up.
async fn linger<R: AsyncRead + Unpin>(input: &mut R, limit: Duration) {
    let mut scrap = vec![0; READ_BYTES];
    let rest = async { while matches!(input.read(&mut scrap).await, Ok(1..)) {} };
    let _ = tokio::time::timeout(limit, rest).await;
}
