//! What was said joined to the stored facts.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;

use mapping::inbound::{EntityKind, NOBODY};
use mapping::{FOLD_VERSION, Facts, Row};
use model::{EntityId, JournalId, SourceIdentity};
use store::fact::FactRow;
use uuid::Uuid;

use super::{Changes, Entities, Entity, Known, NO_MESSAGE, Poison, Rebuilt};

/// The facts of one entity and owner, before and after.
pub(super) struct Joined<'f> {
    pub(super) entity: EntityId,
    pub(super) owner: EntityId,
    pub(super) kind: EntityKind,
    pub(super) before: Option<Facts>,
    /// None where nothing changed.
    pub(super) after: Option<Cow<'f, Facts>>,
    pub(super) changed_by: Option<JournalId>,
    /// The message that changed it last, before.
    pub(super) last: Option<JournalId>,
    /// Folded by the rules of this build.
    pub(super) same_rules: bool,
}

impl Joined<'_> {
    pub(super) fn row(&self, is_after: bool) -> Option<Row<'_>> {
        let after = self.after.as_deref().filter(|_| is_after);
        if after.is_some_and(Facts::is_empty) {
            return None;
        }
        let facts = after.or(self.before.as_ref())?;
        Some(Row {
            entity: self.entity,
            kind: self.kind,
            owner: self.owner,
            facts: Cow::Borrowed(facts),
        })
    }
}

/// A row, before and after messages were taken out of it.
pub(super) fn without<'f>(
    changes: &mut Changes,
    rebuilt: &'f Rebuilt,
    row: &FactRow,
) -> Result<Joined<'f>, Poison> {
    if FOLD_VERSION < row.fold_version {
        return Err(Poison::Newer);
    }
    let (entity, owner) = (row.entity, row.owner);
    let after = rebuilt.facts.get(&(entity, owner));
    let changed_by = after.map(|facts| facts.messages().last().copied().unwrap_or(NO_MESSAGE));
    match (after, changed_by) {
        (Some(facts), _) if facts.is_empty() => changes.gone.push((entity, owner)),
        (Some(facts), Some(journal)) => changes.facts.push(FactRow {
            journal,
            fold_version: FOLD_VERSION,
            body: facts.to_bytes(),
            ..row.clone()
        }),
        _ => {}
    }
    Ok(Joined {
        entity,
        owner,
        kind: EntityKind::from_code(row.kind).ok_or(Poison::UnreadableFacts)?,
        before: Some(Facts::from_bytes(&row.body).map_err(|_| Poison::UnreadableFacts)?),
        after: after.map(Cow::Borrowed),
        changed_by,
        last: Some(row.journal),
        same_rules: row.fold_version == FOLD_VERSION,
    })
}

pub(super) fn join_all<'f>(
    changes: &mut Changes,
    entities: &'f Entities,
    known: &Known,
) -> Result<Vec<Joined<'f>>, Poison> {
    let rows = known.rows.iter();
    let rows: BTreeMap<_, &FactRow> = rows.map(|row| ((row.entity, row.owner), row)).collect();
    let mut all: BTreeSet<(EntityId, EntityId)> = entities.keys().copied().collect();
    all.extend(rows.keys());
    let mut joined = Vec::with_capacity(all.len());
    for (entity, owner) in all {
        let row = rows.get(&(entity, owner)).copied();
        let said = entities.get(&(entity, owner));
        let kind = said.map(|said| said.kind);
        let kind = kind.or_else(|| EntityKind::from_code(row?.kind));
        let kind = kind.ok_or(Poison::UnreadableFacts)?;
        if row.is_some_and(|row| FOLD_VERSION < row.fold_version) {
            return Err(Poison::Newer);
        }
        let before = row
            .map(|row| Facts::from_bytes(&row.body))
            .transpose()
            .map_err(|_| Poison::UnreadableFacts)?;
        let said = said.map(|said| (said, join(before.as_ref(), &said.said)));
        let (after, changed_by) = match said {
            Some((said, Some((facts, journal)))) => {
                let id = (entity, owner);
                save(changes, id, said, is_known(&rows, id), (&facts, journal));
                if kind == EntityKind::Patient && is_told_anew(before.as_ref(), &facts) {
                    changes.compared.push(entity);
                }
                (Some(facts), Some(journal))
            }
            _ => (None, None),
        };
        joined.push(Joined {
            entity,
            owner,
            kind,
            before,
            after,
            changed_by,
            last: row.map(|row| row.journal),
            same_rules: row.is_none_or(|row| row.fold_version == FOLD_VERSION),
        });
    }
    Ok(joined)
}

/// Whether what a patient is compared by was said now.
fn is_told_anew(before: Option<&Facts>, after: &Facts) -> bool {
    before.is_none_or(|before| !before.firsts().eq(after.firsts()))
}

/// Whether there is a row, and whether there is any of the entity.
fn is_known(
    rows: &BTreeMap<(EntityId, EntityId), &FactRow>,
    (entity, owner): (EntityId, EntityId),
) -> (bool, bool) {
    let mut of_entity = rows.range((entity, NOBODY)..=(entity, EntityId(Uuid::max())));
    (
        rows.contains_key(&(entity, owner)),
        of_entity.next().is_some(),
    )
}

fn save(
    changes: &mut Changes,
    (entity, owner): (EntityId, EntityId),
    said: &Entity,
    (has_row, is_known): (bool, bool),
    (facts, journal): (&Facts, JournalId),
) {
    changes.facts.push(FactRow {
        entity,
        owner,
        kind: said.kind.code(),
        journal,
        fold_version: FOLD_VERSION,
        body: facts.to_bytes(),
        new: !has_row,
    });
    let identity = |identity: &SourceIdentity| store::identity::Identity {
        entity,
        lane: said.lane,
        identity: identity.clone(),
        new: !is_known,
    };
    if !said.kind.shared() {
        let identities = said.identities.iter().map(identity);
        changes.identities.extend(identities);
    }
}

/// The joined facts and the last message that changed them; `None` when none did.
fn join<'f>(
    before: Option<&Facts>,
    said: &'f [(JournalId, Facts)],
) -> Option<(Cow<'f, Facts>, JournalId)> {
    let mut facts: Option<Cow<'f, Facts>> = before.map(|before| Cow::Owned(before.clone()));
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
    let rows = rows.iter();
    let rows: BTreeMap<_, &FactRow> = rows.map(|row| ((row.entity, row.owner), row)).collect();
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
