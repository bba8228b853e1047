//! Site profiles at the desk, and read again by a running server.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::site::Site;

const MESSAGE: &str = "MSH|^~\\&|EMR|HOSP|DB|DB|20260101080000||ADT^A01|ID|P|2.5.1\r\
    EVN|A01|20260101080000\rPID|1||4711^^^EMR^MR||Made^Up||19500203|F\r\
    PV1|1|I|W^1^1^HOSP||||||||||||||||V1^^^EMR^VN\r";

/// Runs a command in a folder; answers exit code, stdout and stderr.
async fn run(folder: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_drawbridge"))
        .args(args)
        .args(["--data".as_ref(), folder.as_os_str()])
        .current_dir(folder)
        .output()
        .await
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[tokio::test]
async fn a_profile_is_checked_explained_and_compared() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let good = "extends = \"hchb\"\nname = \"site\"\nversion = 2\nzone = \"America/Chicago\"\n";
    std::fs::write(folder.join("site.toml"), good).unwrap();
    std::fs::write(
        folder.join("bad.toml"),
        "name = \"x\"\nversion = 1\nvisit_ids = []\n",
    )
    .unwrap();
    std::fs::write(folder.join("a.hl7"), MESSAGE).unwrap();

    let (code, out, _) = run(folder, &["profile", "check", "site.toml"]).await;
    assert_eq!(
        (code, out.as_str()),
        (Some(0), "site.toml: site version 2 is good\n")
    );
    let (code, out, _) = run(folder, &["profile", "check", "bad.toml"]).await;
    assert_eq!(code, Some(1));
    assert!(
        out.starts_with("bad.toml:3:1: unknown key `visit_ids`; did you mean `visit_id`?"),
        "{out}"
    );
    assert_eq!(
        run(folder, &["profile", "check", "none.toml"]).await.0,
        Some(2)
    );

    let (code, out, _) = run(folder, &["profile", "explain", "site.toml"]).await;
    assert!(code == Some(0) && out.contains("America/Chicago"), "{out}");
    assert!(
        run(folder, &["profile", "explain"])
            .await
            .1
            .contains("oracle-health")
    );
    assert_eq!(
        run(folder, &["profile", "explain", "nobody"]).await.0,
        Some(2)
    );

    let args = [
        "profile",
        "diff",
        "--from",
        "generic",
        "--to",
        "site.toml",
        "--html",
        "d.html",
        "a.hl7",
    ];
    let (code, out, talk) = run(folder, &args).await;
    assert_eq!(code, Some(0), "{talk}");
    assert!(out.contains("Encounter.class.code: IMP -> HH"), "{out}");
    assert!(
        out.contains("1 of 1 messages would be mapped differently"),
        "{out}"
    );
    let page = std::fs::read_to_string(folder.join("d.html")).unwrap();
    assert!(
        page.contains("<td>Encounter.class.code</td><td>IMP</td><td>HH</td>"),
        "{page}"
    );
    assert!(!page.contains("Made") && !page.contains("1950"), "{page}");
    let other = MESSAGE.replace("Made^Up", "Other^Up");
    std::fs::write(folder.join("b.hl7"), other).unwrap();
    what_a_comparison_tells_is_chosen(folder).await;
    let (_, out, _) = run(folder, &["map", "--profile", "site.toml", "a.hl7"]).await;
    assert!(out.contains("\"code\":\"HH\""), "{out}");
}

/// Names are hidden unless they are asked for; a program reads the same.
async fn what_a_comparison_tells_is_chosen(folder: &Path) {
    let swapped = "extends = \"generic\"\nname = \"swapped\"\nversion = 1\n\
        [fields]\n\"PID-5\" = { value = \"Zzconstant^Up\" }\n";
    std::fs::write(folder.join("swapped.toml"), swapped).unwrap();
    let args = [
        "profile",
        "diff",
        "--from",
        "generic",
        "--to",
        "swapped.toml",
    ];
    let diff = async |more: &[&str]| {
        let (code, out, talk) = run(folder, &[&args, more].concat()).await;
        assert_eq!(code, Some(0), "{talk}");
        out
    };
    let hidden = diff(&["a.hl7", "b.hl7"]).await;
    assert!(hidden.contains("Patient.name"), "{hidden}");
    assert!(
        !hidden.contains("Made") && !hidden.contains("Zzconstant"),
        "{hidden}"
    );
    let shown = diff(&["--values", "a.hl7", "b.hl7"]).await;
    assert!(shown.contains("Made -> Zzconstant"), "{shown}");
    assert!(shown.contains("Other -> Zzconstant"), "{shown}");
    let lines = diff(&["--json", "a.hl7", "b.hl7"]).await;
    let lines: Vec<serde_json::Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let (whole, groups) = lines.split_last().unwrap();
    assert_eq!(
        (&whole["messages"], &whole["changed"]),
        (&2.into(), &2.into())
    );
    assert_eq!(whole["to"], "swapped version 1");
    let is_family = |line: &&serde_json::Value| line["element"] == "Patient.name.family";
    let family: Vec<_> = groups.iter().filter(is_family).collect();
    assert_eq!(family.len(), 1, "hidden values are one group: {groups:?}");
    assert_eq!(family[0]["messages"], 2);
}

/// A running `drawbridge serve` beside the site's database.
struct Server {
    child: Child,
    mllp: SocketAddr,
}

