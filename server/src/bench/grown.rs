//! Whether a large installation is slower than a new one: the same measurements before and after a hundred
//! thousand patients and a million messages. These are an admission and an update of each patient; the other
//! eight hundred thousand are resends of the admissions: they fill the journal and what recognises a resend,
//! but are not applied, so no chart grows by them.

use std::time::{Duration, Instant};

use super::admission::{admission, update};
use super::load::{self, Until};
use super::report::{Aim, Figure, per_second, percentile_ms};
use super::rig::Rig;
use super::visible;

const N_PATIENTS: usize = 100_000;
const N_MESSAGES: usize = 1_000_000;
/// What is drained to tell the speed.
const N_DRAINED: usize = 20_000;
/// Where the numbers of measured admissions begin.
const MEASURED: usize = 10 * N_MESSAGES;
const WORKERS: usize = 3;

pub(super) async fn run(rig: &mut Rig) -> anyhow::Result<Vec<Figure>> {
    let mut new = speed(rig, MEASURED).await?;
    grow(rig).await?;
    let mut grown = speed(rig, 2 * MEASURED).await?;
    let p99 = |delays: &mut Vec<Duration>| percentile_ms(delays, 0.99);
    Ok(vec![
        Figure::new(
            "admissions drained, a million messages later",
            grown.0,
            "1/s",
        )
        .beside("the same, new", new.0)
        .aim(Aim::AtLeast(0.85)),
        Figure::new(
            "visible p99, a million messages later",
            p99(&mut grown.1),
            "ms",
        )
        .beside("the same, new", p99(&mut new.1))
        .aim(Aim::AtMost(1.15)),
    ])
}

/// Admissions drained per second, and how long after their ACKs some become visible.
async fn speed(rig: &mut Rig, first: usize) -> anyhow::Result<(f64, Vec<Duration>)> {
    rig.serve(0).await?;
    load::send(rig.mllp, 32, first, Until::Count(N_DRAINED), admission).await?;
    rig.stop_server().await?;
    rig.serve(WORKERS).await?;
    let start = Instant::now();
    rig.drained().await?;
    let drained = per_second(N_DRAINED, start.elapsed());
    rig.compared().await?;
    let delays = visible::delays(rig, first + N_DRAINED).await?;
    rig.stop_server().await?;
    Ok((drained, delays))
}

/// Admits the patients, changes each once, then sends their admissions again until the journal is full enough.
async fn grow(rig: &mut Rig) -> anyhow::Result<()> {
    rig.serve(WORKERS).await?;
    let (each, rest) = (Until::Count(N_PATIENTS), N_MESSAGES - 2 * N_PATIENTS);
    load::send(rig.mllp, 32, 0, each, admission).await?;
    load::send(rig.mllp, 32, 0, each, update).await?;
    let again = |n| admission(n % N_PATIENTS);
    load::send(rig.mllp, 32, 0, Until::Count(rest), again).await?;
    rig.drained().await?;
    rig.compared().await?;
    rig.stop_server().await
}
