//! `drawbridge journal verify|heads`: proving the journal and the trail, and what it takes to prove them
//! later.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use model::{AuditId, IdSource, JournalId, Tenant, Timestamp};
use serde_json::{Value, json};
use store::journal::{self, Range, Report};
use store::{Broken, ChainKey, Store, audit};

use crate::archive::{self, Proven};
use crate::cli::{Context, Verdict};
use crate::heads::Heads;
use crate::sealed::Ending;
use crate::whole_file::WholeFile;
use crate::{keys, output};

/// What is proven.
#[derive(Debug, clap::Args)]
pub(super) struct Verify {
    /// Only from this time on (RFC 3339).
    #[arg(long, value_name = "TIME")]
    since: Option<Timestamp>,
    /// Hold it against the ends of the chains that `heads` exported: a cut or missing chain shows, even if
    /// somebody rewrote the tables.
    #[arg(long, value_name = "FILE")]
    heads: Option<PathBuf>,
    /// Prove an archive that `export --archive` wrote, with the chain key alone: no database is needed.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["since", "heads"])]
    pub(super) file: Option<PathBuf>,
}

impl Verify {
    pub(super) async fn run(
        &self,
        store: &Store,
        (name, tenant): (&str, Tenant),
        context: &Context,
    ) -> anyhow::Result<Verdict> {
        let key = keys::chain_key(&context.config)?;
        let heads = self.heads.as_ref().map(|file| read_heads(file, &key));
        let heads = heads.transpose()?;
        if let Some(heads) = &heads {
            let header = &heads.header;
            anyhow::ensure!(
                header.tenant_id == tenant.0,
                "the heads are those of tenant '{}', not of '{name}'",
                header.tenant
            );
        }
        let from = self.since.map(IdSource::floor);
        let range = Range {
            since: self.since,
            ..Range::default()
        };
        let bar = output::progress(journal::count(store, tenant, &range).await?, "verify");
        let known = heads.as_ref();
        let report = journal::verify(
            store,
            tenant,
            &key,
            known.map_or(&[], |heads| &heads.journal),
            from.map(JournalId),
            || bar.inc(1),
        );
        let report = report.await?;
        bar.finish_and_clear();
        let known = known.map_or(&[][..], |heads| &heads.trail);
        let trail = audit::verify(store, &key, known, from.map(AuditId)).await?;
        let mut result = report_json(&report);
        if let Some(members) = result.as_object_mut() {
            members.insert("trail".to_owned(), trail_json(&trail));
        }
        context.output.result(&result, |_| {
            format!("journal: {}\n{}", in_words(&report), trail_in_words(&trail))
        })?;
        let holds = report.first_broken.is_none() && trail.first_broken.is_none();
        Ok(super::verdict(holds))
    }
}

/// Proves an archive.
pub(super) fn verify_file(file: &Path, context: &Context) -> anyhow::Result<Verdict> {
    let key = keys::chain_key(&context.config)?;
    let input = File::open(file).with_context(|| file.display().to_string())?;
    let bar = output::progress(input.metadata()?.len(), "verify");
    let proven = archive::verify(bar.wrap_read(input), &key, || {});
    let proven = proven.with_context(|| file.display().to_string())?;
    bar.finish_and_clear();
    let Proven {
        header,
        report,
        ending,
    } = proven;
    let mut result = report_json(&report);
    if let Some(members) = result.as_object_mut() {
        members.insert("tenant".to_owned(), header.tenant.into());
        let word = format!("{ending:?}").to_lowercase();
        members.insert("ending".to_owned(), word.into());
    }
    context.output.result(&result, |_| {
        let end = match ending {
            Ending::Whole => "",
            Ending::Cut => "; the file was cut off",
            // Said by the entry already.
            Ending::Forged if report.first_broken.is_some() => "",
            Ending::Forged => "; the file is not as it was written: its seal does not fit",
        };
        format!("{}{end}", in_words(&report))
    })?;
    let holds = report.first_broken.is_none() && ending == Ending::Whole;
    Ok(super::verdict(holds))
}

/// Exports the ends of the chains.
pub(super) async fn heads(
    store: &Store,
    tenant: (&str, Tenant),
    out: Option<&Path>,
    context: &Context,
) -> anyhow::Result<Verdict> {
    let key = keys::chain_key(&context.config)?;
    let heads = Heads::of(store, tenant, &key).await?;
    let Some(file) = out else {
        // The file itself, whatever shape results have: somebody else keeps it.
        let mut lines = heads.write(output::lines(), &key)?;
        std::io::Write::flush(&mut lines)?;
        return Ok(Verdict::Done);
    };
    let written = WholeFile::begin(file).and_then(|(whole, out)| {
        // Yesterday's stay until today's are there.
        whole.finish(&heads.write(out, &key)?)
    });
    written.with_context(|| format!("{} can't be written", file.display()))?;
    let (journal, trail) = (heads.journal.len(), heads.trail.len());
    let result = json!({ "journal": journal, "trail": trail });
    context.output.result(&result, |_| {
        format!("the ends of {journal} chains of the journal and {trail} of the trail")
    })?;
    Ok(Verdict::Done)
}

fn read_heads(file: &Path, key: &ChainKey) -> anyhow::Result<Heads> {
    let place = || file.display().to_string();
    let input = File::open(file).with_context(place)?;
    Heads::read(BufReader::new(input), key).with_context(place)
}

/// A report for programs.
pub(super) fn report_json(report: &Report) -> Value {
    let broken = report
        .first_broken
        .map(|(id, broken)| json!({ "id": id, "what": format!("{broken:?}").to_lowercase() }));
    json!({
        "entries": report.n_entries,
        "expunged": report.n_expunged,
        "dropped": report.n_dropped,
        "chains": report.n_chains,
        "first_broken": broken,
    })
}

/// A report for people.
pub(super) fn in_words(report: &Report) -> String {
    let mut text = format!("{} entries in {} chains", report.n_entries, report.n_chains);
    let parts = [
        (report.n_expunged, "expunged by order"),
        (report.n_dropped, "more dropped by retention"),
    ];
    for (n, what) in parts {
        if 0 < n {
            text = format!("{text}, {n} {what}");
        }
    }
    match report.first_broken {
        None => format!("{text}: all as they were written"),
        Some((id, broken)) => format!("{text}: entry {id} {}", wrong(broken)),
    }
}

fn wrong(broken: Broken) -> &'static str {
    match broken {
        Broken::Bytes => "does not have the bytes that were received",
        Broken::Link => "or the one before it in its chain was changed (link)",
        Broken::Gap => "follows a gap: what was before it in its chain is missing",
        Broken::Head => "is not the one that the exported head names",
        Broken::Tail => "is gone: the tail of its chain was cut off",
        Broken::Missing => "is gone with its whole chain",
        Broken::Record => "went by a record that is not sealed with our key",
    }
}

fn trail_json(report: &audit::Report) -> Value {
    let broken = report
        .first_broken
        .map(|(id, broken)| json!({ "id": id.0, "what": format!("{broken:?}").to_lowercase() }));
    json!({ "rows": report.n_rows, "chains": report.n_chains, "first_broken": broken })
}

fn trail_in_words(report: &audit::Report) -> String {
    let text = format!(
        "trail: {} rows in {} chains",
        report.n_rows, report.n_chains
    );
    match report.first_broken {
        None => format!("{text}: all as they were written"),
        Some((id, broken)) => format!("{text}: row {} {}", id.0, wrong(broken)),
    }
}
