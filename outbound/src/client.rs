//! An MLLP client: one kept connection, one message in flight, and no answer believed that does not
//! name our message.

mod connection;
mod outgoing;
mod tls;

#[cfg(test)]
mod tests;

use std::time::Duration;

use hl7v2::ack::{AckCode, AckError};
use model::Outcome;
use tokio::time::Instant;
use tracing::{debug, warn};

use crate::ack::{Ack, AckPolicy};
use connection::{Connection, Heard};

pub use outgoing::Outgoing;
pub use tls::{Tls, TlsError};

/// Where a receiver is, and how long we wait for it.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// `None`: plain TCP.
    pub tls: Option<Tls>,
    /// For the TCP connection and the TLS handshake together.
    pub connect_timeout: Duration,
    /// From the last byte of the message to the answer.
    pub ack_timeout: Duration,
    /// From `CA` to the application's answer, where one was asked for.
    pub application_timeout: Duration,
    /// How negative answers are taken.
    pub policy: AckPolicy,
}

impl Endpoint {
    /// Plain TCP with the usual patience.
    pub fn plain(host: impl Into<String>, port: u16) -> Self {
        Self {
            host: host.into(),
            port,
            tls: None,
            connect_timeout: Duration::from_secs(10),
            ack_timeout: Duration::from_secs(30),
            application_timeout: Duration::from_secs(30),
            policy: AckPolicy::default(),
        }
    }
}

/// How one send ended.
#[derive(Debug)]
pub struct Answer {
    /// What it means for the delivery.
    pub outcome: Outcome,
    /// Why, in words for people; holds no content of any message.
    pub cause: Cause,
    /// The answer that decided, if there was one.
    pub ack: Option<Ack>,
    /// The application's answer after a `CA`.
    pub application: Option<Ack>,
    /// Answers to other messages that came meanwhile: never taken for ours, but an application's
    /// late answer to an earlier message is evidence about that one.
    pub others: Vec<Ack>,
    /// From the beginning of the send to its end.
    pub elapsed: Duration,
}

/// Why a send ended as it did.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Cause {
    /// The receiver answered our message.
    #[error("the receiver answered")]
    Answered,
    /// There was no connection: nothing left.
    #[error("no connection: {0}")]
    NoConnection(String),
    /// The connection broke while the message was on its way.
    #[error("the connection broke while the message was being sent")]
    WriteFailed,
    /// The receiver closed the connection instead of answering.
    #[error("the receiver closed the connection without an answer")]
    Closed,
    /// We did not wait any longer.
    #[error("this server was stopped before an answer came")]
    Stopped,
    /// Nothing came in time.
    #[error("no answer within {} s", .0.as_secs_f32())]
    Silent(Duration),
    /// Only other things came in time: acknowledgements of other messages, bytes that are no frame.
    #[error("no answer to this message: {n_others} for other control ids, {n_garbage} unreadable")]
    NotOurs {
        /// Acknowledgements whose MSA-2 is another id.
        n_others: usize,
        /// Frames that are no acknowledgement, and runs of bytes that are no frame.
        n_garbage: usize,
    },
}

impl Answer {
    /// Of a send that was abandoned: the message may have arrived.
    pub(crate) const fn abandoned(elapsed: Duration) -> Self {
        Self {
            outcome: Outcome::Unknown,
            cause: Cause::Stopped,
            ack: None,
            application: None,
            others: Vec::new(),
            elapsed,
        }
    }
}

/// One connection to one receiver, kept between messages and made again when it is gone.
#[derive(Debug)]
pub struct Client {
    endpoint: Endpoint,
    connection: Option<Connection>,
}

/// What came while we waited.
#[derive(Default)]
struct Ear {
    others: Vec<Ack>,
    n_garbage: usize,
}

