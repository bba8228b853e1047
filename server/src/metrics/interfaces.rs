//! What each MLLP interface has seen.

use std::collections::BTreeMap;
use std::sync::Arc;

use ingest::{Counters, Interface, Places};

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
    let unmapped = "Fields of applied messages that had a value and were not mapped, by place.";
    places(page, interfaces, "unmapped_fields", unmapped, |counters| {
        &counters.unmapped
    });
    let misfits = "Values of applied messages that did not fit, by place.";
    places(page, interfaces, "misfits", misfits, |counters| {
        &counters.misfits
    });
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

/// Writes what is counted by place; how many places there are is bounded where they are counted.
fn places(
    page: &mut Page,
    interfaces: &[Arc<Interface>],
    what: &str,
    help: &str,
    of: impl Fn(&Counters) -> &Places,
) {
    let name = format!("drawbridge_mapping_{what}_total");
    page.metric(&name, Kind::Counter, help);
    for interface in interfaces {
        for (place, n) in of(&interface.counters).each() {
            let labels = [
                ("interface", interface.settings.name.as_str()),
                ("place", place.as_str()),
            ];
            page.sample(&name, &labels, n);
        }
    }
}

#[cfg(test)]
mod tests {
    use ingest::InterfaceSettings;
    use mapping::facts::Place;
    use model::Tenant;
    use store::InterfaceId;

    use super::*;

    #[test]
    fn what_is_not_mapped_is_counted_by_interface_and_place() {
        let profile = Arc::new(mapping::Profile::default());
        let interface = Interface {
            settings: InterfaceSettings::new("adt", Tenant::DEFAULT, profile),
            id: InterfaceId(1),
            counters: Arc::default(),
        };
        let place = Place::new("PID", 27);
        interface
            .counters
            .unmapped
            .count([place, place].into_iter());
        let mut page = Page::default();
        write(&mut page, &[Arc::new(interface)]);
        let line = "drawbridge_mapping_unmapped_fields_total{interface=\"adt\",place=\"PID-27\"} 2";
        assert!(page.finish().lines().any(|found| found == line));
    }
}
