//! `drawbridge journal list|show|verify|export`

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Subcommand;
use model::{IdSource, JournalId, Tenant, Timestamp};
use serde_json::{Value, json};
use store::journal::{self, Entry, Filter, Summary};
use store::{InterfaceId, Store};

use super::map_report::Report;
use super::{Context, Verdict};
use crate::keys;
use crate::opened::Opened;
use crate::output::{self, Output};
use crate::replay::{Reader, said};

/// Look into the log of everything received.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  drawbridge journal list --limit 20\n  drawbridge journal show 7301\n  \
                  drawbridge journal verify\n  drawbridge journal export --out messages"
)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
    /// Whose messages.
    #[arg(long, global = true, value_name = "T", default_value = "default")]
    tenant: String,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Newest messages first: id, time, interface, type, control id, what became of it.
    List {
        /// Only of this interface.
        #[arg(long, value_name = "NAME")]
        interface: Option<String>,
        /// Only received at or after this time (RFC 3339).
        #[arg(long, value_name = "TIME")]
        since: Option<Timestamp>,
        /// How many.
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: u32,
    },
    /// One message as it came, and what became of it. Shows patient data.
    Show {
        /// The number that `list` shows.
        id: i64,
    },
    /// Recompute the digest chains and compare. Exit 1 when something is not as it was written.
    Verify {
        /// Only from this time on (RFC 3339).
        #[arg(long, value_name = "TIME")]
        since: Option<Timestamp>,
    },
    /// Write messages, exactly as they came, into a folder. Patient data.
    Export {
        /// Where to.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// Only received at or after this time (RFC 3339).
        #[arg(long, value_name = "TIME")]
        since: Option<Timestamp>,
    },
}

/// How many entries are fetched at a time.
const PAGE: u32 = 500;

impl Args {
    pub(super) async fn run(self, context: &Context) -> anyhow::Result<Verdict> {
        let opened = Opened::beside_a_server(&context.config, &context.clock, "journal").await?;
        let done = look(&opened.store, context, &self).await;
        opened.close().await?;
        done
    }
}

async fn look(store: &Store, context: &Context, args: &Args) -> anyhow::Result<Verdict> {
    let tenant = store.tenant(&args.tenant).await?;
    let tenant = tenant
        .with_context(|| format!("there is no tenant '{}'", args.tenant))?
        .tenant;
    match &args.what {
        What::List {
            interface,
            since,
            limit,
        } => {
            list(
                store,
                tenant,
                interface.as_deref(),
                *since,
                *limit,
                context.output,
            )
            .await
        }
        What::Show { id } => show(store, context, &args.tenant, JournalId(*id)).await,
        What::Verify { since } => verify(store, tenant, *since, context).await,
        What::Export { out, since } => export(store, tenant, out, *since, context.output).await,
    }
}

async fn list(
    store: &Store,
    tenant: Tenant,
    interface: Option<&str>,
    since: Option<Timestamp>,
    limit: u32,
    output: Output,
) -> anyhow::Result<Verdict> {
    let interfaces = store.interfaces(tenant).await?;
    let named = |name: &str| {
        let found = interfaces
            .iter()
            .find(|(_, known)| known == name)
            .map(|(id, _)| *id);
        found.with_context(|| format!("no interface '{name}' has ever received a message"))
    };
    let interface = interface.map(named).transpose()?;
    let mut filter = Filter {
        since,
        interface,
        ..Filter::default()
    };
    let mut left = limit;
    while 0 < left {
        let page = journal::list(store, tenant, &filter, left.min(PAGE)).await?;
        let Some(last) = page.last() else { break };
        filter.after = Some(last.id);
        left -= u32::try_from(page.len()).unwrap_or(left).min(left);
        for summary in &page {
            let name = name_of(&interfaces, summary.interface);
            output.result(&as_json(summary, name), |_| as_line(summary, name))?;
        }
    }
    Ok(Verdict::Done)
}

