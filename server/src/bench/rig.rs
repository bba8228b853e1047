//! What every measurement stands on: an embedded cluster with the product's own settings in a folder
//! of its own, and `drawbridge serve` as a process beside the client.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use bytes::Bytes;
use hyper::Method;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::Child;

use model::{ResourceId, Tenant};
use store::{ChainKey, Store, limit, matching, stats};

use super::admission::admission;
use super::load::{self, Until};
use crate::client::HttpClient;
use crate::config::{Config, DataDir};
use crate::embedded::Embedded;

/// How long a start or a stop may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A cluster and, at times, a server.
#[derive(Debug)]
pub(super) struct Rig {
    folder: PathBuf,
    embedded: Embedded,
    server: Option<Child>,
    /// Where the server answers HTTP.
    pub(super) http: SocketAddr,
    /// Where it receives messages.
    pub(super) mllp: SocketAddr,
    /// Where documents go; nobody listens there unless the measurement does.
    pub(super) emr: SocketAddr,
}

impl Rig {
    /// A fresh, migrated cluster; nothing of the configuration's own data is touched.
    pub(super) async fn new(config: &Config) -> anyhow::Result<Self> {
        let folder = std::env::temp_dir().join(format!("drawbridge-bench-{}", std::process::id()));
        let data = DataDir::new(folder.join("data"));
        data.ensure()?;
        let embedded = Embedded::start(&data, &config.programs()).await?;
        store::migrate(embedded.url()).await?;
        let (http, mllp, emr) = (free_address()?, free_address()?, free_address()?);
        Ok(Self {
            folder,
            embedded,
            server: None,
            http,
            mllp,
            emr,
        })
    }

    /// The cluster's URL.
    pub(super) fn url(&self) -> &str {
        self.embedded.url()
    }

    /// Starts the server with so many apply workers; answers how long it took to be ready.
    pub(super) async fn serve(&mut self, workers: usize) -> anyhow::Result<Duration> {
        let config = format!(
            "[http]\nbind = \"{}\"\n\n[apply]\nworkers = {workers}\n\n\
             [[inbound]]\nname = \"adt\"\nbind = \"{}\"\n\n\
             [[outbound]]\nname = \"emr\"\nconnect = \"{}\"\npatient_authority = \"HCHB\"\n\
             visit_authority = \"HCHB\"\n\
             [outbound.document_types]\n\"34133-9\" = \"PN^Progress note^L\"\n",
            self.http, self.mllp, self.emr
        );
        std::fs::write(self.config_file(), config)?;
        let log = std::fs::File::create(self.folder.join("serve.log"))?;
        let start = Instant::now();
        let child = tokio::process::Command::from(self.program("serve")?)
            .kill_on_drop(true) // a server must not outlive its database
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::from(log))
            .spawn()?;
        self.server = Some(child);
        self.wait_until_ready().await?;
        Ok(start.elapsed())
    }

    /// Starts the server and lets it admit so many patients; answers their Patients' ids.
    pub(super) async fn fill(&mut self, n_patients: usize) -> anyhow::Result<Vec<ResourceId>> {
        self.serve(2).await?;
        load::send(self.mllp, 32, 0, Until::Count(n_patients), admission).await?;
        self.drained().await?;
        let kind = fhir::ResourceType::Patient.code();
        Ok(limit::ids(self.url(), Tenant::DEFAULT, kind).await?)
    }

    /// Waits until nothing is queued. It looks seldom: to count a long queue takes Postgres milliseconds.
    pub(super) async fn drained(&self) -> anyhow::Result<()> {
        let store = self.store().await?;
        while stats::waiting(&store, Tenant::DEFAULT).await?.n_queued != 0 {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        Ok(())
    }

    /// Waits until nobody is to be compared with others.
    pub(super) async fn compared(&self) -> anyhow::Result<()> {
        let store = self.store().await?;
        while !matching::tenants(&store).await?.is_empty() {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        Ok(())
    }

    /// A look into the database from this process.
    pub(super) async fn store(&self) -> anyhow::Result<Store> {
        let settings = store::Settings::new(self.url(), ChainKey::new([0; 32]));
        Ok(Store::open(&settings).await?)
    }

    /// Ends the server as an operator would.
    pub(super) async fn stop_server(&mut self) -> anyhow::Result<()> {
        let Some(mut server) = self.server.take() else {
            return Ok(());
        };
        kill(pid(&server)?, Signal::SIGTERM)?;
        let deadline = Instant::now() + PATIENCE;
        while server.try_wait()?.is_none() {
            ensure!(
                Instant::now() < deadline,
                "the server did not end after SIGTERM"
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }

    /// An access token of the rig's installation.
    pub(super) fn token(&self, scope: &str) -> anyhow::Result<String> {
        let output = self.program("token")?.args(["--scope", scope]).output()?;
        ensure!(
            output.status.success(),
            "no token: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    /// The server's resident memory in MiB (Linux: `VmRSS` of proc(5)).
    pub(super) fn memory_mib(&self) -> anyhow::Result<f64> {
        let server = self.server.as_ref().context("no server is running")?;
        let status = std::fs::read_to_string(format!(
            "/proc/{}/status",
            server.id().context("the server has ended")?
        ))?;
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .context("no VmRSS")?;
        let kib = line
            .split_whitespace()
            .nth(1)
            .context("no number in VmRSS")?;
        Ok(kib.parse::<f64>()? / 1024.0)
    }

    /// Stops everything and removes the folder.
    pub(super) async fn close(mut self) -> anyhow::Result<()> {
        self.stop_server().await?;
        self.embedded.stop().await?;
        std::fs::remove_dir_all(&self.folder)?;
        Ok(())
    }

    fn config_file(&self) -> PathBuf {
        self.folder.join("bench.toml")
    }

    fn program(&self, command: &str) -> anyhow::Result<Command> {
        let mut program = Command::new(std::env::current_exe()?);
        program
            .arg(command)
            .arg("--config")
            .arg(self.config_file())
            .arg("--data")
            .arg(self.folder.join("serve"))
            .env("DATABASE_URL", self.embedded.url());
        Ok(program)
    }

    async fn is_ready(&self) -> anyhow::Result<bool> {
        let mut client = HttpClient::connect(self.http).await?;
        let answer = client
            .request(Method::GET, "/health/ready", None, Bytes::new())
            .await?;
        Ok(answer.status == 200)
    }

    async fn wait_until_ready(&mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if self.is_ready().await.unwrap_or(false) {
                return Ok(());
            }
            if let Some(status) = self
                .server
                .as_mut()
                .and_then(|it| it.try_wait().ok().flatten())
            {
                let log = std::fs::read_to_string(self.folder.join("serve.log"))?;
                bail!("the server ended ({status}) before it was ready: {log}");
            }
            ensure!(
                Instant::now() < deadline,
                "the server was not ready in {PATIENCE:?}"
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

fn pid(child: &Child) -> anyhow::Result<Pid> {
    let id = child.id().context("the server has ended")?;
    Ok(Pid::from_raw(i32::try_from(id)?))
}

fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
