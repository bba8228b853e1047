//! `drawbridge simulate adt` and `simulate emr`

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use super::{Context, Verdict};
use crate::config::HostPort;

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
struct Emr {
    /// Where to listen.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:2576")]
    bind: SocketAddr,
    /// How it answers; several take turns.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "accept")]
    behaviour: Vec<Behaviour>,
    /// Store each message in this folder.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// What a simulated EMR does with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Behaviour {
    /// `AA`.
    Accept,
    /// `AR`.
    Reject,
    /// `AE`.
    Error,
    /// Nothing.
    Silent,
    /// `AA`, late.
    Slow,
    /// Closes the connection.
    Drop,
    /// `AA` for another control id.
    WrongId,
}

impl Args {
    pub(super) async fn run(self, _context: &Context) -> anyhow::Result<Verdict> {
        super::not_built("simulate").await
    }
}
