//! What the workers of this process have applied.

use std::collections::BTreeMap;

use ingest::Applications;

use super::page::{Kind, Page};

/// Writes the workers' counters.
pub(super) fn write(page: &mut Page, applications: &Applications) {
    let mut groups: BTreeMap<&'static str, Vec<(&'static str, u64)>> = BTreeMap::new();
    for (group, label, n) in applications.each() {
        groups.entry(group).or_default().push((label, n));
    }
    for (group, samples) in groups {
        let name = format!("drawbridge_apply_{group}_total");
        page.metric(
            &name,
            Kind::Counter,
            "What workers have done with messages, by kind.",
        );
        for (kind, n) in samples {
            page.sample(&name, &[("kind", kind)], n);
        }
    }
}
