//! `drawbridge send`

use std::path::PathBuf;
use std::time::Duration;

use outbound::sender::{Latencies, Pace, Sent, send_all, with_suffix};
use outbound::{Cause, Endpoint};
use serde::Serialize;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::input::read;
use super::{Context, Usage, Verdict};
use crate::config::HostPort;
use crate::output::{self, Output};

/// Send messages over MLLP; print one line per ACK (control id, code, text) and the latencies.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  drawbridge send --to 127.0.0.1:2575 admit.hl7\n  \
                        drawbridge simulate adt | drawbridge send --to 127.0.0.1:2575 --connections 8 -\n\n\
                        Each connection waits for its ACK before it sends the next message; with more\n\
                        than one, messages overtake each other. Exit code 1 if any answer was not AA or CA."
)]
pub(super) struct Args {
    /// Receiver.
    #[arg(long, value_name = "HOST:PORT")]
    to: HostPort,
    /// Connections at a time.
    #[arg(long, value_name = "N", default_value_t = 1)]
    connections: u16,
    /// Messages per second over all connections; without it, as fast as ACKs come.
    #[arg(long, value_name = "R")]
    rate: Option<f64>,
    /// Send everything so many times. From the second time on, MSH-10 gets `.2`, `.3` … at its end,
    /// so that the receiver does not take it for a resend.
    #[arg(long, value_name = "N", default_value_t = 1)]
    repeat: u32,
    /// Seconds to wait for an ACK.
    #[arg(long, value_name = "SECONDS", default_value_t = 30.0)]
    timeout: f64,
    /// Files of one or more messages (bare, batch or MLLP); `-` is standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> anyhow::Result<Verdict> {
        let timeout = Duration::try_from_secs_f64(self.timeout)
            .map_err(|_| Usage("--timeout must be a number of seconds".to_owned()))?;
        if self.rate.is_some_and(|rate| rate.is_nan() || rate <= 0.0) {
            return Err(Usage("--rate must be more than 0".to_owned()).into());
        }
        let texts = self
            .files
            .iter()
            .map(|file| read(file))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let originals = texts
            .iter()
            .flat_map(|text| hl7v2::batch::messages(text))
            .collect::<Vec<_>>();
        if originals.is_empty() {
            return Err(
                Usage("the files hold no message: nothing begins with MSH".to_owned()).into(),
            );
        }
        let messages = (1..=self.repeat).flat_map(|n| {
            originals.iter().map(move |message| match n {
                1 => message.to_vec(),
                _ => with_suffix(message, &format!(".{n}")),
            })
        });
        let n_messages = originals.len() * self.repeat as usize;
        let volley = Volley {
            to: self.to.clone(),
            timeout,
            pace: Pace {
                connections: self.connections.into(),
                rate: self.rate,
            },
            n_messages,
        };
        volley.send(messages, context.output).await
    }
}

/// Messages that go to one receiver, with their answers on stdout.
pub(super) struct Volley {
    pub(super) to: HostPort,
    pub(super) timeout: Duration,
    pub(super) pace: Pace,
    pub(super) n_messages: usize,
}

/// One line of result.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    control_id: &'a str,
    /// MSA-1, or `-` when there was no answer.
    code: &'a str,
    text: String,
    latency_ms: f64,
}

/// What came of all of them.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    n_messages: usize,
    n_accepted: usize,
    n_refused: usize,
    n_unanswered: usize,
    /// No connection could be made for them.
    n_unsent: usize,
    seconds: f64,
    per_second: f64,
    p50_ms: f64,
    p95_ms: f64,
    p99_ms: f64,
    max_ms: f64,
}

impl Volley {
    pub(super) async fn send(
        self,
        messages: impl Iterator<Item = Vec<u8>>,
        output: Output,
    ) -> anyhow::Result<Verdict> {
        let endpoint = Endpoint {
            ack_timeout: self.timeout,
            application_timeout: self.timeout,
            ..Endpoint::plain(self.to.host(), self.to.port())
        };
        let started = Instant::now();
        let (reports, mut reported) = mpsc::channel(1024);
        let sending = send_all(&endpoint, self.pace, messages, reports);
        let listening = async {
            let (mut summary, mut latencies) = (Summary::default(), Latencies::default());
            while let Some(sent) = reported.recv().await {
                summary.count(&sent, &mut latencies);
                output.result(&Line::of(&sent), Line::text)?;
            }
            Ok::<_, anyhow::Error>((summary, latencies))
        };
        let ((), listened) = tokio::join!(sending, listening);
        let (mut summary, mut latencies) = listened?;
        summary.close(self.n_messages, started.elapsed(), &mut latencies);
        if output == Output::Json {
            output.result(
                &serde_json::json!({ "summary": summary }),
                ToString::to_string,
            )?;
        } else {
            output::say(summary.text());
        }
        let all = summary.n_accepted == self.n_messages;
        Ok(if all { Verdict::Done } else { Verdict::Failed })
    }
}

impl<'a> Line<'a> {
    fn of(sent: &'a Sent) -> Self {
        let decisive = sent
            .answer
            .application
            .as_ref()
            .or(sent.answer.ack.as_ref());
        let text = decisive.map_or_else(
            || sent.answer.cause.to_string(),
            |ack| ack.text.expose().replace('\n', "; "),
        );
        Self {
            control_id: if sent.control_id.is_empty() {
                "-"
            } else {
                &sent.control_id
            },
            code: decisive.map_or("-", |ack| ack.code.as_str()),
            text,
            latency_ms: milliseconds(sent.answer.elapsed),
        }
    }

    fn text(&self) -> String {
        format!("{} {} {}", self.control_id, self.code, self.text)
            .trim_end()
            .to_owned()
    }
}

impl Summary {
    fn count(&mut self, sent: &Sent, latencies: &mut Latencies) {
        let answer = &sent.answer;
        match (
            &answer.cause,
            answer.application.as_ref().or(answer.ack.as_ref()),
        ) {
            (Cause::NoConnection(_), _) => self.n_unsent += 1,
            (_, None) => self.n_unanswered += 1,
            (_, Some(ack)) => {
                latencies.add(answer.elapsed);
                let count = if ack.code.is_positive() {
                    &mut self.n_accepted
                } else {
                    &mut self.n_refused
                };
                *count += 1;
            }
        }
    }

    fn close(&mut self, n_messages: usize, elapsed: Duration, latencies: &mut Latencies) {
        self.n_messages = n_messages;
        // What no connection even took was not sent either.
        self.n_unsent = n_messages - self.n_accepted - self.n_refused - self.n_unanswered;
        self.seconds = elapsed.as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let n_answered = (self.n_accepted + self.n_refused) as f64;
        self.per_second = n_answered / self.seconds.max(1e-9);
        let percentiles = latencies.percentiles([50, 95, 99, 100]).map(milliseconds);
        [self.p50_ms, self.p95_ms, self.p99_ms, self.max_ms] = percentiles;
    }

    fn text(&self) -> String {
        let Self {
            n_messages,
            n_accepted,
            n_refused,
            n_unanswered,
            n_unsent,
            ..
        } = self;
        let Self {
            seconds,
            per_second,
            p50_ms,
            p95_ms,
            p99_ms,
            max_ms,
            ..
        } = self;
        format!(
            "{n_messages} messages: {n_accepted} accepted, {n_refused} refused, \
             {n_unanswered} unanswered, {n_unsent} not sent; {seconds:.2} s, {per_second:.0}/s; \
             ACK after p50 {p50_ms:.2} ms, p95 {p95_ms:.2} ms, p99 {p99_ms:.2} ms, max {max_ms:.2} ms"
        )
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
