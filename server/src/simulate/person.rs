//! One invented patient: who they are, and what happens to them next.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};
use rand::Rng;
use rand::seq::IndexedRandom;

use super::event::{Deleted, Event};
use super::record::{Record, State};
use super::visit::{Stage, Visit};
use super::vocabulary::{self, N_PHYSICIANS, PAYERS};

/// A patient as the EMR knows them.
#[derive(Clone, Debug)]
pub(super) struct Person {
    n: usize,
    pub(super) home: usize,
    /// The record numbers by facility; the second one is used by some only.
    pub(super) mrns: [String; 2],
    pub(super) medicare: Option<String>,
    pub(super) family: String,
    pub(super) given: &'static str,
    pub(super) middle: &'static str,
    pub(super) sex: &'static str,
    pub(super) born: Date,
    pub(super) address: String,
    pub(super) phone: Option<String>,
    pub(super) email: Option<String>,
    pub(super) marital: &'static str,
    pub(super) race: &'static str,
    pub(super) ethnicity: &'static str,
    pub(super) language: &'static str,
    pub(super) contact: Option<String>,
    pub(super) payers: Vec<usize>,
    pub(super) nurse: usize,
    pub(super) allergy: Option<&'static str>,
    pub(super) visits: Vec<Visit>,
    /// Second records, of somebody who was registered twice.
    pub(super) records: Vec<Record>,
    met: bool,
    /// Whether the other facility knows them, too, and whether the two records were linked.
    pub(super) both_homes: bool,
    pub(super) linked: bool,
}

impl Person {
    pub(super) fn invent(rng: &mut impl Rng, n: usize, n_staff: usize) -> Self {
        let sex = *["F", "F", "F", "M", "M", "U"].choose(rng).unwrap_or(&"F");
        let given = vocabulary::given(rng, sex);
        let day = rng.random_range(0..25_000);
        let born = Date::constant(1926, 1, 1).saturating_add(day.days());
        let email = rng.random_ratio(1, 3).then(|| format!("p{n}@mail.example"));
        let medicare = rng.random_ratio(2, 3).then(|| format!("0AA0{n:06}0"));
        Self {
            n,
            home: usize::from(rng.random_ratio(2, 5)),
            mrns: [format!("{:07}", 1_000 + n), format!("R{:06}", 500 + n)],
            medicare,
            family: vocabulary::family(rng).to_owned(),
            given,
            middle: ["", "", "J", "Marigold", "T"]
                .choose(rng)
                .copied()
                .unwrap_or(""),
            sex,
            born,
            address: vocabulary::address(rng),
            phone: Some(vocabulary::phone(rng, "PRN", "PH")),
            email,
            marital: ["M", "W", "S", "D"].choose(rng).copied().unwrap_or("W"),
            race: [
                "2106-3^White^CDCREC",
                "2054-5^Black or African American^CDCREC",
                "2028-9^Asian^CDCREC",
            ]
            .choose(rng)
            .copied()
            .unwrap_or(""),
            ethnicity: [
                "2186-5^Not Hispanic or Latino^CDCREC",
                "2135-2^Hispanic or Latino^CDCREC",
            ]
            .choose(rng)
            .copied()
            .unwrap_or(""),
            language: ["en", "en", "en", "es", "pl"]
                .choose(rng)
                .copied()
                .unwrap_or("en"),
            contact: rng
                .random_ratio(3, 4)
                .then(|| vocabulary::family(rng).to_owned()),
            payers: vec![rng.random_range(0..PAYERS.len())],
            nurse: rng.random_range(N_PHYSICIANS..n_staff.max(N_PHYSICIANS + 1)),
            allergy: ["", "", "Penicillin", "Latex", "Sulfa"]
                .choose(rng)
                .copied()
                .filter(|a| !a.is_empty()),
            visits: Vec::new(),
            records: Vec::new(),
            met: false,
            both_homes: rng.random_ratio(1, 12),
            linked: false,
        }
    }

    /// The facility of an event: the visit's, else the patient's own.
    pub(super) fn facility(&self, visit: Option<usize>) -> usize {
        visit
            .and_then(|n| self.visits.get(n))
            .map_or(self.home, |visit| visit.facility)
    }

    /// What happens next.
    pub(super) fn live(&mut self, rng: &mut impl Rng, now: Timestamp) -> Event {
        let found = rng.random_ratio(1, 12).then(|| self.reconcile(rng, now));
        let mut event = found.flatten().unwrap_or_else(|| self.go_on(rng, now));
        let visit = event.visit.and_then(|n| self.visits.get(n));
        if let Some(visit) = visit {
            event.record = self.resolve(visit.record);
        }
        event
    }

