//! Making the cluster, and bringing it up from whatever state it was left in.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use rand::TryRngCore;
use tokio::process::Command;

use super::account::Account;
use super::layout::{Address, Layout, NAME, SOCKET_PORT};
use super::pid_file::PidFile;
use super::postmaster::{Holder, Postmaster};
use super::programs::{ProgramSearch, Programs};
use super::{EmbeddedError, settings};

/// libpq and the server take defaults from these; ours are given in full.
const FOREIGN_DEFAULTS: [&str; 10] = [
    "PGDATA",
    "PGPORT",
    "PGHOST",
    "PGHOSTADDR",
    "PGUSER",
    "PGDATABASE",
    "PGOPTIONS",
    "PGSERVICE",
    "PGSSLMODE",
    "PGCLIENTENCODING",
];
/// A log longer than this is set aside at the next start.
const LOG_BYTES_MAX: u64 = 10 << 20;

/// A cluster that exists and can be started.
#[derive(Debug)]
pub(super) struct Cluster {
    layout: Layout,
    programs: Programs,
    account: Option<Account>,
    address: Address,
    arguments: Vec<String>,
}

impl Cluster {
    /// Finds programs and account, makes the cluster if there is none, settles how it is run.
    pub(super) async fn prepare(
        layout: Layout,
        search: &ProgramSearch,
    ) -> Result<Self, EmbeddedError> {
        let programs = Programs::find(search, &layout.cluster())?;
        let account = Account::choose(&layout.cluster())?;
        if let Some(account) = &account {
            account.reach(layout.root())?;
        }
        let address = match layout.socket_folder() {
            Some(folder) => Address::Socket(folder),
            None => Address::Port(free_port(layout.root())?),
        };
        let mut cluster = Self {
            layout,
            programs,
            account,
            address,
            arguments: Vec::new(),
        };
        if let Address::Socket(folder) = &cluster.address {
            cluster.private_folder(folder)?;
        }
        if !cluster.layout.cluster().join("PG_VERSION").exists() {
            cluster.make().await?;
        }
        cluster.arguments = cluster.arguments().await;
        Ok(cluster)
    }

    /// What clients connect with.
    pub(super) fn url(&self) -> Result<String, EmbeddedError> {
        self.layout.url(&self.address)
    }

    /// Starts Postgres, or takes over the one that a killed owner left behind; answers when it is
    /// ready for connections.
    pub(super) async fn bring_up(&self) -> Result<Postmaster, EmbeddedError> {
        if let Some(postmaster) = self.take_over().await? {
            return Ok(postmaster);
        }
        let mut command = self.command("postgres");
        command.args(&self.arguments);
        let log = self.open_log()?;
        Postmaster::start(command, log, &self.layout).await
    }

    /// Makes the database in the cluster, once.
    pub(super) async fn ensure_database(&self) -> Result<(), EmbeddedError> {
        let mark = self.layout.database_mark();
        if mark.exists() {
            return Ok(());
        }
        let (host, port) = match &self.address {
            Address::Socket(folder) => (folder.clone(), SOCKET_PORT),
            Address::Port(port) => (PathBuf::from("127.0.0.1"), *port),
        };
        let mut command = self.command("createdb");
        command
            .arg("--host")
            .arg(host)
            .arg("--port")
            .arg(port.to_string());
        command.args([
            "--username",
            NAME,
            "--no-password",
            "--maintenance-db",
            "postgres",
            NAME,
        ]);
        command.env("PGPASSWORD", self.layout.password()?);
        match run("createdb", command).await {
            // Killed after the database was made and before that was noted.
            Err(EmbeddedError::Program { said, .. }) if said.contains("already exists") => {}
            other => other?,
        }
        File::create(&mark)
            .and_then(|file| file.sync_all())
            .map_err(|source| EmbeddedError::io("write", &mark, source))
    }

    /// What to do about the process that `postmaster.pid` names.
    async fn take_over(&self) -> Result<Option<Postmaster>, EmbeddedError> {
        let cluster = self.layout.cluster();
        let Some(pid_file) = PidFile::read(&cluster)? else {
            return Ok(None);
        };
        match Holder::of(pid_file.pid, &cluster) {
            Holder::Nobody => Ok(None),
            Holder::Unknown => Err(EmbeddedError::UnknownHolder {
                pid: pid_file.pid,
                cluster,
            }),
            Holder::Stranger => {
                tracing::warn!(
                    pid = pid_file.pid,
                    "postmaster.pid names another program; ignored"
                );
                PidFile::disown(&cluster)?;
                Ok(None)
            }
            Holder::Postmaster => {
                let mut postmaster = Postmaster::adopt(pid_file.pid);
                if self.runs_as_we_would(&pid_file) {
                    postmaster.ready(&self.layout).await?;
                    tracing::info!(
                        pid = pid_file.pid,
                        "took over the database of a killed server"
                    );
                    return Ok(Some(postmaster));
                }
                tracing::info!(
                    pid = pid_file.pid,
                    "stopping the database of a killed server"
                );
                postmaster.stop().await?;
                Ok(None)
            }
        }
    }

    /// Whether a running server has today's programs and settings (Postgres notes its command line).
    fn runs_as_we_would(&self, pid_file: &PidFile) -> bool {
        let noted = fs::read_to_string(self.layout.cluster().join("postmaster.opts"));
        let quoted = self
            .arguments
            .iter()
            .map(|argument| format!(" \"{argument}\""));
        let ours = self.programs.program("postgres").display().to_string();
        let ours = quoted.fold(ours, |line, argument| line + &argument);
        !pid_file.is_stopping() && noted.is_ok_and(|noted| noted.trim_end() == ours)
    }

