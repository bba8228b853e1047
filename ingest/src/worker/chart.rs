//! What a batch of messages says, joined to what is known: new facts, and the resources that they
//! fold to. Pure; the store's rows come in and go out.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    panic::AssertUnwindSafe,
    sync::Arc,
};

use mapping::{
    Draft, FOLD_VERSION, Facts, FoldContext, Lineage, drafts,
    inbound::{EntityKind, Statement},
};
use model::{EntityId, IdentityKey, JournalId, LaneId, ResourceId, SourceIdentity};
use store::fact::FactRow;

use super::reading::{Manner, Read};

/// What a batch says of one entity.
#[derive(Clone, Debug)]
pub(crate) struct Entity {
    kind: EntityKind,
    lane: Option<LaneId>,
    /// What each message says, in journal order.
    said: Vec<(JournalId, Facts)>,
    identities: BTreeSet<SourceIdentity>,
    manner: Arc<Manner>,
}

/// Entities by id: the order of locks.
pub(crate) type Entities = BTreeMap<EntityId, Entity>;

/// What follows from a batch.
#[derive(Default, Debug)]
pub(crate) struct Changes {
    /// Facts to be saved.
    pub(crate) facts: Vec<FactRow>,
    /// Resources as they should be.
    pub(crate) wanted: Vec<Wanted>,
    /// Resources that the facts no longer yield.
    pub(crate) unwanted: Vec<Unwanted>,
    /// Identifiers of the changed entities.
    pub(crate) identities: Vec<store::identity::Identity>,
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
pub(crate) enum Poison {
    #[error("stored facts can't be read")]
    UnreadableFacts,
    #[error("a folded resource can't be read")]
    UnreadableResource,
    #[error("joining or folding panicked")]
    Panicked,
    #[error("the facts were written by newer rules")]
    Newer,
}

/// Gathers what the messages say, private entities apart from shared ones.
pub(crate) fn gather(messages: &mut [Read]) -> (Entities, Entities) {
    let (mut private, mut shared) = (Entities::new(), Entities::new());
    for message in messages {
        let Ok(interpretation) = &mut message.result else {
            continue;
        };
        for statement in interpretation.statements.drain(..) {
            let entities = if statement.kind.shared() {
                &mut shared
            } else {
                &mut private
            };
            let lane = (!statement.kind.shared()).then_some(message.queued.lane);
            let Statement {
                entity,
                kind,
                identities,
                facts,
            } = statement;
            let entry = entities.entry(entity).or_insert_with(|| Entity {
                kind,
                lane,
                said: Vec::new(),
                identities: BTreeSet::new(),
                manner: message.manner.clone(),
            });
            entry.said.push((message.queued.journal, facts));
            entry.identities.extend(identities);
        }
    }
    (private, shared)
}

/// Joins what was said to the stored facts and folds what that changed.
pub(crate) fn changes(
    entities: &Entities,
    rows: &[FactRow],
    key: &IdentityKey,
) -> Result<Changes, Poison> {
    let attempt = || {
        let rows: BTreeMap<EntityId, &FactRow> = rows.iter().map(|row| (row.entity, row)).collect();
        let mut changes = Changes::default();
        for (id, entity) in entities {
            change(&mut changes, *id, entity, rows.get(id).copied(), key)?;
        }
        Ok(changes)
    };
    std::panic::catch_unwind(AssertUnwindSafe(attempt)).unwrap_or(Err(Poison::Panicked))
}

fn change(
    changes: &mut Changes,
    id: EntityId,
    entity: &Entity,
    row: Option<&FactRow>,
    key: &IdentityKey,
) -> Result<(), Poison> {
    if row.is_some_and(|row| FOLD_VERSION < row.fold_version) {
        return Err(Poison::Newer);
    }
    let before = row
        .map(|row| Facts::from_bytes(&row.body))
        .transpose()
        .map_err(|_| Poison::UnreadableFacts)?;
    let Some((facts, journal)) = join(before.as_ref(), &entity.said) else {
        return Ok(());
    };
    let context = FoldContext {
        profile: &entity.manner.profile,
        key,
    };
    let now = drafts(id, entity.kind, &facts, &context);
    let yielded = before
        .as_ref()
        .map(|before| drafts(id, entity.kind, before, &context));
    let mut yielded: BTreeMap<_, Draft<'_>> = yielded
        .into_iter()
        .flatten()
        .map(|draft| ((draft.kind, draft.id), draft))
        .collect();
    // What other rules wrote may differ although these rules see no change.
    let same_rules = row.is_some_and(|row| row.fold_version == FOLD_VERSION);
    for draft in now {
        let old = yielded.remove(&(draft.kind, draft.id));
        if !(same_rules && old.is_some_and(|old| old.text == draft.text)) {
            changes.wanted.push(wanted(draft, journal, row.is_none())?);
        }
    }
    let gone = yielded.into_keys();
    changes
        .unwanted
        .extend(gone.map(|(kind, id)| Unwanted { kind, id, journal }));
    changes.facts.push(FactRow {
        entity: id,
        kind: entity.kind.code(),
        lane: row.map_or(entity.lane, |row| row.lane.or(entity.lane)),
        journal,
        fold_version: FOLD_VERSION,
        body: facts.to_bytes(),
        new: row.is_none(),
    });
    let identity = |identity: &SourceIdentity| store::identity::Identity {
        entity: id,
        lane: entity.lane,
        identity: identity.clone(),
    };
    if !entity.kind.shared() {
        changes
            .identities
            .extend(entity.identities.iter().map(identity));
    }
    Ok(())
}

fn wanted(draft: Draft<'_>, journal: JournalId, new: bool) -> Result<Wanted, Poison> {
    let body = fhir::Tree::parse(&draft.text).map_err(|_| Poison::UnreadableResource)?;
    Ok(Wanted {
        kind: draft.kind,
        id: draft.id,
        lineage: draft.lineage(),
        index: fhir::index(draft.kind, &body),
        text: draft.text,
        journal,
        new,
    })
}

/// The joined facts and the last message that changed them; `None` when none did.
fn join<'f>(
    before: Option<&'f Facts>,
    said: &'f [(JournalId, Facts)],
) -> Option<(Cow<'f, Facts>, JournalId)> {
    let mut facts = before.map(Cow::Borrowed);
    let mut changed_by = None;
    for (journal, statement) in said {
        match &mut facts {
            Some(facts) => {
                if facts.to_mut().join(statement) {
                    changed_by = Some(*journal);
                }
            }
            none => {
                *none = Some(Cow::Borrowed(statement));
                changed_by = Some(*journal);
            }
        }
    }
    Some((facts?, changed_by?))
}

/// Leaves only the entities whose facts a join with these rows would change.
pub(crate) fn retain_changed(entities: &mut Entities, rows: &[FactRow]) -> Result<(), Poison> {
    let rows: BTreeMap<EntityId, &FactRow> = rows.iter().map(|row| (row.entity, row)).collect();
    let attempt = || {
        let mut unchanged = Vec::new();
        for (id, entity) in entities.iter() {
            let Some(row) = rows.get(id) else { continue };
            let before = Facts::from_bytes(&row.body).map_err(|_| Poison::UnreadableFacts)?;
            if join(Some(&before), &entity.said).is_none() {
                unchanged.push(*id);
            }
        }
        for id in unchanged {
            entities.remove(&id);
        }
        Ok(())
    };
    std::panic::catch_unwind(AssertUnwindSafe(attempt)).unwrap_or(Err(Poison::Panicked))
}