    fn go_on(&mut self, rng: &mut impl Rng, now: Timestamp) -> Event {
        let met = std::mem::replace(&mut self.met, true);
        let newest = self.visits.len().checked_sub(1);
        let stage = self.visits.last().map(|visit| visit.stage);
        match (stage, newest) {
            (Some(Stage::Planned), Some(n)) => self.before_admission(rng, n, now),
            (Some(Stage::Open), Some(n)) => self.during_visit(rng, n, now),
            (Some(Stage::OnLeave), Some(n)) => self.on_leave(rng, n, now),
            (Some(Stage::Closed), Some(n)) => self.after_discharge(rng, n, now),
            (Some(Stage::Cancelled), _) => self.between_visits(rng, now),
            _ if !met && rng.random_ratio(1, 7) => Event::new("A28", None, now),
            _ if met && rng.random_ratio(1, 4) => self.update_person(rng, now),
            _ => self.new_visit(rng, now),
        }
    }

    fn before_admission(&mut self, rng: &mut impl Rng, n: usize, now: Timestamp) -> Event {
        match rng.random_range(0..12) {
            0..3 => self.update_visit(rng, n, now),
            3 => {
                let trigger = if rng.random() { "A27" } else { "A38" };
                self.turn(n, Stage::Cancelled);
                self.cancel(rng, n, trigger, now)
            }
            _ => self.admit(rng, n, "A01", now),
        }
    }

    fn on_leave(&mut self, rng: &mut impl Rng, n: usize, now: Timestamp) -> Event {
        let just_left = self.last_step(n) == "A21";
        match rng.random_range(0..6) {
            0 => self.update_visit(rng, n, now),
            1 if just_left => {
                self.turn(n, Stage::Open);
                self.cancel(rng, n, "A52", now)
            }
            _ => self.pass(n, Stage::Open, "A22", now),
        }
    }

    /// A step that changes where the visit stands.
    fn pass(&mut self, n: usize, stage: Stage, trigger: &'static str, now: Timestamp) -> Event {
        self.turn(n, stage);
        if let Some(visit) = self.visits.get_mut(n) {
            visit.last_step = trigger;
        }
        self.step(n, trigger, now, now)
    }

    fn turn(&mut self, n: usize, stage: Stage) {
        if let Some(visit) = self.visits.get_mut(n) {
            visit.stage = stage;
        }
    }

