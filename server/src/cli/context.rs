//! What every command starts from.

use model::Clock;

use super::Global;
use crate::config::{Config, ConfigError, Env, Sources};
use crate::output::Output;
use crate::telemetry;

/// The loaded configuration, the shape of results, the clock.
#[derive(Debug)]
pub struct Context {
    /// Checked as a whole.
    pub config: Config,
    /// Text or JSON.
    pub output: Output,
    /// The machine's clock.
    pub clock: Clock,
}

impl Context {
    /// Loads the configuration and starts logging.
    pub(super) fn load(global: Global) -> Result<Self, ConfigError> {
        let env = Env::of_process();
        let sources = Sources {
            file: global.config,
            data: global.data,
            env: &env,
        };
        let config = Config::load(sources)?;
        telemetry::init(&config.log)?;
        telemetry::keep_panics_private();
        let output = if global.json {
            Output::Json
        } else {
            Output::Text
        };
        Ok(Self {
            config,
            output,
            clock: Clock::System,
        })
    }
}

/// The command was used wrongly in a way that the parser can't see: exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);
