//! The command line: what can be asked for, and what exit codes mean.
//!
//! Exit 0: done. Exit 1: it failed. Exit 2: wrong usage or configuration, nothing was started.

mod bench;
mod config;
mod context;
mod deadletter;
mod demo;
mod input;
mod journal;
mod map;
mod map_lineage;
mod map_mdm;
mod map_report;
mod migrate;
mod profile;
mod reason;
mod replay;
mod review;
mod send;
mod serve;
mod simulate;
mod token;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use context::{Context, Usage};

use crate::config::ConfigError;
use crate::output;

/// Speaks HL7 v2 with an EMR and FHIR R4 with apps, and loses nothing in between.
#[derive(Debug, Parser)]
#[command(
    name = "drawbridge",
    version,
    max_term_width = 100,
    arg_required_else_help = true
)]
#[command(after_help = "Start with: drawbridge demo")]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Options of every command.
#[derive(Debug, clap::Args)]
struct Global {
    /// Configuration file (else `DRAWBRIDGE_CONFIG`, else built-in defaults).
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Data folder: embedded database and keys.
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Results as JSON, one value per line.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Args),
    Demo(demo::Args),
    Migrate(migrate::Args),
    Map(map::Args),
    Profile(profile::Args),
    Send(send::Args),
    Simulate(simulate::Args),
    Journal(journal::Args),
    Replay(replay::Args),
    Deadletter(deadletter::Args),
    Review(review::Args),
    Token(token::Args),
    Bench(bench::Args),
    Config(config::Args),
}

/// How a command that ran to its end came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything asked for was done.
    Done,
    /// It ran, and what it checks does not hold; the command has said so itself.
    Failed,
}

/// Parses the command line, runs the command and answers the exit code.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = Context::load(cli.global)
        .map_err(anyhow::Error::from)
        .and_then(|context| {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .enable_all()
                .build()?;
            runtime.block_on(cli.command.run(context))
        });
    match outcome {
        Ok(Verdict::Done) => ExitCode::SUCCESS,
        Ok(Verdict::Failed) => ExitCode::from(1),
        // `drawbridge … | head` is nobody's failure.
        Err(error) if output::is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::say(format_args!("drawbridge: {error:#}"));
            let is_usage = error.is::<ConfigError>() || error.is::<Usage>();
            ExitCode::from(if is_usage { 2 } else { 1 })
        }
    }
}

impl Command {
    async fn run(self, context: Context) -> anyhow::Result<Verdict> {
        match self {
            Self::Serve(args) => args.run(&context).await,
            Self::Demo(args) => args.run(&context).await,
            Self::Migrate(args) => args.run(&context).await,
            Self::Map(args) => args.run(&context),
            Self::Profile(args) => args.run(&context).await,
            Self::Send(args) => args.run(&context).await,
            Self::Simulate(args) => args.run(&context).await,
            Self::Journal(args) => args.run(&context).await,
            Self::Replay(args) => args.run(&context).await,
            Self::Deadletter(args) => args.run(&context).await,
            Self::Review(args) => args.run(&context).await,
            Self::Token(args) => args.run(&context).await,
            Self::Bench(args) => args.run(&context).await,
            Self::Config(args) => args.run(&context),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn every_command_explains_itself_with_an_example() {
        let cli = Cli::command();
        cli.clone().debug_assert();
        for command in cli.get_subcommands() {
            assert!(
                command.get_about().is_some(),
                "{} has no help",
                command.get_name()
            );
            let help = command
                .get_after_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(
                help.contains("drawbridge "),
                "{} has no example",
                command.get_name()
            );
        }
    }
}
