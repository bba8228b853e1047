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

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn a_panic_is_logged_by_its_place_and_without_its_message() {
        let log: Arc<Mutex<Vec<u8>>> = Arc::default();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(Captured(Arc::clone(&log)))
            .finish();
        let before = std::panic::take_hook();
        keep_panics_private();
        let panicked = tracing::subscriber::with_default(subscriber, || {
            std::panic::catch_unwind(|| panic!("of {}", "Qqmarkerqq"))
        });
        std::panic::set_hook(before);
        assert!(panicked.is_err());
        let log = String::from_utf8(log.lock().unwrap().clone()).unwrap();
        assert!(log.contains("telemetry.rs:"), "{log}");
        assert!(!log.contains("Qqmarkerqq"), "{log}");
    }

    struct Captured(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for &Captured {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl<'a> tracing_subscriber::fmt::MakeWriter<'a> for Captured {
        type Writer = &'a Self;

        fn make_writer(&'a self) -> &'a Self {
            self
        }
    }
}
