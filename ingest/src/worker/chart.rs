//! What a batch of messages says, joined to what is known: new facts, and the resources that they
//! fold to. Pure; the store's rows come in and go out.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    panic::AssertUnwindSafe,
};

use mapping::{
    Draft, FOLD_VERSION, Facts, FoldContext, Lineage, Link, Row, Ties, Whole,
    inbound::{EntityKind, NOBODY, Statement},
    wholes,
};
use model::{EntityId, IdentityKey, JournalId, LaneId, ResourceId, SourceIdentity};
use store::{fact::FactRow, review::Question};
use uuid::Uuid;

use super::reading::Read;

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

/// A row, before and after messages were taken out of it.
fn without<'f>(
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

/// The resources of what had events by messages that were taken out: an event is in every version since,
/// and lineage does not name it.
fn happened(
    rebuilt: &Rebuilt,
    joined: &[Joined<'_>],
    known: &Known,
    key: &IdentityKey,
) -> Vec<(fhir::ResourceType, ResourceId)> {
    let is_gone = |journal: &JournalId| rebuilt.without.contains(journal);
    let had = |one: &&Joined<'_>| {
        let mut events = one.before.iter().flat_map(Facts::events);
        events.any(|event| event.source.journal.as_ref().is_some_and(is_gone))
    };
    let leads: BTreeSet<EntityId> = joined
        .iter()
        .filter(had)
        .map(|one| known.before.lead(one.entity))
        .collect();
    let rows = joined
        .iter()
        .filter(|one| leads.contains(&known.before.lead(one.entity)));
    let ties = &known.before;
    let before = wholes(rows.filter_map(|one| one.row(false)), ties, key);
    let context = FoldContext { key, ties };
    let drafts = before.iter().flat_map(|whole| whole.drafts(&context));
    drafts.map(|draft| (draft.kind, draft.id)).collect()
}

/// Stands for the message of what is never written, and of what nobody said.
pub(crate) const NO_MESSAGE: JournalId = JournalId(0);

/// Which resources are wanted of what changed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Since {
    /// Those whose text is another one now.
    Changes,
    /// All of them: lineage may name a message that is gone.
    Ever,
}

/// The facts of one entity and owner, before and after.
struct Joined<'f> {
    entity: EntityId,
    owner: EntityId,
    kind: EntityKind,
    before: Option<Facts>,
    /// None where nothing changed.
    after: Option<Cow<'f, Facts>>,
    changed_by: Option<JournalId>,
    /// The message that changed it last, before.
    last: Option<JournalId>,
    /// Folded by the rules of this build.
    same_rules: bool,
}

impl Joined<'_> {
    fn row(&self, is_after: bool) -> Option<Row<'_>> {
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

fn join_all<'f>(
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

/// Folds every whole of which something changed, as it was and as it is.
fn fold(
    changes: &mut Changes,
    joined: &[Joined<'_>],
    known: &Known,
    key: &IdentityKey,
    since: Since,
) -> Result<(), Poison> {
    let touched = touched(joined, known);
    let journals = journals(joined, known);
    let claimed = claimed(joined, [&known.before, &known.after]);
    let rows_of = |ties: &Ties, is_after: bool| -> Vec<Row<'_>> {
        let is_meant = |one: &&Joined<'_>| {
            let lead = ties.lead(one.entity);
            touched.contains(&lead) || claimed.contains(&lead)
        };
        let meant = joined.iter().filter(is_meant);
        meant.filter_map(|one| one.row(is_after)).collect()
    };
    let is_touched = |whole: &&Whole<'_>| touched.contains(&whole.entity());
    let before = wholes(rows_of(&known.before, false), &known.before, key);
    let after = wholes(rows_of(&known.after, true), &known.after, key);
    let context = |ties| FoldContext { key, ties };
    let was = before.iter().filter(is_touched);
    let was = was.flat_map(|whole| whole.drafts(&context(&known.before)));
    let mut was: BTreeMap<_, Draft<'_>> =
        was.map(|draft| ((draft.kind, draft.id), draft)).collect();
    let known_last = joined.iter().filter_map(|one| one.last).max();
    let last = journals.values().max().copied().or(known_last);
    for whole in after.iter().filter(is_touched) {
        let members: Vec<&Joined<'_>> = members(whole, joined, &known.after);
        let of_batch = members
            .iter()
            .filter_map(|one| journals.get(&one.entity))
            .filter(|journal| **journal != NO_MESSAGE)
            .max();
        let before = || members.iter().filter_map(|one| one.last).max();
        let Some(journal) = of_batch.copied().or_else(before).or(last) else {
            continue;
        };
        // What is folded for another reason than facts is held against the store.
        let is_turned = |one: &&Joined<'_>| known.turned.contains_key(&one.entity);
        let same_rules = members.iter().all(|one| one.same_rules) && !members.iter().any(is_turned);
        let new = members.iter().all(|one| one.before.is_none()) && known.before.is_empty();
        for draft in whole.drafts(&context(&known.after)) {
            let old = was.remove(&(draft.kind, draft.id));
            let is_same = same_rules && old.is_some_and(|old| old.text == draft.text);
            if !is_same || since == Since::Ever {
                changes.wanted.push(wanted(draft, journal, new)?);
            }
        }
    }
    let gone = was.into_keys().zip(last.into_iter().cycle());
    changes
        .unwanted
        .extend(gone.map(|((kind, id), journal)| Unwanted { kind, id, journal }));
    ask(changes, &before, &after, last);
    Ok(())
}

