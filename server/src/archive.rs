//! Archives of the journal for cold storage: gzip over lines of JSON. The first line says what it is,
//! each entry has a line with its bytes and its place in its chain, then come the ends of the chains, and
//! the last line seals all of it. The chain key alone proves a file; no database takes part.

mod format;
mod read;
mod write;

pub use format::Header;
pub use read::{Proven, verify};
pub use write::{Written, write};
