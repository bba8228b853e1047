//! `drawbridge review list|show|decide`

use std::fmt::Write as _;

use anyhow::Context as _;
use clap::Subcommand;
use model::Actor;
use serde_json::Value;
use store::{Store, tenants::TenantRow};

use super::{Context, Verdict};
use crate::opened::{Opened, tenant_row};
use crate::output::Output;
use crate::review::{self, Decision};

/// What a person must decide: who may be the same patient, whose a visit is.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  drawbridge review list\n  drawbridge review show 4711\n  \
                  drawbridge review decide 4711 link\n  drawbridge review decide 4711 undo\n\n\
                  link: the two are one person. apart: they are not. close: looked at, nothing to\n\
                  say. undo: the decision is taken back and the review is open again."
)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
    /// Whose.
    #[arg(long, global = true, value_name = "T", default_value = "default")]
    tenant: String,
}

#[derive(Debug, Subcommand)]
enum What {
    /// What is open, the oldest first.
    List,
    /// One of them with the candidates side by side and the points explained. Shows patient data.
    Show {
        /// As `list` shows it.
        id: i64,
    },
    /// Decide one, or take a decision back.
    Decide {
        /// As `list` shows it.
        id: i64,
        /// How.
        #[arg(value_enum)]
        decision: Decision,
    },
}

/// How many are listed at a time.
const PAGE: u32 = 500;

impl Args {
    pub(super) async fn run(self, context: &Context) -> anyhow::Result<Verdict> {
        let opened = Opened::beside_a_server(&context.config, &context.clock, "review").await?;
        let done = self.work(&opened.store, context.output).await;
        opened.close().await?;
        done.map(|()| Verdict::Done)
    }

    async fn work(&self, store: &Store, output: Output) -> anyhow::Result<()> {
        let row = tenant_row(store, &self.tenant).await?;
        match self.what {
            What::List => list(store, &row, output).await,
            What::Show { id } => {
                let found = store::review::get(store, row.tenant, id).await?;
                let found = found.with_context(|| format!("there is no review {id}"))?;
                let shown = review::shown(store, row.tenant, &found).await?;
                Ok(output.result(&shown, |_| side_by_side(&shown))?)
            }
            What::Decide { id, decision } => {
                let place = (store, row.tenant);
                let done = review::decide(place, &row.identity_key, id, decision, Actor::Operator);
                let done = review::line(&done.await?);
                Ok(output.result(&done, |_| one_line(&done))?)
            }
        }
    }
}

async fn list(store: &Store, row: &TenantRow, output: Output) -> anyhow::Result<()> {
    let mut after = None;
    loop {
        let page = store::review::list(store, row.tenant, after, PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after = Some(last.id);
        for found in &page {
            let line = review::line(found);
            output.result(&line, |_| one_line(&line))?;
        }
    }
}

fn one_line(line: &Value) -> String {
    let word = |name: &str| line[name].as_str().unwrap_or("-").to_owned();
    let points = line.pointer("/explained/points").map(Value::to_string);
    let points = points.map_or_else(String::new, |points| format!("  {points} points"));
    let decision = word("decision");
    format!(
        "{}  {}  {}  {} {}{points}  {decision}",
        word("id"),
        word("openedAt"),
        word("kind"),
        word("entity"),
        word("other"),
    )
}

/// The candidates in columns: one row for each thing that is said of both.
fn side_by_side(shown: &Value) -> String {
    let mut text = one_line(shown);
    let none = Vec::new();
    let candidates = shown["candidates"].as_array().unwrap_or(&none);
    for (name, path) in ROWS {
        let values = candidates.iter().map(|it| {
            let value = it.pointer(path).cloned().unwrap_or_default();
            let value = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            if value == "null" {
                String::from("-")
            } else {
                value
            }
        });
        let values: Vec<String> = values.map(|value| format!("{value:38}")).collect();
        let values = values.join("  ");
        let _ = write!(text, "\n  {name:12}{}", values.trim_end());
    }
    let parts = shown.pointer("/explained/parts").and_then(Value::as_array);
    for part in parts.into_iter().flatten() {
        let what = part["what"].as_str().unwrap_or_default();
        let _ = write!(text, "\n  {:>5}  {what}", part["points"]);
    }
    if let Some(forbidden) = shown
        .pointer("/explained/forbidden")
        .and_then(Value::as_str)
    {
        let _ = write!(text, "\n  not by itself: {forbidden}");
    }
    text
}

const ROWS: [(&str, &str); 9] = [
    ("id", "/id"),
    ("identifier", "/identifier/0/value"),
    ("family", "/name/0/family"),
    ("given", "/name/0/given/0"),
    ("born", "/birthDate"),
    ("gender", "/gender"),
    ("telephone", "/telecom/0/value"),
    ("street", "/address/0/line/0"),
    ("city", "/address/0/city"),
];
