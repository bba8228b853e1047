//! Deliveries against a real Postgres and a receiver on a real socket.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "helpers of tests fail as tests do"
)]

mod chart;
mod faults;
mod identity;
mod operators;
mod privacy;
mod rig;
mod takeover;
