//! `drawbridge map`

use std::path::PathBuf;

use super::{Context, Verdict};

/// Translate HL7 v2 messages to FHIR (or, with --mdm, a DocumentReference to MDM^T02); no database.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  drawbridge map admit.hl7\n  drawbridge map --out bundles *.hl7\n  \
                        cat feed.hl7 | drawbridge map --lineage -\n  drawbridge map --mdm document.json"
)]
pub(super) struct Args {
    /// Site profile that says how the sender's fields are meant.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Write STEM.json per input file into this folder instead of printing.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Add where each element came from: segment and field.
    #[arg(long, conflicts_with = "mdm")]
    lineage: bool,
    /// The other direction: DocumentReference (or a Bundle with its Patient, Encounter, Binary) in,
    /// MDM^T02 text out.
    #[arg(long)]
    mdm: bool,
    /// Files of one or more messages, bare, batched or framed; `-` is standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

impl Args {
    pub(super) async fn run(self, _context: &Context) -> anyhow::Result<Verdict> {
        super::not_built("map").await
    }
}
