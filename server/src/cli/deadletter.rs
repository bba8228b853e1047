//! `drawbridge deadletter list|show|retry|discard`

use anyhow::Context as _;
use clap::Subcommand;
use model::{Action, AuditEvent, Delivery, DeliveryId, JournalId, Tenant};
use outbound::operator;
use serde_json::json;
use store::deadletter::{self, DeadLetter, Settled};
use store::delivery::Item;
use store::wake::Bell;
use store::{Store, StoreError, Tx, audit, journal};

use super::reason::Reason;
use super::{Context, Usage, Verdict};
use crate::opened::{Opened, tenant_row};
use crate::output::Output;

/// Messages and deliveries that need a person: look, retry, or set aside.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  drawbridge deadletter list\n  drawbridge deadletter retry 7301\n  \
                  drawbridge deadletter discard 7301 --reason \"test message\"\n\n\
                  Messages have numbers, deliveries have UUIDs (also the ids of their Tasks)."
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
    /// What waits: id, since when, why.
    List,
    /// One of them with its explanation. Shows patient data.
    Show {
        /// As `list` shows it.
        id: Id,
    },
    /// Try again now.
    Retry {
        /// As `list` shows them.
        #[arg(required = true)]
        ids: Vec<Id>,
    },
    /// Set aside for good; it stays in the journal.
    Discard {
        /// As `list` shows them.
        #[arg(required = true)]
        ids: Vec<Id>,
        /// Why: kept in the audit trail. No patient data, please.
        #[arg(long)]
        reason: Reason,
    },
}

/// A message or a delivery.
#[derive(Clone, Copy, Debug)]
enum Id {
    Message(JournalId),
    Delivery(DeliveryId),
}

/// How much is listed of each kind.
const LIMIT: u32 = 1_000;

impl std::str::FromStr for Id {
    type Err = Usage;

    fn from_str(text: &str) -> Result<Self, Usage> {
        let message = text.parse().map(Self::Message).ok();
        let found = message.or_else(|| text.parse().map(Self::Delivery).ok());
        found.ok_or_else(|| Usage("a message has a number, a delivery a UUID".to_owned()))
    }
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> anyhow::Result<Verdict> {
        let opened = Opened::beside_a_server(&context.config, &context.clock, "deadletter").await?;
        let done = work(&opened.store, &self, context.output).await;
        opened.close().await?;
        done
    }
}

async fn work(store: &Store, args: &Args, output: Output) -> anyhow::Result<Verdict> {
    let tenant = tenant_row(store, &args.tenant).await?.tenant;
    match &args.what {
        What::List => list(store, tenant, output).await?,
        What::Show {
            id: Id::Message(id),
        } => show_message(store, tenant, *id, output).await?,
        What::Show {
            id: Id::Delivery(id),
        } => show_delivery(store, tenant, *id, output).await?,
        What::Retry { ids } => {
            for id in ids {
                settle(store, tenant, *id, Settled::Retried, None, output).await?;
            }
            // Workers and dispatchers of a running server need not wait for their next look.
            Bell::hang(store).ring();
        }
        What::Discard { ids, reason } => {
            for id in ids {
                settle(store, tenant, *id, Settled::Discarded, Some(reason), output).await?;
            }
        }
    }
    Ok(Verdict::Done)
}

async fn list(store: &Store, tenant: Tenant, output: Output) -> anyhow::Result<()> {
    for letter in deadletter::list(store, tenant, None, LIMIT).await? {
        output.result(&message_json(&letter), |_| message_line(&letter))?;
    }
    for item in operator::given_up(store, tenant, None, LIMIT).await? {
        output.result(&delivery_json(&item), |_| delivery_line(&item))?;
    }
    Ok(())
}

async fn show_message(
    store: &Store,
    tenant: Tenant,
    id: JournalId,
    output: Output,
) -> anyhow::Result<()> {
    let letter = deadletter::get(store, tenant, id).await?;
    let letter = letter.with_context(|| format!("message {id} is no dead letter"))?;
    let entry = journal::get(store, tenant, id).await?;
    let raw = entry.map(|entry| entry.raw).unwrap_or_default();
    let text = String::from_utf8_lossy(&raw);
    let mut shown = message_json(&letter);
    if let Some(members) = shown.as_object_mut() {
        members.insert("message".to_owned(), text.as_ref().into());
    }
    output.result(&shown, |_| {
        let segments = text.replace("\r\n", "\n").replace('\r', "\n");
        format!("{}\n\n{segments}", message_line(&letter))
    })?;
    Ok(())
}

