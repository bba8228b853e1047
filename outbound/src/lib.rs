//! The way of a document out: deliveries are prepared, sent over MLLP, settled by what the receiver
//! answers, tried again, given up or confirmed; and the simulated EMR that receives them.
//!
//! [`delivery_for`] makes a delivery in the transaction that writes its document; a [`Dispatcher`]
//! per destination does the rest. This crate never speaks HTTP, never guesses an identity and never
//! takes an answer for ours that does not name our message.

pub mod ack;
pub mod backoff;
pub mod client;
pub mod confirm;
mod counters;
pub mod destination;
mod dispatcher;
pub mod emr;
mod identity;
pub mod operator;
mod prepare;
mod record;
pub mod sender;
pub mod task;

pub use ack::{Ack, AckPolicy};
pub use client::{Answer, Cause, Client, Endpoint, Outgoing, Tls};
pub use counters::{Counters, Counts};
pub use destination::{Destination, IdentifierRule};
pub use dispatcher::Dispatcher;
pub use identity::Unresolved;
pub use record::{Document, Made, delivery_for};
