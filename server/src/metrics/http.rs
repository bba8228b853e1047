//! Requests by route, type and status, and how long they took.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use super::page::{Kind, Page};

/// Upper bounds of the latency histogram, in microseconds and as Prometheus writes them.
const BOUNDS: [(u64, &str); 12] = [
    (500, "0.0005"),
    (1_000, "0.001"),
    (2_500, "0.0025"),
    (5_000, "0.005"),
    (10_000, "0.01"),
    (25_000, "0.025"),
    (50_000, "0.05"),
    (100_000, "0.1"),
    (250_000, "0.25"),
    (1_000_000, "1"),
    (5_000_000, "5"),
    (30_000_000, "30"),
];

/// One combination of labels. Every part is from a fixed set, so that callers can't make series.
type Key = (&'static str, &'static str, u16);

/// Counts requests; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Requests(Arc<RwLock<BTreeMap<Key, Arc<Series>>>>);

#[derive(Debug, Default)]
struct Series {
    /// One per bound, and one for what took longer than the last.
    buckets: [AtomicU64; BOUNDS.len() + 1],
    sum_us: AtomicU64,
}

impl Requests {
    /// Counts one request.
    pub fn count(&self, route: &'static str, kind: &'static str, status: u16, took: Duration) {
        let series = self.series((route, kind, status));
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let at = BOUNDS
            .iter()
            .position(|(bound, _)| us <= *bound)
            .unwrap_or(BOUNDS.len());
        if let Some(bucket) = series.buckets.get(at) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        series.sum_us.fetch_add(us, Ordering::Relaxed);
    }

    fn series(&self, key: Key) -> Arc<Series> {
        if let Some(series) = self
            .0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&key)
        {
            return Arc::clone(series);
        }
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(key).or_default())
    }

    /// Writes the counts.
    pub fn write(&self, page: &mut Page) {
        const NAME: &str = "drawbridge_http_request_duration_seconds";
        page.metric(
            NAME,
            Kind::Histogram,
            "FHIR requests by interaction, resource type and status.",
        );
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        for (&(route, kind, status), series) in all.iter() {
            let status = status.to_string();
            let labels = [
                ("interaction", route),
                ("type", kind),
                ("status", status.as_str()),
            ];
            let [interaction, of_type, with_status] = labels;
            let mut n_requests = 0;
            let bounds = BOUNDS.iter().map(|(_, text)| *text).chain(["+Inf"]);
            for (bucket, bound) in series.buckets.iter().zip(bounds) {
                n_requests += bucket.load(Ordering::Relaxed);
                let labels = [interaction, of_type, with_status, ("le", bound)];
                page.sample(&format!("{NAME}_bucket"), &labels, n_requests);
            }
            let sum = Duration::from_micros(series.sum_us.load(Ordering::Relaxed)).as_secs_f64();
            page.sample(&format!("{NAME}_sum"), &labels, sum);
            page.sample(&format!("{NAME}_count"), &labels, n_requests);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_count_everything_up_to_their_bound() {
        let requests = Requests::default();
        for ms in [1, 3, 60_000] {
            requests.count("read", "Patient", 200, Duration::from_millis(ms));
        }
        let mut page = Page::default();
        requests.write(&mut page);
        let text = page.finish();
        let labels = "interaction=\"read\",type=\"Patient\",status=\"200\"";
        for (bound, n) in [
            ("0.0005", 0),
            ("0.001", 1),
            ("0.005", 2),
            ("30", 2),
            ("+Inf", 3),
        ] {
            let line = format!("_bucket{{{labels},le=\"{bound}\"}} {n}\n");
            assert!(text.contains(&line), "{line}");
        }
        assert!(text.contains(&format!("_count{{{labels}}} 3\n")));
    }
}
