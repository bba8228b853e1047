//! `drawbridge map`

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use jiff::tz::TimeZone;
use mapping::inbound::{self, interpret};
use mapping::trace::trace;
use mapping::{Profile, bundle_text};
use model::IdentityKey;
use sha2::{Digest as _, Sha256};

use super::input::read;
use super::map_report::Report;
use super::{Context, Verdict, map_lineage};
use crate::output::{self, Output};

/// Translate HL7 v2 messages to FHIR (or, with --mdm, a DocumentReference to MDM^T02); no database.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  drawbridge map admit.hl7\n  drawbridge map --out bundles *.hl7\n  \
                        cat feed.hl7 | drawbridge map --lineage -\n  drawbridge map --report feed/*.hl7\n  \
                        drawbridge map --document > mapping.md\n  drawbridge map --mdm document.json\n\n\
                        Prints one FHIR Bundle per message, each on a line of its own. Times without a zone\n\
                        are read as UTC. A message that can't be translated is named on stderr; the others\n\
                        still are, and the exit code is 1."
)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
pub(super) struct Args {
    /// Site profile that says how the sender's fields are meant: a name or a TOML file.
    #[arg(long, value_name = "NAME|FILE", default_value = "generic")]
    profile: String,
    /// Write STEM.json per input file into this folder instead of printing.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Explain the Bundle instead: for each element the segment, field, repetition and component that
    /// gave it, and the rule and the table row. With --json or --out `{"bundle": …, "lineage": […], "is_whole": …}`;
    /// `is_whole` is false for a message that is too large for more than fields.
    #[arg(long, conflicts_with = "mdm")]
    lineage: bool,
    /// Report instead what is not mapped and what did not fit, per message and in all: places and
    /// rules, never values.
    #[arg(long, conflicts_with_all = ["mdm", "lineage", "out"])]
    report: bool,
    /// Print what goes where, generated from the rules and tables (docs/mapping.md), and nothing else.
    #[arg(long, conflicts_with_all = ["mdm", "lineage", "report", "out", "files"])]
    document: bool,
    /// The other direction: DocumentReference (or a Bundle with its Patient, Encounter, Binary) in,
    /// MDM^T02 text out.
    #[arg(long)]
    mdm: bool,
    /// Files of one or more messages, bare, batched or framed; `-` is standard input.
    #[arg(required_unless_present = "document", value_name = "FILE")]
    files: Vec<PathBuf>,
}

impl Args {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<Verdict> {
        if self.document {
            let mut out = output::lines();
            out.write_all(mapping::document().as_bytes())?;
            out.flush()?;
            return Ok(Verdict::Done);
        }
        let profile = &crate::profiles::named_or_file(&context.config, &self.profile)?;
        if let Some(folder) = &self.out {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("can't make {}", folder.display()))?;
        }
        let mut verdict = Verdict::Done;
        let mut summary = Report::default();
        for file in &self.files {
            let bytes = read(file)?;
            let translated = if self.mdm {
                super::map_mdm::translate(&bytes, context)
                    .with_context(|| file.display().to_string())?
            } else {
                let mut translator = Translator {
                    profile,
                    what: self.what(context.output),
                    context,
                    summary: &mut summary,
                };
                let (text, n_failed) = translator.translate(&bytes, file);
                if n_failed != 0 {
                    verdict = Verdict::Failed;
                }
                text
            };
            self.write(file, &translated)?;
        }
        if self.report {
            let text = |summary: &Report| summary.as_text("in all");
            context
                .output
                .result(&summary.as_json("in all"), |_| text(&summary))?;
        }
        Ok(verdict)
    }

    /// What is told of a message.
    const fn what(&self, output: Output) -> What {
        match (self.lineage, self.report, output) {
            (true, _, Output::Text) if self.out.is_none() => What::LineageAsText,
            (true, _, _) => What::Lineage,
            (false, true, _) => What::Report,
            (false, false, _) => What::Bundle,
        }
    }

    fn write(&self, file: &Path, translated: &[u8]) -> anyhow::Result<()> {
        let Some(folder) = &self.out else {
            let mut out = output::lines();
            out.write_all(translated)?;
            return Ok(out.flush()?);
        };
        let stem = file.file_stem().unwrap_or("stdin".as_ref());
        let ending = if self.mdm { "hl7" } else { "json" };
        let path = folder.join(stem).with_added_extension(ending);
        std::fs::write(&path, translated).with_context(|| format!("can't write {}", path.display()))
    }
}

/// What is told of a message.
#[derive(Clone, Copy)]
enum What {
    Bundle,
    Lineage,
    LineageAsText,
    Report,
}

/// What stays the same from message to message.
struct Translator<'a> {
    profile: &'a Profile,
    what: What,
    context: &'a Context,
    /// What the reports of all messages say.
    summary: &'a mut Report,
}

impl Translator<'_> {
    /// A line per message that can be translated, and how many can't.
    fn translate(&mut self, bytes: &[u8], file: &Path) -> (Vec<u8>, usize) {
        let (mut lines, mut n_messages, mut n_failed) = (Vec::new(), 0, 0);
        for message in hl7v2::batch::messages(bytes) {
            n_messages += 1;
            let about = format!("{}: message {n_messages}", file.display());
            match self.one(message, &about) {
                Ok(line) => {
                    lines.extend_from_slice(line.as_bytes());
                    lines.push(b'\n');
                }
                Err(reason) => {
                    n_failed += 1;
                    output::say(format_args!("{about}: {reason}"));
                }
            }
        }
        if n_messages == 0 {
            n_failed = 1;
            output::say(format_args!(
                "{}: no message (nothing begins with MSH)",
                file.display()
            ));
        }
        (lines, n_failed)
    }

    fn one(&mut self, bytes: &[u8], about: &str) -> anyhow::Result<String> {
        let charset = self
            .profile
            .charset()
            .unwrap_or(hl7v2::Charset::Windows1252);
        let message = hl7v2::Message::parse_with(bytes, charset)?;
        let ctx = inbound::Context {
            profile: self.profile,
            key: &IdentityKey::PUBLIC,
            zone: &TimeZone::UTC,
            received_at: self.context.clock.now(),
            journal: None,
            digest: Sha256::digest(bytes).into(),
        };
        Ok(match self.what {
            What::Bundle => bundle_text(&message, &ctx)?,
            What::Lineage => {
                let bundle = bundle_text(&message, &ctx)?;
                let trace = trace(bytes, &ctx)?;
                let (lineage, is_whole) = (map_lineage::as_json(&trace), trace.is_whole);
                format!("{{\"bundle\":{bundle},\"lineage\":{lineage},\"is_whole\":{is_whole}}}")
            }
            What::LineageAsText => map_lineage::as_text(&trace(bytes, &ctx)?),
            What::Report => {
                let report = Report::of(&interpret(&message, &ctx)?);
                let told = match self.context.output {
                    Output::Json => report.as_json(about).to_string(),
                    Output::Text => report.as_text(about),
                };
                self.summary.add(report);
                told
            }
        })
    }
}
