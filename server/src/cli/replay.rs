//! `drawbridge replay`

use std::fmt::Write as _;

use anyhow::Context as _;
use ingest::{Ingest, Rehearsed};
use model::{JournalId, LaneId, Timestamp};
use serde_json::{Value, json};
use store::Store;
use store::journal::{self, Filter};

use super::profile::compare;
use super::{Context, Verdict};
use crate::opened::{Opened, interface_named};
use crate::output;
use crate::replay::{self, Preview, Reader};

/// Interpret journalled messages again with today's rules.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  drawbridge replay --id 7301 --dry-run\n  \
                  drawbridge replay --since 2026-01-31T00:00:00Z --type ADT^A08\n  \
                  drawbridge replay --interface census --quiet\n\n\
                  Several conditions must all hold. Replaying changes nothing unless the code or a\n\
                  profile changed since. --quiet is for loading a backlog: charts are written, but\n\
                  whoever waits for settled changes (alerts, notifications) hears nothing of it.")]
#[group(skip)]
#[command(group(clap::ArgGroup::new("which").required(true).multiple(true)))]
pub(super) struct Args {
    /// These messages (may be repeated).
    #[arg(long, value_name = "ID", group = "which")]
    id: Vec<i64>,
    /// All received at or after this time (RFC 3339).
    #[arg(long, value_name = "TIME", group = "which")]
    since: Option<Timestamp>,
    /// All received before this time.
    #[arg(long, value_name = "TIME", group = "which")]
    until: Option<Timestamp>,
    /// All of this interface, by its name.
    #[arg(long, value_name = "NAME", group = "which")]
    interface: Option<String>,
    /// All whose MSH-9 begins so, such as ORU or `ADT^A08`.
    #[arg(long = "type", value_name = "TYPE", group = "which")]
    message_type: Option<String>,
    /// All of this lane: the id of a Patient, as one of its source's records has it.
    #[arg(long, value_name = "ID", group = "which")]
    lane: Option<LaneId>,
    /// Say what would change; change nothing.
    #[arg(long)]
    dry_run: bool,
    /// With --dry-run: show the values that would change. They are patient data.
    #[arg(long, requires = "dry_run")]
    values: bool,
    /// Without side effects.
    #[arg(long, conflicts_with = "dry_run")]
    quiet: bool,
    /// Whose messages.
    #[arg(long, value_name = "T", default_value = "default")]
    tenant: String,
}

/// What is never interpreted again: a resend says nothing new, and a person's decision stands.
const LEFT_ALONE: [&str; 3] = ["duplicate", "discarded", "expunged"];
/// How many entries are looked up at a time.
const PAGE: u32 = 500;

impl Args {
    pub(super) async fn run(self, context: &Context) -> anyhow::Result<Verdict> {
        let opened = Opened::beside_a_server(&context.config, &context.clock, "replay").await?;
        let done = self.replay(&opened.store, context).await;
        opened.close().await?;
        done
    }

    async fn replay(&self, store: &Store, context: &Context) -> anyhow::Result<Verdict> {
        let reader = Reader::of(store, &context.config, &self.tenant).await?;
        let ids = self.which(store, &reader).await?;
        if self.dry_run {
            return self.look(store, &reader, &ids, context).await;
        }
        again(store, &reader, &ids, self.quiet, context).await
    }

    /// The messages that are meant, the oldest first.
    async fn which(&self, store: &Store, reader: &Reader) -> anyhow::Result<Vec<JournalId>> {
        let mut filter = self.filter(store, reader).await?;
        let mut ids = Vec::new();
        if !self.id.is_empty() {
            ids.extend(self.id.iter().copied().map(JournalId));
            ids.sort_unstable();
            return Ok(ids);
        }
        loop {
            let page = journal::list(store, reader.tenant, &filter, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(ids);
            };
            filter.after = Some(last.id);
            for summary in &page {
                if self.is_of_lane(store, reader, summary.id).await? {
                    ids.push(summary.id);
                }
            }
        }
    }

    async fn filter(&self, store: &Store, reader: &Reader) -> anyhow::Result<Filter> {
        let known = store.interfaces(reader.tenant).await?;
        let interface = interface_named(&known, self.interface.as_deref())?;
        Ok(Filter {
            since: self.since,
            until: self.until,
            interface,
            message_type: self.message_type.clone(),
            oldest_first: true,
            ..Filter::default()
        })
    }

    /// Which lane a message is in only the message says: what is derived is not kept.
    async fn is_of_lane(
        &self,
        store: &Store,
        reader: &Reader,
        id: JournalId,
    ) -> anyhow::Result<bool> {
        let Some(lane) = self.lane else {
            return Ok(true);
        };
        let entry = journal::get(store, reader.tenant, id).await?;
        Ok(entry.is_some_and(|entry| replay::lane(reader, &entry) == Some(lane)))
    }
}

