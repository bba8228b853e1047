//! Records that turn out to be others': second records of one person, merged and taken apart again, and
//! visits and accounts that move or get another number.

use jiff::Timestamp;
use rand::Rng;
use rand::seq::IndexedRandom;

use super::event::{Event, Named};
use super::person::Person;
use super::visit::{Stage, Visit};
use super::vocabulary::FACILITIES;

/// A second record of somebody who was registered twice.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) number: String,
    pub(super) state: State,
}

/// What became of a second record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum State {
    /// Nobody has noticed it yet.
    Open,
    /// It was merged: into another second record, or into the person's own.
    Merged { into: Option<usize> },
    /// It was somebody else's after all.
    Apart,
}

/// What may happen to records.
#[derive(Clone, Copy, Debug)]
enum Step {
    Merge(usize),
    Unmerge(usize),
    Link,
    MoveVisit(usize),
    MoveAccount(usize, usize),
    RenameVisit(usize),
    MergeVisit(usize, usize),
    RenameAccount(usize),
    MergeAccount(usize, usize),
}

impl Person {
    /// The record under which a second record stands by now.
    pub(super) fn resolve(&self, record: Option<usize>) -> Option<usize> {
        let mut at = record;
        while let Some(State::Merged { into }) =
            at.and_then(|n| self.records.get(n)).map(|it| it.state)
        {
            at = into;
        }
        at
    }

    /// The record number that a message bears, as a CX.
    pub(super) fn cx(&self, record: Option<usize>, facility: usize) -> String {
        let second = record.and_then(|n| self.records.get(n));
        let (facility, number) = match second {
            Some(record) => (self.home, Some(&record.number)),
            None => (facility, self.mrns.get(facility)),
        };
        let authority = FACILITIES.get(facility).map_or("", |(_, name, _)| name);
        format!("{}^^^{authority}^MR", number.map_or("", String::as_str))
    }

    /// Somebody looks after the records: one of the things that they find to do.
    pub(super) fn reconcile(&mut self, rng: &mut impl Rng, now: Timestamp) -> Option<Event> {
        let step = self.steps().choose(rng).copied()?;
        let event = match step {
            Step::Merge(n) => self.merge(rng, n, now)?,
            Step::Unmerge(n) => {
                let other = self.cx(Some(n), self.home);
                let record = self.records.get_mut(n)?;
                let State::Merged { into } = std::mem::replace(&mut record.state, State::Apart)
                else {
                    return None;
                };
                Event {
                    record: into,
                    ..Event::naming("A37", Named::Other(other), now)
                }
            }
            Step::Link => {
                self.linked = true;
                let other = self.cx(None, 1 - self.home);
                Event::naming("A24", Named::Other(other), now)
            }
            Step::MoveVisit(n) => {
                let record = self.resolve(self.visits.get(n)?.record);
                let before = self.cx(record, self.home);
                let visit = self.visits.get_mut(n)?;
                (visit.record, visit.moved_from) = (None, record);
                of_visit("A45", n, Named::Record(before), now)
            }
            Step::MoveAccount(n, from) => {
                self.visits.get_mut(n)?.moved_from = None;
                let before = self.cx(Some(from), self.home);
                of_visit("A44", n, Named::Record(before), now)
            }
            Step::RenameVisit(n) => {
                let visit = self.visits.get_mut(n)?;
                let before = visit.cx();
                visit.number.push('B');
                of_visit("A50", n, Named::Visit(before), now)
            }
            Step::MergeVisit(old, new) => {
                let visit = self.visits.get_mut(old)?;
                visit.is_merged = true;
                of_visit("A42", new, Named::Visit(visit.cx()), now)
            }
            Step::RenameAccount(n) => {
                let visit = self.visits.get_mut(n)?;
                let before = visit.account.clone();
                visit.account.push('B');
                of_visit("A49", n, Named::Account(before), now)
            }
            Step::MergeAccount(old, new) => {
                let into = self.visits.get(new)?.account.clone();
                let visit = self.visits.get_mut(old)?;
                let before = std::mem::replace(&mut visit.account, into);
                of_visit("A41", new, Named::Account(before), now)
            }
        };
        Some(event)
    }

    /// Into the person's own record, or into another second one that is found out later: a chain.
    fn merge(&mut self, rng: &mut impl Rng, n: usize, now: Timestamp) -> Option<Event> {
        let others: Vec<usize> = self.in_state(State::Open).filter(|m| *m != n).collect();
        let into = others.choose(rng).copied();
        let before = self.cx(Some(n), self.home);
        self.records.get_mut(n)?.state = State::Merged { into };
        let trigger = ["A40", "A40", "A34", "A18", "A47"].choose(rng).copied()?;
        Some(Event {
            record: into,
            ..Event::naming(trigger, Named::Record(before), now)
        })
    }

    fn in_state(&self, state: State) -> impl Iterator<Item = usize> {
        let records = self.records.iter().enumerate();
        records.filter_map(move |(n, record)| (record.state == state).then_some(n))
    }

    fn steps(&self) -> Vec<Step> {
        let mut steps: Vec<Step> = self.in_state(State::Open).map(Step::Merge).collect();
        for (n, record) in self.records.iter().enumerate() {
            if matches!(record.state, State::Merged { .. }) {
                steps.push(Step::Unmerge(n));
            }
        }
        if self.both_homes && !self.linked {
            steps.push(Step::Link);
        }
        for (n, visit) in self.visits.iter().enumerate() {
            match (self.resolve(visit.record), visit.moved_from) {
                (Some(_), _) if visit.stage == Stage::Closed => steps.push(Step::MoveVisit(n)),
                (None, Some(from)) => steps.push(Step::MoveAccount(n, from)),
                _ => {}
            }
        }
        let Some(n) = self.visits.len().checked_sub(1) else {
            return steps;
        };
        let is_new = |text: &str| !text.ends_with('B');
        if self
            .visits
            .get(n)
            .is_some_and(|visit| is_new(&visit.number))
        {
            steps.push(Step::RenameVisit(n));
        }
        if self
            .visits
            .get(n)
            .is_some_and(|visit| is_new(&visit.account))
        {
            steps.push(Step::RenameAccount(n));
        }
        let pair = n
            .checked_sub(1)
            .and_then(|old| Some((self.visits.get(old)?, self.visits.get(n)?)));
        if let Some((old, new)) = pair
            && self.resolve(old.record) == self.resolve(new.record)
            && old.facility == new.facility
        {
            // A visit that never took place was the same visit, planned twice.
            if old.stage == Stage::Cancelled && new.stage == Stage::Open && !old.is_merged {
                steps.push(Step::MergeVisit(n - 1, n));
            }
            if old.account != new.account {
                steps.push(Step::MergeAccount(n - 1, n));
            }
        }
        steps
    }
}

fn of_visit(trigger: &'static str, visit: usize, named: Named, now: Timestamp) -> Event {
    Event {
        visit: Some(visit),
        ..Event::naming(trigger, named, now)
    }
}

impl Visit {
    /// PV1-19.
    pub(super) fn cx(&self) -> String {
        let facility = FACILITIES.get(self.facility).map_or("", |(name, ..)| name);
        format!("{}^^^{facility}VN^VN", self.number)
    }
}
