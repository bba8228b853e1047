//! Facts: what messages said about one entity, in a form where order and repetition don't matter.
//!
//! Facts are a join semilattice. [`Facts::join`] is commutative, associative and idempotent, so any
//! arrival order and any duplication of messages give the same facts, and thereby the same chart.
//!
//! * A *register* keeps, for one field, the statement with the greatest stamp. What a field says is
//!   one FHIR fragment, because it stands or falls as a whole: a birth date that is stated again
//!   without its time has no time any more.
//! * An *observation* keeps each distinct fragment of a shared thing with the source that said it
//!   first, so that a doctor who is named in every message is written once, not once a message. The
//!   fragment that was first said latest holds.
//! * *Events* are a set of what happened in a visit.
//! * A *first* keeps, for one field, the statement with the smallest stamp. No resource shows it: a
//!   person is recognised by what was said first, which no later statement can change.

mod bytes;
mod event;
mod fragment;
mod place;
mod source;

use std::cmp::Ordering;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::JournalId;

pub use bytes::{FactsError, references};
pub use event::Event;
pub use fragment::Fragment;
pub use place::{NotAPlace, Place};
pub use source::{Source, Stamp};

/// What a register is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RegisterKey {
    /// Which part of the entity: empty for the entity itself, else `ResourceType/name` (a diagnosis
    /// of a visit, a contact of a patient).
    pub part: Arc<str>,
    /// The field that said it.
    pub field: Place,
}

impl Ord for RegisterKey {
    fn cmp(&self, other: &Self) -> Ordering {
        // The fields of one part share its name.
        if Arc::ptr_eq(&self.part, &other.part) {
            return self.field.cmp(&other.field);
        }
        (&self.part, self.field).cmp(&(&other.part, other.field))
    }
}

impl PartialOrd for RegisterKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The greatest statement about a key.
#[derive(Clone, PartialEq, Eq)]
pub struct Register {
    /// Which message said it.
    pub source: Arc<Source>,
    /// What it says; `None` is a statement too: the sender deleted it (`""`).
    pub fragment: Option<Fragment>,
}

/// The smallest statement about a key, in the plain form in which it is compared.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct First {
    /// Which message said it.
    pub source: Arc<Source>,
    /// What it said.
    pub text: Box<str>,
}

/// Everything that was said about one entity.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Facts {
    registers: BTreeMap<RegisterKey, Register>,
    firsts: BTreeMap<RegisterKey, First>,
    observations: BTreeMap<RegisterKey, BTreeMap<Fragment, Arc<Source>>>,
    events: BTreeSet<Event>,
}

impl Facts {
    /// Facts that say nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Facts that say nothing, for those who borrow.
    pub(crate) const fn nothing() -> Self {
        Self {
            registers: BTreeMap::new(),
            firsts: BTreeMap::new(),
            observations: BTreeMap::new(),
            events: BTreeSet::new(),
        }
    }

    /// Whether nothing was said.
    pub fn is_empty(&self) -> bool {
        self.registers.is_empty()
            && self.firsts.is_empty()
            && self.observations.is_empty()
            && self.events.is_empty()
    }

    /// Takes in what `other` says. True when that changed anything.
    pub fn join(&mut self, other: &Self) -> bool {
        self.join_some(other, |_| true)
    }

    /// Takes in what `other` says but for some registers.
    pub(crate) fn join_some(&mut self, other: &Self, takes: impl Fn(&RegisterKey) -> bool) -> bool {
        let mut changed = false;
        for (key, register) in other.registers.iter().filter(|(key, _)| takes(key)) {
            changed |= match self.registers.get(key) {
                Some(held) if !register.outweighs(held) => false,
                _ => self.state(key.clone(), register.clone()),
            };
        }
        for (key, first) in &other.firsts {
            changed |= match self.firsts.get(key) {
                Some(held) if held <= first => false,
                _ => self.state_first(key.clone(), first.clone()),
            };
        }
        for (key, fragments) in &other.observations {
            for (fragment, source) in fragments {
                changed |= self.observe(key, fragment, source);
            }
        }
        for event in &other.events {
            if !self.events.contains(event) {
                changed |= self.events.insert(event.clone());
            }
        }
        changed
    }

    /// What a field says.
    pub(crate) fn register(&self, key: &RegisterKey) -> Option<&Register> {
        self.registers.get(key)
    }

