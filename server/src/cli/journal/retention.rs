//! `drawbridge journal retention|hold`

use clap::Subcommand;
use model::{Action, Actor, AuditEvent, Tenant, Timestamp};
use serde_json::json;
use store::retention::{self as kept, Dropped, Hold, Month};
use store::{Store, StoreError, Tx, audit};

use crate::cli::reason::Reason;
use crate::cli::{Context, Usage, Verdict};
use crate::output::Output;
use crate::retention::{self, Fate, Policy};

/// What is asked about retention.
#[derive(Debug, Subcommand)]
pub(super) enum Retention {
    /// Each month of the journal and what becomes of it; what was dropped, when, by which policy.
    Show,
    /// Drop the months whose time is over (6 years, unless `journal.retention_years` says otherwise).
    Apply {
        /// Say what would be dropped; drop nothing.
        #[arg(long)]
        dry_run: bool,
    },
}

/// What is asked about legal holds.
#[derive(Debug, Subcommand)]
pub(super) enum Holds {
    /// Place one: nothing that it reaches is dropped or expunged while it stands.
    Add {
        /// Why. No patient data, please.
        #[arg(long)]
        reason: Reason,
        /// Only what was received at or after this time (RFC 3339).
        #[arg(long, value_name = "TIME")]
        since: Option<Timestamp>,
        /// Only what was received before this time (RFC 3339).
        #[arg(long, value_name = "TIME")]
        until: Option<Timestamp>,
        /// The messages of every tenant.
        #[arg(long, conflicts_with = "tenant")]
        all_tenants: bool,
    },
    /// Those that stand and those that were lifted.
    List,
    /// Lift one; it stays on record.
    Remove {
        /// As `list` shows it.
        id: i32,
        /// Why. No patient data, please.
        #[arg(long)]
        reason: Reason,
    },
}

impl Retention {
    pub(super) async fn run(&self, store: &Store, context: &Context) -> anyhow::Result<Verdict> {
        let policy = Policy::of(&context.config.journal, store).await?;
        match self {
            Self::Show => show(store, &policy, context.output).await,
            Self::Apply { dry_run: true } => {
                for (month, _) in retention::due(store, &policy).await? {
                    tell(&month, "would be dropped", context.output)?;
                }
                Ok(Verdict::Done)
            }
            Self::Apply { dry_run: false } => {
                for month in retention::apply(store, &policy, Actor::Operator).await? {
                    tell(&month, "dropped", context.output)?;
                }
                Ok(Verdict::Done)
            }
        }
    }
}

async fn show(store: &Store, policy: &Policy, output: Output) -> anyhow::Result<Verdict> {
    for dropped in kept::dropped(store).await? {
        let Dropped {
            first_day,
            at,
            n_entries,
            n_quarantined,
            policy,
            ..
        } = dropped;
        let result = json!({
            "month": first_day.strftime("%Y-%m").to_string(), "entries": n_entries, "fate": "dropped",
            "quarantined": n_quarantined, "at": at, "policy": policy,
        });
        output.result(&result, |_| {
            let month = first_day.strftime("%Y-%m");
            format!("{month}  {n_entries} entries  dropped at {at:.0}: {policy}")
        })?;
    }
    for (month, fate) in retention::plan(store, policy).await? {
        let (word, until) = match fate {
            Fate::Due(_) => ("due", None),
            Fate::KeptUntil(day) => ("kept", Some(day)),
            Fate::Held => ("held", None),
            Fate::Unfinished => ("unfinished", None),
        };
        let result = json!({
            "month": name(&month), "entries": month.n_entries, "fate": word,
            "until": until.map(|day| day.to_string()),
        });
        output.result(&result, |_| {
            let until = until.map(|day| format!(" until {day}")).unwrap_or_default();
            format!(
                "{}  {} entries  {word}{until}",
                name(&month),
                month.n_entries
            )
        })?;
    }
    Ok(Verdict::Done)
}

