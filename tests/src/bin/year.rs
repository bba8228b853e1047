//! Plays a year of a made-up agency in order and shuffled and compares the FHIR: see `tests/year`.

use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use tests::history::History;
use tests::year;

#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for people"
)]
#[tokio::main]
async fn main() -> Result<ExitCode> {
    let history = asked(std::env::args().skip(1))?;
    let folder = tempfile::tempdir()?;
    eprintln!("{history:?}");
    let played = year::play(folder.path(), history).await?;
    print!("{}", played.report());
    if played.is_same() {
        println!("the FHIR content is identical");
        return Ok(ExitCode::SUCCESS);
    }
    println!("the FHIR content differs");
    Ok(ExitCode::FAILURE)
}

/// `--patients N`, `--events N`, `--seed N`.
fn asked(mut arguments: impl Iterator<Item = String>) -> Result<History> {
    let mut history = History {
        patients: 500,
        events: 0,
        days: 365,
        seed: 1,
    };
    while let Some(name) = arguments.next() {
        let number = arguments.next().context("an option wants a number")?;
        match name.as_str() {
            "--patients" => history.patients = number.parse()?,
            "--events" => history.events = number.parse()?,
            "--seed" => history.seed = number.parse()?,
            _ => bail!("{name} is none of --patients, --events and --seed"),
        }
    }
    if history.events == 0 {
        history.events = history.patients * 40;
    }
    Ok(history)
}
