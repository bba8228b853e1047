//! Logging: one subscriber, to stderr, so that stdout stays free for results.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::writer::BoxMakeWriter;

use crate::config::{ConfigError, LogConfig, LogFormat};

/// Libraries that talk at `info` about nothing an operator can act on; `log.level` may say otherwise.
const QUIETER: &str = "sqlx=warn";
/// The driver writes the parameters of each statement at `debug`: patient data. No setting shows them.
const PRIVATE: &str = "tokio_postgres=info,tokio_postgres::query=info";

/// Starts logging. Called once, before anything else runs; a second call changes nothing.
pub fn init(log: &LogConfig) -> Result<(), ConfigError> {
    let filter =
        EnvFilter::try_new(format!("{QUIETER},{},{PRIVATE}", log.level)).map_err(|error| {
            ConfigError::Invalid {
                place: None,
                key: "log.level".to_owned(),
                what: format!("{error}; write a level, or levels per target: info,ingest=debug"),
            }
        })?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(BoxMakeWriter::new(std::io::stderr));
    // `try_init` fails only when a subscriber is there already (tests start several servers).
    let _ = match log.format {
        LogFormat::Text => builder
            .with_ansi(std::io::stderr().is_terminal())
            .try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    Ok(())
}

/// From now on a panic is logged by its place alone: its message may quote a patient's data.
pub fn keep_panics_private() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "panicked: this is a defect, please report the place");
    }));
}
