//! The door: who calls, and what that caller may see.
//!
//! A bearer token is opaque: 256 random bits of which the database keeps the SHA-256 alone, so that
//! revocation is exact and nothing of a patient stands in the token (SMART App Launch, RFC 6750).
//! What a caller may see is one [`model::Access`] that goes into every query; nothing is filtered
//! after it.

mod bearer;
mod caller;
mod grants;
mod refusal;
mod scope;
mod token;

pub use bearer::bearer;
pub use caller::{Caller, Narrowed};
pub use grants::{Closed, Grants, REVOKED_WITHIN};
pub use refusal::Refusal;
pub use scope::{Level, Permission, Scope, ScopeError, Scopes};
pub use token::{Token, TokenHash};
