//! What an interface has seen, as plain counters that `/metrics` prints.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// A number that only grows.
#[derive(Default, Debug)]
pub struct Counter(AtomicU64);

impl Counter {
    /// One more.
    pub fn increment(&self) {
        self.add(1);
    }

    /// Several more.
    pub fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    /// How many so far.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A number that goes up and down.
#[derive(Default, Debug)]
pub struct Gauge(AtomicI64);

impl Gauge {
    /// Counts something for as long as the returned value lives.
    pub fn hold(&self) -> Held<'_> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Held(self)
    }

    /// How many there are now.
    pub fn get(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// One that is counted by a [`Gauge`].
#[derive(Debug)]
pub struct Held<'a>(&'a Gauge);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

macro_rules! counters {
    (
        $(#[$whole:meta])* $name:ident {
            $($(#[$other:meta])* $gauge:ident: $kind:ty,)*
        }
        $($(#[$doc:meta])* $group:ident . $label:ident => $field:ident;)+
    ) => {
        $(#[$whole])*
        #[derive(Default, Debug)]
        pub struct $name {
            $($(#[$other])* pub $gauge: $kind,)*
            $($(#[$doc])* pub $field: Counter,)+
        }

        impl $name {
            /// Every counter as `(group, label, value)`: a metric's name and the value of its
            /// one label.
            pub fn each(&self) -> Vec<(&'static str, &'static str, u64)> {
                vec![$((stringify!($group), stringify!($label), self.$field.get()),)+]
            }
        }
    };
}

counters! {
    /// What the workers of this process have done.
    Applications {}
    /// Messages that were applied.
    messages.applied => applied;
    /// Messages that were dead-lettered.
    messages.dead => dead;
    /// Transactions that applied messages.
    batches.committed => committed;
    /// Batches that failed and were tried again.
    batches.retried => retried;
    /// Batches that were taken apart to find what spoils them.
    batches.divided => divided;
    /// Resources that were created.
    resources.created => created;
    /// Resources that were changed.
    resources.updated => updated;
    /// Resources that were deleted.
    resources.deleted => deleted;
}

counters! {
    /// The counters of one interface.
    Counters {
        /// Connections that are open now.
        open: Gauge,
        /// Whether its listener runs: one or none.
        listening: Gauge,
        /// Fields that had a value and were not mapped, in messages that were applied.
        unmapped: crate::Places,
        /// Values that did not fit, in messages that were applied.
        misfits: crate::Places,
    }
    /// Connections that were accepted.
    connections.accepted => accepted;
    /// Connections from peers that the interface does not allow.
    connections.refused_peer => refused_peer;
    /// Connections over the limit.
    connections.refused_limit => refused_limit;
    /// TLS handshakes that failed.
    connections.refused_tls => refused_tls;
    /// Connections that closed without a byte: a load balancer's probe.
    connections.empty => empty;
    /// Connections that were closed after being idle.
    closes.idle => closed_idle;
    /// Connections whose peer did not read its answers.
    closes.unread_answers => closed_unread;
    /// Connections that sent something without a frame around it.
    closes.unframed => closed_unframed;
    /// Connections that sent a frame over the limit.
    closes.oversize => closed_oversize;
    /// Connections that were closed because too many bytes were in memory.
    closes.budget => closed_budget;
    /// Connections that broke.
    closes.broken => closed_broken;
    /// Bytes that were read.
    bytes.received => bytes;
    /// Complete frames.
    frames.complete => frames;
    /// Frames without a byte in them.
    frames.empty => frames_empty;
    /// Messages that were answered `AA` or `CA`.
    answers.accepted => accepts;
    /// Messages that were answered `AE` or `CE`.
    answers.error => errors;
    /// Messages that were answered `AR` or `CR`.
    answers.rejected => rejects;
    /// Messages that came again within 48 hours.
    messages.duplicate => duplicates;
    /// Messages whose control id had been used for another content.
    messages.reused_control_id => reused;
    /// Messages of a trigger without rules.
    messages.unrouted => unrouted;
    /// Application acknowledgements that were sent (enhanced mode).
    messages.application_acknowledged => application_acks;
    /// Application acknowledgements that were owed, and dropped.
    messages.application_ack_dropped => application_acks_dropped;
    /// Fragments that a new frame, a close or a time-out cut short.
    deviations.fragment => fragments;
    /// Messages whose segments end by LF.
    deviations.lf => lf;
    /// Messages whose segments end by CR LF.
    deviations.crlf => crlf;
    /// Messages whose last segment has no end.
    deviations.unended_segment => unended;
    /// Messages with a byte order mark.
    deviations.byte_order_mark => byte_order_marks;
    /// Bytes between frames that belong to none.
    deviations.stray_bytes => stray_bytes;
    /// Frames with `0x1C` inside.
    deviations.inner_trailer => inner_trailers;
    /// Frames with `0x0B` inside.
    deviations.inner_start => inner_starts;
    /// Frames whose trailer had no CR.
    deviations.short_trailer => short_trailers;
    /// Frames with several messages (FHS, BHS).
    deviations.batch => batches;
    /// Messages with bytes that their character set lacks.
    deviations.charset => charset;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gauge_counts_what_is_held() {
        let counters = Counters::default();
        let held = counters.open.hold();
        assert_eq!(counters.open.get(), 1);
        drop(held);
        assert_eq!(counters.open.get(), 0);
    }

    #[test]
    fn every_counter_is_printed_under_its_group() {
        let counters = Counters::default();
        counters.crlf.add(3);
        assert!(counters.each().contains(&("deviations", "crlf", 3)));
    }
}
