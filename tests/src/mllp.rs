//! A sender as an EMR is one: it frames, waits for the ACK, and remembers what it was promised.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

/// One connection.
#[derive(Debug)]
pub struct Sender {
    stream: TcpStream,
    received: Vec<u8>,
}

/// What came back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ack {
    /// MSA-1.
    pub code: String,
    /// MSA-2.
    pub control_id: String,
    /// The whole acknowledgement.
    pub text: String,
}

impl Sender {
    /// Connects; an answer is waited for at most `patience`.
    pub fn connect(to: SocketAddr, patience: Duration) -> Result<Self> {
        let stream = TcpStream::connect_timeout(&to, patience)?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            received: Vec::new(),
        })
    }

    /// Sends one message in a frame and waits for its ACK.
    pub fn send(&mut self, message: &str) -> Result<Ack> {
        self.write(&frame(message.as_bytes()))?;
        self.ack()
    }

    /// Writes bytes as they are.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(self.stream.write_all(bytes)?)
    }

    /// The next acknowledgement.
    pub fn ack(&mut self) -> Result<Ack> {
        loop {
            if let Some(end) = self.received.iter().position(|byte| *byte == 0x1c) {
                let frame: Vec<u8> = self
                    .received
                    .drain(..(end + 2).min(self.received.len()))
                    .collect();
                let text =
                    String::from_utf8_lossy(frame.get(1..end).unwrap_or_default()).into_owned();
                return parse(text);
            }
            let mut buffer = [0; 8192];
            let n_bytes = self.stream.read(&mut buffer)?;
            if n_bytes == 0 {
                bail!("the server closed the connection");
            }
            self.received
                .extend_from_slice(buffer.get(..n_bytes).unwrap_or_default());
        }
    }

    /// Whether the server closed this connection (or closes it within the patience).
    pub fn is_closed(&mut self) -> bool {
        match self.stream.read(&mut [0; 1]) {
            Ok(n_bytes) => n_bytes == 0,
            Err(error) => !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        }
    }
}

/// `0x0B … 0x1C 0x0D`.
pub fn frame(message: &[u8]) -> Vec<u8> {
    [b"\x0b", message, b"\x1c\r"].concat()
}

fn parse(text: String) -> Result<Ack> {
    let msa = text
        .split('\r')
        .find(|segment| segment.starts_with("MSA"))
        .context("no MSA")?;
    let mut fields = msa.split('|').skip(1);
    let code = fields.next().unwrap_or_default().to_owned();
    let control_id = fields.next().unwrap_or_default().to_owned();
    Ok(Ack {
        code,
        control_id,
        text,
    })
}
