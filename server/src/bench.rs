//! `drawbridge bench`: each figure beside the limit that it can't pass, measured in the same run on the
//! same cluster. The server is a process of its own; client, server and Postgres share the machine,
//! as the figures' readers must know.

mod admission;
mod apply;
mod grown;
mod ingest;
mod latency;
mod load;
mod map;
mod outbound;
mod read;
mod recognise;
mod report;
mod rig;
mod search;
mod shuffled;
mod visible;
mod write;

use crate::config::Config;

pub use report::{Aim, Figure, Limit, table};
use rig::Rig;

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Measurement {
    /// Messages acknowledged per second, beside one-row commits.
    Ingest,
    /// Time to an ACK on one connection, beside one insert and commit.
    Latency,
    /// Admissions made readable per second, and the bytes they take.
    Apply,
    /// Time from an ACK until the message can be read as FHIR, at 300 messages a second.
    Visible,
    /// The same two after a hundred thousand patients and a million messages; takes minutes.
    Grown,
    /// Messages translated per second on one core.
    Map,
    /// People recognised in made-up populations, and nobody taken for another.
    Match,
    /// FHIR reads per second, beside prepared point selects.
    Read,
    /// FHIR searches per second, beside prepared point selects.
    Search,
    /// FHIR creates per second, beside one-row commits.
    Write,
    /// Documents delivered per second.
    Outbound,
}

/// What is applied out of order, beside the same in order, on a fresh cluster of its own.
pub async fn shuffled(config: &Config) -> anyhow::Result<Vec<Figure>> {
    let mut rig = Rig::new(config).await?;
    let figures = shuffled::run(&mut rig).await;
    rig.close().await?;
    figures
}

impl Measurement {
    /// In the order in which `all` runs them.
    pub const ALL: [Self; 11] = [
        Self::Ingest,
        Self::Latency,
        Self::Apply,
        Self::Visible,
        Self::Grown,
        Self::Map,
        Self::Match,
        Self::Read,
        Self::Search,
        Self::Write,
        Self::Outbound,
    ];

    /// Measures, on a fresh cluster of its own.
    pub async fn run(self, config: &Config) -> anyhow::Result<Vec<Figure>> {
        if self == Self::Map {
            return map::run();
        }
        if self == Self::Match {
            return recognise::run();
        }
        let mut rig = Rig::new(config).await?;
        let figures = match self {
            Self::Ingest => ingest::run(&mut rig).await,
            Self::Latency => latency::run(&mut rig).await,
            Self::Apply => apply::run(&mut rig).await,
            Self::Visible => visible::run(&mut rig).await,
            Self::Grown => grown::run(&mut rig).await,
            Self::Map | Self::Match => unreachable!("answered above"),
            Self::Read => read::run(&mut rig).await,
            Self::Search => search::run(&mut rig).await,
            Self::Write => write::run(&mut rig).await,
            Self::Outbound => outbound::run(&mut rig).await,
        };
        rig.close().await?;
        figures
    }
}
