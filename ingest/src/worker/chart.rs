//! What a batch of messages says, joined to what is known: new facts, and the resources that they
//! fold to. Pure; the store's rows come in and go out.

mod folding;
mod joining;

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;

use mapping::inbound::{EntityKind, Statement};
use mapping::{Facts, Lineage, Link, Ties};
use model::{EntityId, IdentityKey, JournalId, LaneId, ResourceId, SourceIdentity};
use store::{fact::FactRow, review::Question};

use super::reading::Read;
use folding::{Since, fold, happened};
use joining::{join_all, without};

pub(crate) use joining::retain_changed;

/// What a batch says of one entity in the name of one patient.
#[derive(Clone, Debug)]
pub(crate) struct Entity {
    pub(crate) kind: EntityKind,
    lane: Option<LaneId>,
    /// What each message says, in journal order.
    said: Vec<(JournalId, Facts)>,
    identities: BTreeSet<SourceIdentity>,
}

/// Entities and owners by id: the order of locks.
pub(crate) type Entities = BTreeMap<(EntityId, EntityId), Entity>;

/// What a batch says.
#[derive(Default, Debug)]
pub(crate) struct Gathered {
    /// Of what belongs to the claimed lanes alone.
    pub(crate) private: Entities,
    /// Of what many lanes share.
    pub(crate) shared: Entities,
    /// Of who is one with whom, and by which message.
    pub(crate) links: Vec<Link>,
    /// Patients that are to be folded anew, although nothing was said of them.
    pub(crate) again: Vec<EntityId>,
}

/// What the store knows of a batch's entities.
#[derive(Default, Debug)]
pub(crate) struct Known {
    /// Their facts, and those of all that is one with them.
    pub(crate) rows: Vec<FactRow>,
    /// Who was one with whom.
    pub(crate) before: Ties,
    /// Who is.
    pub(crate) after: Ties,
    /// What has another patient, visit or account now, although nothing was said of it.
    pub(crate) turned: BTreeMap<EntityId, Option<JournalId>>,
}

/// Facts once some messages are taken out of them; empty where nothing is left.
#[derive(Default, Debug)]
pub(crate) struct Rebuilt {
    pub(crate) facts: BTreeMap<(EntityId, EntityId), Facts>,
    /// The messages that were taken out.
    pub(crate) without: BTreeSet<JournalId>,
}

/// What follows from a batch.
#[derive(Default, Debug)]
pub(crate) struct Changes {
    /// Facts to be saved.
    pub(crate) facts: Vec<FactRow>,
    /// Facts of which nothing is left.
    pub(crate) gone: Vec<(EntityId, EntityId)>,
    /// Resources that tell of events in which messages had a part that were taken out.
    pub(crate) happened: Vec<(fhir::ResourceType, ResourceId)>,
    /// Resources as they should be.
    pub(crate) wanted: Vec<Wanted>,
    /// Resources that the facts no longer yield.
    pub(crate) unwanted: Vec<Unwanted>,
    /// Identifiers of the changed entities.
    pub(crate) identities: Vec<store::identity::Identity>,
    /// Patients who are to be compared with others: what they are known by was said now.
    pub(crate) compared: Vec<EntityId>,
    /// What patients who are not one both claim.
    pub(crate) claims: Vec<Question>,
    /// What they claimed, and one of them has by now.
    pub(crate) settled: Vec<Question>,
}

/// A resource as the facts yield it, where that differs from what they yielded before.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) kind: fhir::ResourceType,
    pub(crate) id: ResourceId,
    /// With id and origin tag, without version, time and source.
    pub(crate) text: String,
    /// What search finds it by.
    pub(crate) index: fhir::IndexValues,
    pub(crate) lineage: Vec<Lineage>,
    /// The last message that changed its facts.
    pub(crate) journal: JournalId,
    /// Its entity had no facts before, so it can't be in the store.
    pub(crate) new: bool,
}

/// A resource that the facts no longer yield.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Unwanted {
    pub(crate) kind: fhir::ResourceType,
    pub(crate) id: ResourceId,
    pub(crate) journal: JournalId,
}

/// Facts that can't be joined or folded; the batch must be taken apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Poison {
    /// Facts that are not ours, or that a later format wrote.
    #[error("stored facts can't be read")]
    UnreadableFacts,
    /// Likewise a link.
    #[error("a stored link can't be read")]
    UnreadableLink,
    /// What was folded is no JSON.
    #[error("a folded resource can't be read")]
    UnreadableResource,
    /// A defect of ours.
    #[error("joining or folding panicked")]
    Panicked,
    /// A newer build is at work on this database.
    #[error("the facts were written by newer rules")]
    Newer,
}

/// Gathers what the messages say, private entities apart from shared ones.
pub(crate) fn gather(messages: &mut [Read]) -> Gathered {
    let mut gathered = Gathered::default();
    for message in messages {
        if let Ok(said) = &mut message.result {
            let (statements, links) = (said.statements.drain(..), said.links.drain(..));
            gathered.links.extend(links);
            gathered.take(
                statements,
                message.queued.journal,
                Some(message.queued.lane),
            );
        }
    }
    gathered
}

impl Gathered {
    /// Takes in what one message says.
    pub(crate) fn take(
        &mut self,
        statements: impl IntoIterator<Item = Statement>,
        journal: JournalId,
        lane: Option<LaneId>,
    ) {
        for statement in statements {
            let entities = if statement.kind.shared() {
                &mut self.shared
            } else {
                &mut self.private
            };
            let Statement {
                entity,
                owner,
                kind,
                identities,
                facts,
            } = statement;
            let entry = entities.entry((entity, owner)).or_insert_with(|| Entity {
                kind,
                lane: lane.filter(|_| !kind.shared()),
                said: Vec::new(),
                identities: BTreeSet::new(),
            });
            entry.said.push((journal, facts));
            entry.identities.extend(identities);
        }
    }
}

/// Joins what was said to the stored facts and folds what that changed.
pub(crate) fn changes(
    entities: &Entities,
    known: &Known,
    key: &IdentityKey,
) -> Result<Changes, Poison> {
    let attempt = || {
        let mut changes = Changes::default();
        let joined = join_all(&mut changes, entities, known)?;
        fold(&mut changes, &joined, known, key, Since::Changes)?;
        Ok(changes)
    };
    std::panic::catch_unwind(AssertUnwindSafe(attempt)).unwrap_or(Err(Poison::Panicked))
}

/// Folds what rebuilt facts yield.
pub(crate) fn rebuilt(
    rebuilt: &Rebuilt,
    known: &Known,
    key: &IdentityKey,
) -> Result<Changes, Poison> {
    let attempt = || {
        let mut changes = Changes::default();
        let rows = known.rows.iter();
        let joined: Result<Vec<_>, _> = rows
            .map(|row| without(&mut changes, rebuilt, row))
            .collect();
        let joined = joined?;
        fold(&mut changes, &joined, known, key, Since::Ever)?;
        changes.happened = happened(rebuilt, &joined, known, key);
        Ok(changes)
    };
    std::panic::catch_unwind(AssertUnwindSafe(attempt)).unwrap_or(Err(Poison::Panicked))
}

/// Stands for the message of what is never written, and of what nobody said.
pub(crate) const NO_MESSAGE: JournalId = JournalId(0);
