//! The story, step by step. A step that is not seen ends it with an error that says which.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use bytes::Bytes;
use hyper::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::Emr;
use super::feed::Feed;
use crate::client::HttpClient;
use crate::output;

/// How long each step may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Tells the story against a running server; `run` makes this run's patient another than the last's.
pub async fn tell(
    http: SocketAddr,
    mllp: SocketAddr,
    token: &str,
    emr: &mut Emr,
    run: i64,
) -> anyhow::Result<()> {
    let feed = Feed::new(run);
    let mut app = App {
        http: HttpClient::connect(http).await?,
        token: token.to_owned(),
    };
    output::line("\n1. The EMR sends an admission over MLLP (ADT^A01).")?;
    let ack = send(mllp, &feed.admission()).await?;
    output::line(format_args!("   answered after the commit:  {ack}"))?;

    output::line("2. A moment later it is FHIR.")?;
    let patient = app.patient(feed.mrn()).await?;
    let reference = format!("Patient/{}", text(&patient, "/id"));
    let family = text(&patient, "/name/0/family");
    let given = text(&patient, "/name/0/given/0");
    let born = text(&patient, "/birthDate");
    output::line(format_args!(
        "   {reference}: {given} {family}, born {born}"
    ))?;
    let visit = app.encounter(&reference, "in-progress").await?;
    output::line(format_args!(
        "   Encounter/{}: {}",
        text(&visit, "/id"),
        text(&visit, "/status")
    ))?;
    let found = app
        .search(&format!("Condition?patient={reference}"), |_| true)
        .await?;
    output::line(format_args!(
        "   Condition/{}: {}",
        text(&found, "/id"),
        text(&found, "/code/coding/0/code")
    ))?;

    output::line(
        "3. The discharge comes (A03), and after it an update that was said a week before (A08).",
    )?;
    send(mllp, &feed.discharge()).await?;
    send(mllp, &feed.late_update()).await?;
    let visit = app.encounter(&reference, "finished").await?;
    output::line(format_args!(
        "   the visit is {}, ended {}; the late update reopened nothing",
        text(&visit, "/status"),
        text(&visit, "/period/end")
    ))?;

    output::line("4. An app posts a document about this patient (DocumentReference).")?;
    let created = app.post_document(&reference, text(&visit, "/id")).await?;
    let document = format!("DocumentReference/{}", text(&created, "/id"));
    output::line(format_args!("   201 Created: {document}"))?;

    output::line("5. The EMR receives it as MDM^T02 under its own patient number.")?;
    let mdm = emr
        .next(PATIENCE)
        .await
        .context("no MDM reached the simulated EMR")?;
    let message = String::from_utf8_lossy(&mdm.bytes).into_owned();
    ensure!(
        message.contains(&format!("|{}^^^HCHB", feed.mrn())),
        "the MDM names another patient"
    );
    for segment in message.split('\r').filter(|segment| !segment.is_empty()) {
        output::line(format_args!("   {}", shortened(segment)))?;
    }

    output::line("6. Its AA came back; the delivery's Task says so to the app.")?;
    let accepted =
        |task: &Value| task.pointer("/businessStatus/coding/0/code") == Some(&json!("accepted"));
    let task = app
        .search(&format!("Task?focus={document}"), accepted)
        .await?;
    output::line(format_args!("   Task/{}: accepted", text(&task, "/id")))?;
    Ok(())
}

/// An app with its token.
struct App {
    http: HttpClient,
    token: String,
}

impl App {
    async fn patient(&mut self, mrn: &str) -> anyhow::Result<Value> {
        self.search(&format!("Patient?identifier={mrn}"), |_| true)
            .await
    }

    async fn encounter(&mut self, patient: &str, status: &str) -> anyhow::Result<Value> {
        let has_status = |visit: &Value| text(visit, "/status") == status;
        self.search(&format!("Encounter?patient={patient}"), has_status)
            .await
    }

    /// Searches until the first match is as wanted.
    async fn search(
        &mut self,
        query: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> anyhow::Result<Value> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let path = format!("/fhir/{query}");
            let answer = self
                .http
                .request(Method::GET, &path, Some(&self.token), Bytes::new())
                .await?;
            let bundle = answer.json()?;
            ensure!(
                answer.status == 200,
                "GET {path} was answered {}",
                answer.status
            );
            if let Some(first) = bundle.pointer("/entry/0/resource").filter(|it| wanted(it)) {
                return Ok(first.clone());
            }
            if deadline < Instant::now() {
                bail!("GET {path} did not show what was expected within {PATIENCE:?}");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn post_document(&mut self, patient: &str, visit: &str) -> anyhow::Result<Value> {
        let document = json!({
            "resourceType": "DocumentReference",
            "status": "current",
            "docStatus": "final",
            "type": {"coding": [{"system": "http://loinc.org", "code": "34133-9"}]},
            "subject": {"reference": patient},
            "date": "2026-03-16T18:00:00-06:00",
            "content": [{"attachment": {
                "contentType": "text/plain",
                "title": "Visit note",
                "data": "TWFkZSB1cCBmb3IgdGhlIGRlbW9uc3RyYXRpb24u",
            }}],
            "context": {"encounter": [{"reference": format!("Encounter/{visit}")}]},
        });
        let body = Bytes::from(document.to_string());
        let path = "/fhir/DocumentReference";
        let answer = self
            .http
            .request(Method::POST, path, Some(&self.token), body)
            .await?;
        ensure!(
            answer.status == 201,
            "POST {path} was answered {}: {}",
            answer.status,
            String::from_utf8_lossy(&answer.body)
        );
        answer.json()
    }
}

/// Sends one message as an EMR does; answers the acknowledgement's MSA segment, which must say `AA`.
async fn send(to: SocketAddr, message: &str) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(to)
        .await
        .with_context(|| format!("nobody listens at {to}"))?;
    stream
        .write_all(&hl7v2::mllp::frame(message.as_bytes()))
        .await?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"\x1c\r") {
        let n_bytes = tokio::time::timeout(PATIENCE, stream.read_buf(&mut answer)).await??;
        ensure!(n_bytes != 0, "the connection was closed before the answer");
    }
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let msa = answer
        .split('\r')
        .find(|segment| segment.starts_with("MSA"));
    let msa = msa.context("the answer has no MSA segment")?;
    ensure!(msa.starts_with("MSA|AA|"), "the message was answered {msa}");
    Ok(msa.to_owned())
}

/// A text inside JSON; empty where there is none.
fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// A segment that fits on a line.
fn shortened(segment: &str) -> String {
    const CHARS_MAX: usize = 110;
    if segment.chars().count() <= CHARS_MAX {
        return segment.to_owned();
    }
    segment
        .chars()
        .take(CHARS_MAX)
        .chain(std::iter::once('…'))
        .collect()
}
