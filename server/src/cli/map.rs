//! `drawbridge map`

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use jiff::tz::TimeZone;
use mapping::inbound::{self, interpret};
use mapping::{FoldContext, Profile, bundle_text, fold};
use model::IdentityKey;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::input::read;
use super::{Context, Verdict};
use crate::output;

/// Translate HL7 v2 messages to FHIR (or, with --mdm, a DocumentReference to MDM^T02); no database.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  drawbridge map admit.hl7\n  drawbridge map --out bundles *.hl7\n  \
                        cat feed.hl7 | drawbridge map --lineage -\n  drawbridge map --mdm document.json\n\n\
                        Prints one FHIR Bundle per message, each on a line of its own. Times without a zone\n\
                        are read as UTC. A message that can't be translated is named on stderr; the others\n\
                        still are, and the exit code is 1."
)]
pub(super) struct Args {
    /// Site profile that says how the sender's fields are meant: a name or a TOML file.
    #[arg(long, value_name = "NAME|FILE", default_value = "generic")]
    profile: String,
    /// Write STEM.json per input file into this folder instead of printing.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print `{"bundle": …, "lineage": […]}`: beside the Bundle, the message field of each element.
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
    pub(super) fn run(self, context: &Context) -> anyhow::Result<Verdict> {
        let profile = &crate::profiles::named_or_file(&context.config, &self.profile)?;
        if let Some(folder) = &self.out {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("can't make {}", folder.display()))?;
        }
        let mut verdict = Verdict::Done;
        for file in &self.files {
            let bytes = read(file)?;
            let translated = if self.mdm {
                super::map_mdm::translate(&bytes, context)
                    .with_context(|| file.display().to_string())?
            } else {
                let translator = Translator {
                    profile,
                    lineage: self.lineage,
                    context,
                };
                let (text, n_failed) = translator.translate(&bytes, file);
                if n_failed != 0 {
                    verdict = Verdict::Failed;
                }
                text
            };
            self.write(file, &translated)?;
        }
        Ok(verdict)
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

/// What stays the same from message to message.
struct Translator<'a> {
    profile: &'a Profile,
    lineage: bool,
    context: &'a Context,
}

impl Translator<'_> {
    /// A line per message that can be translated, and how many can't.
    fn translate(&self, bytes: &[u8], file: &Path) -> (Vec<u8>, usize) {
        let (mut lines, mut n_messages, mut n_failed) = (Vec::new(), 0, 0);
        for message in hl7v2::batch::messages(bytes) {
            n_messages += 1;
            match self.one(message) {
                Ok(line) => {
                    lines.extend_from_slice(line.as_bytes());
                    lines.push(b'\n');
                }
                Err(reason) => {
                    n_failed += 1;
                    let file = file.display();
                    output::say(format_args!("{file}: message {n_messages}: {reason}"));
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

    fn one(&self, bytes: &[u8]) -> anyhow::Result<String> {
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
        let bundle = bundle_text(&message, &ctx)?;
        if !self.lineage {
            return Ok(bundle);
        }
        let lineage = lineage(&message, &ctx)?;
        Ok(format!(
            "{{\"bundle\":{bundle},\"lineage\":{}}}",
            Value::from(lineage)
        ))
    }
}

/// One object for each element of each resource: which field of the message it came from.
fn lineage(message: &hl7v2::Message<'_>, ctx: &inbound::Context<'_>) -> anyhow::Result<Vec<Value>> {
    let said = interpret(message, ctx)?;
    let how = FoldContext {
        profile: ctx.profile,
        key: ctx.key,
    };
    let folded = said
        .statements
        .iter()
        .flat_map(|statement| fold(statement.entity, statement.kind, &statement.facts, &how));
    let lines = |resource: mapping::Folded| {
        let reference = format!("{}/{}", resource.kind.name(), resource.id);
        let line = move |item: mapping::Lineage| json!({"resource": reference, "element": item.element, "field": item.field});
        resource.lineage.into_iter().map(line).collect::<Vec<_>>()
    };
    Ok(folded.flat_map(lines).collect())
}
