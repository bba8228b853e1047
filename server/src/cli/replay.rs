//! `drawbridge replay`

use anyhow::Context as _;
use ingest::Ingest;
use model::{JournalId, Timestamp};
use serde_json::json;
use store::Store;
use store::journal::{self, Filter};

use super::{Context, Verdict};
use crate::opened::Opened;
use crate::output;
use crate::replay::{self, Preview, Reader};

/// Interpret journalled messages again with today's rules.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  drawbridge replay --id 7301 --dry-run\n  \
                  drawbridge replay --since 2026-01-31T00:00:00Z")]
#[group(skip)]
#[command(group(clap::ArgGroup::new("which").required(true)))]
pub(super) struct Args {
    /// These messages (may be repeated).
    #[arg(long, value_name = "ID", group = "which")]
    id: Vec<i64>,
    /// All received at or after this time (RFC 3339).
    #[arg(long, value_name = "TIME", group = "which")]
    since: Option<Timestamp>,
    /// Say what would change; change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Whose messages.
    #[arg(long, value_name = "T", default_value = "default")]
    tenant: String,
}

/// What is never interpreted again: a resend says nothing new, and a person's decision stands.
const LEFT_ALONE: [&str; 2] = ["duplicate", "discarded"];
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
            return look(store, &reader, &ids, context).await;
        }
        again(store, &reader, &ids, context).await
    }

    /// The messages that are meant, the oldest first.
    async fn which(&self, store: &Store, reader: &Reader) -> anyhow::Result<Vec<JournalId>> {
        if self.since.is_none() {
            let mut ids: Vec<JournalId> = self.id.iter().copied().map(JournalId).collect();
            ids.sort_unstable();
            return Ok(ids);
        }
        let mut filter = Filter {
            since: self.since,
            oldest_first: true,
            ..Filter::default()
        };
        let mut ids = Vec::new();
        loop {
            let page = journal::list(store, reader.tenant, &filter, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(ids);
            };
            filter.after = Some(last.id);
            ids.extend(page.iter().map(|summary| summary.id));
        }
    }
}

async fn look(
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
            Preview::Changes(changed) => {
                let changed = changed.iter().map(|one| format!("{}/{}", one.kind, one.id));
                ("would change".to_owned(), changed.collect())
            }
        };
        let result = json!({ "id": id, "what": word, "changes": changes });
        context
            .output
            .result(&result, |_| format!("{id}  {word} {}", changes.join(" ")))?;
    }
    Ok(Verdict::Done)
}

async fn again(
    store: &Store,
    reader: &Reader,
    ids: &[JournalId],
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
        if replay::replay(store, reader, &entry).await? {
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
