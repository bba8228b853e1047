//! What the end-to-end tests are made of: the built `drawbridge`, a database of its own, an MLLP
//! sender that remembers what was acknowledged, and a proxy that can cut the database off.
//!
//! The tests see Drawbridge as its users do: through sockets, HTTP and the command line. Only faults
//! (and the counting of rows after them) reach into the database.

pub mod convergence;
pub mod database;
pub mod history;
pub mod message;
pub mod mllp;
pub mod proxy;
pub mod server;
pub mod year;
