//! The demonstration: a server on the embedded database, a simulated EMR, and the story of one patient
//! told on one screen. Every line is said after the thing was seen to happen.

mod feed;
mod story;

use std::net::SocketAddr;
use std::time::Duration;

use outbound::emr;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::config::{Config, HostPort, OutboundConfig};

pub use story::tell;

/// Where the simulated EMR listens (contract, "Ports and paths").
const EMR: &str = "127.0.0.1:2576";

/// The configuration of the demonstration: what was configured, with test traffic served and the
/// simulated EMR as the destination of documents.
pub fn configuration(mut config: Config) -> anyhow::Result<Config> {
    for inbound in &mut config.inbound {
        inbound.processing_ids = ["P", "T", "D"].map(str::to_owned).to_vec();
    }
    if config.outbound.is_empty() {
        let mut emr = OutboundConfig {
            name: "emr".to_owned(),
            connect: EMR.parse::<HostPort>()?,
            patient_authority: Some("HCHB".to_owned()),
            visit_authority: Some("HCHB".to_owned()),
            ..OutboundConfig::default()
        };
        emr.document_types
            .insert("34133-9".to_owned(), "PN^Progress note^L".to_owned());
        config.outbound.push(emr);
    }
    Ok(config)
}

/// A simulated EMR that shows what it receives.
#[derive(Debug)]
pub struct Emr {
    received: mpsc::Receiver<emr::Received>,
    stop: CancellationToken,
}

impl Emr {
    /// Starts to listen where the first destination connects.
    pub async fn start(config: &Config) -> anyhow::Result<Self> {
        let address: SocketAddr = match config.outbound.first() {
            Some(destination) => destination.connect.to_string().parse()?,
            None => EMR.parse()?,
        };
        let listener = TcpListener::bind(address).await.map_err(|error| {
            anyhow::anyhow!("the simulated EMR can't listen on {address}: {error}")
        })?;
        let (shown, received) = mpsc::channel(64);
        let stop = CancellationToken::new();
        let settings = emr::Settings {
            shown: Some(shown),
            ..emr::Settings::default()
        };
        tokio::spawn(emr::serve(listener, settings, stop.clone()));
        Ok(Self { received, stop })
    }

    /// The next message, if one comes in time.
    async fn next(&mut self, patience: Duration) -> Option<emr::Received> {
        tokio::time::timeout(patience, self.received.recv())
            .await
            .ok()
            .flatten()
    }

    /// Stops listening.
    pub fn stop(self) {
        self.stop.cancel();
    }
}
