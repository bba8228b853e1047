//! What happened in a visit.

use std::cmp::Ordering;
use std::sync::Arc;

use model::{Timestamp, Trigger};

use super::Source;

/// One event of a visit. Events are ordered by when they *happened*; at one instant an event stands
/// before its cancel, and then the stamp decides.
#[derive(Clone, PartialEq, Eq)]
pub struct Event {
    /// When it happened. A discharge that is known to the day stands at that day's end, everything
    /// else at its start.
    pub occurred: Timestamp,
    /// The earliest instant that the sent text can mean: what a cancel is held against.
    pub earliest: Timestamp,
    /// What happened.
    pub trigger: Trigger,
    /// Which message said so.
    pub source: Arc<Source>,
    /// The time as FHIR, with the precision and zone that were sent.
    pub at: String,
    /// The class that the visit had from then on: a Coding as JSON.
    pub class: Option<Box<str>>,
    /// The location that the patient had from then on: a reference.
    pub location: Option<String>,
}

impl Event {
    fn rank(&self) -> impl Ord + '_ {
        (
            self.occurred,
            self.trigger.cancels().is_some(),
            &self.source,
            self.trigger,
            (self.earliest, &self.at, &self.class, &self.location),
        )
    }
}

impl Ord for Event {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

super::place::debug_as_count!(Event);
