//! The resources that joined facts fold to, and how they differ from those before.

use std::collections::{BTreeMap, BTreeSet};

use mapping::inbound::EntityKind;
use mapping::{Draft, Facts, FoldContext, Row, Ties, Whole, wholes};
use model::{EntityId, IdentityKey, JournalId, ResourceId};
use store::review::Question;

use super::joining::Joined;
use super::{Changes, Known, NO_MESSAGE, Poison, Rebuilt, Unwanted, Wanted};

/// The resources of what had events by messages that were taken out: an event is in every version since,
/// and lineage does not name it.
pub(super) fn happened(
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

/// Which resources are wanted of what changed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Since {
    /// Those whose text is another one now.
    Changes,
    /// All of them: lineage may name a message that is gone.
    Ever,
}

/// Folds every whole of which something changed, as it was and as it is.
pub(super) fn fold(
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
