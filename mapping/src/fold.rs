//! The facts of an entity become resources.

mod account;
mod appointment;
mod binary;
mod document;
mod episode;
mod observation;
mod order;
mod patient;
mod required;
mod rules;
mod timeline;
mod visit;
mod whole;

use std::sync::{Arc, LazyLock};

use fhir::ResourceType;
use model::{EntityId, IdentityKey, JournalId, ResourceId};
use serde_json::Value;

use crate::facts::{Facts, Fragment, Place, RegisterKey, Source};
use crate::identity::push_id;
use crate::inbound::SNAPSHOT;
use crate::json::Assembly;
use crate::ties::{Tie, Ties};

pub(crate) use rules::Rule;
pub use whole::{Row, Whole, wholes};

/// What folding needs besides facts.
#[derive(Clone, Copy, Debug)]
pub struct FoldContext<'a> {
    /// The tenant's key.
    pub key: &'a IdentityKey,
    /// Who is one with whom.
    pub ties: &'a Ties,
}

/// A resource that facts yield.
#[derive(Clone, PartialEq, Debug)]
pub struct Folded {
    /// Its type.
    pub kind: ResourceType,
    /// Its id.
    pub id: ResourceId,
    /// The resource, with id and origin tag, without version, time and source.
    pub body: Value,
    /// Where each element comes from.
    pub lineage: Vec<Lineage>,
    /// The latest message that it comes from.
    pub source: Option<JournalId>,
}

/// Where an element comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lineage {
    /// The element.
    pub element: String,
    /// The field that said it.
    pub field: String,
    /// The message.
    pub journal: Option<JournalId>,
}

/// The resources of what is one. Facts that say nothing of it yield none.
pub fn fold(whole: &Whole<'_>, ctx: &FoldContext<'_>) -> Vec<Folded> {
    let drafts = whole.drafts(ctx);
    drafts.into_iter().filter_map(Draft::finish).collect()
}

/// A resource whose text is not yet read back.
pub struct Draft<'f> {
    /// Its type.
    pub kind: ResourceType,
    /// Its id.
    pub id: ResourceId,
    /// The resource, with id and origin tag in this order, without version, time and source. Equal
    /// facts give equal texts.
    pub text: String,
    /// Its elements and who said them.
    lines: Vec<(&'f str, Said<'f>)>,
    latest: Option<&'f Arc<Source>>,
}

impl std::fmt::Debug for Draft<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Draft({}/{})", self.kind, self.id)
    }
}

impl Draft<'_> {
    /// Where each element comes from.
    pub fn lineage(&self) -> Vec<Lineage> {
        let line = |(element, said): &(&str, Said<'_>)| Lineage {
            element: (*element).to_owned(),
            field: said.field.text(),
            journal: said.source.journal,
        };
        self.lines.iter().map(line).collect()
    }

    fn finish(self) -> Option<Folded> {
        let body: Result<Value, _> = serde_json::from_str(&self.text);
        debug_assert!(body.is_ok(), "a resource is JSON that we wrote");
        let body = body.ok()?;
        Some(Folded {
            kind: self.kind,
            id: self.id,
            lineage: self.lineage(),
            body,
            source: self.latest.and_then(|source| source.journal),
        })
    }
}

/// What is said of an entity, sorted by part.
pub(super) struct Parts<'f>(Vec<Said<'f>>);

/// The parts that a snapshot lists.
#[derive(Default, serde::Deserialize)]
struct Listed {
    parts: Vec<String>,
}

/// What one field says.
#[derive(Clone, Copy)]
pub(super) struct Said<'f> {
    part: &'f str,
    pub(super) field: Place,
    pub(super) fragment: &'f Fragment,
    pub(super) source: &'f Arc<Source>,
}

impl<'f> Parts<'f> {
    fn of(facts: &'f Facts) -> Self {
        let registers = facts.registers().filter_map(|(key, register)| {
            Some((key, register.fragment.as_ref()?, &register.source))
        });
        let said = |(key, fragment, source): (&'f RegisterKey, _, _)| Said {
            part: key.part.as_ref(),
            field: key.field,
            fragment,
            source,
        };
        let mut parts = Self(registers.chain(facts.observed()).map(said).collect());
        // Facts are in order, but for what was observed.
        if !parts.0.is_sorted_by_key(|said| said.part) {
            parts.0.sort_by_key(|said| said.part);
        }
        let has_parts = parts.0.last().is_some_and(|said| !said.part.is_empty());
        if has_parts {
            parts.drop_unlisted();
        }
        parts
    }

