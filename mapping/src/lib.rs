//! Pure translation: message → facts → join → resources, and DocumentReference → MDM.
//!
//! [`inbound::interpret`] turns one message into [`Statement`](inbound::Statement)s about entities,
//! [`Facts::join`] takes them in whatever order they come, [`fold()`] makes the resources of an
//! entity from its facts. [`bundle()`] does all three for one message. [`outbound::mdm`] goes the
//! other way.
//!
//! This crate never does I/O, never asks for the time and never guesses an identity. It never fails
//! on a field: what does not fit becomes an [`Issue`](inbound::Issue) that names a place, not a value.

mod bundle;
mod chart;
mod datatype;
mod document;
pub mod facts;
mod fold;
mod identity;
pub mod inbound;
mod json;
pub mod matching;
pub mod outbound;
mod profile;
mod rewrite;
mod route;
mod segment;
mod table;
mod ties;
pub mod trace;

pub use bundle::{bundle, bundle_text};
pub use chart::Chart;
pub use document::{document, field_name, is_segment};
pub use facts::Facts;
pub use fold::{Draft, FoldContext, Folded, Lineage, Row, Whole, fold, wholes};
pub use profile::{EpisodeId, Line, Problem, Profile, ProfileError, VisitId};
pub use route::{Route, lane_of, route};
pub use table::{CodeRow, CodeTable, code_tables};
pub use ties::{Link, Maker, Relation, Tie, Ties};

/// The version of the way from messages to facts. It stands in every source.
pub const MAPPING_VERSION: i16 = 5;

/// The version of the way from facts to resources. An entity bears the version that folded it; an
/// older build leaves a newer one alone.
pub const FOLD_VERSION: i16 = 6;
