//! `drawbridge journal expunge`

use ingest::{ExpungeError, Expunging, Mode, Outcome};
use model::{Action, JournalId};
use serde_json::{Value, json};
use store::Store;

use crate::cli::reason::Reason;
use crate::cli::{Context, Verdict};
use crate::output;
use crate::replay::Reader;

/// Which message, and why.
#[derive(Debug, clap::Args)]
pub(super) struct Expunge {
    /// The number that `list` shows.
    id: i64,
    /// Why: kept beside the digest and in the audit trail. No patient data, please.
    #[arg(long)]
    reason: Reason,
    /// Say what would be removed and what would change; do nothing.
    #[arg(long)]
    dry_run: bool,
}

impl Expunge {
    pub(super) async fn run(
        &self,
        store: &Store,
        tenant: &str,
        context: &Context,
    ) -> anyhow::Result<Verdict> {
        let reader = Reader::of(store, &context.config, tenant).await?;
        reader.knows_all(store).await?;
        let outcome = self.expunge(store, &reader).await?;
        let word = if self.dry_run { "would be" } else { "were" };
        context
            .output
            .result(&as_json(&outcome, self.dry_run), |_| {
                as_text(&outcome, word)
            })?;
        Ok(Verdict::Done)
    }

    async fn expunge(&self, store: &Store, reader: &Reader) -> Result<Outcome, ExpungeError> {
        let settings = |interface| reader.settings(interface);
        let site = Expunging {
            store,
            tenant: reader.tenant,
            key: reader.key(),
            settings: &settings,
        };
        let mode = if self.dry_run {
            Mode::Rehearse
        } else {
            Mode::Do
        };
        let bar = output::spinner("messages read again");
        let id = JournalId(self.id);
        let outcome = ingest::expunge(&site, id, self.reason.as_str(), mode, || bar.inc(1)).await;
        bar.finish_and_clear();
        outcome
    }
}

fn as_json(outcome: &Outcome, is_rehearsal: bool) -> Value {
    let of = |wanted: fn(Action) -> bool| -> Vec<String> {
        let named = outcome.resources.iter();
        let named = named.filter(|(action, ..)| wanted(*action));
        named.map(|(_, kind, id)| format!("{kind}/{id}")).collect()
    };
    json!({
        "dry_run": is_rehearsal,
        "messages": outcome.messages,
        "changed": of(|action| action != Action::Delete),
        "deleted": of(|action| action == Action::Delete),
        "versions": outcome.n_versions,
        "links": outcome.n_links,
        "read_again": outcome.n_read,
        "kept_since": outcome.kept_since,
    })
}

fn as_text(outcome: &Outcome, word: &str) -> String {
    let messages: Vec<String> = outcome.messages.iter().map(ToString::to_string).collect();
    let mut lines = vec![format!(
        "messages {} {word} expunged, {} versions of history and {} links removed",
        messages.join(" "),
        outcome.n_versions,
        outcome.n_links
    )];
    for (action, kind, id) in &outcome.resources {
        let what = if *action == Action::Delete {
            "deleted"
        } else {
            "written anew"
        };
        lines.push(format!("{kind}/{id}  {word} {what}"));
    }
    if let Some(since) = outcome.kept_since {
        lines.push(format!(
            "messages from before {since:.0} are no longer kept: what they alone said, and this one said \
             over, can't be restored"
        ));
    }
    lines.join("\n")
}