impl Client {
    /// A client that connects when it first sends.
    pub const fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            connection: None,
        }
    }

    /// Where it sends to.
    pub const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Whether a connection is kept; only a send shows whether it still leads anywhere.
    pub const fn is_connected(&self) -> bool {
        self.connection.is_some()
    }

    /// Makes the connection before there is a message in hand.
    pub async fn connect(&mut self) -> Result<(), Cause> {
        if self.connection.is_none() {
            self.connection = Some(self.open().await?);
        }
        Ok(())
    }

    /// Sends one message and waits for its answer. After anything but an answer the connection is
    /// dropped, so that a late answer can't be paired with the next message.
    pub async fn send(&mut self, message: &Outgoing<'_>) -> Answer {
        let started = Instant::now();
        let mut ear = Ear::default();
        let (outcome, cause, ack, application) = match self.kept_or_new(&mut ear).await {
            Err(cause) => (Outcome::NotConnected, cause, None, None),
            Ok(connection) => self.exchange(connection, message, &mut ear).await,
        };
        Answer {
            outcome,
            cause,
            ack,
            application,
            others: ear.others,
            elapsed: started.elapsed(),
        }
    }

    /// The kept connection if it is still one, else a new one.
    async fn kept_or_new(&mut self, ear: &mut Ear) -> Result<Connection, Cause> {
        if let Some(mut kept) = self.connection.take() {
            // What came since the last message can only be about earlier ones.
            let (meanwhile, still_open) = kept.drain();
            for frame in meanwhile {
                ear.take(Ack::parse(&frame));
            }
            if still_open {
                return Ok(kept);
            }
            debug!(host = %self.endpoint.host, "the receiver had closed the kept connection");
        }
        self.open().await
    }

    async fn open(&self) -> Result<Connection, Cause> {
        let opening = Connection::open(&self.endpoint);
        match tokio::time::timeout(self.endpoint.connect_timeout, opening).await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(error)) => Err(Cause::NoConnection(error.to_string())),
            Err(_) => Err(Cause::NoConnection(
                "it could not be made in time".to_owned(),
            )),
        }
    }

    async fn exchange(
        &mut self,
        mut connection: Connection,
        message: &Outgoing<'_>,
        ear: &mut Ear,
    ) -> (Outcome, Cause, Option<Ack>, Option<Ack>) {
        let patience = self.endpoint.ack_timeout;
        let wrote = connection.write_frame(message.bytes, patience).await;
        // A receiver that refuses a message may answer and close before it has read everything.
        let patience = if wrote.is_ok() {
            patience
        } else {
            Duration::from_secs(1).min(patience)
        };
        let first = wait_for(&mut connection, message, patience, ear).await;
        let ack = match first {
            Ok(ack) => ack,
            Err(_) if wrote.is_err() => return (Outcome::Unknown, Cause::WriteFailed, None, None),
            Err(cause) => return (Outcome::Unknown, cause, None, None),
        };
        let mut outcome = self.endpoint.policy.judge(&ack);
        let mut application = None;
        let mut reusable = wrote.is_ok();
        if ack.code == AckCode::Ca && message.two_answers {
            let patience = self.endpoint.application_timeout;
            match wait_for(&mut connection, message, patience, ear).await {
                Ok(later) => {
                    outcome = judge_application(&later);
                    application = Some(later);
                }
                // `CA` ends resending: what the application thinks may still come, later.
                Err(cause) => reusable &= matches!(cause, Cause::Silent(_)),
            }
        }
        if reusable {
            self.connection = Some(connection);
        }
        (outcome, Cause::Answered, Some(ack), application)
    }
}

/// The receiver has the message (`CA`), so a negative application answer can't be helped by sending
/// it again.
fn judge_application(ack: &Ack) -> Outcome {
    if ack.code.is_positive() {
        Outcome::Accepted
    } else {
        Outcome::Rejected
    }
}

/// Listens until an acknowledgement of `message` comes. Whatever else comes is put aside.
async fn wait_for(
    connection: &mut Connection,
    message: &Outgoing<'_>,
    patience: Duration,
    ear: &mut Ear,
) -> Result<Ack, Cause> {
    let deadline = Instant::now() + patience;
    loop {
        match connection.hear(deadline).await {
            Heard::Frame(frame) => match Ack::parse(&frame) {
                Ok(ack) if ack.acknowledges == message.control_id => return Ok(ack),
                read => ear.take(read),
            },
            Heard::Noise => ear.take_noise(),
            Heard::Closed => return Err(Cause::Closed),
            Heard::Nothing => return Err(ear.cause(patience)),
        }
    }
}

/// A control id as far as it looks like one: who knows what a receiver puts there.
fn loggable(control_id: &str) -> &str {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if control_id.len() <= 32 && control_id.chars().all(plain) {
        control_id
    } else {
        "(not shown)"
    }
}

impl Ear {
    fn take(&mut self, read: Result<Ack, AckError>) {
        match read {
            Ok(ack) => {
                let control_id = loggable(&ack.acknowledges);
                warn!(control_id, "acknowledgement of another message");
                self.others.push(ack);
            }
            Err(why) => {
                warn!(%why, "the receiver sent a frame that is no acknowledgement");
                self.n_garbage += 1;
            }
        }
    }

    fn take_noise(&mut self) {
        warn!("the receiver sent bytes that are no frame");
        self.n_garbage += 1;
    }

    fn cause(&self, waited: Duration) -> Cause {
        match (self.others.len(), self.n_garbage) {
            (0, 0) => Cause::Silent(waited),
            (n_others, n_garbage) => Cause::NotOurs {
                n_others,
                n_garbage,
            },
        }
    }
}
