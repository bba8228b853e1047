//! All SQL: the journal, lanes, facts, the FHIR repository with its search and history, the identity
//! map, deliveries, the change feed and the audit trail.
//!
//! Others hold a [`Store`] or a [`Tx`] and never see a driver. This crate never opens a socket but to
//! Postgres, and knows neither HTTP, HL7 nor FHIR: bodies are text and search values are handed in.
//!
//! One driver per path. Everything at run time goes through `tokio-postgres`: its requests can be
//! pipelined (a chart batch is a dozen statements in one trip) and `postgres-types` sends arrays in
//! binary. Migrations run through `sqlx`, whose bookkeeping other tools understand.

pub mod alarm;
pub mod audit;
pub mod blob;
mod chain;
pub mod change;
mod columns;
mod connect;
pub mod deadletter;
pub mod delivery;
mod direct;
mod error;
pub mod fact;
mod growth;
pub mod identity;
pub mod journal;
pub mod lanes;
pub mod limit;
pub mod lineage;
pub mod link;
pub mod matching;
mod migrate;
pub mod profile;
pub mod quarantine;
pub mod resource;
pub mod retention;
pub mod review;
mod safety;
mod settings;
pub mod stats;
mod store;
pub mod tenants;
mod text;
pub mod token;
mod tx;
pub mod wake;

pub use chain::{Broken, ChainKey};
pub use error::{CommitError, StoreError};
pub use migrate::{Applied, grant, migrate, schema_digest};
pub use settings::Settings;
pub use store::Store;
pub use tenants::{InterfaceId, TenantRow};
pub use tx::Tx;

/// What every function of this crate answers.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;
