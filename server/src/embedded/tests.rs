//! Against the real programs; without them each test says so and passes.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use super::*;

/// A data folder that the unprivileged user can reach even when the test runs as root.
struct Folder {
    temporary: tempfile::TempDir,
}

impl Folder {
    fn new() -> Self {
        let temporary = tempfile::Builder::new()
            .prefix("drawbridge-")
            .tempdir()
            .unwrap();
        std::fs::set_permissions(temporary.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
        Self { temporary }
    }

    fn path(&self) -> &Path {
        self.temporary.path()
    }
}

fn search() -> ProgramSearch {
    let path = std::env::var_os("PATH").unwrap_or_default();
    ProgramSearch {
        only: None,
        path: std::env::split_paths(&path).collect(),
    }
}

/// The newest installation's folder; `None`, said aloud, where there is none.
fn programs_or_skip() -> Option<PathBuf> {
    let found = programs::Programs::find(&search(), Path::new("/nowhere"));
    if found.is_err() {
        crate::output::say("SKIPPED: no PostgreSQL programs on this machine");
    }
    found.ok().map(|programs| programs.bin)
}

/// One statement's answer, through libpq: the URL must work for every client.
fn ask(bin: &Path, url: &str, statement: &str) -> Result<String, String> {
    let output = Command::new(bin.join("psql"))
        .args([
            "--no-psqlrc",
            "--tuples-only",
            "--no-align",
            "--command",
            statement,
            url,
        ])
        .output()
        .unwrap();
    if output.status.success() {
        Ok(String::from_utf8(output.stdout).unwrap().trim().to_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < deadline, "never came true: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_cluster_is_made_kept_and_started_again_within_two_seconds() {
    let Some(bin) = programs_or_skip() else {
        return;
    };
    let folder = Folder::new();
    let data = DataDir::new(folder.path());
    let embedded = Embedded::start(&data, &search()).await.unwrap();
    let url = embedded.url().to_owned();
    ask(
        &bin,
        &url,
        "create table kept (n int); insert into kept values (7)",
    )
    .unwrap();
    embedded.stop().await.unwrap();
    assert!(
        ask(&bin, &url, "select 1").is_err(),
        "it goes on after its stop"
    );

    // The best of three: the other tests use the same processors.
    let mut fastest = Duration::MAX;
    for _ in 0..3 {
        let begin = Instant::now();
        let embedded = Embedded::start(&data, &search()).await.unwrap();
        fastest = fastest.min(begin.elapsed());
        embedded.stop().await.unwrap();
    }
    assert!(fastest < Duration::from_secs(2), "ready after {fastest:?}");

    let embedded = Embedded::start(&data, &search()).await.unwrap();
    assert_eq!(
        ask(&bin, embedded.url(), "select n from kept").unwrap(),
        "7"
    );
    for (name, value) in [
        ("fsync", "on"),
        ("data_checksums", "on"),
        ("listen_addresses", ""),
        ("jit", "off"),
    ] {
        assert_eq!(
            ask(&bin, embedded.url(), &format!("show {name}")).unwrap(),
            value,
            "{name}"
        );
    }
    assert_eq!(
        ask(&bin, embedded.url(), "select current_database()").unwrap(),
        "drawbridge"
    );
    embedded.stop().await.unwrap();
}

#[tokio::test]
async fn nobody_gets_in_without_the_password_and_nothing_runs_as_root() {
    let Some(bin) = programs_or_skip() else {
        return;
    };
    let folder = Folder::new();
    let embedded = Embedded::start(&DataDir::new(folder.path()), &search())
        .await
        .unwrap();
    let (without_password, _) = embedded.url().split_once("password=").unwrap();
    let wrong = format!("{without_password}password=guessed");
    assert!(
        ask(&bin, &wrong, "select 1")
            .unwrap_err()
            .contains("authentication failed")
    );
    let file = folder.path().join("postgres.password");
    assert_eq!(
        std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert_ne!(
        std::fs::metadata(folder.path().join("postgres"))
            .unwrap()
            .uid(),
        0
    );
    embedded.stop().await.unwrap();
}

#[tokio::test]
async fn a_second_owner_is_refused_by_name_and_others_may_share() {
    let Some(_) = programs_or_skip() else { return };
    let folder = Folder::new();
    let data = DataDir::new(folder.path());
    let embedded = Embedded::start(&data, &search()).await.unwrap();
    let refusal = Embedded::start(&data, &search())
        .await
        .unwrap_err()
        .to_string();
    assert!(
        refusal.contains("is in use by another drawbridge"),
        "{refusal}"
    );
    assert!(
        refusal.contains(&format!("process {}", std::process::id())),
        "{refusal}"
    );
    assert_eq!(
        Embedded::url_of_running(&data).await.unwrap(),
        embedded.url()
    );
    embedded.stop().await.unwrap();
}

#[tokio::test]
async fn a_database_that_dies_is_started_again() {
    let Some(bin) = programs_or_skip() else {
        return;
    };
    let folder = Folder::new();
    let embedded = Embedded::start(&DataDir::new(folder.path()), &search())
        .await
        .unwrap();
    ask(
        &bin,
        embedded.url(),
        "create table kept (n int); insert into kept values (7)",
    )
    .unwrap();
    let postmaster = PidFile::read(&folder.path().join("postgres"))
        .unwrap()
        .unwrap()
        .pid;
    let kill = Command::new("kill")
        .args(["-KILL", &postmaster.to_string()])
        .status()
        .unwrap();
    assert!(kill.success());
    let url = embedded.url().to_owned();
    until("the row is back", || {
        ask(&bin, &url, "select n from kept").is_ok_and(|n| n == "7")
    })
    .await;
    embedded.stop().await.unwrap();
}

/// Leaves Postgres running without an owner, as `kill -9` of a server does; answers its process.
async fn orphan(data: &DataDir) -> i32 {
    let root = data.ensure().unwrap();
    let layout = Layout::new(root);
    let cluster = Cluster::prepare(layout.clone(), &search()).await.unwrap();
    let postmaster = cluster.bring_up().await.unwrap();
    cluster.ensure_database().await.unwrap();
    std::mem::forget(postmaster);
    PidFile::read(&layout.cluster()).unwrap().unwrap().pid
}

#[tokio::test]
async fn the_orphan_of_a_killed_owner_is_taken_over() {
    let Some(bin) = programs_or_skip() else {
        return;
    };
    let folder = Folder::new();
    let data = DataDir::new(folder.path());
    let pid = orphan(&data).await;
    let embedded = Embedded::start(&data, &search()).await.unwrap();
    let now = PidFile::read(&folder.path().join("postgres"))
        .unwrap()
        .unwrap()
        .pid;
    assert_eq!(now, pid, "the same server goes on");
    assert_eq!(ask(&bin, embedded.url(), "select 1").unwrap(), "1");
    embedded.stop().await.unwrap();
    assert!(
        PidFile::read(&folder.path().join("postgres"))
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn an_orphan_with_other_settings_is_started_anew() {
    let Some(bin) = programs_or_skip() else {
        return;
    };
    let folder = Folder::new();
    let data = DataDir::new(folder.path());
    let pid = orphan(&data).await;
    std::fs::write(
        folder.path().join("postgres/postmaster.opts"),
        "postgres \"-x\"\n",
    )
    .unwrap();
    let embedded = Embedded::start(&data, &search()).await.unwrap();
    assert_ne!(
        PidFile::read(&folder.path().join("postgres"))
            .unwrap()
            .unwrap()
            .pid,
        pid
    );
    assert_eq!(ask(&bin, embedded.url(), "select 1").unwrap(), "1");
    embedded.stop().await.unwrap();
}

#[tokio::test]
async fn a_process_number_that_a_stranger_has_now_does_not_stop_us() {
    let Some(bin) = programs_or_skip() else {
        return;
    };
    let folder = Folder::new();
    let data = DataDir::new(folder.path());
    Embedded::start(&data, &search())
        .await
        .unwrap()
        .stop()
        .await
        .unwrap();
    let mut stranger = Command::new("sleep").arg("60").spawn().unwrap();
    let cluster = folder.path().join("postgres");
    let left = format!(
        "{}\n{}\n1\n5432\n\n\n1 1\nready\n",
        stranger.id(),
        cluster.display()
    );
    std::fs::write(cluster.join("postmaster.pid"), left).unwrap();
    let embedded = Embedded::start(&data, &search()).await.unwrap();
    assert_eq!(ask(&bin, embedded.url(), "select 1").unwrap(), "1");
    embedded.stop().await.unwrap();
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}

#[tokio::test]
async fn a_half_made_cluster_is_made_anew_and_a_long_path_uses_loopback() {
    let Some(bin) = programs_or_skip() else {
        return;
    };
    let folder = Folder::new();
    let long = folder.path().join("d".repeat(90));
    std::fs::create_dir_all(long.join("postgres.new")).unwrap();
    std::fs::write(long.join("postgres.new/PG_VERSION"), "15\n").unwrap();
    let embedded = Embedded::start(&DataDir::new(&long), &search())
        .await
        .unwrap();
    assert!(
        embedded.url().contains("@127.0.0.1:"),
        "no socket path that long"
    );
    assert_eq!(ask(&bin, embedded.url(), "select 1").unwrap(), "1");
    assert_eq!(
        Embedded::url_of_running(&DataDir::new(&long))
            .await
            .unwrap(),
        embedded.url()
    );
    embedded.stop().await.unwrap();
}
