//! One generated history in two orders through two servers, each with an embedded Postgres of its own.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};
use sha2::{Digest as _, Sha256};

use crate::convergence::{Content, PROFILE};
use crate::history::{self, History};
use crate::server::{Server, Wanted};

/// How many connections the shuffled history comes over.
const CONNECTIONS: usize = 8;
/// How long a server may take for what it has received.
const PATIENCE: Duration = Duration::from_hours(1);

/// What the two servers show.
#[derive(Debug)]
pub struct Played {
    /// The one that heard the history as it was recorded.
    pub in_order: Content,
    /// The one that heard it shuffled, a tenth of it twice.
    pub shuffled: Content,
}

/// Plays a history; the servers' files are left in `folder`.
pub async fn play(folder: &Path, history: History) -> Result<Played> {
    let (a, b) = (folder.join("in-order"), folder.join("shuffled"));
    for folder in [&a, &b] {
        std::fs::create_dir_all(folder)?;
    }
    let mut first = start(&a).await?;
    // Ids are keyed by the tenant: the second cluster is the first one, while it is empty.
    ensure!(
        first.stop().await? == Some(0),
        "the first server did not stop"
    );
    let copied = Command::new("cp")
        .arg("-a")
        .arg(a.join("data"))
        .arg(&b)
        .status()?;
    ensure!(copied.success(), "the cluster could not be copied");
    first.restart().await?;
    let second = start(&b).await?;
    history::send(history.in_order()?, &[first.mllp], 1)?;
    history::send(history.shuffled()?, &[second.mllp], CONNECTIONS)?;
    Ok(Played {
        in_order: shown(&first).await?,
        shuffled: shown(&second).await?,
    })
}

async fn start(folder: &Path) -> Result<Server> {
    let wanted = Wanted {
        profile: Some(PROFILE),
        ..Wanted::default()
    };
    Server::start(folder, wanted).await
}

async fn shown(server: &Server) -> Result<Content> {
    server.settled(PATIENCE).await?;
    let n_dead = server.gauge("drawbridge_dead_letters").await?;
    ensure!(n_dead <= 0.0, "{n_dead} messages could not be applied");
    Content::of(server).await
}

impl Played {
    /// Whether both show the same.
    pub fn is_same(&self) -> bool {
        self.in_order == self.shuffled
    }

    /// Counts by type and digests, for people; where they differ, the first places.
    pub fn report(&self) -> String {
        let (one, two) = (self.in_order.counts(), self.shuffled.counts());
        let mut text = format!("{:<24}{:>10}{:>10}\n", "", "in order", "shuffled");
        for kind in one
            .keys()
            .chain(two.keys().filter(|kind| !one.contains_key(*kind)))
        {
            let [n_one, n_two] = [&one, &two].map(|counts| counts.get(kind).unwrap_or(&0));
            let _ = writeln!(text, "{kind:<24}{n_one:>10}{n_two:>10}");
        }
        for (name, content) in [("in order", &self.in_order), ("shuffled", &self.shuffled)] {
            let digest = Sha256::digest(content.text());
            let _ = writeln!(text, "SHA-256 {name}: {digest:x}");
        }
        for difference in self.in_order.differences(&self.shuffled, 10) {
            let _ = writeln!(text, "{difference}");
        }
        text
    }
}
