//! One running Postgres server process, started by us or left behind by a killed owner.

use std::fs::{self, File};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

use super::EmbeddedError;
use super::layout::Layout;
use super::pid_file::PidFile;

/// How often a start or an end is looked for.
const POLL: Duration = Duration::from_millis(5);
/// How often a process that is not our child is looked at.
const POLL_ADOPTED: Duration = Duration::from_millis(100);
/// A fast shutdown writes a checkpoint, which takes as long as the disk takes.
const STOP_FAST_WAIT: Duration = Duration::from_mins(1);
const STOP_IMMEDIATE_WAIT: Duration = Duration::from_secs(10);
/// A start that takes longer is recovering from a crash; people are told so.
const SLOW_START: Duration = Duration::from_secs(5);

/// A server process. Dropped without [`Postmaster::stop`], it is asked to end and not waited for.
#[derive(Debug)]
pub(super) struct Postmaster {
    pid: Pid,
    /// `None` when another process started it.
    child: Option<Child>,
    has_ended: bool,
}

impl Postmaster {
    /// Starts `command` and waits until it is ready for connections.
    pub(super) async fn start(
        mut command: Command,
        log: File,
        layout: &Layout,
    ) -> Result<Self, EmbeddedError> {
        let io = |source| EmbeddedError::io("write", &layout.log(), source);
        let log_bytes = log.metadata().map_err(io)?.len();
        let stderr = log.try_clone().map_err(io)?;
        // A process group of its own: Ctrl-C reaches us alone.
        let child = command
            .process_group(0)
            .stdout(Stdio::from(log))
            .stderr(Stdio::from(stderr))
            .spawn()
            .map_err(|error| EmbeddedError::Program {
                program: "postgres",
                said: error.to_string(),
            })?;
        let pid = child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .unwrap_or_default();
        let mut postmaster = Self {
            pid: Pid::from_raw(pid),
            child: Some(child),
            has_ended: pid == 0,
        };
        match postmaster.ready(layout).await {
            Ok(()) => Ok(postmaster),
            Err(_) if postmaster.has_ended => Err(EmbeddedError::Program {
                program: "postgres",
                said: last_words(layout, log_bytes),
            }),
            Err(error) => Err(error),
        }
    }

    /// Takes over a running server.
    pub(super) fn adopt(pid: i32) -> Self {
        Self {
            pid: Pid::from_raw(pid),
            child: None,
            has_ended: false,
        }
    }

    /// Waits until connections are accepted, however long recovery takes; fails when the process
    /// ends instead.
    pub(super) async fn ready(&mut self, layout: &Layout) -> Result<(), EmbeddedError> {
        let mut tell_at = Instant::now() + SLOW_START;
        while self.is_running() {
            let pid_file = PidFile::read(&layout.cluster())?;
            if pid_file.is_some_and(|file| file.pid == self.pid.as_raw() && file.is_ready()) {
                return Ok(());
            }
            if tell_at < Instant::now() {
                tracing::info!("embedded postgres is recovering from an unclean end");
                tell_at += SLOW_START;
            }
            sleep(POLL).await;
        }
        Err(EmbeddedError::NotReady)
    }

    /// Waits for the process to end by itself.
    pub(super) async fn ended(&mut self) {
        match &mut self.child {
            Some(child) => {
                // Failing to wait means that there is no such child any more.
                let _ = child.wait().await;
                self.has_ended = true;
            }
            None => {
                while self.is_running() {
                    sleep(POLL_ADOPTED).await;
                }
            }
        }
    }

    /// Ends it: sessions are cut off and everything is written (fast), or, if that takes too long,
    /// recovered at the next start (immediate). Either way nothing committed is lost.
    pub(super) async fn stop(mut self) -> Result<(), EmbeddedError> {
        let steps = [
            (Signal::SIGINT, STOP_FAST_WAIT),
            (Signal::SIGQUIT, STOP_IMMEDIATE_WAIT),
        ];
        for (signal, wait) in steps {
            if self.is_running() {
                // It may have ended in between.
                let _ = kill(self.pid, signal);
            }
            if timeout(wait, self.gone()).await.is_ok() {
                return Ok(());
            }
            tracing::warn!(%signal, "embedded postgres takes long to stop");
        }
        Err(EmbeddedError::DoesNotEnd {
            pid: self.pid.as_raw(),
        })
    }

    async fn gone(&mut self) {
        while self.is_running() {
            sleep(POLL).await;
        }
    }

    fn is_running(&mut self) -> bool {
        if !self.has_ended {
            self.has_ended = match &mut self.child {
                Some(child) => !matches!(child.try_wait(), Ok(None)),
                None => !exists(self.pid),
            };
        }
        !self.has_ended
    }
}

impl Drop for Postmaster {
    fn drop(&mut self) {
        if self.is_running() {
            let _ = kill(self.pid, Signal::SIGINT);
        }
    }
}

/// Whose process it is that `postmaster.pid` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    /// No such process.
    Nobody,
    /// A Postgres server of this cluster.
    Postmaster,
    /// Another program that was given the number since.
    Stranger,
    /// It runs, and the system does not let us look.
    Unknown,
}

impl Holder {
    pub(super) fn of(pid: i32, cluster: &Path) -> Self {
        if pid == std::process::id().cast_signed() {
            return Self::Nobody; // our own mark, see `PidFile::disown`
        }
        if !exists(Pid::from_raw(pid)) {
            return Self::Nobody;
        }
        // A Postgres server's working directory is its cluster. Linux shows it.
        if let Ok(folder) = fs::read_link(format!("/proc/{pid}/cwd")) {
            return if folder == cluster {
                Self::Postmaster
            } else {
                Self::Stranger
            };
        }
        let asked = std::process::Command::new("ps")
            .args(["-o", "command=", "-p", &pid.to_string()])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output();
        match asked.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()) {
            Ok(line) if line.contains(&*cluster.to_string_lossy()) => Self::Postmaster,
            Ok(line) if !line.trim().is_empty() => Self::Stranger,
            _ => Self::Unknown,
        }
    }
}

/// Whether a process that may not be our child still runs. One that ended and was not collected by
/// its parent (a container's first process often does not) has its number still, and is no more.
fn exists(pid: Pid) -> bool {
    if kill(pid, None) == Err(Errno::ESRCH) {
        return false;
    }
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // proc(5): the state is the first word after the parenthesised name.
    let state = stat
        .rsplit_once(") ")
        .and_then(|(_, rest)| rest.chars().next());
    !matches!(state, Some('Z' | 'X'))
}

/// The last line of what a server that did not start has written.
fn last_words(layout: &Layout, log_bytes_before: u64) -> String {
    let text = fs::read(layout.log()).unwrap_or_default();
    let start = usize::try_from(log_bytes_before).unwrap_or(0);
    let said = String::from_utf8_lossy(text.get(start..).unwrap_or_default()).into_owned();
    let telling = |line: &&str| line.contains("FATAL") || line.contains("PANIC");
    let line = said.lines().find(telling).or_else(|| said.lines().last());
    format!(
        "{} (see {})",
        line.unwrap_or("it said nothing").trim(),
        layout.log().display()
    )
}