    /// Where a snapshot was agreed on, what the latest one does not list is gone, unless it was said
    /// later.
    fn drop_unlisted(&mut self) {
        let snapshots: Vec<(&str, Said<'f>)> = self
            .of_kind(SNAPSHOT)
            .filter_map(|(kind, said)| Some((kind, *said.first()?)))
            .collect();
        for (kind, snapshot) in snapshots {
            let listed: Listed = serde_json::from_str(snapshot.fragment).unwrap_or_default();
            let stays = |(part, said): &(&str, &[Said<'f>])| {
                let is_of_kind = part.split('/').next() == Some(kind);
                let is_later = said.iter().any(|said| *snapshot.source < *said.source);
                !is_of_kind || is_later || listed.parts.iter().any(|known| known == part)
            };
            let kept = self.each().filter(stays).flat_map(|(_, said)| said);
            self.0 = kept.copied().collect();
        }
    }

    /// Each part, in order: its name and what is said of it.
    pub(super) fn each(&self) -> impl Iterator<Item = (&'f str, &[Said<'f>])> {
        let parts = self.0.chunk_by(|one, other| one.part == other.part);
        parts.filter_map(|said| Some((said.first()?.part, said)))
    }

    /// What is said of the entity itself.
    pub(super) fn itself(&self) -> &[Said<'f>] {
        self.part("")
    }

    /// What some fields say of the entity itself.
    pub(super) fn in_fields(&self, fields: &[Place]) -> Vec<Said<'f>> {
        let said = self.itself().iter();
        said.filter(|said| fields.contains(&said.field))
            .copied()
            .collect()
    }

    pub(super) fn part(&self, name: &str) -> &[Said<'f>] {
        let said = self.from(name);
        let n_said = said.partition_point(|said| said.part == name);
        said.get(..n_said).unwrap_or_default()
    }

    /// What is said of the parts whose names begin so: name without that beginning, and what is said.
    pub(super) fn beginning<'p>(
        &'p self,
        with: &str,
    ) -> impl Iterator<Item = (&'f str, &'p [Said<'f>])> + use<'f, 'p> {
        let said = self.from(with);
        let n_said = said.partition_point(|said| said.part.starts_with(with));
        named(said.get(..n_said).unwrap_or_default(), with.len())
    }

    fn from(&self, name: &str) -> &[Said<'f>] {
        let start = self.0.partition_point(|said| said.part < name);
        self.0.get(start..).unwrap_or_default()
    }

    /// The parts that become resources of a type: name and what is said of it.
    pub(super) fn of_kind(&self, kind: &str) -> impl Iterator<Item = (&'f str, &[Said<'f>])> {
        let name = |said: &Said<'f>| said.part.strip_prefix(kind);
        let is_before = |said: &Said<'f>| match name(said) {
            Some(rest) => rest < "/",
            None => said.part < kind,
        };
        let start = self.0.partition_point(is_before);
        let said = self.0.get(start..).unwrap_or_default();
        let n_said = said.partition_point(|said| name(said).is_some_and(|it| it.starts_with('/')));
        named(said.get(..n_said).unwrap_or_default(), kind.len() + 1)
    }

    /// The one resource of an entity that has no parts.
    fn whole(&self, kind: ResourceType, entity: EntityId) -> Vec<Draft<'f>> {
        let said = self.itself();
        if said.is_empty() {
            return Vec::new();
        }
        let mut builder = Builder::new(kind, entity.into());
        builder.add_all(said);
        vec![builder.finish()]
    }
}

