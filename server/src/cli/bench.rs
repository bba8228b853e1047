//! `drawbridge bench`

use clap::ValueEnum;

use super::{Context, Verdict};

/// Measure, each figure beside the limit it can't pass, in one run on this machine.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  drawbridge bench ingest\n  drawbridge bench all --json > figures.json"
)]
pub(super) struct Args {
    /// What to measure.
    #[arg(value_enum)]
    what: What,
}

/// A measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    /// Messages acknowledged per second, beside one-row commits.
    Ingest,
    /// Time to an ACK on one connection, beside one insert and commit.
    Latency,
    /// Admissions made readable per second.
    Apply,
    /// Messages translated per second on one core.
    Map,
    /// FHIR reads per second, beside prepared point selects.
    Read,
    /// FHIR searches per second.
    Search,
    /// FHIR creates per second, beside one-row commits.
    Write,
    /// Documents delivered per second.
    Outbound,
    /// All of them.
    All,
}

impl Args {
    pub(super) async fn run(self, _context: &Context) -> anyhow::Result<Verdict> {
        super::not_built("bench").await
    }
}
