//! One visit: where it stands, and which events may come next.

use jiff::{SignedDuration, Timestamp};
use rand::Rng;
use rand::seq::IndexedRandom;

use super::vocabulary::{DIAGNOSES, FACILITIES};

/// Where a visit stands in the made-up EMR.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    Planned,
    Open,
    OnLeave,
    Closed,
    Cancelled,
}

/// A diagnosis of a visit: its place in [`DIAGNOSES`] and the number that DG1-20 names it by.
#[derive(Clone, Debug)]
pub(super) struct Diagnosis {
    pub(super) number: usize,
    pub(super) code: usize,
    pub(super) kind: &'static str,
    pub(super) withdrawn: bool,
}

/// One stay or episode.
#[derive(Clone, Debug)]
pub(super) struct Visit {
    pub(super) number: String,
    /// PID-18.
    pub(super) account: String,
    /// Under which second record of the person it was opened.
    pub(super) record: Option<usize>,
    /// From which second record it was moved, while its account has not followed.
    pub(super) moved_from: Option<usize>,
    /// It was another visit all along.
    pub(super) is_merged: bool,
    pub(super) facility: usize,
    pub(super) class: &'static str,
    pub(super) stage: Stage,
    pub(super) location: String,
    /// Where the patient was before, oldest first.
    pub(super) left: Vec<String>,
    pub(super) admitted: Timestamp,
    pub(super) discharged: Option<Timestamp>,
    pub(super) disposition: &'static str,
    pub(super) attending: usize,
    pub(super) referring: usize,
    pub(super) diagnoses: Vec<Diagnosis>,
    /// Of the latest event: nothing is back-dated past it.
    pub(super) latest: Timestamp,
    /// Whether the latest event can be taken back as if it had never been.
    pub(super) last_step: &'static str,
}

impl Visit {
    pub(super) fn new(
        rng: &mut impl Rng,
        number: String,
        facility: usize,
        physicians: usize,
        now: Timestamp,
    ) -> Self {
        let mut visit = Self {
            account: format!("A{number}"),
            number,
            record: None,
            moved_from: None,
            is_merged: false,
            facility,
            class: ["O", "O", "R", "I", "E"]
                .choose(rng)
                .copied()
                .unwrap_or("O"),
            stage: Stage::Planned,
            location: place(rng, facility),
            left: Vec::new(),
            admitted: now,
            discharged: None,
            disposition: "01",
            attending: rng.random_range(0..physicians),
            referring: rng.random_range(0..physicians),
            diagnoses: Vec::new(),
            latest: now,
            last_step: "",
        };
        for _ in 0..rng.random_range(1..=4) {
            visit.add_diagnosis(rng);
        }
        visit
    }

    /// One more diagnosis, if the list has one that the visit lacks. The first is the admitting one.
    pub(super) fn add_diagnosis(&mut self, rng: &mut impl Rng) {
        let code = rng.random_range(0..DIAGNOSES.len());
        let known = |diagnosis: &Diagnosis| diagnosis.code == code && !diagnosis.withdrawn;
        if self.diagnoses.iter().any(known) {
            return;
        }
        let kind = match self.diagnoses.len() {
            0 => "A",
            1 => "F",
            _ => "W",
        };
        let number = self.diagnoses.len() + 1;
        self.diagnoses.push(Diagnosis {
            number,
            code,
            kind,
            withdrawn: false,
        });
    }

    /// Somebody was wrong: returns which diagnosis is withdrawn.
    pub(super) fn withdraw_diagnosis(&mut self) -> Option<usize> {
        let n_held = self
            .diagnoses
            .iter()
            .filter(|diagnosis| !diagnosis.withdrawn)
            .count();
        if n_held < 2 {
            return None;
        }
        let last = self
            .diagnoses
            .iter_mut()
            .rfind(|diagnosis| !diagnosis.withdrawn)?;
        last.withdrawn = true;
        Some(last.number)
    }

    /// An instant up to `days_max` days before `now`, but after everything that has happened.
    pub(super) fn back_date(&self, rng: &mut impl Rng, now: Timestamp, days_max: i64) -> Timestamp {
        let wanted = now - SignedDuration::from_secs(rng.random_range(3600..=days_max * 86_400));
        wanted
            .max(self.latest + SignedDuration::from_secs(60))
            .min(now)
    }

    /// Goes somewhere else.
    pub(super) fn transfer(&mut self, rng: &mut impl Rng) {
        let next = place(rng, self.facility);
        self.left.push(std::mem::replace(&mut self.location, next));
    }

    /// The transfer was a mistake.
    pub(super) fn cancel_transfer(&mut self) {
        if let Some(prior) = self.left.pop() {
            self.location = prior;
        }
    }
}

/// A PL: a team in the field, or a bed of the small inpatient unit.
fn place(rng: &mut impl Rng, facility: usize) -> String {
    let (name, _, branch) = FACILITIES
        .get(facility)
        .copied()
        .unwrap_or(("MAPLE", "", "BR10"));
    if rng.random_ratio(2, 3) {
        let team = ["NORTH", "SOUTH", "EAST", "WEST"]
            .choose(rng)
            .copied()
            .unwrap_or("NORTH");
        return format!("TEAM{team}^^^{name}^^^{branch}");
    }
    let (room, bed) = (
        rng.random_range(101..130),
        ["A", "B"].choose(rng).copied().unwrap_or("A"),
    );
    format!("UNIT1^{room}^{bed}^{name}^^^{branch}^1")
}
