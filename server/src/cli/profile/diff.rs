//! `drawbridge profile diff`: what two profiles make of the same messages.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use hl7v2::{Charset, Message};
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use mapping::{Profile, bundle, inbound};
use model::{IdentityKey, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use store::journal::{self, Filter};

use super::super::input::read;
use super::super::{Context, Usage, Verdict};
use super::{compare, page};
use crate::opened::Opened;
use crate::output::{self, Output};
use crate::profiles::named_or_file;
use crate::replay::Reader;

/// Map the same messages with two profiles and show what would change, grouped.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  drawbridge profile diff --from my-agency --to my-agency-new.toml --since 7d\n  \
                  drawbridge profile diff --from generic --to hchb --html diff.html *.hl7\n\n\
                  One line per (element, before, after), with the number of messages. Of names, dates, numbers\n\
                  and identifiers only the kind is shown, unless --values is given; codes and systems are shown."
)]
#[group(skip)]
#[command(group(clap::ArgGroup::new("which").required(true)))]
pub(super) struct Args {
    /// The profile as it is: a name, or a file.
    #[arg(long, value_name = "NAME|FILE")]
    from: String,
    /// The profile as it would be.
    #[arg(long, value_name = "NAME|FILE")]
    to: String,
    /// Journalled messages received since then: `7d`, `12h`, or a time (RFC 3339).
    #[arg(long, value_name = "AGE|TIME", group = "which")]
    since: Option<String>,
    /// Only those of this interface.
    #[arg(long, value_name = "NAME", requires = "since")]
    interface: Option<String>,
    /// Whose messages.
    #[arg(long, value_name = "T", default_value = "default")]
    tenant: String,
    /// Write the result as a page, too.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Show values of patients, too.
    #[arg(long)]
    values: bool,
    /// Files of one or more messages, instead of the journal; `-` is standard input.
    #[arg(value_name = "FILES", group = "which")]
    files: Vec<PathBuf>,
}

/// What would change.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) n_messages: usize,
    pub(super) n_changed: usize,
    /// Element, before, after, how many messages; the most frequent first.
    pub(super) groups: Vec<(String, String, String, usize)>,
}

/// How many entries of the journal are looked up at a time.
const PAGE: u32 = 500;

impl Args {
    pub(super) async fn run(self, context: &Context) -> anyhow::Result<Verdict> {
        let mut comparison = Comparison {
            from: named_or_file(&context.config, &self.from)?,
            to: named_or_file(&context.config, &self.to)?,
            with_values: self.values,
            groups: BTreeMap::new(),
            n_messages: 0,
            n_changed: 0,
        };
        if let Some(since) = &self.since {
            let since = time(since, context.clock.now())?;
            let opened = Opened::beside_a_server(&context.config, &context.clock, "diff").await?;
            let done = self
                .journalled(&opened, since, context, &mut comparison)
                .await;
            opened.close().await?;
            done?;
        }
        for file in &self.files {
            let bytes = read(file)?;
            for raw in hl7v2::batch::messages(&bytes) {
                let link = Link {
                    zone: &TimeZone::UTC,
                    charset: Charset::Windows1252,
                    received_at: context.clock.now(),
                };
                comparison.take(raw, &link);
            }
        }
        let report = comparison.report();
        if let Some(file) = &self.html {
            std::fs::write(file, page::page(&report))
                .with_context(|| format!("can't write {}", file.display()))?;
        }
        print(&report, context.output)?;
        Ok(Verdict::Done)
    }

    async fn journalled(
        &self,
        opened: &Opened,
        since: Timestamp,
        context: &Context,
        comparison: &mut Comparison,
    ) -> anyhow::Result<()> {
        let store = &opened.store;
        let reader = Reader::of(store, &context.config, &self.tenant).await?;
        let known = store.interfaces(reader.tenant).await?;
        let interface = match &self.interface {
            None => None,
            Some(name) => Some(
                known
                    .iter()
                    .find(|(_, known)| known == name)
                    .map(|(id, _)| *id)
                    .with_context(|| {
                        format!("no interface '{name}' has ever received a message")
                    })?,
            ),
        };
        let mut filter = Filter {
            since: Some(since),
            interface,
            oldest_first: true,
            ..Filter::default()
        };
        loop {
            let listed = journal::list(store, reader.tenant, &filter, PAGE).await?;
            let Some(last) = listed.last() else {
                return Ok(());
            };
            filter.after = Some(last.id);
            for summary in &listed {
                // A resend says nothing new.
                if summary.disposition.as_deref() == Some("duplicate") {
                    continue;
                }
                let Some(entry) = journal::get(store, reader.tenant, summary.id).await? else {
                    continue;
                };
                let settings = reader.settings(summary.interface);
                let link = Link {
                    zone: &settings.zone,
                    charset: settings.charset,
                    received_at: summary.received_at,
                };
                comparison.take(&entry.raw, &link);
            }
        }
    }
}

