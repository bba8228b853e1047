//! The one door of Drawbridge: commands, configuration, the embedded Postgres and the faces that
//! apps and operators see. It starts the other rooms and hands each its own settings.
//!
//! This crate never contains SQL text, and nothing in it reads the environment after the
//! configuration has been loaded.

pub mod api;
pub mod archive;
pub mod bench;
pub mod chores;
pub mod cli;
pub mod client;
pub mod config;
pub mod database;
pub mod demo;
pub mod door;
pub mod embedded;
pub mod heads;
pub mod http;
pub mod keys;
pub mod metrics;
pub mod opened;
pub mod output;
pub mod profiles;
pub mod replay;
pub mod retention;
pub mod review;
pub mod sealed;
pub mod serve;
pub mod simulate;
pub mod telemetry;
pub mod whole_file;
