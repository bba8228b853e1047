//! What FHIR R4 (4.0.1) says, as tables, and what follows from it: the structure check, the values
//! that search finds a resource by, the typed form of a search, references and outcomes.
//!
//! This crate never does I/O and knows neither SQL nor HL7. It works on JSON values, not on
//! generated types: what the tables don't name is a fault, so nothing is dropped silently.

pub mod binary;
mod body;
pub mod capability;
mod check;
mod fault;
mod index;
mod instant;
mod outcome;
mod primitive;
mod reference;
mod resource_type;
mod rules;
mod schema;
pub mod search;
mod subset;
mod text;
mod token;
mod xhtml;

pub use body::parse;
pub use check::{MAX_DEPTH, check};
pub use fault::{Fault, IssueCode};
pub use index::{IndexValues, Node, Tree, index};
pub use instant::{OPEN_END, OPEN_START};
pub use outcome::{Issue, OperationOutcome, Severity};
pub use reference::Reference;
pub use resource_type::ResourceType;
pub use rules::runs_forward;
pub use schema::is_in_value_set;
pub use search::params::{ParamKind, SearchParam, params};
pub use subset::subset;
pub use text::normalise;
pub use token::token_hash;
