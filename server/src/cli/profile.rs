//! `drawbridge profile check|explain|diff`

pub(super) mod compare;
mod diff;
mod page;

use std::path::{Path, PathBuf};

use clap::Subcommand;
use mapping::Profile;
use serde_json::json;

use super::{Context, Usage, Verdict};
use crate::output::{self, Output};
use crate::profiles::named_or_file;

/// Look at site profiles: check a file, say what one does, compare what two make of the same messages.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  drawbridge profile check my-agency.toml\n  drawbridge profile explain hchb\n  \
                  drawbridge profile diff --from my-agency --to my-agency-new.toml --since 7d\n  \
                  drawbridge profile diff --from generic --to hchb --html diff.html *.hl7"
)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Name every mistake in a file with its line and column. Exit 1 if there is one.
    #[command(after_help = "Example:\n  drawbridge profile check my-agency.toml")]
    Check {
        /// The profile.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Say in plain words what a profile does, field by field; without a name, which there are.
    #[command(after_help = "Example:\n  drawbridge profile explain hchb")]
    Explain {
        /// A profile's name, or a file.
        #[arg(value_name = "NAME|FILE")]
        profile: Option<String>,
    },
    Diff(diff::Args),
}

impl Args {
    pub(super) async fn run(self, context: &Context) -> anyhow::Result<Verdict> {
        match self.what {
            What::Check { file } => check(&file, context.output),
            What::Explain { profile: None } => list(context),
            What::Explain {
                profile: Some(profile),
            } => explain(&profile, context),
            What::Diff(args) => args.run(context).await,
        }
    }
}

fn check(file: &Path, output: Output) -> anyhow::Result<Verdict> {
    let shown = file.display();
    let text = std::fs::read_to_string(file)
        .map_err(|error| Usage(format!("can't read {shown}: {error}")))?;
    match Profile::parse(&text) {
        Ok(profile) => {
            let (name, version) = (profile.name(), profile.version());
            let result = json!({ "file": file, "name": name, "version": version, "good": true });
            output.result(&result, |_| {
                format!("{shown}: {name} version {version} is good")
            })?;
            Ok(Verdict::Done)
        }
        Err(error) => {
            for problem in &error.problems {
                let result = json!({
                    "file": file, "line": problem.line, "column": problem.column,
                    "what": problem.what,
                });
                output.result(&result, |_| format!("{shown}:{problem}"))?;
            }
            Ok(Verdict::Failed)
        }
    }
}

fn list(context: &Context) -> anyhow::Result<Verdict> {
    let own = context.config.profiles.iter();
    let own = own.map(|(name, file)| (name.clone(), file.display().to_string()));
    let shipped = Profile::names().map(|name| (name.to_owned(), "shipped".to_owned()));
    for (name, from) in own.chain(shipped) {
        let result = json!({ "name": name, "from": from });
        context
            .output
            .result(&result, |_| format!("{name:<20} {from}"))?;
    }
    Ok(Verdict::Done)
}

fn explain(wanted: &str, context: &Context) -> anyhow::Result<Verdict> {
    let profile = named_or_file(&context.config, wanted)?;
    if context.output == Output::Text {
        output::line(format_args!(
            "{} version {}",
            profile.name(),
            profile.version()
        ))?;
    }
    for line in profile.explain() {
        let result = json!({ "about": line.about, "what": line.what });
        context
            .output
            .result(&result, |_| format!("  {:<16} {}", line.about, line.what))?;
    }
    Ok(Verdict::Done)
}
