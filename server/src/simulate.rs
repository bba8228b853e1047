//! A made-up home-health EMR that talks: a reproducible ADT feed of plausible patients and visits.
//!
//! The same seed gives the same bytes on every machine, so a test, a benchmark and a bug report can
//! name a feed by three numbers. Nobody in it exists: names are invented, numbers come from ranges
//! that are not issued.

mod arrange;
mod event;
mod person;
mod record;
mod render;
mod segment;
mod visit;
mod vocabulary;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;

use event::Event;
use person::Person;
use vocabulary::Staff;

pub use arrange::{duplicated, shuffled};

/// One message of the feed: as a sender would write it, segments ended by CR.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FeedMessage {
    /// MSH-10.
    pub control_id: String,
    /// MSH-9.2: `A01` …
    pub trigger: &'static str,
    /// The message.
    pub text: String,
}

/// A feed as an iterator: messages are made one at a time, in the order in which the EMR would have
/// recorded them.
#[derive(Debug)]
pub struct Feed {
    rng: ChaCha12Rng,
    seed: u64,
    now: Timestamp,
    step: SignedDuration,
    zone: TimeZone,
    n_patients: usize,
    n_left: usize,
    n_made: u64,
    people: Vec<Person>,
    staff: Vec<Staff>,
}

impl Feed {
    /// 2024-01-08 08:00 in Chicago. The feed ends within a year or two of it, so that none of its times
    /// lies in the future of whoever reads it.
    const START: i64 = 1_704_722_400;
    const DAY_S: i64 = 24 * 3600;
    const SPAN_S: i64 = 300 * Self::DAY_S;
    const STEP_S_MAX: i64 = 240;

    /// A feed of `events` messages about at most `patients` patients; each patient is met at least
    /// once as soon as there are as many messages as patients.
    pub fn new(seed: u64, patients: usize, events: usize) -> Self {
        let n_events = i64::try_from(events).unwrap_or(i64::MAX).max(1);
        let step_ms = (Self::SPAN_S * 1000 / n_events).clamp(1, Self::STEP_S_MAX * 1000);
        let zone = TimeZone::get("America/Chicago").unwrap_or(TimeZone::UTC);
        Self {
            rng: ChaCha12Rng::seed_from_u64(seed),
            seed,
            now: Timestamp::from_second(Self::START).unwrap_or(Timestamp::UNIX_EPOCH),
            step: SignedDuration::from_millis(step_ms),
            zone,
            n_patients: patients,
            n_left: if patients == 0 { 0 } else { events },
            n_made: 0,
            people: Vec::new(),
            staff: vocabulary::staff(),
        }
    }

    /// The same spread evenly over so many days, at most two years.
    #[must_use]
    pub fn over_days(mut self, days: u16) -> Self {
        let n_events = i64::try_from(self.n_left).unwrap_or(i64::MAX).max(1);
        let span_ms = i64::from(days.min(730)) * Self::DAY_S * 1000;
        // A wait is three quarters of a step on average.
        let step_ms = span_ms / n_events / 3 * 4;
        self.step = SignedDuration::from_millis(step_ms.max(1));
        self
    }

    /// Whom the next message is about: somebody new as often as it takes to meet everybody.
    fn choose_person(&mut self) -> usize {
        let n_unknown = self.n_patients - self.people.len();
        let somebody_new =
            self.people.is_empty() || self.rng.random_range(0..self.n_left) < n_unknown;
        if somebody_new && 0 < n_unknown {
            self.people.push(Person::invent(
                &mut self.rng,
                self.people.len(),
                self.staff.len(),
            ));
            return self.people.len() - 1;
        }
        self.rng.random_range(0..self.people.len())
    }

    /// People who care marry, too: what is known of them changes under an id that does not.
    fn rename_somebody(&mut self) {
        if self.rng.random_ratio(1, 300) {
            let n = self.rng.random_range(0..self.staff.len());
            let family = vocabulary::family(&mut self.rng);
            if let Some(staff) = self.staff.get_mut(n) {
                family.clone_into(&mut staff.family);
            }
        }
    }

    fn message(&mut self, event: &Event, person: usize) -> Option<FeedMessage> {
        self.n_made += 1;
        let control_id = format!("SIM{}-{:07}", self.seed, self.n_made);
        let person = self.people.get(person)?;
        let sent = self.now + SignedDuration::from_secs(self.rng.random_range(0..5));
        let scene = render::Scene {
            event,
            person,
            staff: &self.staff,
            zone: &self.zone,
            control_id: &control_id,
            sent,
        };
        let text = scene.render();
        Some(FeedMessage {
            control_id,
            trigger: event.trigger,
            text,
        })
    }
}

impl Iterator for Feed {
    type Item = FeedMessage;

    fn next(&mut self) -> Option<FeedMessage> {
        if self.n_left == 0 {
            return None;
        }
        let wait = self.step.as_millis().try_into().unwrap_or(i64::MAX);
        self.now += SignedDuration::from_millis(self.rng.random_range(wait / 2..=wait));
        self.rename_somebody();
        let person = self.choose_person();
        self.n_left -= 1;
        let event = self.people.get_mut(person)?.live(&mut self.rng, self.now);
        self.message(&event, person)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.n_left, Some(self.n_left))
    }
}

impl ExactSizeIterator for Feed {}

#[cfg(test)]
mod tests;
