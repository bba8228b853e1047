//! One message while it is read: what every segment and data type needs to know of it, and where
//! what they find is gathered.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use fhirbolt::model::r4::types::Reference;
use hl7v2::{Message, Segment};
use jiff::tz::TimeZone;
use model::{EntityId, SourceIdentity};

use crate::MAPPING_VERSION;
use crate::datatype::cwe::Meaning;
use crate::datatype::hd;
use crate::facts::{Facts, Fragment, Place, Source, Stamp};
use crate::profile::Profile;
use crate::table::find;
use crate::ties::{Link, Maker, Relation};

use super::memory::{Memory, Phrase, Sort};
use super::times::Times;
use super::{
    Context, EntityKind, Interpretation, Issue, NOBODY, ReadFor, Severity, Statement, trigger,
};

/// A message that is being read.
pub(crate) struct Reading<'a> {
    pub(crate) ctx: &'a Context<'a>,
    pub(crate) read_for: ReadFor,
    /// The zone of times that name none.
    pub(crate) zone: TimeZone,
    /// The message as the source of statements.
    pub(crate) source: Arc<Source>,
    /// Whether the message holds all there is of what the profile agrees on as snapshot.
    pub(super) is_full: bool,
    /// The people, places and organizations who were read already, by the bytes that name them.
    named: RefCell<HashMap<Vec<u8>, Option<Reference>>>,
    /// What the same bytes said in messages before this one.
    memory: RefCell<Memory>,
    /// What is said while something is read that will be remembered.
    heard: RefCell<Option<Vec<Statement>>>,
    /// The field that is being read: where issues belong.
    place: Cell<Place>,
    /// The patient whose group is read, and the first one of the message.
    patient: Cell<Option<EntityId>>,
    first: Cell<Option<EntityId>>,
    statements: RefCell<Statements>,
    links: RefCell<Vec<Link>>,
    issues: RefCell<Vec<Issue>>,
    unmapped: RefCell<Vec<Place>>,
    /// The part that is the entity itself.
    pub(crate) whole: Arc<str>,
    sender: String,
    /// The system of identifiers whose assigner was not named.
    pub(crate) sender_system: Option<String>,
}

#[derive(Default)]
struct Statements {
    list: Vec<Statement>,
    places: BTreeMap<(EntityId, Option<EntityId>), usize>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(read_for: ReadFor, message: &Message<'_>, ctx: &'a Context<'a>) -> Self {
        let times = Times::of(message, ctx);
        let sender = crate::identity::sender(&message.msh());
        let msh = message.msh();
        let beginning = ctx.digest.first_chunk().copied().unwrap_or_default();
        let stamp = Stamp {
            stated: times.stated,
            sequence: msh.field(13).text().trim().parse().ok(),
            sent: times.sent,
            control_id: msh.field(10).text().into_owned(),
            digest: u64::from_be_bytes(beginning),
        };
        Self {
            ctx,
            read_for,
            zone: times.zone.clone(),
            source: Arc::new(Source {
                stamp,
                journal: ctx.journal,
                mapping: MAPPING_VERSION,
            }),
            is_full: trigger::is_full(&message.message_type().trigger()),
            place: Cell::new(Place::new("MSH", 0)),
            named: RefCell::default(),
            memory: RefCell::new(Memory::of(message, &times.zone, &sender, ctx)),
            heard: RefCell::default(),
            patient: Cell::default(),
            first: Cell::default(),
            statements: RefCell::default(),
            links: RefCell::default(),
            issues: RefCell::default(),
            unmapped: RefCell::default(),
            whole: "".into(),
            sender_system: ctx.profile.default_system().map_or_else(
                || hd::of_sender(&sender, ctx.profile),
                |uri| Some(uri.to_owned()),
            ),
            sender,
        }
    }