/// What is agreed of the link that a message came over.
struct Link<'a> {
    zone: &'a TimeZone,
    charset: Charset,
    received_at: Timestamp,
}

struct Comparison {
    from: Arc<Profile>,
    to: Arc<Profile>,
    with_values: bool,
    groups: BTreeMap<(String, String, String), usize>,
    n_messages: usize,
    n_changed: usize,
}

impl Comparison {
    /// Maps a message with both; each difference counts once per message.
    fn take(&mut self, raw: &[u8], link: &Link<'_>) {
        self.n_messages += 1;
        let [before, after] = [&self.from, &self.to].map(|profile| mapped(raw, profile, link));
        let differences = match (&before, &after) {
            (Ok(before), Ok(after)) => compare::bundles(before, after)
                .into_iter()
                .map(|(path, old, new)| {
                    let show =
                        |value: Option<&Value>| compare::shown(&path, value, self.with_values);
                    let (old, new) = (show(old.as_ref()), show(new.as_ref()));
                    (path, old, new)
                })
                .collect::<BTreeSet<_>>(),
            (before, after) if before == after => BTreeSet::new(),
            (before, after) => {
                let word = |side: &Result<Value, String>| match side {
                    Ok(_) => "mapped".to_owned(),
                    Err(why) => why.clone(),
                };
                BTreeSet::from([("(the message)".to_owned(), word(before), word(after))])
            }
        };
        self.n_changed += usize::from(!differences.is_empty());
        for difference in differences {
            *self.groups.entry(difference).or_default() += 1;
        }
    }

    fn report(self) -> Report {
        let mut groups: Vec<_> = self
            .groups
            .into_iter()
            .map(|((path, before, after), n)| (path, before, after, n))
            .collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.3));
        let named = |profile: &Profile| format!("{} version {}", profile.name(), profile.version());
        Report {
            from: named(&self.from),
            to: named(&self.to),
            n_messages: self.n_messages,
            n_changed: self.n_changed,
            groups,
        }
    }
}

fn mapped(raw: &[u8], profile: &Profile, link: &Link<'_>) -> Result<Value, String> {
    let charset = profile.charset().unwrap_or(link.charset);
    let message = Message::parse_with(raw, charset).map_err(|error| error.to_string())?;
    let ctx = inbound::Context {
        profile,
        key: &IdentityKey::PUBLIC,
        zone: link.zone,
        received_at: link.received_at,
        journal: None,
        digest: Sha256::digest(raw).into(),
    };
    bundle(&message, &ctx).map_err(|unmappable| unmappable.to_string())
}

fn print(report: &Report, output: Output) -> anyhow::Result<()> {
    for (path, before, after, n) in &report.groups {
        let result = json!({ "element": path, "before": before, "after": after, "messages": n });
        output.result(&result, |_| format!("{n:>7}  {path}: {before} -> {after}"))?;
    }
    let (n_messages, n_changed) = (report.n_messages, report.n_changed);
    let result = json!({
        "from": report.from, "to": report.to, "messages": n_messages, "changed": n_changed,
    });
    output.result(&result, |_| {
        let (from, to) = (&report.from, &report.to);
        format!("{n_changed} of {n_messages} messages would be mapped differently ({from} -> {to})")
    })?;
    if n_messages == 0 {
        output::say("no messages were found");
    }
    Ok(())
}

/// `7d`, `12h`, `30m`, or an instant.
fn time(text: &str, now: Timestamp) -> Result<Timestamp, Usage> {
    if let Ok(at) = text.parse() {
        return Ok(at);
    }
    let (number, unit) = text
        .split_at_checked(text.len().saturating_sub(1))
        .unwrap_or_default();
    let minutes = match unit {
        "d" => 24 * 60,
        "h" => 60,
        "m" => 1,
        _ => 0,
    };
    let age = number.parse::<u32>().ok().filter(|_| minutes != 0);
    age.map(|n| SignedDuration::from_mins(i64::from(n) * minutes))
        .and_then(|age| now.checked_sub(age).ok())
        .ok_or_else(|| {
            Usage(format!(
                "`{text}` is neither an age (7d, 12h, 30m) nor a time (2026-01-31T00:00:00Z)"
            ))
        })
}
