//! From the journal to an archive, entry by entry.

use std::collections::HashSet;
use std::io::Write;

use data_encoding::HEXLOWER;
use flate2::Compression;
use flate2::write::GzEncoder;
use model::Tenant;
use store::journal::{self, Kept, Proof, Range, Report, Scan};
use store::{ChainKey, Store};

use super::format::{EntryLine, Header, KIND, Line, VERSION};
use crate::heads::HeadLine;
use crate::sealed::SealedWriter;

/// What was written.
#[derive(Debug)]
pub struct Written<W> {
    /// The proof of what was written, made on the way.
    pub report: Report,
    /// Where it went.
    pub out: W,
}

/// Writes the entries of a range, with their places in their chains. One entry is in memory at a time.
/// `looked` hears of each.
pub async fn write<W: Write>(
    store: &Store,
    (name, tenant): (&str, Tenant),
    range: &Range,
    key: &ChainKey,
    out: W,
    mut looked: impl FnMut(),
) -> anyhow::Result<Written<W>> {
    let mut out = SealedWriter::new(GzEncoder::new(out, Compression::default()));
    out.line(&header(store, (name, tenant), range, key).await?)?;
    let mut proof = Proof::new(key, tenant, &[], &[], false);
    let mut begun = HashSet::new();
    let mut entries = Scan::begin(store, tenant, range).await?;
    while let Some(entry) = entries.next().await? {
        let is_first = begun.insert((entry.interface, entry.writer));
        let begins_late = is_first && 1 < entry.seq;
        let before = if begins_late {
            before(store, tenant, &entry, &mut proof).await?
        } else {
            None
        };
        proof.entry(&entry);
        out.line(&Line::Entry(Box::new(EntryLine::of(&entry, before))))?;
        looked();
    }
    for head in proof.ends() {
        out.line(&Line::Head(HeadLine::of(&head)))?;
    }
    let out = out.finish(key, KIND)?.finish()?;
    let report = proof.finish();
    Ok(Written { report, out })
}

async fn header(
    store: &Store,
    (name, tenant): (&str, Tenant),
    range: &Range,
    key: &ChainKey,
) -> anyhow::Result<Header> {
    let interfaces = store.interfaces(tenant).await?;
    Ok(Header {
        drawbridge: KIND.to_owned(),
        version: VERSION,
        made_at: store.clock().now(),
        tenant: name.to_owned(),
        tenant_id: tenant.0,
        key: key.id(),
        since: range.since,
        until: range.until,
        interfaces: interfaces
            .into_iter()
            .map(|(id, name)| (id.0, name))
            .collect(),
    })
}

async fn before(
    store: &Store,
    tenant: Tenant,
    entry: &Kept,
    proof: &mut Proof<'_>,
) -> anyhow::Result<Option<String>> {
    let link = journal::link_before(store, tenant, entry).await?;
    if let Some(link) = &link {
        proof.take_up(entry.interface, entry.writer, entry.seq - 1, link);
    }
    Ok(link.map(|link| HEXLOWER.encode(&link)))
}
