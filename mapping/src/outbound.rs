//! A document becomes a message.

pub mod mdm;