impl Args {
    /// Says what each message would change, element by element.
    async fn look(
        &self,
        store: &Store,
        reader: &Reader,
        ids: &[JournalId],
        context: &Context,
    ) -> anyhow::Result<Verdict> {
        for id in ids {
            let entry = journal::get(store, reader.tenant, *id).await?;
            let entry = entry.with_context(|| format!("the journal has no entry {id}"))?;
            let (word, changes) = match replay::preview(store, reader, &entry).await? {
                Preview::Changes(changed) if changed.is_empty() => {
                    ("nothing would change".to_owned(), Vec::new())
                }
                Preview::Unmappable(what) => (format!("can't be mapped: {what}"), Vec::new()),
                Preview::Changes(rehearsed) => {
                    let changes = rehearsed.iter().map(|one| self.change(one)).collect();
                    ("would change".to_owned(), changes)
                }
            };
            let result = json!({ "id": id, "what": word, "changes": changes });
            context
                .output
                .result(&result, |_| lines(*id, &word, &changes))?;
        }
        Ok(Verdict::Done)
    }

    /// One resource: what would become of it, and which of its elements would change.
    fn change(&self, changed: &Rehearsed) -> Value {
        let read = |text: &Option<String>| -> Option<Value> {
            let mut body: Value = serde_json::from_str(text.as_deref()?).ok()?;
            // Version, time and source are the store's.
            body.as_object_mut()?.remove("meta");
            Some(body)
        };
        let (before, after) = (read(&changed.before), read(&changed.after));
        let what = match (&before, &after) {
            (None, _) => "created",
            (Some(_), None) => "deleted",
            (Some(_), Some(_)) => "changed",
        };
        let elements: Vec<Value> = match (&before, &after) {
            (Some(before), Some(after)) => compare::resources(before, after)
                .into_iter()
                .map(|(path, was, is)| {
                    let shown = |value: Option<&Value>| compare::shown(&path, value, self.values);
                    json!({ "path": path, "before": shown(was.as_ref()), "after": shown(is.as_ref()) })
                })
                .collect(),
            _ => Vec::new(),
        };
        let resource = format!("{}/{}", changed.kind, changed.id);
        json!({ "resource": resource, "what": what, "elements": elements })
    }
}

fn lines(id: JournalId, word: &str, changes: &[Value]) -> String {
    let mut text = format!("{id}  {word}");
    for change in changes {
        let word = |value: &Value, name: &str| value[name].as_str().unwrap_or("-").to_owned();
        let _ = write!(
            text,
            "\n  {} {}",
            word(change, "what"),
            word(change, "resource")
        );
        for element in change["elements"].as_array().into_iter().flatten() {
            let [path, before, after] = ["path", "before", "after"].map(|name| word(element, name));
            let _ = write!(text, "\n    {path}: {before} -> {after}");
        }
    }
    text
}

async fn again(
    store: &Store,
    reader: &Reader,
    ids: &[JournalId],
    quiet: bool,
    context: &Context,
) -> anyhow::Result<Verdict> {
    let bar = output::progress(ids.len() as u64, "replay");
    let mut n_again = 0_u64;
    let mut last = None;
    for id in ids {
        bar.inc(1);
        let entry = journal::get(store, reader.tenant, *id).await?;
        let entry = entry.with_context(|| format!("the journal has no entry {id}"))?;
        let disposition = entry.summary.disposition.as_deref().unwrap_or_default();
        if LEFT_ALONE.contains(&disposition) {
            continue;
        }
        if replay::replay(store, reader, &entry, quiet).await? {
            n_again += 1;
            last = Some(*id);
        }
    }
    bar.finish_and_clear();
    let settled = match last {
        None => true,
        Some(last) => apply(store, reader, last).await?,
    };
    let result = json!({ "replayed": n_again, "of": ids.len(), "applied": settled });
    context.output.result(&result, |_| {
        let rest = if settled {
            ""
        } else {
            "; some still wait, see: drawbridge deadletter list"
        };
        format!(
            "{n_again} of {} messages interpreted again{rest}",
            ids.len()
        )
    })?;
    Ok(if settled {
        Verdict::Done
    } else {
        Verdict::Failed
    })
}

/// Applies what is queued with workers of this process, beside those of a running server.
async fn apply(store: &Store, reader: &Reader, last: JournalId) -> anyhow::Result<bool> {
    let ingest = Ingest::start(store, ingest::Settings::default());
    for settings in reader.configured() {
        ingest.interface(settings.clone()).await?;
    }
    ingest.ring();
    let settled = replay::wait(store, reader, last).await;
    ingest.drain().await;
    settled
}