fn tell(month: &Month, what: &str, output: Output) -> std::io::Result<()> {
    let result = json!({ "month": name(month), "entries": month.n_entries, "what": what });
    output.result(&result, |_| {
        format!("{}  {} entries  {what}", name(month), month.n_entries)
    })
}

fn name(month: &Month) -> String {
    month.first_day.strftime("%Y-%m").to_string()
}

impl Holds {
    /// What can be told before a database is touched.
    pub(super) fn check(&self) -> Result<(), Usage> {
        match self {
            Self::List | Self::Remove { .. } => Ok(()),
            Self::Add { since, until, .. } => {
                if since
                    .zip(*until)
                    .is_some_and(|(since, until)| until <= since)
                {
                    let what =
                        "--until: it has to be later than --since, or the hold reaches nothing";
                    return Err(Usage(what.to_owned()));
                }
                Ok(())
            }
        }
    }

    pub(super) async fn run(
        &self,
        store: &Store,
        tenant: Tenant,
        context: &Context,
    ) -> anyhow::Result<Verdict> {
        match self {
            Self::Add {
                reason,
                since,
                until,
                all_tenants,
            } => {
                let of = (!all_tenants).then_some(tenant);
                let mut tx = store.begin(tenant).await?;
                let id = kept::place(&mut tx, of, *since, *until, reason.as_str()).await?;
                note(&mut tx, format!("{id} placed: {reason}")).await?;
                tx.commit().await?;
                let result = json!({ "id": id, "what": "placed" });
                context
                    .output
                    .result(&result, |_| format!("{id}  placed"))?;
                Ok(Verdict::Done)
            }
            Self::List => list(store, context.output).await,
            Self::Remove { id, reason } => {
                let holds = kept::holds(store).await?;
                let placed = holds.iter().find(|hold| hold.id == *id);
                // In the trail of those whose messages it kept, whoever was named.
                let of = placed.and_then(|hold| hold.tenant).unwrap_or(tenant);
                let mut tx = store.begin(of).await?;
                let lifted = kept::lift(&mut tx, *id, reason.as_str()).await?;
                anyhow::ensure!(lifted, "no hold {id} stands");
                note(&mut tx, format!("{id} lifted: {reason}")).await?;
                tx.commit().await?;
                let result = json!({ "id": id, "what": "lifted" });
                context
                    .output
                    .result(&result, |_| format!("{id}  lifted"))?;
                Ok(Verdict::Done)
            }
        }
    }
}

async fn list(store: &Store, output: Output) -> anyhow::Result<Verdict> {
    let tenants = store.tenants().await?;
    for hold in kept::holds(store).await? {
        let row = tenants.iter().find(|row| Some(row.tenant) == hold.tenant);
        let tenant = row.map(|row| row.name.as_str());
        let Hold {
            id,
            since,
            until,
            placed_at,
            reason,
            lifted,
            ..
        } = &hold;
        let result = json!({
            "id": id, "tenant": tenant, "since": since, "until": until, "placed_at": placed_at,
            "reason": reason,
            "lifted_at": lifted.as_ref().map(|(at, _)| at),
            "lifted_why": lifted.as_ref().map(|(_, why)| why),
        });
        output.result(&result, |_| {
            let bound = |at: &Option<Timestamp>| at.map(|at| format!("{at:.0}"));
            let [since, until] = [since, until].map(|at| bound(at).unwrap_or_default());
            let lifted = lifted.as_ref();
            let lifted = lifted.map(|(at, why)| format!("  lifted at {at:.0}: {why}"));
            format!(
                "{id}  {}  {since}..{until}  placed at {placed_at:.0}: {reason}{}",
                tenant.unwrap_or("every tenant"),
                lifted.unwrap_or_default()
            )
        })?;
    }
    Ok(Verdict::Done)
}

async fn note(tx: &mut Tx, request: String) -> Result<(), StoreError> {
    let event = AuditEvent::operator(Action::Execute, "hold", request);
    audit::note(tx, event).await
}
