//! The way of a document out: an MLLP client that believes no answer that is not ours, and a
//! simulated EMR.
//!
//! This crate never speaks HTTP and never guesses an identity.

pub mod ack;
pub mod backoff;
pub mod client;
pub mod emr;
pub mod sender;
pub mod task;

pub use ack::{Ack, AckPolicy};
pub use client::{Answer, Cause, Client, Endpoint, Outgoing, Tls};
