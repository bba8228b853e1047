//! Deliveries against a real Postgres and a receiver on a real socket.

mod chart;
mod faults;
mod identity;
mod operators;
mod rig;
mod takeover;
