//! What one message says of one entity, field by field.

use std::collections::BTreeSet;
use std::sync::Arc;

use hl7v2::{Field, Repetition};
use model::{EntityId, SourceIdentity};

use crate::facts::{Event, Facts, First, Place, Register, RegisterKey};
use crate::json::{self, Fragment};

use super::{EntityKind, NOBODY, ReadFor, Reading};

pub(crate) use super::reading::Seg;

/// The kind of part that lists which parts there are.
pub(crate) const SNAPSHOT: &str = "snapshot";

/// The kind of part that names the patient to whom a thing belonged before.
pub(crate) const MOVED: &str = "moved";

/// The part that says in whose name a thing was first spoken of.
pub(crate) const CLAIM: &str = "claim";

/// Speaks of one entity. What it says is taken in by [`Voice::close`].
pub(crate) struct Voice<'r, 'a> {
    pub(crate) reading: &'r Reading<'a>,
    pub(crate) entity: EntityId,
    kind: EntityKind,
    /// The patient in whose name is spoken.
    owner: Option<EntityId>,
    identities: Vec<SourceIdentity>,
    part: Arc<str>,
    /// The parts that were spoken of.
    parts: BTreeSet<Arc<str>>,
    facts: Facts,
}

/// Segments that a profile may agree on as snapshots: whose they are, and what they become.
const SNAPSHOTS: [(&str, EntityKind, &str); 5] = [
    ("AL1", EntityKind::Patient, "AllergyIntolerance"),
    ("DG1", EntityKind::Visit, "Condition"),
    ("IN1", EntityKind::Patient, "Coverage"),
    ("NK1", EntityKind::Patient, "RelatedPerson"),
    ("PR1", EntityKind::Visit, "Procedure"),
];

impl<'r, 'a> Voice<'r, 'a> {
    /// Speaks of the entity that an identity names.
    pub(crate) fn new(
        reading: &'r Reading<'a>,
        kind: EntityKind,
        identity: SourceIdentity,
    ) -> Self {
        debug_assert_eq!(kind.identity(), identity.kind);
        Self::of(reading, kind, reading.entity(&identity), vec![identity])
    }

