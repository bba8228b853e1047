//! The way in, with real sockets and a real Postgres. Without `DRAWBRIDGE_TEST_DATABASE_URL` these
//! tests say that they are skipped.

#![expect(
    clippy::unwrap_used,
    reason = "a test that is surprised fails; clippy sees only the test functions themselves"
)]

mod answers;
mod chart;
mod faults;
mod framing;
mod limits;
mod matching;
mod merges;
mod poison;
mod support;
