//! What each MLLP interface has seen.

use std::collections::BTreeMap;
use std::sync::Arc;

use ingest::Interface;

use super::page::{Kind, Page};

/// Writes the counters of some interfaces.
pub(super) fn write(page: &mut Page, interfaces: &[Arc<Interface>]) {
    const OPEN: &str = "drawbridge_mllp_connections";
    page.metric(OPEN, Kind::Gauge, "Open MLLP connections.");
    for interface in interfaces {
        let labels = [("interface", interface.settings.name.as_str())];
        page.sample(OPEN, &labels, interface.counters.open.get());
    }
    // All samples of a metric stand together, so they are gathered by group first.
    let mut groups: BTreeMap<&'static str, Vec<(&str, &'static str, u64)>> = BTreeMap::new();
    for interface in interfaces {
        for (group, label, n) in interface.counters.each() {
            groups
                .entry(group)
                .or_default()
                .push((&interface.settings.name, label, n));
        }
    }
    for (group, samples) in groups {
        let name = format!("drawbridge_mllp_{group}_total");
        page.metric(
            &name,
            Kind::Counter,
            "What MLLP interfaces have seen, by kind.",
        );
        for (interface, kind, n) in samples {
            page.sample(&name, &[("interface", interface), ("kind", kind)], n);
        }
    }
}
