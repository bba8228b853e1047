//! The built `drawbridge` as a child process.

use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

/// How long anything that should happen may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// The program under test: `DRAWBRIDGE_BIN`, else the one that this build put beside the test.
#[expect(clippy::disallowed_methods, reason = "a test's own setting")]
pub fn binary() -> Result<PathBuf> {
    if let Ok(path) = std::env::var("DRAWBRIDGE_BIN") {
        return Ok(path.into());
    }
    let test = std::env::current_exe()?;
    let built = test
        .ancestors()
        .nth(2)
        .context("a test lives in target/PROFILE/deps")?;
    let path = built.join("drawbridge");
    ensure!(
        path.exists(),
        "no {}: build the server package first (./test does)",
        path.display()
    );
    Ok(path)
}

/// An address nobody listens on at the moment.
pub fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// A running `drawbridge serve` with a configuration of its own.
#[derive(Debug)]
pub struct Server {
    child: Child,
    config: PathBuf,
    data: PathBuf,
    database: Option<String>,
    /// Where FHIR is served.
    pub http: SocketAddr,
    /// Where messages are received.
    pub mllp: SocketAddr,
}

/// What a test wants of a server.
#[derive(Debug, Default)]
pub struct Wanted {
    /// `DATABASE_URL`; none: the embedded cluster.
    pub database: Option<String>,
    /// Where the EMR listens, when documents are to be delivered.
    pub emr: Option<SocketAddr>,
    /// More lines for the `[[outbound]]` table.
    pub outbound: &'static str,
    /// The site profile of what comes in, as TOML.
    pub profile: Option<&'static str>,
    /// The key of the digest chains, which processes that share a database share.
    pub chain_key: Option<PathBuf>,
}

