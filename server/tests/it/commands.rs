//! The operators' commands, as the built program, beside a running server.

use std::process::Output;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ingest::{Ingest, InterfaceSettings};
use model::Tenant;
use reqwest::StatusCode;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;

use crate::site::{Site, told};

/// A site, the data folder that its commands share, and what runs them.
pub(crate) struct Desk {
    pub(crate) site: Site,
    pub(crate) data: tempfile::TempDir,
}

impl Desk {
    pub(crate) async fn open() -> Option<Self> {
        let site = Site::start().await?;
        let data = tempfile::tempdir().unwrap();
        // The site's chains are keyed with 07 07 …
        std::fs::write(data.path().join("chain.key"), "07".repeat(32)).unwrap();
        Some(Self { site, data })
    }

    async fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().await.unwrap()
    }

    /// A command before it is run.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_drawbridge"));
        command
            .args(args)
            .args(["--data".as_ref(), self.data.path().as_os_str()])
            .env("DATABASE_URL", &self.site.url);
        command
    }

    /// A file of its folder.
    pub(crate) fn file(&self, name: &str) -> String {
        self.data.path().join(name).to_str().unwrap().to_owned()
    }

    /// Runs a command that must succeed; answers its lines.
    pub(crate) async fn lines(&self, args: &[&str]) -> Vec<String> {
        let output = self.run(args).await;
        let talk = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{args:?}: {talk}");
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    /// The same for results as JSON.
    pub(crate) async fn values(&self, args: &[&str]) -> Vec<Value> {
        let lines = self.lines(&[args, &["--json"]].concat()).await;
        let parse = |line: String| serde_json::from_str(&line).unwrap();
        lines.into_iter().map(parse).collect()
    }

    pub(crate) async fn refused(&self, args: &[&str], code: i32) -> String {
        let output = self.run(args).await;
        let talk = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{args:?}: {talk}");
        talk
    }
}

/// Receives these messages over MLLP; returns once none of them waits to be applied.
pub(crate) async fn receive(site: &Site, messages: &[&str]) {
    receive_in(&site.store, messages).await;
}

