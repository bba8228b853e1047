//! `drawbridge config show`

use clap::Subcommand;

use super::{Context, Verdict};
use crate::output::{self, Output};

/// Show the configuration that is in force: file, environment and defaults, passwords masked.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  drawbridge config show --config /etc/drawbridge.toml")]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Print every key with its value.
    Show,
}

impl Args {
    pub(super) fn run(self, context: &Context) -> anyhow::Result<Verdict> {
        let What::Show = self.what;
        match context.output {
            Output::Json => output::line(serde_json::to_string(&context.config)?)?,
            Output::Text => output::line(context.config.redacted()?.trim_end())?,
        }
        Ok(Verdict::Done)
    }
}
