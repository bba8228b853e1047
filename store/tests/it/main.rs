//! The store against a real Postgres: a fresh database for each test, made from a migrated template.
//! `./test` starts a cluster and names it in `DRAWBRIDGE_TEST_DATABASE_URL`.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]
#![expect(clippy::indexing_slicing, reason = "a test stops where it fails")]

mod audit;
mod change;
mod chart;
mod db;
mod deliveries;
mod faults;
mod journal;
mod lanes;
mod matching;
mod rest;
mod retention;
mod roles;
mod search;
mod verify;