    fn last_step(&self, n: usize) -> &'static str {
        self.visits.get(n).map_or("", |visit| visit.last_step)
    }

    fn during_visit(&mut self, rng: &mut impl Rng, n: usize, now: Timestamp) -> Event {
        let roll = rng.random_range(0..100);
        let Some(visit) = self.visits.get_mut(n) else {
            return Event::new("A31", None, now);
        };
        match roll {
            0..40 => self.update_visit(rng, n, now),
            40..48 => self.update_person(rng, now),
            48..64 => {
                visit.transfer(rng);
                visit.last_step = "A02";
                self.step(n, "A02", now, now)
            }
            64..70 if visit.last_step == "A02" => {
                visit.cancel_transfer();
                self.cancel(rng, n, "A12", now)
            }
            64..70 if visit.last_step == "A01" => {
                visit.stage = Stage::Cancelled;
                self.cancel(rng, n, "A11", now)
            }
            70..75 => {
                let (trigger, class) = if visit.class == "I" {
                    ("A07", "O")
                } else {
                    ("A06", "I")
                };
                visit.class = class;
                self.step(n, trigger, now, now)
            }
            75..78 => self.pass(n, Stage::OnLeave, "A21", now),
            78..80 if visit.last_step == "A22" => {
                visit.stage = Stage::OnLeave;
                self.cancel(rng, n, "A53", now)
            }
            _ => self.discharge(rng, n, now),
        }
    }

    fn after_discharge(&mut self, rng: &mut impl Rng, n: usize, now: Timestamp) -> Event {
        let just_left = self
            .visits
            .get(n)
            .is_some_and(|visit| visit.last_step == "A03");
        match rng.random_range(0..100) {
            0..12 if just_left => {
                if let Some(visit) = self.visits.get_mut(n) {
                    visit.stage = Stage::Open;
                    visit.discharged = None;
                }
                self.cancel(rng, n, "A13", now)
            }
            0..30 => self.update_visit(rng, n, now),
            _ => self.between_visits(rng, now),
        }
    }

    fn between_visits(&mut self, rng: &mut impl Rng, now: Timestamp) -> Event {
        if rng.random_ratio(1, 3) {
            self.update_person(rng, now)
        } else {
            self.new_visit(rng, now)
        }
    }

    fn new_visit(&mut self, rng: &mut impl Rng, now: Timestamp) -> Event {
        let away = self.both_homes && rng.random_ratio(1, 2);
        let facility = if away { 1 - self.home } else { self.home };
        let n = self.visits.len();
        let number = format!("V{:06}-{:02}", self.n + 1, n + 1);
        let mut visit = Visit::new(rng, number, facility, N_PHYSICIANS, now);
        if facility == self.home && rng.random_ratio(1, 10) {
            visit.record = Some(self.register_again(rng));
        }
        // Nothing of a visit happens before the last of the visit before it.
        let before = self.visits.last().map(|before| before.latest);
        visit.latest = before.unwrap_or(Timestamp::UNIX_EPOCH);
        self.visits.push(visit);
        match rng.random_range(0..100) {
            0..9 => self.step(n, "A05", now, now),
            9..12 => self.step(n, "A14", now, now),
            12..30 => self.admit(rng, n, "A04", now),
            _ => self.admit(rng, n, "A01", now),
        }
    }

    /// Somebody does not find the patient and makes a second record, or finds the second one.
    fn register_again(&mut self, rng: &mut impl Rng) -> usize {
        let open = self.records.iter().rposition(|it| it.state == State::Open);
        if let Some(open) = open.filter(|_| rng.random()) {
            return open;
        }
        let number = format!("T{:05}{}", self.n + 1, self.records.len());
        let state = State::Open;
        self.records.push(Record { number, state });
        self.records.len() - 1
    }

    /// Admissions are typed in up to a few hours late.
    fn admit(
        &mut self,
        rng: &mut impl Rng,
        n: usize,
        trigger: &'static str,
        now: Timestamp,
    ) -> Event {
        let late = SignedDuration::from_secs(*[0, 0, 0, 1800, 7200].choose(rng).unwrap_or(&0));
        let at = now - late;
        let mut at = at;
        if let Some(visit) = self.visits.get_mut(n) {
            at = at.max(visit.latest).min(now);
            visit.stage = Stage::Open;
            visit.admitted = at;
            visit.last_step = "A01";
        }
        self.step(n, trigger, at, now)
    }

    /// A third of the discharges are entered days after they happened.
    fn discharge(&mut self, rng: &mut impl Rng, n: usize, now: Timestamp) -> Event {
        let late = rng.random_ratio(1, 3);
        let Some(visit) = self.visits.get_mut(n) else {
            return Event::new("A31", None, now);
        };
        let at = if late {
            visit.back_date(rng, now, 4)
        } else {
            now
        };
        visit.stage = Stage::Closed;
        visit.discharged = Some(at);
        visit.disposition = ["01", "01", "06", "20", "30"]
            .choose(rng)
            .copied()
            .unwrap_or("01");
        visit.last_step = "A03";
        self.step(n, "A03", at, now)
    }

    /// A cancel says either when it was decided or the time of what it takes back.
    fn cancel(
        &mut self,
        rng: &mut impl Rng,
        n: usize,
        trigger: &'static str,
        now: Timestamp,
    ) -> Event {
        let same_time = rng.random_ratio(1, 3);
        let at = self
            .visits
            .get(n)
            .map_or(now, |visit| if same_time { visit.latest } else { now });
        if let Some(visit) = self.visits.get_mut(n) {
            visit.last_step = trigger;
        }
        self.step(n, trigger, at, now)
    }

    fn update_visit(&mut self, rng: &mut impl Rng, n: usize, now: Timestamp) -> Event {
        let mut event = Event::new("A08", Some(n), now);
        event.deletes = self.change(rng);
        if let Some(visit) = self.visits.get_mut(n) {
            match rng.random_range(0..6) {
                0 | 1 => visit.add_diagnosis(rng),
                2 => event.withdrawn = visit.withdraw_diagnosis(),
                3 => visit.attending = rng.random_range(0..N_PHYSICIANS),
                _ => {}
            }
        }
        event
    }

    fn update_person(&mut self, rng: &mut impl Rng, now: Timestamp) -> Event {
        let mut event = Event::new("A31", None, now);
        event.deletes = self.change(rng);
        event
    }

    /// Something about the person changes; returns what is deleted, if it is.
    fn change(&mut self, rng: &mut impl Rng) -> Option<Deleted> {
        match rng.random_range(0..11) {
            10 => self.payers = vec![rng.random_range(0..PAYERS.len())],
            0 | 1 => self.address = vocabulary::address(rng),
            2 => self.phone = Some(vocabulary::phone(rng, "PRN", "PH")),
            3 => vocabulary::family(rng).clone_into(&mut self.family),
            4 if self.payers.len() < 3 => self.payers.push(rng.random_range(0..PAYERS.len())),
            5 if self.phone.take().is_some() => return Some(Deleted::Phone),
            6 if self.email.take().is_some() => return Some(Deleted::Email),
            7 if self.contact.take().is_some() => return Some(Deleted::Contact),
            8 if rng.random_ratio(1, 5) => return Some(Deleted::Address),
            9 => self.contact = Some(vocabulary::family(rng).to_owned()),
            _ => self.marital = ["M", "W", "S", "D"].choose(rng).copied().unwrap_or("W"),
        }
        None
    }

    fn step(&mut self, n: usize, trigger: &'static str, at: Timestamp, now: Timestamp) -> Event {
        if let Some(visit) = self.visits.get_mut(n) {
            visit.latest = visit.latest.max(at);
        }
        Event {
            occurred: at,
            ..Event::new(trigger, Some(n), now)
        }
    }
}
