//! `drawbridge journal list|show`

use anyhow::Context as _;
use model::{JournalId, Tenant, Timestamp};
use serde_json::{Value, json};
use store::journal::{self, Entry, Filter, Summary};
use store::{InterfaceId, Store};

use crate::cli::map_report::Report;
use crate::cli::{Context, Verdict};
use crate::opened::interface_named;
use crate::output::Output;
use crate::replay::{Reader, said};

/// How many entries are fetched at a time.
const PAGE: u32 = 500;

pub(super) async fn list(
    store: &Store,
    tenant: Tenant,
    interface: Option<&str>,
    since: Option<Timestamp>,
    limit: u32,
    output: Output,
) -> anyhow::Result<Verdict> {
    let interfaces = store.interfaces(tenant).await?;
    let interface = interface_named(&interfaces, interface)?;
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

pub(super) async fn show(
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
    let expunged = journal::expunged(store, tenant, id).await?;
    let Entry { summary, raw } = entry;
    let interfaces = store.interfaces(tenant).await?;
    let name = name_of(&interfaces, summary.interface);
    let mut shown = as_json(&summary, name);
    let text = String::from_utf8_lossy(&raw);
    if let Some(members) = shown.as_object_mut() {
        members.insert("message".to_owned(), text.as_ref().into());
        if let Some(order) = &expunged {
            let order = json!({ "at": order.at, "reason": order.reason });
            members.insert("expunged".to_owned(), order);
        }
        if let Some(report) = &report {
            members.insert("report".to_owned(), report.as_json("today's rules"));
        }
    }
    context.output.result(&shown, |_| {
        // Segments end with CR, which a terminal would overwrite its own line with.
        let segments = text.replace("\r\n", "\n").replace('\r', "\n");
        let segments = match &expunged {
            Some(order) => format!("expunged at {:.0}: {}", order.at, order.reason),
            None => segments,
        };
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
