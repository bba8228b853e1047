//! A sender as plain as one can be: bytes out, frames in.

use std::net::SocketAddr;

use bytes::BytesMut;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::PATIENCE;

/// A connection to the interface.
pub(crate) struct Sender {
    pub(crate) stream: TcpStream,
    buffer: BytesMut,
}

/// An acknowledgement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Answer {
    /// MSA-1.
    pub(crate) code: String,
    /// MSA-2.
    pub(crate) control_id: String,
    /// Its own MSH-10.
    pub(crate) own_id: String,
    /// All of it.
    pub(crate) text: String,
}

/// A message in its frame.
pub(crate) fn frame(message: impl AsRef<[u8]>) -> Vec<u8> {
    [b"\x0B", message.as_ref(), b"\x1C\r"].concat()
}

impl Sender {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            buffer: BytesMut::new(),
        }
    }

    pub(crate) async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Sends a message and returns its answer.
    pub(crate) async fn send(&mut self, message: impl AsRef<[u8]>) -> Answer {
        self.write(frame(message)).await;
        self.answer().await
    }

    /// The next answer.
    pub(crate) async fn answer(&mut self) -> Answer {
        let answer = self.answer_or_close().await;
        answer.expect("an answer and not the end of the connection")
    }

    /// The next answer; `None` when the connection is closed instead.
    pub(crate) async fn answer_or_close(&mut self) -> Option<Answer> {
        let read = async {
            loop {
                if let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\x1C\r") {
                    let framed = self.buffer.split_to(end + 2);
                    let body = framed.strip_prefix(b"\x0B").unwrap();
                    let body = body.strip_suffix(b"\x1C\r").unwrap();
                    return Some(Answer::parse(body));
                }
                match self.stream.read_buf(&mut self.buffer).await {
                    Ok(0) | Err(_) => return None,
                    Ok(_) => {}
                }
            }
        };
        tokio::time::timeout(PATIENCE, read)
            .await
            .expect("an answer in time")
    }

    /// Several answers, in order.
    pub(crate) async fn answers(&mut self, n: usize) -> Vec<Answer> {
        let mut answers = Vec::with_capacity(n);
        for _ in 0..n {
            answers.push(self.answer().await);
        }
        answers
    }

    /// Whether nothing comes for a while.
    pub(crate) async fn is_silent(&mut self) -> bool {
        let limit = std::time::Duration::from_millis(300);
        tokio::time::timeout(limit, self.stream.read_buf(&mut self.buffer))
            .await
            .is_err()
    }
}

impl Answer {
    fn parse(body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body).into_owned();
        let field = |segment: &str, n: usize| {
            let line = text
                .split('\r')
                .find(|line| line.starts_with(segment))
                .unwrap_or_default();
            line.split('|').nth(n).unwrap_or_default().to_owned()
        };
        Self {
            code: field("MSA", 1),
            control_id: field("MSA", 2),
            own_id: field("MSH", 9),
            text: text.clone(),
        }
    }

    /// Code and control id, for comparing.
    pub(crate) fn says(&self) -> (&str, &str) {
        (&self.code, &self.control_id)
    }
}