async fn show(
    store: &Store,
    context: &Context,
    tenant: &str,
    id: JournalId,
) -> anyhow::Result<Verdict> {
    let reader = Reader::of(store, &context.config, tenant).await?;
    let tenant = reader.tenant;
    let entry = journal::get(store, tenant, id).await?;
    let entry = entry.with_context(|| format!("the journal has no entry {id}"))?;
    // What is not in the chart is not stored beside the journal: it follows from the message.
    let report = said(&reader, &entry)
        .ok()
        .map(|(read, _)| Report::of(&read));
    let Entry { summary, raw } = entry;
    let interfaces = store.interfaces(tenant).await?;
    let name = name_of(&interfaces, summary.interface);
    let mut shown = as_json(&summary, name);
    let text = String::from_utf8_lossy(&raw);
    if let Some(members) = shown.as_object_mut() {
        members.insert("message".to_owned(), text.as_ref().into());
        if let Some(report) = &report {
            members.insert("report".to_owned(), report.as_json("today's rules"));
        }
    }
    context.output.result(&shown, |_| {
        // Segments end with CR, which a terminal would overwrite its own line with.
        let segments = text.replace("\r\n", "\n").replace('\r', "\n");
        let report = report.map(|report| format!("\n\n{}", report.as_text("by today's rules")));
        format!(
            "{}\n\n{}{}",
            as_line(&summary, name),
            segments.trim_end(),
            report.unwrap_or_default()
        )
    })?;
    Ok(Verdict::Done)
}

async fn verify(
    store: &Store,
    tenant: Tenant,
    since: Option<Timestamp>,
    context: &Context,
) -> anyhow::Result<Verdict> {
    let key = keys::chain_key(&context.config)?;
    let from = since.map(|since| JournalId(IdSource::floor(since)));
    let report = journal::verify(store, tenant, &key, &[], from, || {}).await?;
    let broken = report
        .first_broken
        .map(|(id, broken)| json!({ "id": id, "what": format!("{broken:?}").to_lowercase() }));
    let result = json!({
        "entries": report.n_entries, "chains": report.n_chains, "first_broken": broken,
    });
    context.output.result(&result, |_| {
        let looked = format!("{} entries in {} chains", report.n_entries, report.n_chains);
        match report.first_broken {
            None => format!("{looked}: all as they were written"),
            Some((id, broken)) => {
                let what = format!("{broken:?}").to_lowercase();
                format!("{looked}: entry {id} is not as it was written ({what})")
            }
        }
    })?;
    Ok(if report.first_broken.is_none() {
        Verdict::Done
    } else {
        Verdict::Failed
    })
}

async fn export(
    store: &Store,
    tenant: Tenant,
    folder: &Path,
    since: Option<Timestamp>,
    output: Output,
) -> anyhow::Result<Verdict> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("{} can't be made", folder.display()))?;
    let mut filter = Filter {
        since,
        oldest_first: true,
        ..Filter::default()
    };
    let bar = output::progress(0, "export");
    let mut n_written = 0_u64;
    loop {
        let page = journal::list(store, tenant, &filter, PAGE).await?;
        let Some(last) = page.last() else { break };
        filter.after = Some(last.id);
        bar.inc_length(page.len() as u64);
        for summary in &page {
            let Some(entry) = journal::get(store, tenant, summary.id).await? else {
                continue;
            };
            write(folder, summary.id, &entry.raw)?;
            n_written += 1;
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    output.result(&json!({ "written": n_written }), |_| {
        format!("{n_written} messages written to {}", folder.display())
    })?;
    Ok(Verdict::Done)
}

/// One file per message, closed to others: it holds patient data.
fn write(folder: &Path, id: JournalId, raw: &[u8]) -> anyhow::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let path = folder.join(format!("{id}.hl7"));
    let mut options = std::fs::OpenOptions::new();
    let file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&path);
    file.and_then(|mut file| file.write_all(raw))
        .with_context(|| format!("{} can't be written", path.display()))
}

fn name_of(interfaces: &[(InterfaceId, String)], id: InterfaceId) -> &str {
    interfaces
        .iter()
        .find(|(known, _)| *known == id)
        .map_or("?", |(_, name)| name)
}

fn as_json(summary: &Summary, interface: &str) -> Value {
    json!({
        "id": summary.id,
        "received_at": summary.received_at,
        "interface": interface,
        "peer": summary.peer,
        "sending_application": summary.sending_application,
        "sending_facility": summary.sending_facility,
        "message_type": summary.message_type,
        "control_id": summary.control_id,
        "size": summary.size,
        "disposition": disposition(summary),
        "note": summary.note,
        "mapping_version": summary.mapping_version,
        "reused_control_id": summary.reused_control_id,
        "acks": summary.acks,
    })
}

fn as_line(summary: &Summary, interface: &str) -> String {
    let Summary {
        id,
        received_at,
        message_type,
        control_id,
        ..
    } = summary;
    let acks = summary.acks.join(",");
    let mut line = format!(
        "{id}  {received_at:.3}  {interface}  {message_type}  {control_id}  {acks}  {}",
        disposition(summary)
    );
    if let Some(note) = &summary.note {
        line.push_str(": ");
        line.push_str(note);
    }
    line
}

fn disposition(summary: &Summary) -> &str {
    summary.disposition.as_deref().unwrap_or("waiting")
}