    /// Speaks of an entity that the message did not identify: what stands in for its identity is ours,
    /// keys it, and must never be sent to anybody as the EMR's.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "callers make it for this alone, as they do for `new`"
    )]
    pub(crate) fn unidentified(
        reading: &'r Reading<'a>,
        kind: EntityKind,
        stand_in: SourceIdentity,
    ) -> Self {
        Self::of(reading, kind, reading.entity(&stand_in), Vec::new())
    }

    /// [`Voice::unidentified`] by what stands in for authority and value.
    pub(crate) fn stand_in(
        reading: &'r Reading<'a>,
        kind: EntityKind,
        authority: &str,
        value: &str,
    ) -> Self {
        let entity = reading.ctx.key.named(kind.identity(), authority, value);
        Self::of(reading, kind, entity, Vec::new())
    }

    fn of(
        reading: &'r Reading<'a>,
        kind: EntityKind,
        entity: EntityId,
        identities: Vec<SourceIdentity>,
    ) -> Self {
        let owner = if kind == EntityKind::Patient {
            Some(entity)
        } else if kind.shared() {
            Some(NOBODY)
        } else {
            reading.patient()
        };
        Self {
            reading,
            entity,
            kind,
            owner,
            identities,
            part: Arc::clone(&reading.whole),
            parts: BTreeSet::new(),
            facts: Facts::new(),
        }
    }

    /// Other identifiers of the entity, where anybody will look for it by them.
    pub(crate) fn also(&mut self, identities: impl Iterator<Item = SourceIdentity>) {
        if self.reading.read_for == ReadFor::Keep {
            self.identities.extend(identities);
        }
    }

    /// Speaks of the entity itself from here on.
    pub(crate) fn turn_to_whole(&mut self) {
        self.part = Arc::clone(&self.reading.whole);
    }

    /// Speaks of a part of the entity from here on.
    pub(crate) fn turn_to_part(&mut self, kind: &str, name: &str) {
        self.part = [kind, "/", name].concat().into();
        self.parts.insert(Arc::clone(&self.part));
    }

    /// Whether a part was spoken of.
    pub(crate) fn has_part(&self, kind: &str, name: &str) -> bool {
        self.parts.contains(format!("{kind}/{name}").as_str())
    }

    /// The id of a part that becomes a resource of its own.
    pub(crate) fn part_id(&self, kind: &str, name: &str) -> uuid::Uuid {
        self.reading.ctx.key.part(self.entity, &[kind, name]).0
    }

    /// States what a field gives: a resource with just those elements set.
    pub(crate) fn state(&mut self, place: Place, fragment: Option<Fragment>) {
        if fragment.is_some() {
            self.put(place, fragment);
        }
    }

    /// States what changes to and fro, so that of a shared thing too the latest statement holds.
    pub(crate) fn state_latest(&mut self, place: Place, fragment: Option<Fragment>) {
        if fragment.is_some() {
            let key = RegisterKey {
                part: Arc::clone(&self.part),
                field: place,
            };
            let register = Register {
                source: Arc::clone(&self.reading.source),
                fragment,
            };
            self.facts.state(key, register);
        }
    }

    /// States that the entity exists, where nothing else is known of it.
    pub(crate) fn exist(&mut self, place: Place) {
        self.put(place, Some("{}".into()));
    }

    /// Whether nothing was said so far.
    pub(crate) fn has_said_nothing(&self) -> bool {
        self.facts.is_empty()
    }

    /// States that a field was deleted.
    pub(crate) fn delete(&mut self, place: Place) {
        self.put(place, None);
    }

    fn put(&mut self, field: Place, fragment: Option<Fragment>) {
        let key = RegisterKey {
            part: Arc::clone(&self.part),
            field,
        };
        let source = Arc::clone(&self.reading.source);
        match fragment {
            Some(fragment) if self.kind.shared() => {
                self.facts.observe(&key, &fragment, &source);
            }
            // One message can't delete what others say of a shared thing.
            None if self.kind.shared() => {}
            fragment => {
                self.facts.state(key, Register { source, fragment });
            }
        }
    }

    /// States what a field says, for whoever asks what was said first.
    pub(crate) fn state_first(&mut self, field: Place, part: &str, text: &str) {
        let part = match part {
            "" => Arc::clone(&self.reading.whole),
            part => part.into(),
        };
        let first = First {
            source: Arc::clone(&self.reading.source),
            text: text.into(),
        };
        self.facts.state_first(RegisterKey { part, field }, first);
    }

    /// A field whose first repetition counts. Empty says nothing, `""` deletes.
    pub(crate) fn one<R: json::Resource>(
        &mut self,
        seg: &Seg<'_>,
        n: u8,
        read: impl FnOnce(Repetition<'_>) -> Option<R>,
    ) {
        self.whole(seg, n, |field| read(field.first()));
    }

    /// A field of which each repetition gives something; `""` in one of them says nothing of the rest.
    pub(crate) fn each<T, R: json::Resource>(
        &mut self,
        seg: &Seg<'_>,
        n: u8,
        read: impl Fn(Repetition<'_>) -> Option<T>,
        wrap: impl FnOnce(Vec<T>) -> R,
    ) {
        self.whole(seg, n, |field| {
            let list: Vec<T> = valued(field).filter_map(read).collect();
            (!list.is_empty()).then(|| wrap(list))
        });
    }

    /// A field as a whole.
    pub(crate) fn whole<R: json::Resource>(
        &mut self,
        seg: &Seg<'_>,
        n: u8,
        read: impl FnOnce(Field<'_>) -> Option<R>,
    ) {
        self.given(seg, n, |field| json::fragment(&read(field)?));
    }

    /// A field whose bytes alone say what it gives: what the same bytes gave in another message is known.
    /// No thing of its own may be named in it.
    pub(crate) fn coded<R: json::Resource>(
        &mut self,
        seg: &Seg<'_>,
        n: u8,
        read: impl FnOnce(Field<'_>) -> Option<R>,
    ) {
        let (reading, place) = (self.reading, seg.place(n));
        self.given(seg, n, |field| {
            reading.elements(place, field.raw(), || json::fragment(&read(field)?))
        });
    }

    /// What a field gives. Empty says nothing, `""` deletes.
    fn given(&mut self, seg: &Seg<'_>, n: u8, read: impl FnOnce(Field<'_>) -> Option<Fragment>) {
        let field = seg.field(n);
        if field.is_empty() {
            return;
        }
        let place = seg.place(n);
        self.reading.at(place);
        if field.is_null() {
            return self.delete(place);
        }
        self.state(place, read(field));
    }

    /// Something happened.
    pub(crate) fn happen(&mut self, event: Event) {
        self.facts.happen(event);
    }

    /// States that the parts of a kind that were spoken of are all there are.
    pub(crate) fn list_all(&mut self, kind: &str, place: Place) {
        let named: Vec<&str> = self
            .parts
            .iter()
            .map(AsRef::as_ref)
            .filter(|part| part.split('/').next() == Some(kind))
            .collect();
        let list = serde_json::json!({ "parts": named }).to_string();
        self.part = format!("{SNAPSHOT}/{kind}").into();
        self.put(place, Some(list.into()));
    }

    /// States which parts there are, where the profile agrees that a message names them all.
    fn list_parts(&mut self) {
        if !self.reading.is_full || self.reading.profile().snapshot.is_empty() {
            return;
        }
        for (segment, owner, kind) in SNAPSHOTS {
            if owner == self.kind && self.reading.profile().snapshot.contains(segment) {
                self.list_all(kind, Place::new(segment, 0));
            }
        }
    }

    /// Hands over what was said.
    pub(crate) fn close(mut self) {
        self.list_parts();
        self.claim();
        let about = (self.entity, self.owner);
        self.reading
            .say(about, self.kind, self.identities, self.facts);
    }

    /// Remembers who spoke first in this patient's name: of two patients whose messages name one visit,
    /// the first has it.
    fn claim(&mut self) {
        if self.kind == EntityKind::Patient || self.kind.shared() || self.facts.is_empty() {
            return;
        }
        let key = RegisterKey {
            part: CLAIM.into(),
            field: Place::new("PID", 3),
        };
        self.facts.observe(&key, &"{}".into(), &self.reading.source);
    }
}

/// The repetitions that say something.
pub(crate) fn valued(field: Field<'_>) -> impl Iterator<Item = Repetition<'_>> {
    field
        .repetitions()
        .filter(|repetition| !repetition.is_empty() && !repetition.is_null())
}