    /// How the sender is to be read.
    pub(crate) fn profile(&self) -> &'a Profile {
        self.ctx.profile
    }

    /// What a code means by the profile's tables.
    pub(crate) fn meaning(&self, table: &str, code: &str) -> Option<Meaning> {
        self.ctx.profile.meaning(table, code)
    }

    /// What a code of a table becomes: by the profile, else by the standard.
    pub(crate) fn code(
        &self,
        number: &str,
        table: &[(&str, &'static str)],
        code: &str,
    ) -> Option<&'static str> {
        let agreed = self.meaning(number, code).map(|meaning| meaning.code);
        agreed.or_else(|| find(table, code))
    }

    /// MSH-4 as an authority: who stands behind an identifier that names nobody.
    pub(crate) fn sender(&self) -> String {
        self.sender.clone()
    }

    /// [`Reading::sender`], for whoever need not keep it.
    pub(crate) fn sender_name(&self) -> &str {
        &self.sender
    }

    /// From here on issues belong to that field.
    pub(crate) fn at(&self, place: Place) {
        self.place.set(place);
    }

    /// Reads what the same bytes named before in this message only once.
    pub(crate) fn once(
        &self,
        sent: &[u8],
        read: impl FnOnce() -> Option<Reference>,
    ) -> Option<Reference> {
        if let Some(known) = self.named.borrow().get(sent) {
            return known.clone();
        }
        let thing = read();
        let mut named = self.named.borrow_mut();
        named.insert(sent.to_vec(), thing.clone());
        thing
    }

    /// [`Reading::once`] for what nothing but the bytes names: what they said in another message is said
    /// again.
    pub(crate) fn named(
        &self,
        sort: Sort,
        sent: &[u8],
        read: impl FnOnce() -> Option<Reference>,
    ) -> Option<Reference> {
        self.once(&[sort.word(), sent].concat(), || {
            let known = self.said_again(sort, sent);
            known.or_else(|| self.remembered(sort, sent, read))
        })
    }

    /// Says again what the bytes said of a thing in another message.
    fn said_again(&self, sort: Sort, sent: &[u8]) -> Option<Reference> {
        let memory = self.memory.borrow();
        let Phrase::Thing(thing, statements) = memory.recall(sort, sent)? else {
            return None;
        };
        for said in statements {
            let facts = said.facts.said_by(&self.source);
            let about = (said.entity, Some(said.owner));
            self.say(about, said.kind, said.identities.clone(), facts);
        }
        Some(Reference::clone(thing))
    }

    /// Reads a thing, and remembers what was said of it.
    fn remembered(
        &self,
        sort: Sort,
        sent: &[u8],
        read: impl FnOnce() -> Option<Reference>,
    ) -> Option<Reference> {
        let n_issues = self.issues.borrow().len();
        self.heard.replace(Some(Vec::new()));
        let thing = read();
        let heard = self.heard.take().unwrap_or_default();
        let thing = thing?;
        if self.raised_nothing_since(n_issues) {
            let phrase = Phrase::Thing(Box::new(thing.clone()), heard);
            self.memory.borrow_mut().keep(sort, sent, phrase);
        }
        Some(thing)
    }

    /// The elements that bytes give, and nothing but them: known where the same bytes gave them before.
    pub(crate) fn elements(
        &self,
        place: Place,
        sent: &[u8],
        read: impl FnOnce() -> Option<Fragment>,
    ) -> Option<Fragment> {
        let sort = Sort::Field(place);
        if let Some(Phrase::Elements(known)) = self.memory.borrow().recall(sort, sent) {
            return known.clone();
        }
        let n_issues = self.issues.borrow().len();
        let fragment = read();
        if self.raised_nothing_since(n_issues) {
            let phrase = Phrase::Elements(fragment.clone());
            self.memory.borrow_mut().keep(sort, sent, phrase);
        }
        fragment
    }

    /// What raises an issue must raise it in each message.
    fn raised_nothing_since(&self, n_issues_before: usize) -> bool {
        self.issues.borrow().len() == n_issues_before
    }

    /// Something does not fit.
    pub(crate) fn issue(&self, what: &'static str) {
        let issue = Issue {
            at: self.place.get(),
            what,
            severity: Severity::Warning,
        };
        self.issues.borrow_mut().push(issue);
    }

    /// A field had a value that nobody read.
    pub(crate) fn not_mapped(&self, place: Place) {
        self.unmapped.borrow_mut().push(place);
    }

    /// The entity that an identity names.
    pub(crate) fn entity(&self, identity: &SourceIdentity) -> EntityId {
        self.ctx.key.entity(identity)
    }

    /// From here on it is said in the name of that patient.
    pub(crate) fn turn_to_patient(&self, patient: EntityId) {
        self.patient.set(Some(patient));
        self.first.set(self.first.get().or(Some(patient)));
    }

    /// The patient in whose name is spoken; none before the first one was named.
    pub(super) fn patient(&self) -> Option<EntityId> {
        self.patient.get()
    }

    /// Says that one entity is another one, or that it is not.
    pub(crate) fn link(
        &self,
        kind: EntityKind,
        ends: [EntityId; 2],
        relation: Relation,
        field: Place,
    ) {
        let [from, to] = ends;
        self.links.borrow_mut().push(Link {
            kind,
            from,
            to,
            relation,
            maker: Maker::Message,
            source: Arc::clone(&self.source),
            field: Some(field),
        });
    }

    /// Takes what was said of an entity in.
    pub(crate) fn say(
        &self,
        (entity, owner): (EntityId, Option<EntityId>),
        kind: EntityKind,
        identities: Vec<SourceIdentity>,
        facts: Facts,
    ) {
        let owner = owner.or(self.first.get().filter(|_| !kind.shared()));
        if let Some(heard) = &mut *self.heard.borrow_mut() {
            heard.push(Statement {
                entity,
                owner: owner.unwrap_or(NOBODY),
                kind,
                identities: identities.clone(),
                facts: facts.clone(),
            });
        }
        let mut statements = self.statements.borrow_mut();
        let Statements { list, places } = &mut *statements;
        let at = *places.entry((entity, owner)).or_insert_with(|| {
            list.push(Statement {
                entity,
                owner: owner.unwrap_or(NOBODY),
                kind,
                identities: Vec::new(),
                facts: Facts::new(),
            });
            list.len() - 1
        });
        let Some(statement) = list.get_mut(at) else {
            return;
        };
        if statement.facts.is_empty() {
            statement.facts = facts;
        } else {
            statement.facts.join(&facts);
        }
        add_new(&mut statement.identities, identities);
    }

    /// What was gathered.
    pub(super) fn close(self) -> Interpretation {
        let mut statements = self.statements.into_inner().list;
        statements.sort_by_key(|statement| statement.kind);
        Interpretation {
            statements,
            links: self.links.into_inner(),
            issues: self.issues.into_inner(),
            unmapped: self.unmapped.into_inner(),
        }
    }
}

