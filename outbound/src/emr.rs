//! A simulated EMR: it receives over MLLP, answers as told (well or badly), and shows what it got.
//!
//! For the demonstration, for tests and for whoever builds an app without an EMR at hand.

mod answer;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use hl7v2::mllp::{MllpCodec, Received as Read, frame};
use model::Clock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::codec::Decoder;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use answer::Answers;

/// What the simulated EMR does with one message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Behaviour {
    /// `AA` (in enhanced mode `CA`, then `AA` where MSH-16 asks).
    Accept,
    /// `AR`.
    Reject,
    /// `AE`.
    Error,
    /// `AR` with the text "busy": refused for now.
    Busy,
    /// No answer; the connection stays open.
    Silent,
    /// `AA` after [`Settings::slow`].
    Slow,
    /// Closes the connection after the whole message came.
    Drop,
    /// `AA` for another control id.
    WrongId,
    /// `AA` byte by byte.
    Split,
    /// A frame that is no acknowledgement.
    Garbage,
    /// A text without a frame.
    Bare,
}

/// A message that arrived.
#[derive(Clone)]
pub struct Received {
    /// How many came before it.
    pub n: usize,
    /// MSH-10.
    pub control_id: String,
    /// The message's bytes.
    pub bytes: Bytes,
    /// How it was answered.
    pub behaviour: Behaviour,
}

/// How the simulated EMR behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Taken in turn, message by message, over all connections.
    pub behaviours: Vec<Behaviour>,
    /// After the last of `behaviours`: begin again, or stay with the last.
    pub cycle: bool,
    /// How late [`Behaviour::Slow`] answers.
    pub slow: Duration,
    /// Each message becomes a file there.
    pub out: Option<PathBuf>,
    /// Each message is shown here; dropped when the channel is full or nobody looks any more.
    pub shown: Option<mpsc::Sender<Received>>,
    /// Where the answers' MSH-7 comes from.
    pub clock: Clock,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            behaviours: vec![Behaviour::Accept],
            cycle: true,
            slow: Duration::from_secs(5),
            out: None,
            shown: None,
            clock: Clock::System,
        }
    }
}

impl Settings {
    fn behaviour(&self, n: usize) -> Behaviour {
        let n_known = self.behaviours.len().max(1);
        let n = if self.cycle {
            n % n_known
        } else {
            n.min(n_known - 1)
        };
        self.behaviours.get(n).copied().unwrap_or(Behaviour::Accept)
    }
}

/// Receives until `shutdown`. A message that can't be stored in `out` is answered `AE`.
pub async fn serve(
    listener: TcpListener,
    settings: Settings,
    shutdown: CancellationToken,
) -> io::Result<()> {
    if let Some(out) = &settings.out {
        tokio::fs::create_dir_all(out).await?;
    }
    let emr = Arc::new(Emr {
        settings,
        n_received: AtomicUsize::new(0),
    });
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = listener.accept() => {
                let (socket, _) = accepted?;
                let emr = Arc::clone(&emr);
                let shutdown = shutdown.clone();
                connections.spawn(async move {
                    tokio::select! {
                        () = shutdown.cancelled() => {}
                        ended = emr.converse(socket) => if let Err(error) = ended {
                            debug!(%error, "a sender's connection ended");
                        }
                    }
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
    connections.shutdown().await;
    Ok(())
}

struct Emr {
    settings: Settings,
    n_received: AtomicUsize,
}

impl Emr {
    const FRAME_BYTES_MAX: usize = 256 << 20;

    async fn converse(&self, mut socket: TcpStream) -> io::Result<()> {
        socket.set_nodelay(true)?;
        let mut codec = MllpCodec::new(Self::FRAME_BYTES_MAX);
        let mut buffer = BytesMut::new();
        loop {
            while let Some(read) = codec.decode(&mut buffer).map_err(io::Error::other)? {
                if let Read::Frame(message) = read
                    && !self.receive(message.bytes, &mut socket).await?
                {
                    return Ok(());
                }
            }
            if socket.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        }
    }

    /// Keeps, shows and answers one message; whether the connection lives on.
    async fn receive(&self, bytes: Bytes, socket: &mut TcpStream) -> io::Result<bool> {
        let n = self.n_received.fetch_add(1, Ordering::Relaxed);
        let answers = Answers::to(&bytes, n, self.settings.clock.now());
        let control_id = answers.control_id();
        let mut behaviour = self.settings.behaviour(n);
        if let Some(out) = &self.settings.out
            && let Err(error) = keep(out, n, &control_id, &bytes).await
        {
            debug!(%error, "a message could not be stored");
            behaviour = Behaviour::Error;
        }
        if let Some(shown) = &self.settings.shown {
            let received = Received {
                n,
                control_id,
                bytes: bytes.clone(),
                behaviour,
            };
            let _ = shown.try_send(received);
        }
        self.answer(&answers, behaviour, socket).await
    }

    async fn answer(
        &self,
        answers: &Answers<'_>,
        behaviour: Behaviour,
        socket: &mut TcpStream,
    ) -> io::Result<bool> {
        let bytes = match behaviour {
            Behaviour::Accept => answers.accept(),
            Behaviour::Slow => {
                tokio::time::sleep(self.settings.slow).await;
                answers.accept()
            }
            Behaviour::Reject => answers.reject(),
            Behaviour::Busy => answers.busy(),
            Behaviour::Error => answers.error(),
            Behaviour::Silent => return Ok(true),
            Behaviour::Drop => return Ok(false),
            Behaviour::WrongId => answers.wrong_id(),
            Behaviour::Split => {
                for byte in frame(&answers.accept()) {
                    socket.write_all(&[byte]).await?;
                    tokio::task::yield_now().await;
                }
                Vec::new()
            }
            Behaviour::Garbage => b"hello world".to_vec(),
            Behaviour::Bare => {
                socket.write_all(b"OK\r\n").await?;
                return Ok(true);
            }
        };
        if !bytes.is_empty() {
            socket.write_all(&frame(&bytes)).await?;
        }
        let accepted = matches!(
            behaviour,
            Behaviour::Accept | Behaviour::Slow | Behaviour::Split
        );
        if accepted && answers.commit && answers.application {
            socket
                .write_all(&frame(&answers.application_accept()))
                .await?;
        }
        Ok(true)
    }
}

async fn keep(out: &Path, n: usize, control_id: &str, bytes: &[u8]) -> io::Result<()> {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || c == '-' {
            c
        } else {
            '_'
        }
    };
    let name: String = control_id.chars().take(64).map(plain).collect();
    tokio::fs::write(out.join(format!("{:06}-{name}.hl7", n + 1)), bytes).await
}

impl std::fmt::Debug for Received {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Received({}, {} bytes)", self.n, self.bytes.len())
    }
}