impl Server {
    /// Starts a server whose files live in `folder`, and waits until it is ready.
    pub async fn start(folder: &Path, wanted: Wanted) -> Result<Self> {
        let (http, mllp) = (free_address()?, free_address()?);
        let mut toml = format!(
            "[http]\nbind = \"{http}\"\n\n[[inbound]]\nname = \"adt\"\nbind = \"{mllp}\"\n\
             processing_ids = [\"P\", \"T\", \"D\"]\n"
        );
        if let Some(profile) = wanted.profile {
            let file = folder.join("site.toml");
            std::fs::write(&file, profile)?;
            toml = format!(
                "{toml}profile = \"site\"\n\n[profiles]\nsite = \"{}\"\n",
                file.display()
            );
        }
        if let Some(key) = &wanted.chain_key {
            toml = format!("{toml}\n[audit]\nkey_file = \"{}\"\n", key.display());
        }
        if let Some(emr) = wanted.emr {
            let settings = wanted.outbound;
            toml =
                format!("{toml}\n[[outbound]]\nname = \"emr\"\nconnect = \"{emr}\"\n{settings}\n");
        }
        // Postgres never runs as root, and root's temporary folders are closed to everybody else.
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o711))?;
        let config = folder.join("drawbridge.toml");
        std::fs::write(&config, toml)?;
        let data = folder.join("data");
        let child = spawn(&config, &data, wanted.database.as_deref())?;
        let mut server = Self {
            child,
            config,
            data,
            database: wanted.database,
            http,
            mllp,
        };
        server.wait_until_ready().await?;
        Ok(server)
    }

    /// `kill -9`: no destructor, no flush, nothing.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Starts the killed server again, with the same files.
    pub async fn restart(&mut self) -> Result<()> {
        self.child = spawn(&self.config, &self.data, self.database.as_deref())?;
        self.wait_until_ready().await
    }

    /// SIGTERM, and the exit code.
    pub async fn stop(&mut self) -> Result<Option<i32>> {
        let pid = self.child.id().to_string();
        ensure!(
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()?
                .success()
        );
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status.code());
            }
            ensure!(
                Instant::now() < deadline,
                "the server did not end after SIGTERM"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn wait_until_ready(&mut self) -> Result<()> {
        let url = format!("http://{}/health/ready", self.http);
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Ok(answer) = reqwest::get(&url).await
                && answer.status().is_success()
            {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                let talk = std::fs::read_to_string(self.config.with_extension("log"))?;
                bail!("the server ended ({status}) before it was ready: {talk}");
            }
            ensure!(
                Instant::now() < deadline,
                "the server was not ready in {PATIENCE:?}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Runs another command of the program against this server's data and database.
    pub fn command(&self, args: &[&str]) -> Result<Output> {
        let mut command = Command::new(binary()?);
        command
            .args(args)
            .arg("--config")
            .arg(&self.config)
            .arg("--data")
            .arg(&self.data);
        if let Some(url) = &self.database {
            command.env("DATABASE_URL", url);
        }
        Ok(command.output()?)
    }

    /// An access token with these scopes.
    pub fn token(&self, scope: &str) -> Result<String> {
        let output = self.command(&["token", "--scope", scope])?;
        ensure!(
            output.status.success(),
            "no token: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    /// The sum of a gauge over its labels, as `/metrics` has it; 0 where it is not there.
    pub async fn gauge(&self, name: &str) -> Result<f64> {
        let url = format!("http://{}/metrics", self.http);
        let page = reqwest::get(url).await?.error_for_status()?.text().await?;
        let samples = page.lines().filter_map(|line| {
            let (series, value) = line.rsplit_once(' ')?;
            let named = series.split('{').next() == Some(name);
            named.then(|| value.parse::<f64>().ok()).flatten()
        });
        Ok(samples.sum())
    }

    /// Waits until every message that was received is dealt with.
    pub async fn settled(&self, patience: Duration) -> Result<()> {
        let deadline = Instant::now() + patience;
        while 0.0 < self.gauge("drawbridge_queue_messages").await? {
            ensure!(Instant::now() < deadline, "the queue never emptied");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    /// `GET {base}/{path}` as JSON, with its status.
    pub async fn get(&self, token: &str, path: &str) -> Result<(u16, Value)> {
        let url = format!("http://{}/fhir/{path}", self.http);
        let answer = reqwest::Client::new()
            .get(url)
            .bearer_auth(token)
            .send()
            .await?;
        Ok((
            answer.status().as_u16(),
            serde_json::from_str(&answer.text().await?)?,
        ))
    }

    /// `POST {base}/{path}` of a FHIR body, with the answer's status.
    pub async fn post(&self, token: &str, path: &str, body: &Value) -> Result<(u16, Value)> {
        let url = format!("http://{}/fhir/{path}", self.http);
        let answer = reqwest::Client::new()
            .post(url)
            .bearer_auth(token)
            .header("Content-Type", "application/fhir+json")
            .body(body.to_string())
            .send()
            .await?;
        Ok((
            answer.status().as_u16(),
            serde_json::from_str(&answer.text().await?)?,
        ))
    }

    /// Asks until the first entry of a search satisfies `enough`; gives the whole Bundle.
    pub async fn wait_for(
        &self,
        token: &str,
        query: &str,
        enough: impl Fn(&Value) -> bool,
    ) -> Result<Value> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let (status, bundle) = self.get(token, query).await?;
            if status == 200 && enough(&bundle) {
                return Ok(bundle);
            }
            ensure!(
                Instant::now() < deadline,
                "{query} never answered as expected"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // An embedded Postgres has to be stopped too, so a polite signal first.
        let pid = self.child.id().to_string();
        drop(Command::new("kill").args(["-TERM", &pid]).status());
        for _ in 0..500 {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        drop(self.child.kill());
    }
}

fn spawn(config: &Path, data: &Path, database: Option<&str>) -> Result<Child> {
    let mut command = Command::new(binary()?);
    command
        .arg("serve")
        .arg("--config")
        .arg(config)
        .arg("--data")
        .arg(data);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    // A pipe that nobody reads would stop the server once it is full.
    let log = std::fs::File::create(config.with_extension("log"))?;
    command.stderr(Stdio::from(log));
    if let Some(url) = database {
        command.env("DATABASE_URL", url);
    }
    Ok(command.spawn()?)
}

/// A running `drawbridge simulate emr`.
#[derive(Debug)]
pub struct Emr {
    child: Child,
    folder: PathBuf,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Emr {
    /// Starts a receiver that keeps what it gets in `folder`.
    pub fn start(folder: &Path, behaviour: &str) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let address = free_address()?;
        let child = Command::new(binary()?)
            .args([
                "simulate",
                "emr",
                "--bind",
                &address.to_string(),
                "--behaviour",
                behaviour,
            ])
            .arg("--out")
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self {
            child,
            folder: folder.to_owned(),
            address,
        })
    }

    /// The messages that it stored.
    pub fn received(&self) -> Result<Vec<String>> {
        let mut files: Vec<_> = std::fs::read_dir(&self.folder)?.collect::<Result<_, _>>()?;
        files.sort_by_key(std::fs::DirEntry::file_name);
        files
            .iter()
            .map(|file| Ok(std::fs::read_to_string(file.path())?))
            .collect()
    }
}

impl Drop for Emr {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
