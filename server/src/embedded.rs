//! A private Postgres cluster in the data folder, made and run with the PostgreSQL programs found
//! on the machine. It listens on a Unix socket in a folder of its own (on loopback, where the path
//! is too long for one), behind a generated password.
//!
//! One `drawbridge` owns it at a time. It runs in a process group of its own, so that Ctrl-C does
//! not stop it before the messages in hand are committed; when its owner was killed it goes on, and
//! the next owner takes it over. It never runs as root.

mod account;
mod cluster;
mod error;
mod layout;
mod lock;
mod pid_file;
mod postmaster;
mod programs;
mod settings;

#[cfg(test)]
mod tests;

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::config::DataDir;
use cluster::Cluster;
use layout::Layout;
use pid_file::PidFile;
use postmaster::Postmaster;

pub use error::EmbeddedError;
pub use programs::ProgramSearch;
pub use settings::{SETTINGS, settings_for};

/// The first wait after a restart that failed; it doubles up to [`RESTART_WAIT_MAX`].
const RESTART_WAIT: Duration = Duration::from_millis(100);
const RESTART_WAIT_MAX: Duration = Duration::from_secs(5);
/// How long a command waits for another process's cluster to become ready.
const SHARED_WAIT: Duration = Duration::from_secs(30);

/// A running cluster of our own.
#[derive(Debug)]
pub struct Embedded {
    url: String,
    stop: oneshot::Sender<()>,
    supervisor: JoinHandle<Result<(), EmbeddedError>>,
}

impl Embedded {
    /// Starts the cluster in `data`, made first if there is none, and keeps it running until
    /// [`Embedded::stop`].
    pub async fn start(data: &DataDir, search: &ProgramSearch) -> Result<Self, EmbeddedError> {
        let root = data
            .ensure()
            .map_err(|source| EmbeddedError::io("make the data folder", data.path(), source))?;
        let layout = Layout::new(root);
        let lock = lock::take(&layout)?;
        let cluster = Cluster::prepare(layout, search).await?;
        let postmaster = cluster.bring_up().await?;
        cluster.ensure_database().await?;
        let url = cluster.url()?;
        let (stop, stopped) = oneshot::channel();
        let supervisor = tokio::spawn(async move {
            let outcome = supervise(&cluster, postmaster, stopped).await;
            drop(lock); // only now may another process own the cluster
            outcome
        });
        Ok(Self {
            url,
            stop,
            supervisor,
        })
    }

    /// What sqlx and tokio-postgres connect with. Holds the password; stays the same while Postgres
    /// is restarted underneath.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Stops the cluster cleanly and waits for its end.
    pub async fn stop(self) -> Result<(), EmbeddedError> {
        // A supervisor that has ended already can't hear it, and says how it ended below.
        let _ = self.stop.send(());
        self.supervisor
            .await
            .unwrap_or(Err(EmbeddedError::SupervisorPanicked))
    }

    /// The URL of the cluster that another `drawbridge` runs in `data`; waits until it is ready.
    pub async fn url_of_running(data: &DataDir) -> Result<String, EmbeddedError> {
        let layout = Layout::new(data.path().to_owned());
        let deadline = tokio::time::Instant::now() + SHARED_WAIT;
        loop {
            let pid_file = PidFile::read(&layout.cluster())?;
            if let Some(address) = pid_file
                .filter(PidFile::is_ready)
                .and_then(|it| it.address())
            {
                return layout.url(&address);
            }
            if deadline < tokio::time::Instant::now() {
                return Err(EmbeddedError::NotReady);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Keeps Postgres running until told to stop.
async fn supervise(
    cluster: &Cluster,
    mut postmaster: Postmaster,
    mut stop: oneshot::Receiver<()>,
) -> Result<(), EmbeddedError> {
    loop {
        tokio::select! {
            _ = &mut stop => return postmaster.stop().await,
            () = postmaster.ended() => {}
        }
        tracing::error!("embedded postgres ended by itself; starting it again");
        postmaster = tokio::select! {
            _ = &mut stop => return Ok(()),
            restarted = restart(cluster) => restarted,
        };
        tracing::info!("embedded postgres is up again");
    }
}

async fn restart(cluster: &Cluster) -> Postmaster {
    let mut wait = RESTART_WAIT;
    loop {
        match cluster.bring_up().await {
            Ok(postmaster) => return postmaster,
            Err(error) => {
                let error: &dyn std::error::Error = &error; // logged with what caused it
                tracing::error!(error, "embedded postgres does not start");
            }
        }
        tokio::time::sleep(wait).await;
        wait = RESTART_WAIT_MAX.min(wait * 2);
    }
}
