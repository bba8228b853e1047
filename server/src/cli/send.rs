//! `drawbridge send`

use std::path::PathBuf;

use super::{Context, Verdict};
use crate::config::HostPort;

/// Send messages over MLLP; print one line per ACK (control id, code, text) and the latencies.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  drawbridge send --to 127.0.0.1:2575 admit.hl7\n  \
                        drawbridge simulate adt | drawbridge send --to 127.0.0.1:2575 --connections 8 -"
)]
pub(super) struct Args {
    /// Receiver.
    #[arg(long, value_name = "HOST:PORT")]
    to: HostPort,
    /// Connections at a time.
    #[arg(long, value_name = "N", default_value_t = 1)]
    connections: u16,
    /// Messages per second over all connections; without it, as fast as ACKs come.
    #[arg(long, value_name = "R")]
    rate: Option<f64>,
    /// Send everything so many times.
    #[arg(long, value_name = "N", default_value_t = 1)]
    repeat: u32,
    /// Files of one or more messages; `-` is standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

impl Args {
    pub(super) async fn run(self, _context: &Context) -> anyhow::Result<Verdict> {
        super::not_built("send").await
    }
}
