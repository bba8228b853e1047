//! `drawbridge simulate adt` and `simulate emr`

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Subcommand, ValueEnum};
use outbound::emr;
use outbound::sender::Pace;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::send::Volley;
use super::{Context, Usage, Verdict};
use crate::config::HostPort;
use crate::output;
use crate::simulate::{Feed, FeedMessage, duplicated, shuffled};

/// Play the other side: an ADT feed, or an EMR that receives documents.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  drawbridge simulate adt --patients 10 --seed 1\n  \
                        drawbridge simulate emr --bind 127.0.0.1:2576 --behaviour slow"
)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Adt(Adt),
    Emr(Emr),
}

/// A reproducible, clinically plausible feed, on stdout or sent.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  drawbridge simulate adt --patients 100 --events 1000 --seed 7 \
                        --shuffle --duplicates 0.1 --to 127.0.0.1:2575"
)]
struct Adt {
    /// How many patients.
    #[arg(long, value_name = "N", default_value_t = 10)]
    patients: u32,
    /// How many events over all patients.
    #[arg(long, value_name = "N", default_value_t = 100)]
    events: u32,
    /// The same seed makes the same feed.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Spread the events evenly over so many days; without it, one comes every few minutes.
    #[arg(long, value_name = "N")]
    days: Option<u16>,
    /// Events out of order.
    #[arg(long)]
    shuffle: bool,
    /// Share of messages that are sent twice, 0 to 1.
    #[arg(long, value_name = "P", default_value_t = 0.0)]
    duplicates: f64,
    /// Send over MLLP instead of printing.
    #[arg(long, value_name = "HOST:PORT")]
    to: Option<HostPort>,
}

/// A receiver that answers as told and stores what it got.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  drawbridge simulate emr --behaviour accept,accept,drop --out received\n\n\
                        It prints the control id of each message and stops on Ctrl-C."
)]
struct Emr {
    /// Where to listen.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:2576")]
    bind: SocketAddr,
    /// How it answers; several take turns, message by message.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "accept")]
    behaviour: Vec<Behaviour>,
    /// How late `slow` answers, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0)]
    delay: f64,
    /// Store each message in this folder.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// What a simulated EMR does with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Behaviour {
    /// `AA`; in enhanced mode `CA`, then `AA`.
    Accept,
    /// `AR`.
    Reject,
    /// `AE`.
    Error,
    /// `AR` that says "busy".
    Busy,
    /// Nothing.
    Silent,
    /// `AA`, late.
    Slow,
    /// Closes the connection.
    Drop,
    /// `AA` for another control id.
    WrongId,
    /// `AA`, byte by byte.
    Split,
    /// A frame that is no answer.
    Garbage,
}

impl From<Behaviour> for emr::Behaviour {
    fn from(behaviour: Behaviour) -> Self {
        match behaviour {
            Behaviour::Accept => Self::Accept,
            Behaviour::Reject => Self::Reject,
            Behaviour::Error => Self::Error,
            Behaviour::Busy => Self::Busy,
            Behaviour::Silent => Self::Silent,
            Behaviour::Slow => Self::Slow,
            Behaviour::Drop => Self::Drop,
            Behaviour::WrongId => Self::WrongId,
            Behaviour::Split => Self::Split,
            Behaviour::Garbage => Self::Garbage,
        }
    }
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> anyhow::Result<Verdict> {
        match self.what {
            What::Adt(adt) => adt.run(context).await,
            What::Emr(emr) => emr.run(context).await,
        }
    }
}

impl Adt {
    async fn run(self, context: &Context) -> anyhow::Result<Verdict> {
        if !(0.0..=1.0).contains(&self.duplicates) {
            return Err(Usage("--duplicates must lie between 0 and 1".to_owned()).into());
        }
        let mut feed = Feed::new(self.seed, self.patients as usize, self.events as usize);
        if let Some(days) = self.days {
            feed = feed.over_days(days);
        }
        let in_order = !self.shuffle && self.duplicates == 0.0;
        let messages: Box<dyn Iterator<Item = FeedMessage>> = if in_order {
            Box::new(feed)
        } else {
            let all = duplicated(feed.collect(), self.duplicates, self.seed);
            let all = if self.shuffle {
                shuffled(all, self.seed)
            } else {
                all
            };
            Box::new(all.into_iter())
        };
        let Some(to) = self.to else {
            return print(messages);
        };
        let volley = Volley {
            to,
            timeout: Duration::from_secs(30),
            pace: Pace {
                connections: 1,
                rate: None,
            },
            n_messages: messages.size_hint().0,
        };
        volley
            .send(
                messages.map(|message| message.text.into_bytes()),
                context.output,
            )
            .await
    }
}

/// Bare messages, one after the other: what `send` and `map` read.
fn print(messages: impl Iterator<Item = FeedMessage>) -> anyhow::Result<Verdict> {
    let mut out = output::lines();
    for message in messages {
        out.write_all(message.text.as_bytes())?;
    }
    out.flush()?;
    Ok(Verdict::Done)
}

impl Emr {
    async fn run(self, context: &Context) -> anyhow::Result<Verdict> {
        let slow = Duration::try_from_secs_f64(self.delay)
            .map_err(|_| Usage("--delay must be a number of seconds".to_owned()))?;
        let listener = TcpListener::bind(self.bind)
            .await
            .with_context(|| self.bind.to_string())?;
        let (shown, mut received) = mpsc::channel(1024);
        let settings = emr::Settings {
            behaviours: self.behaviour.into_iter().map(Into::into).collect(),
            slow,
            out: self.out,
            shown: Some(shown),
            clock: context.clock.clone(),
            ..emr::Settings::default()
        };
        output::say(format_args!("simulated EMR on {}", listener.local_addr()?));
        let shutdown = CancellationToken::new();
        let serving = emr::serve(listener, settings, shutdown.clone());
        let showing = async {
            while let Some(message) = received.recv().await {
                let line = serde_json::json!({
                    "n": message.n + 1,
                    "controlId": message.control_id,
                    "bytes": message.bytes.len(),
                    "behaviour": format!("{:?}", message.behaviour).to_lowercase(),
                });
                context.output.result(&line, |_| {
                    format!(
                        "{} {} bytes, {:?}",
                        message.control_id,
                        message.bytes.len(),
                        message.behaviour
                    )
                })?;
            }
            Ok::<_, anyhow::Error>(())
        };
        let ending = async {
            let ended = tokio::signal::ctrl_c().await;
            shutdown.cancel();
            ended
        };
        tokio::select! {
            served = serving => served?,
            shown = showing => shown?,
            ended = ending => ended?,
        }
        Ok(Verdict::Done)
    }
}
