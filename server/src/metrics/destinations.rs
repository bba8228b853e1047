//! What the dispatchers of this process have sent.

use std::sync::Arc;
use std::time::Duration;

use outbound::{Counters, Counts};

use super::page::{Kind, Page};

/// Writes the counters of each destination.
pub(super) fn write(page: &mut Page, destinations: &[(String, Arc<Counters>)]) {
    const SENDS: &str = "drawbridge_sends_total";
    const LEADS: &str = "drawbridge_destination_leader";
    const WAITED: &str = "drawbridge_send_seconds_total";
    let read: Vec<(&str, Counts)> = destinations
        .iter()
        .map(|(name, counters)| (name.as_str(), counters.read()))
        .collect();
    page.metric(SENDS, Kind::Counter, "Sends by what came of them.");
    for (name, counts) in &read {
        for (outcome, n) in outcomes(counts) {
            page.sample(SENDS, &[("destination", name), ("outcome", outcome)], n);
        }
    }
    page.metric(WAITED, Kind::Counter, "Seconds spent in sends.");
    for (name, counts) in &read {
        let waited = Duration::from_micros(counts.waited_us).as_secs_f64();
        page.sample(WAITED, &[("destination", name)], waited);
    }
    page.metric(
        LEADS,
        Kind::Gauge,
        "Whether this process sends to the destination.",
    );
    for (name, counts) in &read {
        page.sample(LEADS, &[("destination", name)], u8::from(counts.leading));
    }
}

fn outcomes(counts: &Counts) -> [(&'static str, u64); 5] {
    [
        ("accepted", counts.accepted),
        ("rejected", counts.rejected),
        ("failed", counts.failed),
        ("unknown", counts.unknown),
        ("not_connected", counts.not_connected),
    ]
}
