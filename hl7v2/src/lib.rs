//! HL7 v2, the language: an index over the received bytes, escapes, character sets, data types,
//! writer and MLLP codec.
//!
//! The received bytes are the record of truth. [`Message`] only remembers where things are, so
//! parsing loses nothing, and a value is unescaped and decoded when somebody asks for it.
//!
//! This crate never logs, never does I/O, never panics on what a peer sent, and knows nothing of
//! FHIR, SQL or HTTP.

pub mod ack;
pub mod batch;
pub mod charset;
pub mod datatype;
pub mod envelope;
pub mod escape;
pub mod header;
pub mod message;
pub mod mllp;
mod redact;
pub mod separators;
pub mod writer;

pub use charset::Charset;
pub use envelope::Envelope;
pub use header::{Header, HeaderError};
pub use message::{Component, Field, Message, Repetition, Segment, Subcomponent};
pub use separators::Separators;
