//! `drawbridge journal …`: what was received, proven, exported, kept no longer than it must be.

mod export;
mod expunge;
mod list;
mod retention;
mod verify;

use std::path::PathBuf;

use clap::Subcommand;
use model::{JournalId, Timestamp};
use store::Store;

use super::{Context, Verdict};
use crate::opened::{Opened, tenant_row};

/// Look into the log of everything received; prove, export and prune it.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  drawbridge journal list --limit 20\n  drawbridge journal show 7301\n  \
                  drawbridge journal heads --out heads.jsonl\n  \
                  drawbridge journal verify --heads heads.jsonl\n  \
                  drawbridge journal export --archive 2026-01.jsonl.gz --since 2026-01-01T00:00:00Z --until 2026-02-01T00:00:00Z\n  \
                  drawbridge journal verify --file 2026-01.jsonl.gz\n  \
                  drawbridge journal retention apply --dry-run\n  \
                  drawbridge journal hold add --reason \"case 12\" --until 2026-01-01T00:00:00Z\n  \
                  drawbridge journal expunge 7301 --reason \"sent for another agency\" --dry-run"
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
    #[command(after_help = "Example:\n  drawbridge journal list --interface adt --limit 20")]
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
    #[command(after_help = "Example:\n  drawbridge journal show 7301")]
    Show {
        /// The number that `list` shows.
        id: i64,
    },
    /// Recompute the digest chains of journal and audit trail. Exit 1 when something is not as it was
    /// written.
    #[command(
        after_help = "Examples:\n  drawbridge journal verify --heads heads.jsonl\n  drawbridge journal verify --file 2026-01.jsonl.gz"
    )]
    Verify(verify::Verify),
    /// Export the ends of the digest chains of journal and audit trail, sealed. Keep them elsewhere.
    #[command(after_help = "Example:\n  drawbridge journal heads --out heads.jsonl")]
    Heads {
        /// Where to; else standard output.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Write messages, exactly as they came, into a folder or an archive. Patient data.
    #[command(
        after_help = "Examples:\n  drawbridge journal export --out messages\n  drawbridge journal export --archive 2026.jsonl.gz --until 2027-01-01T00:00:00Z"
    )]
    Export(export::Export),
    /// Which months are kept for how long; drop those whose time is over.
    #[command(after_help = "Example:\n  drawbridge journal retention apply --dry-run")]
    #[command(subcommand)]
    Retention(retention::Retention),
    /// Legal holds: what is neither dropped, whatever its age, nor expunged.
    #[command(after_help = "Example:\n  drawbridge journal hold add --reason \"case 12\"")]
    #[command(subcommand)]
    Hold(retention::Holds),
    /// Remove a message that should never have come (another agency's, another patient's): its bytes and
    /// what it said. Its digest and the reason stay.
    #[command(
        after_help = "Example:\n  drawbridge journal expunge 7301 --reason \"sent for another agency\" --dry-run"
    )]
    Expunge(expunge::Expunge),
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> anyhow::Result<Verdict> {
        if let What::Verify(verify::Verify {
            file: Some(file), ..
        }) = &self.what
        {
            return verify::verify_file(file, context);
        }
        if let What::Hold(hold) = &self.what {
            hold.check()?;
        }
        let opened = Opened::beside_a_server(&context.config, &context.clock, "journal").await?;
        let done = look(&opened.store, context, &self).await;
        opened.close().await?;
        done
    }
}

async fn look(store: &Store, context: &Context, args: &Args) -> anyhow::Result<Verdict> {
    let tenant = tenant_row(store, &args.tenant).await?.tenant;
    let named = (args.tenant.as_str(), tenant);
    match &args.what {
        What::List {
            interface,
            since,
            limit,
        } => {
            let interface = interface.as_deref();
            list::list(store, tenant, interface, *since, *limit, context.output).await
        }
        What::Show { id } => list::show(store, context, &args.tenant, JournalId(*id)).await,
        What::Verify(verify) => verify.run(store, named, context).await,
        What::Heads { out } => verify::heads(store, named, out.as_deref(), context).await,
        What::Export(export) => export.run(store, named, context).await,
        What::Retention(retention) => retention.run(store, context).await,
        What::Hold(hold) => hold.run(store, tenant, context).await,
        What::Expunge(expunge) => expunge.run(store, &args.tenant, context).await,
    }
}

fn verdict(holds: bool) -> Verdict {
    if holds {
        Verdict::Done
    } else {
        Verdict::Failed
    }
}