/// The same with another store, whose clock may stand elsewhere.
pub(crate) async fn receive_in(store: &store::Store, messages: &[&str]) {
    let mut ingest = Ingest::start(store, ingest::Settings::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let profile = Arc::new(mapping::Profile::default());
    let settings = InterfaceSettings::new("adt", Tenant::DEFAULT, profile);
    ingest.listen(listener, settings).await.unwrap();
    let mut socket = TcpStream::connect(address).await.unwrap();
    for message in messages {
        let frame = format!("\u{b}{message}\u{1c}\r");
        socket.write_all(frame.as_bytes()).await.unwrap();
        let mut ack = Vec::new();
        while !ack.ends_with(b"\x1c\r") {
            assert_ne!(socket.read_buf(&mut ack).await.unwrap(), 0);
        }
        assert!(String::from_utf8_lossy(&ack).contains("MSA|AA|"));
    }
    let deadline = Instant::now() + Duration::from_secs(30);
    while waiting_in(store).await != 0 {
        assert!(Instant::now() < deadline, "messages are not applied");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    drop(socket);
    ingest.drain().await;
}

async fn waiting(site: &Site) -> u64 {
    waiting_in(&site.store).await
}

async fn waiting_in(store: &store::Store) -> u64 {
    let waiting = store::stats::waiting(store, Tenant::DEFAULT).await;
    waiting.unwrap().n_queued
}

pub(crate) const ADMISSION: &str = "MSH|^~\\&|EMR|HOSP|DB|DB|20260101080000+0000||ADT^A01|GOOD1|P|2.5.1\r\
    EVN|A01|20260101080000+0000\rPID|1||4711^^^EMR^MR||Made^Up||19500203|F\r\
    PV1|1|I|W^1^1^HOSP||||||||||||||||V1^^^EMR^VN\r";
const NOBODY: &str =
    "MSH|^~\\&|EMR|HOSP|DB|DB|20260101080000+0000||ADT^A01|BAD1|P|2.5.1\rEVN|A01|20260101\r";

#[tokio::test]
async fn a_token_is_printed_listed_and_revoked() {
    let Some(desk) = Desk::open().await else {
        return;
    };
    let talk = desk
        .refused(&["token", "--scope", "system/Nothing.rs"], 2)
        .await;
    assert!(talk.contains("Nothing"), "{talk}");
    let talk = desk.refused(&["token", "--scope", "patient/*.rs"], 2).await;
    assert!(talk.contains("--patient"), "{talk}");
    desk.refused(&["token", "--scope", "system/*.rs", "--user", "nobody"], 2)
        .await;
    desk.refused(
        &["token", "--scope", "system/*.rs", "--tenant", "nobody"],
        1,
    )
    .await;

    let issued = desk
        .values(&["token", "--scope", "system/Patient.rs"])
        .await
        .remove(0);
    assert_eq!(issued["token_type"], "bearer");
    assert_eq!(issued["expires_in"], 3600);
    let token = issued["access_token"].as_str().unwrap();
    let get = || desk.site.get("/fhir/Patient", token);
    assert_eq!(told(get()).await.0, StatusCode::OK);
    let listed = desk.lines(&["token", "--list"]).await;
    assert_eq!(listed.len(), 1);
    assert!(
        !listed[0].contains(token),
        "the token itself is not shown again"
    );
    let id = issued["id"].to_string();
    desk.lines(&["token", "--revoke", &id]).await;
    desk.refused(&["token", "--revoke", &id], 1).await;
    let deadline = Instant::now() + server::door::REVOKED_WITHIN;
    while told(get()).await.0 == StatusCode::OK {
        assert!(Instant::now() < deadline, "still let in");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(desk.lines(&["token", "--list"]).await.is_empty());
}

#[tokio::test]
async fn a_message_is_shown_with_what_of_it_is_not_in_the_chart() {
    let Some(desk) = Desk::open().await else {
        return;
    };
    let veteran = ADMISSION
        .replace("|19500203|F", "|19500203|Q|||||||||||||||||||Zzveteran")
        .replace("GOOD1", "VETERAN");
    receive(&desk.site, &[&veteran]).await;
    let listed = desk.values(&["journal", "list"]).await;
    let id = listed[0]["id"].to_string();
    let shown = desk.values(&["journal", "show", &id]).await.remove(0);
    let report = &shown["report"];
    let places = |list: &str| -> Vec<&str> {
        let all = report[list].as_array().unwrap().iter();
        all.filter_map(|line| line["place"].as_str()).collect()
    };
    assert!(places("unmapped").contains(&"PID-27"), "{report}");
    assert!(places("issues").contains(&"PID-8"), "{report}");
    assert!(
        !report.to_string().contains("Zzveteran"),
        "places, never values"
    );
    let text = desk.lines(&["journal", "show", &id]).await.join("\n");
    let (message, report) = text.split_once("by today's rules").unwrap();
    assert!(message.contains("Zzveteran"));
    assert!(
        report.contains("PID-27") && report.contains("PID-8"),
        "{report}"
    );
}

#[tokio::test]
async fn the_journal_is_listed_shown_verified_and_exported() {
    let Some(desk) = Desk::open().await else {
        return;
    };
    receive(&desk.site, &[ADMISSION, ADMISSION]).await;
    let listed = desk.values(&["journal", "list"]).await;
    let dispositions: Vec<&Value> = listed.iter().map(|line| &line["disposition"]).collect();
    assert_eq!(dispositions, ["duplicate", "applied"]);
    let id = listed[1]["id"].to_string();
    let shown = desk.values(&["journal", "show", &id]).await.remove(0);
    assert_eq!(shown["message"], ADMISSION);
    assert!(shown["report"]["unmapped"].is_array(), "{shown}");
    desk.refused(&["journal", "show", "1"], 1).await;
    desk.refused(&["journal", "list", "--interface", "nobody"], 1)
        .await;

    let report = desk.values(&["journal", "verify"]).await.remove(0);
    assert_eq!(
        (&report["entries"], &report["first_broken"]),
        (&2.into(), &Value::Null)
    );
    let out = desk.data.path().join("out");
    desk.lines(&["journal", "export", "--out", out.to_str().unwrap()])
        .await;
    let exported = std::fs::read(out.join(format!("{id}.hl7"))).unwrap();
    assert_eq!(exported, ADMISSION.as_bytes());

    desk.site
        .execute("alter table journal disable trigger all; update journal set raw = 'x'")
        .await;
    desk.refused(&["journal", "verify"], 1).await;
}

#[tokio::test]
async fn a_dead_letter_is_listed_retried_and_discarded() {
    let Some(desk) = Desk::open().await else {
        return;
    };
    receive(&desk.site, &[NOBODY]).await;
    let listed = desk.values(&["deadletter", "list"]).await;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["kind"], "message");
    let id = listed[0]["id"].to_string();
    let shown = desk.values(&["deadletter", "show", &id]).await.remove(0);
    assert_eq!(shown["message"], NOBODY);

    desk.lines(&["deadletter", "retry", &id]).await;
    assert_eq!(waiting(&desk.site).await, 1);
    receive(&desk.site, &[]).await;
    assert_eq!(
        desk.values(&["deadletter", "list"]).await.len(),
        1,
        "it failed again"
    );
    desk.refused(&["deadletter", "discard", &id, "--reason", " "], 2)
        .await;
    desk.lines(&["deadletter", "discard", &id, "--reason", "made up"])
        .await;
    assert!(desk.lines(&["deadletter", "list"]).await.is_empty());
    desk.refused(&["deadletter", "discard", &id, "--reason", "again"], 1)
        .await;
    desk.refused(&["deadletter", "retry", "neither"], 2).await;
    let said = "select count(*) from audit where actor_kind = 'o' and request like '%made up%'";
    assert_eq!(desk.site.number(said).await, 1);
}

#[tokio::test]
async fn a_replay_interprets_again_and_changes_nothing_that_is_right() {
    let Some(desk) = Desk::open().await else {
        return;
    };
    receive(&desk.site, &[ADMISSION, NOBODY]).await;
    let listed = desk.values(&["journal", "list"]).await;
    let (bad, good) = (listed[0]["id"].to_string(), listed[1]["id"].to_string());
    let dry = desk
        .values(&["replay", "--id", &good, "--id", &bad, "--dry-run"])
        .await;
    assert_eq!(dry[0]["what"], "nothing would change");
    assert!(
        dry[1]["what"].as_str().unwrap().contains("can't be mapped"),
        "{dry:?}"
    );

    let versions = "select sum(version)::bigint from resource";
    let before = desk.site.number(versions).await;
    let done = desk
        .values(&["replay", "--since", "2026-01-01T00:00:00Z"])
        .await
        .remove(0);
    assert_eq!(
        (&done["replayed"], &done["applied"]),
        (&2.into(), &true.into())
    );
    assert_eq!(desk.site.number(versions).await, before);
    assert_eq!(waiting(&desk.site).await, 0);

    // Conditions narrow, and a backlog is loaded without waking anybody.
    let quiet = [
        "replay",
        "--type",
        "ADT^A01",
        "--interface",
        "adt",
        "--quiet",
    ];
    assert_eq!(desk.values(&quiet).await[0]["of"], 2);
    assert_eq!(desk.values(&["replay", "--type", "ORU"]).await[0]["of"], 0);
    let elsewhere = ["replay", "--until", "2026-01-01T00:00:00Z"];
    assert_eq!(desk.values(&elsewhere).await[0]["of"], 0);
    desk.refused(&["replay", "--interface", "nowhere"], 1).await;

    // A chart that lost something gets it back.
    desk.site
        .execute("delete from fact; delete from identity; delete from resource")
        .await;
    let dry = desk
        .values(&["replay", "--id", &good, "--dry-run"])
        .await
        .remove(0);
    let changes = dry["changes"].to_string();
    assert!(
        changes.contains("Patient/") && changes.contains("Encounter/"),
        "{changes}"
    );
    desk.refused(&["replay", "--dry-run"], 2).await;
}
