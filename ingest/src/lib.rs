//! The way of a message in: MLLP listener, group commit to the journal, acknowledgements; and the
//! workers that turn journalled messages into the chart.
//!
//! A message is acknowledged only after its exact bytes are committed. What is done with it
//! afterwards (map, join, fold, write) happens in one transaction per batch of lanes.
//!
//! This crate never knows HTTP, never sees SQL and never sends anything to another system.

mod answer;
mod applied;
mod budget;
mod counters;
mod digest;
mod directory;
mod disk;
mod error;
mod expunge;
mod ingest;
mod intake;
mod judge;
pub mod lineage;
mod listener;
mod matcher;
mod places;
mod profiles;
mod rehearsal;
mod relink;
mod settings;
pub mod tls;
pub mod today;
mod worker;

pub use counters::{Applications, Counter, Counters, Gauge, Held};
pub use error::{AckCode, IntakeError};
pub use expunge::{ExpungeError, Expunging, Mode, Outcome, expunge};
pub use ingest::Ingest;
pub use intake::IntakeHandle;
pub use listener::{Interface, serve};
pub use matcher::decided;
pub use places::Places;
pub use profiles::{Choice, Profiles, Sender};
pub use rehearsal::{Rehearsed, rehearse};
pub use relink::{RelinkError, Relinked, relink};
pub use settings::{InterfaceSettings, Limits, Settings, Unserved};
pub use worker::{ChartError, Poison};