    /// Makes the cluster beside its place and moves it there when it is complete, so that a process
    /// killed in between leaves nothing that looks like a cluster.
    async fn make(&self) -> Result<(), EmbeddedError> {
        let (draft, cluster) = (self.layout.draft(), self.layout.cluster());
        tracing::info!(cluster = %cluster.display(), postgres = self.programs.major, "making a database");
        if draft.exists() {
            fs::remove_dir_all(&draft)
                .map_err(|source| EmbeddedError::io("remove", &draft, source))?;
        }
        self.private_folder(&draft)?;
        self.write_password()?;
        let mut command = self.command("initdb");
        command
            .arg("--pgdata")
            .arg(&draft)
            .arg("--pwfile")
            .arg(self.layout.password_file());
        command.args(["--username", NAME, "--encoding", "UTF8", "--locale", "C"]);
        command.args(["--auth", "scram-sha-256", "--data-checksums"]);
        run("initdb", command).await?;
        fs::rename(&draft, &cluster)
            .and_then(|()| File::open(self.layout.root())?.sync_all())
            .map_err(|source| EmbeddedError::io("put in place", &cluster, source))
    }

    async fn arguments(&self) -> Vec<String> {
        let mut settings = settings::settings_for(settings::memory_bytes(), self.has_lz4().await);
        let mut add = |name: &str, value: String| settings.push((name.to_owned(), value));
        match &self.address {
            Address::Socket(folder) => {
                add("listen_addresses", String::new());
                add("port", SOCKET_PORT.to_string());
                // A list of paths: quoted, so that a comma or blank in ours divides nothing.
                add(
                    "unix_socket_directories",
                    format!("\"{}\"", folder.display()),
                );
                add("unix_socket_permissions", "0700".to_owned());
            }
            Address::Port(port) => {
                add("listen_addresses", "127.0.0.1".to_owned());
                add("port", port.to_string());
                add("unix_socket_directories", String::new());
            }
        }
        let cluster = self.layout.cluster().display().to_string();
        let pairs = settings.into_iter();
        let pairs = pairs.flat_map(|(name, value)| ["-c".to_owned(), format!("{name}={value}")]);
        ["-D".to_owned(), cluster]
            .into_iter()
            .chain(pairs)
            .collect()
    }

    /// Asks the program itself: whether lz4 was built in depends on the distribution.
    async fn has_lz4(&self) -> bool {
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.layout.cluster());
        command.args(["-C", "wal_compression", "-c", "wal_compression=lz4"]);
        command.args(["-c", "default_toast_compression=lz4"]);
        run("postgres", command).await.is_ok()
    }

    /// A program, run by the unprivileged account from a folder that it can enter.
    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.program(name));
        command
            .current_dir("/")
            .env("LC_ALL", "C")
            .stdin(Stdio::null());
        for variable in FOREIGN_DEFAULTS {
            command.env_remove(variable);
        }
        if let Some(account) = &self.account {
            command.uid(account.uid).gid(account.gid);
        }
        command
    }

    fn private_folder(&self, path: &Path) -> Result<(), EmbeddedError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(|source| EmbeddedError::io("make the folder", path, source))?;
        self.account
            .as_ref()
            .map_or(Ok(()), |account| account.own(path))
    }

    fn write_password(&self) -> Result<(), EmbeddedError> {
        let path = self.layout.password_file();
        let io = |source| EmbeddedError::io("write the password into", &path, source);
        let password = new_password().map_err(|error| io(std::io::Error::other(error)))?;
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)
            .map_err(io)?;
        writeln!(file, "{password}")
            .and_then(|()| file.sync_all())
            .map_err(io)?;
        self.account
            .as_ref()
            .map_or(Ok(()), |account| account.own(&path))
    }

    fn open_log(&self) -> Result<File, EmbeddedError> {
        let path = self.layout.log();
        let io = |source| EmbeddedError::io("open the log", &path, source);
        if fs::metadata(&path).is_ok_and(|metadata| LOG_BYTES_MAX < metadata.len()) {
            fs::rename(&path, path.with_extension("log.1")).map_err(io)?;
        }
        OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&path)
            .map_err(io)
    }
}

/// 192 bits from the system, in hexadecimal.
fn new_password() -> Result<String, rand::rand_core::OsError> {
    let mut bytes = [0_u8; 24];
    rand::rngs::OsRng.try_fill_bytes(&mut bytes)?;
    Ok(data_encoding::HEXLOWER.encode(&bytes))
}

/// A port that was free a moment ago.
fn free_port(root: &Path) -> Result<u16, EmbeddedError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|source| EmbeddedError::io("find a free port for", root, source))
}

/// Runs a helper program to its end; its last words become the error.
async fn run(program: &'static str, mut command: Command) -> Result<(), EmbeddedError> {
    let ended = command.kill_on_drop(true).output().await;
    let said = match ended {
        Ok(output) if output.status.success() => return Ok(()),
        Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        Err(error) => error.to_string(),
    };
    let last = said
        .lines()
        .rev()
        .find(|line| !line.trim().is_empty())
        .unwrap_or("no reason given");
    Err(EmbeddedError::Program {
        program,
        said: last.to_owned(),
    })
}
