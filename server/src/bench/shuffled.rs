//! Messages about visits that go on, applied per second as they were recorded and out of order: order costs
//! nothing by construction, so the two should be alike.

use std::time::Instant;

use model::Tenant;
use store::stats;

use super::admission::admission;
use super::load::{self, Until};
use super::report::{Aim, Figure, per_second};
use super::rig::Rig;

const N_MESSAGES: usize = 20_000;
const WORKERS: usize = 3;
/// What happens in a visit, a minute apart.
const STEPS: [&str; 5] = ["A01", "A08", "A02", "A08", "A03"];

pub(super) async fn run(rig: &mut Rig) -> anyhow::Result<Vec<Figure>> {
    let in_order = drained(rig, recorded).await?;
    let shuffled = drained(rig, disturbed).await?;
    let figure = Figure::new("visits, 10 % out of place, 5 % twice", shuffled, "1/s");
    Ok(vec![
        figure.beside("in order", in_order).aim(Aim::AtLeast(0.7)),
    ])
}

/// Messages per second that a backlog is applied with.
async fn drained(rig: &mut Rig, message: fn(usize) -> String) -> anyhow::Result<f64> {
    rig.serve(0).await?;
    load::send(rig.mllp, 32, 0, Until::Count(N_MESSAGES), message).await?;
    rig.stop_server().await?;
    let store = rig.store().await?;
    let n_waiting = stats::waiting(&store, Tenant::DEFAULT).await?.n_queued;
    rig.serve(WORKERS).await?;
    let start = Instant::now();
    rig.drained().await?;
    let rate = per_second(usize::try_from(n_waiting)?, start.elapsed());
    rig.stop_server().await?;
    Ok(rate)
}

/// The `n`-th message: five for each patient.
fn recorded(n: usize) -> String {
    let (patient, step) = (n / STEPS.len(), n % STEPS.len());
    let trigger = STEPS.get(step).copied().unwrap_or("A08");
    admission(patient)
        .replace("A01", trigger)
        .replace("081500", &format!("08{:02}00", 15 + step))
        .replace(&format!("BENCH{patient}|"), &format!("VISIT{n}|"))
}

/// The same of other patients, every tenth message five hundred places away, every twenty-first twice.
fn disturbed(n: usize) -> String {
    let once = n - n / 21;
    let place = if once % 10 == 3 {
        once / 1000 * 1000 + (once + 500) % 1000
    } else {
        once
    };
    recorded(10 * N_MESSAGES + place)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn what_is_out_of_order_is_the_same_but_for_its_order() {
        let arrived: Vec<String> = (0..2099).map(disturbed).collect();
        let distinct: BTreeSet<&String> = arrived.iter().collect();
        assert_eq!(distinct.len(), 2000);
        let recorded: Vec<String> = (0..2000).map(|n| recorded(10 * N_MESSAGES + n)).collect();
        assert_eq!(distinct, recorded.iter().collect());
    }
}