/// The leads of what is spoken of in several names: whose it is decides what references to it mean.
fn claimed(joined: &[Joined<'_>], ties: [&Ties; 2]) -> BTreeSet<EntityId> {
    let mut claimed = BTreeSet::new();
    let mut rows = joined
        .iter()
        .filter(|one| one.entity != one.owner && !one.kind.shared());
    let mut last = rows.next();
    for one in rows {
        for ties in ties {
            let lead = ties.lead(one.entity);
            let is_again = last.is_some_and(|last| last.entity == one.entity);
            if is_again || !ties.group(lead).is_empty() {
                claimed.insert(lead);
            }
        }
        last = Some(one);
    }
    claimed
}

/// The leads, before and after, of what changed.
fn touched(joined: &[Joined<'_>], known: &Known) -> BTreeSet<EntityId> {
    let changed = joined.iter().filter(|one| one.changed_by.is_some());
    let changed = changed.map(|one| one.entity);
    changed
        .chain(known.turned.keys().copied())
        .flat_map(|entity| [known.before.lead(entity), known.after.lead(entity)])
        .collect()
}

/// Which message changed each entity last.
fn journals(joined: &[Joined<'_>], known: &Known) -> BTreeMap<EntityId, JournalId> {
    let turned = known.turned.iter();
    let mut journals: BTreeMap<EntityId, JournalId> = turned
        .filter_map(|(entity, journal)| Some((*entity, (*journal)?)))
        .collect();
    for one in joined {
        if let Some(journal) = one.changed_by {
            let last = journals.entry(one.entity).or_insert(journal);
            *last = journal.max(*last);
        }
    }
    journals
}

fn members<'j, 'f>(
    whole: &Whole<'_>,
    joined: &'j [Joined<'f>],
    ties: &Ties,
) -> Vec<&'j Joined<'f>> {
    let lead = ties.lead(whole.entity());
    let from = joined.partition_point(|one| one.entity < lead);
    if ties.group(lead).is_empty() {
        let rest = joined.get(from..).unwrap_or_default();
        return rest.iter().take_while(|one| one.entity == lead).collect();
    }
    let is_of = |one: &&Joined<'_>| ties.lead(one.entity) == lead;
    joined.iter().filter(is_of).collect()
}

/// What two patients claim becomes a question; what one of them has by now is answered.
fn ask(
    changes: &mut Changes,
    before: &[Whole<'_>],
    after: &[Whole<'_>],
    journal: Option<JournalId>,
) {
    let question = |whole: &Whole<'_>| {
        let (_, claimant) = whole.claimed()?;
        let kind = if whole.kind() == EntityKind::Visit {
            "visit-of-two-patients"
        } else {
            "record-of-two-patients"
        };
        Some(Question {
            kind: kind.to_owned(),
            journal,
            entity: Some(whole.entity()),
            other_entity: Some(claimant),
            explained: None,
        })
    };
    let asked: Vec<Question> = before.iter().filter_map(question).collect();
    let open: Vec<Question> = after.iter().filter_map(question).collect();
    let about = |one: &Question| (one.entity, one.other_entity);
    let is_in = |list: &[Question], one: &Question| list.iter().any(|it| about(it) == about(one));
    changes.claims = open
        .iter()
        .filter(|one| !is_in(&asked, one))
        .cloned()
        .collect();
    changes.settled = asked
        .iter()
        .filter(|one| !is_in(&open, one))
        .cloned()
        .collect();
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
