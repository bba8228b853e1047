//! `drawbridge journal export`

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use model::{JournalId, Tenant, Timestamp};
use serde_json::json;
use store::Store;
use store::journal::{self, Range, Scan};

use super::verify::{in_words, report_json};
use crate::archive::{self, Written};
use crate::cli::{Context, Verdict};
use crate::keys;
use crate::opened::interface_named;
use crate::output::{self, Output};
use crate::whole_file::WholeFile;

/// What is exported, and where to.
#[derive(Debug, clap::Args)]
#[group(skip)]
#[command(group(clap::ArgGroup::new("where").required(true).args(["out", "archive"])))]
pub(super) struct Export {
    /// A folder: one file for each message, exactly as it came.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// A file that is not there yet: all of it with its digest chains, compressed, for cold storage.
    #[arg(long, value_name = "FILE")]
    archive: Option<PathBuf>,
    /// Only received at or after this time (RFC 3339).
    #[arg(long, value_name = "TIME")]
    since: Option<Timestamp>,
    /// Only received before this time (RFC 3339).
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
    /// Only of this interface.
    #[arg(long, value_name = "NAME")]
    interface: Option<String>,
}

impl Export {
    pub(super) async fn run(
        &self,
        store: &Store,
        tenant: (&str, Tenant),
        context: &Context,
    ) -> anyhow::Result<Verdict> {
        let interfaces = store.interfaces(tenant.1).await?;
        let range = Range {
            since: self.since,
            until: self.until,
            interface: interface_named(&interfaces, self.interface.as_deref())?,
            ..Range::default()
        };
        match (&self.archive, &self.out) {
            (Some(file), _) => to_archive(store, tenant, &range, file, context).await,
            (None, Some(folder)) => {
                to_folder(store, tenant.1, &range, folder, context.output).await
            }
            (None, None) => anyhow::bail!("neither a folder nor a file was named"),
        }
    }
}

async fn to_archive(
    store: &Store,
    tenant: (&str, Tenant),
    range: &Range,
    file: &Path,
    context: &Context,
) -> anyhow::Result<Verdict> {
    let key = keys::chain_key(&context.config)?;
    let cant = || format!("{} can't be written", file.display());
    anyhow::ensure!(!file.exists(), "{} is there already", file.display());
    let bar = output::progress(journal::count(store, tenant.1, range).await?, "export");
    // Half an archive must not be taken for one.
    let (whole, out) = WholeFile::begin(file).with_context(cant)?;
    let out = BufWriter::with_capacity(1 << 20, out);
    let written = archive::write(store, tenant, range, &key, out, || bar.inc(1)).await;
    let Written { report, out } = written.with_context(cant)?;
    let out = out.into_inner().map_err(std::io::Error::from);
    out.and_then(|out| whole.finish(&out)).with_context(cant)?;
    bar.finish_and_clear();
    context.output.result(&report_json(&report), |_| {
        let words = in_words(&report);
        format!("{}: {words}", file.display())
    })?;
    Ok(super::verdict(report.first_broken.is_none()))
}

async fn to_folder(
    store: &Store,
    tenant: Tenant,
    range: &Range,
    folder: &Path,
    output: Output,
) -> anyhow::Result<Verdict> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("{} can't be made", folder.display()))?;
    let bar = output::progress(journal::count(store, tenant, range).await?, "export");
    let mut entries = Scan::begin(store, tenant, range).await?;
    let mut n_written = 0_u64;
    while let Some(entry) = entries.next().await? {
        bar.inc(1);
        let Some(raw) = &entry.raw else { continue };
        write(folder, entry.id, raw)?;
        n_written += 1;
    }
    bar.finish_and_clear();
    output.result(&json!({ "written": n_written }), |_| {
        format!("{n_written} messages written to {}", folder.display())
    })?;
    Ok(Verdict::Done)
}

/// One file per message.
fn write(folder: &Path, id: JournalId, raw: &[u8]) -> anyhow::Result<()> {
    let path = folder.join(format!("{id}.hl7"));
    private(&path)
        .and_then(|mut file| file.write_all(raw))
        .with_context(|| format!("{} can't be written", path.display()))
}

/// A new file, closed to others: it holds patient data.
fn private(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(path)
}