fn free() -> SocketAddr {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    socket.local_addr().unwrap()
}

fn serve(site: &Site, folder: &Path) -> Server {
    let (http, mllp) = (free(), free());
    let profile = folder.join("site.toml");
    let config = format!(
        "[http]\nbind = \"{http}\"\n[profiles]\nsite = {profile:?}\n[[inbound]]\nname = \"adt\"\n\
         bind = \"{mllp}\"\n[[inbound.senders]]\napplication = \"EMR\"\nprofile = \"site\"\n"
    );
    std::fs::write(folder.join("drawbridge.toml"), config).unwrap();
    let log = std::fs::File::create(folder.join("log")).unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_drawbridge"))
        .args(["serve", "--config"])
        .arg(folder.join("drawbridge.toml"))
        .args(["--data".as_ref(), folder.as_os_str()])
        .env("DATABASE_URL", &site.url)
        .stderr(log)
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    Server { child, mllp }
}

async fn log_says(folder: &Path, words: &str, n: usize) {
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        let log = std::fs::read_to_string(folder.join("log")).unwrap();
        if n <= log.matches(words).count() {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "the log does not say `{words}`: {log}"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Sends a message over the open connection; waits until it is applied.
async fn send(site: &Site, socket: &mut TcpStream, id: &str) {
    let message = MESSAGE.replace("|ID|", &format!("|{id}|"));
    let frame = format!("\u{b}{message}\u{1c}\r");
    socket.write_all(frame.as_bytes()).await.unwrap();
    let mut ack = Vec::new();
    while !ack.ends_with(b"\x1c\r") {
        assert_ne!(
            socket.read_buf(&mut ack).await.unwrap(),
            0,
            "the connection was dropped"
        );
    }
    assert!(String::from_utf8_lossy(&ack).contains("MSA|AA|"));
    let applied = format!(
        "select count(*) from applied a join journal j on j.id = a.journal where j.control_id = '{id}'"
    );
    let deadline = Instant::now() + Duration::from_secs(30);
    while site.number(&applied).await == 0 {
        assert!(Instant::now() < deadline, "{id} is not applied");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn version_of(site: &Site, id: &str) -> i64 {
    let sql = format!(
        "select p.version::bigint from applied a join journal j on j.id = a.journal
         join profile p on p.id = a.profile where j.control_id = '{id}' and p.name = 'site'"
    );
    site.number(&sql).await
}

#[tokio::test]
async fn sighup_reads_the_profiles_again_and_no_connection_notices() {
    let Some(site) = Site::start().await else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let write = |version: u32, rest: &str| {
        let text = format!("name = \"site\"\nversion = {version}\n{rest}");
        std::fs::write(folder.join("site.toml"), text).unwrap();
    };
    write(1, "");
    let server = serve(&site, folder);
    log_says(folder, "ready", 1).await;
    let pid = server.child.id().unwrap().to_string();
    let hangup = || {
        std::process::Command::new("kill")
            .args(["-HUP", &pid])
            .status()
            .unwrap()
    };
    let mut socket = TcpStream::connect(server.mllp).await.unwrap();

    send(&site, &mut socket, "ONE").await;
    assert_eq!(version_of(&site, "ONE").await, 1);
    write(2, "[tables.class]\nI = \"HH\"\n");
    assert!(hangup().success());
    log_says(folder, "profiles were read again", 1).await;
    send(&site, &mut socket, "TWO").await;
    assert_eq!(version_of(&site, "TWO").await, 2);
    assert_eq!(
        version_of(&site, "ONE").await,
        1,
        "what was applied keeps its version"
    );

    write(3, "vistid = 1\n");
    assert!(hangup().success());
    log_says(folder, "profiles were read again", 2).await;
    log_says(folder, "site.toml:3:1: unknown key `vistid`", 1).await;
    send(&site, &mut socket, "THREE").await;
    assert_eq!(
        version_of(&site, "THREE").await,
        2,
        "a broken file keeps the old one"
    );

    // A trigger that is agreed to be left alone is acknowledged and kept.
    write(4, "[triggers]\nignore = [\"ADT^A01\"]\n");
    assert!(hangup().success());
    log_says(folder, "profiles were read again", 3).await;
    send(&site, &mut socket, "FOUR").await;
    let unrouted = "select count(*) from applied where disposition = 'unrouted'";
    assert_eq!(site.number(unrouted).await, 1);

    let (code, out, talk) = Box::pin(diff(&site, folder, &[])).await;
    assert_eq!(code, Some(0), "{talk}");
    assert!(out.contains("Encounter.class.code: IMP -> HH"), "{out}");
    let of_it = Box::pin(diff(&site, folder, &["--interface", "adt"])).await;
    assert_eq!(of_it.1, out);
    let (code, _, talk) = Box::pin(diff(&site, folder, &["--interface", "nobody"])).await;
    assert_eq!(code, Some(1));
    assert!(talk.contains("no interface 'nobody'"), "{talk}");
}

async fn diff(site: &Site, folder: &Path, more: &[&str]) -> (Option<i32>, String, String) {
    std::fs::write(folder.join("chain.key"), "07".repeat(32)).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_drawbridge"))
        .args([
            "profile", "diff", "--from", "generic", "--to", "hchb", "--since", "1h",
        ])
        .args(more)
        .args(["--data".as_ref(), folder.as_os_str()])
        .env("DATABASE_URL", &site.url)
        .output()
        .await
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}