/// Each part by its name, without so many letters at its beginning.
fn named<'f, 'p>(
    said: &'p [Said<'f>],
    n_letters: usize,
) -> impl Iterator<Item = (&'f str, &'p [Said<'f>])> + use<'f, 'p> {
    let parts = said.chunk_by(|one, other| one.part == other.part);
    parts.filter_map(move |said| Some((said.first()?.part.get(n_letters..)?, said)))
}

/// What stands for a field that made several entities one.
static LINK: LazyLock<Fragment> = LazyLock::new(|| "{\"link\":[]}".into());

/// What stands around the elements of a resource: type, id and tags.
const FRAME_BYTES: usize = 256;

/// Puts a resource together.
pub(super) struct Builder<'f, 'c> {
    kind: ResourceType,
    id: ResourceId,
    pub(super) assembly: Assembly<'c>,
    lines: Vec<(&'f str, Said<'f>)>,
    latest: Option<&'f Arc<Source>>,
    /// A tag of ours besides the origin.
    tag: Option<&'static str>,
    /// Whether a line may be about an element that is not there.
    has_doubtful_lines: bool,
}

impl<'f: 'c, 'c> Builder<'f, 'c> {
    pub(super) fn new(kind: ResourceType, id: ResourceId) -> Self {
        Self {
            kind,
            id,
            assembly: Assembly::with_room(),
            lines: Vec::with_capacity(16),
            latest: None,
            tag: None,
            has_doubtful_lines: false,
        }
    }

    /// Adds a tag, as JSON.
    pub(super) fn tag(&mut self, tag: &'static str) {
        self.tag = Some(tag);
    }

    pub(super) fn add_all(&mut self, said: &[Said<'f>]) {
        for said in said {
            self.add(*said);
        }
    }

    /// Adds what a field says. What is there already stays, lists grow.
    pub(super) fn add(&mut self, said: Said<'f>) {
        for (element, value) in said.fragment.members() {
            self.assembly.put(element, value);
            self.lines.push((element, said));
        }
        self.note(said.source);
    }

    fn note(&mut self, source: &'f Arc<Source>) {
        let is_known = |latest: &Arc<Source>| Arc::ptr_eq(latest, source) || source <= latest;
        if !self.latest.is_some_and(is_known) {
            self.latest = Some(source);
        }
    }

    /// Takes an element out.
    pub(super) fn remove(&mut self, element: &str) {
        self.assembly.remove(element);
        self.has_doubtful_lines = true;
    }

    /// Adds elements that were computed.
    pub(super) fn add_computed(&mut self, fragment: &'c str) {
        self.assembly.add(fragment);
    }

    /// Remembers which message made several entities one.
    pub(super) fn explain_tie(&mut self, tie: &'f Tie) {
        let Some((field, source)) = &tie.said else {
            return;
        };
        let said = Said {
            part: "",
            field: *field,
            fragment: &LINK,
            source,
        };
        self.lines.push(("link", said));
        self.has_doubtful_lines = true;
        self.latest = self.latest.max(Some(source));
    }

    /// Adds what others that are the same are called.
    pub(super) fn add_numbers(&mut self, numbers: &'c [(Said<'f>, Option<String>)]) {
        for (said, identifiers) in numbers {
            if let Some(identifiers) = identifiers {
                self.add_computed(identifiers);
            }
            self.explain(*said);
        }
    }

    /// Adds a fragment that was computed.
    pub(super) fn add_fragment(&mut self, fragment: &'c Fragment) {
        for (element, value) in fragment.members() {
            self.assembly.put(element, value);
        }
    }

    /// Remembers that a field took part.
    pub(super) fn explain(&mut self, said: Said<'f>) {
        let elements = said.fragment.members().map(|(element, _)| (element, said));
        self.lines.extend(elements);
        self.has_doubtful_lines = true;
        self.note(said.source);
    }

    pub(super) fn finish(mut self) -> Draft<'f> {
        for (names, fragment) in required::of(self.kind) {
            if !names.iter().any(|name| self.assembly.has(name)) {
                self.add_computed(fragment);
            }
        }
        // What another field said better is not in the resource.
        if self.has_doubtful_lines {
            let assembly = &self.assembly;
            self.lines.retain(|(element, _)| assembly.has(element));
        }
        // What fields say of the resource as a record stands beside our own mark.
        let meta = self.assembly.get("meta");
        if meta.is_some() {
            self.assembly.remove("meta");
        }
        let kind = self.kind.name();
        let id = self.id;
        let mut text = String::with_capacity(self.assembly.n_bytes() + FRAME_BYTES);
        text.push_str("{\"resourceType\":\"");
        text.push_str(kind);
        text.push_str("\",\"id\":\"");
        push_id(&mut text, id.0);
        text.push_str("\",\"meta\":{");
        if let Some(meta) = meta {
            text.push_str(meta.trim_start_matches('{').trim_end_matches('}'));
            text.push(',');
        }
        text.push_str("\"tag\":[{\"system\":\"urn:drawbridge:origin\",\"code\":\"emr\"}");
        if let Some(tag) = self.tag {
            text.push(',');
            text.push_str(tag);
        }
        text.push_str("]}");
        if !self.assembly.is_empty() {
            text.push(',');
            self.assembly.write_members(&mut text);
        }
        text.push('}');
        Draft {
            kind: self.kind,
            id,
            text,
            lines: self.lines,
            latest: self.latest,
        }
    }
}