/// Adds the identities that are not there yet, in their order.
fn add_new(list: &mut Vec<SourceIdentity>, more: Vec<SourceIdentity>) {
    const FEW: usize = 32;
    if list.len() + more.len() < FEW {
        for identity in more {
            if !list.contains(&identity) {
                list.push(identity);
            }
        }
        return;
    }
    let mut known: HashSet<SourceIdentity> = list.iter().cloned().collect();
    list.extend(
        more.into_iter()
            .filter(|identity| known.insert(identity.clone())),
    );
}

/// A segment that remembers which of its fields were read.
pub(crate) struct Seg<'m> {
    raw: Segment<'m>,
    name: &'static str,
    read: Cell<u128>,
}

impl<'m> Seg<'m> {
    pub(crate) fn new(name: &'static str, raw: Segment<'m>) -> Self {
        Self {
            raw,
            name,
            read: Cell::new(0),
        }
    }

    /// The segment below.
    pub(crate) fn raw(&self) -> &Segment<'m> {
        &self.raw
    }

    /// A field; from now on it counts as read.
    pub(crate) fn field(&self, n: u8) -> hl7v2::Field<'m> {
        self.skip(&[n]);
        self.raw.field(usize::from(n))
    }

    /// The place of a field.
    pub(crate) const fn place(&self, n: u8) -> Place {
        Place::new(self.name, n)
    }

    /// Fields that need no mapping: counters, and what other fields repeat.
    pub(crate) fn skip(&self, fields: &[u8]) {
        for &n in fields {
            self.read
                .set(self.read.get() | 1_u128.checked_shl(u32::from(n)).unwrap_or(0));
        }
    }

    /// Reports the fields that had a value and were not read.
    pub(crate) fn close(&self, reading: &Reading<'_>) {
        if reading.read_for == ReadFor::Show {
            return;
        }
        for n in 1..=self.raw.n_fields().min(127) {
            let was_read = self.read.get() & (1_u128 << n) != 0;
            if was_read || self.raw.field(n).is_empty() {
                continue;
            }
            let Ok(n) = u8::try_from(n) else { return };
            reading.not_mapped(self.place(n));
        }
    }
}