    /// States what a field says. The greater statement stays.
    pub fn state(&mut self, key: RegisterKey, register: Register) -> bool {
        match self.registers.entry(key) {
            Entry::Occupied(held) if !register.outweighs(held.get()) => return false,
            Entry::Occupied(mut held) => *held.get_mut() = register,
            Entry::Vacant(place) => {
                place.insert(register);
            }
        }
        true
    }

    /// States what a field says, for whoever asks what was said first. The smaller statement stays.
    pub fn state_first(&mut self, key: RegisterKey, first: First) -> bool {
        match self.firsts.entry(key) {
            Entry::Occupied(held) if *held.get() <= first => return false,
            Entry::Occupied(mut held) => *held.get_mut() = first,
            Entry::Vacant(place) => {
                place.insert(first);
            }
        }
        true
    }

    /// Observes what a field says of a shared thing.
    pub fn observe(
        &mut self,
        key: &RegisterKey,
        fragment: &Fragment,
        source: &Arc<Source>,
    ) -> bool {
        let fragments = match self.observations.get_mut(key) {
            Some(fragments) => fragments,
            None => self.observations.entry(key.clone()).or_default(),
        };
        match fragments.get_mut(fragment) {
            Some(first) if source < first => *first = Arc::clone(source),
            Some(_) => return false,
            None => {
                fragments.insert(fragment.clone(), Arc::clone(source));
            }
        }
        true
    }

    /// Adds what happened.
    pub fn happen(&mut self, event: Event) -> bool {
        self.events.insert(event)
    }

    /// The same, said by another message. Events are told of by their own: they stay.
    pub(crate) fn said_by(&self, source: &Arc<Source>) -> Self {
        let mut facts = self.clone();
        let registers = facts.registers.values_mut();
        let registers = registers.map(|register| &mut register.source);
        let firsts = facts.firsts.values_mut().map(|first| &mut first.source);
        let observed = facts.observations.values_mut();
        let observed = observed.flat_map(BTreeMap::values_mut);
        for known in registers.chain(firsts).chain(observed) {
            *known = Arc::clone(source);
        }
        facts
    }

    /// What is left without some messages; none where they have no part in it.
    pub fn without(&self, is_gone: impl Fn(JournalId) -> bool) -> Option<Self> {
        let is_gone = |source: &Source| source.journal.is_some_and(&is_gone);
        let mut left = self.clone();
        left.registers
            .retain(|_, register| !is_gone(&register.source));
        left.firsts.retain(|_, first| !is_gone(&first.source));
        left.events.retain(|event| !is_gone(&event.source));
        for fragments in left.observations.values_mut() {
            fragments.retain(|_, source| !is_gone(source));
        }
        left.observations
            .retain(|_, fragments| !fragments.is_empty());
        (left != *self).then_some(left)
    }

    /// The messages that have a part in it.
    pub fn messages(&self) -> BTreeSet<JournalId> {
        let registers = self.registers.values().map(|register| &register.source);
        let observed = self.observations.values();
        let observed = observed.flat_map(BTreeMap::values);
        let events = self.events.iter().map(|event| &event.source);
        let firsts = self.firsts.values().map(|first| &first.source);
        let sources = registers.chain(firsts).chain(observed).chain(events);
        sources.filter_map(|source| source.journal).collect()
    }

    /// The registers, by part and field.
    pub fn registers(&self) -> impl Iterator<Item = (&RegisterKey, &Register)> {
        self.registers.iter()
    }

    /// What was said first, by part and field.
    pub fn firsts(&self) -> impl Iterator<Item = (&RegisterKey, &First)> {
        self.firsts.iter()
    }

    /// For each observed key the fragment that was first said latest.
    pub fn observed(&self) -> impl Iterator<Item = (&RegisterKey, &Fragment, &Arc<Source>)> {
        self.observations.iter().filter_map(|(key, fragments)| {
            let (fragment, source) = fragments
                .iter()
                .max_by(|(left, l), (right, r)| l.cmp(r).then_with(|| left.cmp(right)))?;
            Some((key, fragment, source))
        })
    }

    /// What happened, in the order in which it happened.
    pub fn events(&self) -> impl Iterator<Item = &Event> {
        self.events.iter()
    }
}

impl Register {
    /// A total order, so that a join can't depend on who came first: the source decides, and for two
    /// fragments of one source their text does.
    fn outweighs(&self, held: &Self) -> bool {
        match self.source.cmp(&held.source) {
            Ordering::Greater => true,
            Ordering::Less => false,
            Ordering::Equal => held.fragment < self.fragment,
        }
    }
}

crate::facts::place::debug_as_count!(Facts, Register, First);

#[cfg(test)]
mod tests;
