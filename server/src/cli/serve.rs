//! `drawbridge serve`

use tokio::signal::unix::{SignalKind, signal};

use super::{Context, Verdict};
use crate::serve::Server;

/// Run everything the configuration names until SIGTERM or Ctrl-C; then answer what is in hand.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  drawbridge serve --config /etc/drawbridge.toml\n\n\
                  SIGHUP reads the site profiles' files again; no connection notices."
)]
pub(super) struct Args {}

impl Args {
    pub(super) async fn run(self, context: &Context) -> anyhow::Result<Verdict> {
        let mut end = End::listen()?;
        let mut hangup = signal(SignalKind::hangup())?;
        let mut server = tokio::select! {
            server = Server::start(&context.config, &context.clock) => server?,
            () = end.comes() => return Ok(Verdict::Done),
        };
        tracing::info!("ready");
        loop {
            tokio::select! {
                () = end.comes() => break,
                _ = hangup.recv() => server.reload(&context.config).await,
            }
        }
        tracing::info!("stopping: no new connections, what is in hand is answered");
        server.stop().await?;
        tracing::info!("stopped");
        Ok(Verdict::Done)
    }
}

/// SIGTERM or SIGINT.
pub(super) struct End {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl End {
    pub(super) fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits until somebody wants the process to end.
    pub(super) async fn comes(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