async fn show_delivery(
    store: &Store,
    tenant: Tenant,
    id: DeliveryId,
    output: Output,
) -> anyhow::Result<()> {
    let item = store::delivery::get(store, tenant, id).await?;
    let item = item.with_context(|| format!("there is no delivery {id}"))?;
    output.result(&delivery_json(&item), |_| {
        let answer = item.answer.as_deref().unwrap_or("no answer");
        format!("{}\n\n{answer}", delivery_line(&item))
    })?;
    Ok(())
}

async fn settle(
    store: &Store,
    tenant: Tenant,
    id: Id,
    how: Settled,
    reason: Option<&Reason>,
    output: Output,
) -> anyhow::Result<()> {
    let word = match how {
        Settled::Retried => "retried",
        Settled::Discarded => "discarded",
    };
    let text = match (id, how) {
        (Id::Delivery(id), Settled::Retried) => {
            operator::retry(store, tenant, id).await?;
            id.to_string()
        }
        (Id::Delivery(id), Settled::Discarded) => {
            operator::discard(store, tenant, id).await?;
            let mut tx = store.begin(tenant).await?;
            note(&mut tx, word, &format!("delivery {id}"), reason).await?;
            tx.commit().await?;
            id.to_string()
        }
        (Id::Message(id), _) => {
            let mut tx = store.begin(tenant).await?;
            let settled = deadletter::settle(&mut tx, id, how).await?;
            anyhow::ensure!(settled, "message {id} is no open dead letter");
            note(&mut tx, word, &format!("message {id}"), reason).await?;
            tx.commit().await?;
            id.to_string()
        }
    };
    output.result(&json!({ "id": text, "settled": word }), |_| {
        format!("{text}  {word}")
    })?;
    Ok(())
}

async fn note(
    tx: &mut Tx,
    word: &'static str,
    what: &str,
    reason: Option<&Reason>,
) -> Result<(), StoreError> {
    let reason = reason.map(|reason| format!(": {reason}"));
    let request = format!("{what}{}", reason.unwrap_or_default());
    let event = AuditEvent::operator(Action::Execute, word, request);
    audit::note(tx, event).await
}

fn message_json(letter: &DeadLetter) -> serde_json::Value {
    json!({
        "kind": "message",
        "id": letter.journal,
        "at": letter.at,
        "attempts": letter.attempts,
        "reason": letter.reason,
        "place": letter.place,
        "diagnostics": letter.diagnostics,
        "settled_at": letter.settled_at,
        "settled_as": letter.settled_as,
    })
}

fn message_line(letter: &DeadLetter) -> String {
    let place = letter
        .place
        .as_deref()
        .map(|place| format!("{place}: "))
        .unwrap_or_default();
    format!(
        "{}  {:.0}  message  {place}{}",
        letter.journal, letter.at, letter.diagnostics
    )
}

fn delivery_json(item: &Item) -> serde_json::Value {
    json!({
        "kind": "delivery",
        "id": item.id,
        "at": item.updated_at,
        "destination": item.destination,
        "document": item.document,
        "state": item.state.word(),
        "control_id": item.control_id,
        "answer": item.answer,
    })
}

fn delivery_line(item: &Item) -> String {
    let attempts = match &item.state {
        Delivery::Rejected { attempts } | Delivery::Dead { attempts, .. } => *attempts,
        Delivery::Queued { attempt, .. } | Delivery::Sending { attempt, .. } => *attempt,
        Delivery::Held { .. } | Delivery::Accepted { .. } | Delivery::Confirmed { .. } => 0,
    };
    format!(
        "{}  {:.0}  delivery to {}  {} after {attempts} sends",
        item.id,
        item.updated_at,
        item.destination,
        item.state.word()
    )
}
