//! What the store knows of what a batch speaks of: facts, who is one with whom, and what of that the batch's
//! own links change. What is folded must not depend on which messages came in one batch, so it is looked
//! for until nothing more turns up, and once more under the locks of those who could change it.

use std::collections::{BTreeMap, BTreeSet};

use mapping::Ties;
use mapping::facts::references;
use mapping::inbound::{EntityKind, NOBODY};
use model::{EntityId, JournalId};
use store::fact::FactRow;
use store::{StoreError, Tx, fact, matching};

use super::ChartError;
use super::chart::{Entities, Known};
use super::links::{self, Tied};

/// Each round finds what is one with what the last one found.
const ROUNDS_MAX: usize = 16;

/// What the store is asked about.
pub(super) struct About {
    /// Entities and in whose name they are spoken of.
    pub(super) pairs: Vec<(EntityId, EntityId)>,
    /// Those of which somebody else may speak for the first time.
    pub(super) met: Vec<EntityId>,
    /// Patients that are to be folded anew, although nothing was said of them.
    pub(super) again: Vec<EntityId>,
}

impl About {
    pub(super) fn of(entities: &Entities, again: Vec<EntityId>) -> Self {
        let met = entities
            .iter()
            .filter(|(_, said)| said.kind != EntityKind::Patient);
        Self {
            pairs: entities.keys().copied().collect(),
            met: met.map(|((entity, _), _)| *entity).collect(),
            again,
        }
    }
}

/// What the store knows of entities, locked until the transaction ends, with what links change of it.
pub(super) async fn know(tx: &mut Tx, about: About, mut tied: Tied) -> Result<Known, ChartError> {
    let About { pairs, met, again } = about;
    let all = pairs.iter().flat_map(|(one, owner)| [*one, *owner]);
    tied.look(tx, all.chain(again.iter().copied())).await?;
    // Whose whole chart is folded anew, and what that is.
    let mut owners: BTreeSet<EntityId> = again.iter().copied().collect();
    for _ in 0..ROUNDS_MAX {
        let (before, after) = tied.ties();
        let turned = turned(&tied, &before, &after);
        owners.extend(turned.keys());
        owners.remove(&NOBODY);
        let mut turned: BTreeMap<_, _> =
            again.iter().map(|one| (*one, None)).chain(turned).collect();
        let journal = turned.values().max().copied().flatten();
        for entity in owned(tx, &owners).await? {
            turned.entry(entity).or_insert(journal);
        }
        let wanted: BTreeSet<EntityId> = pairs.iter().map(|(entity, _)| *entity).collect();
        let wanted = wanted.into_iter().chain(turned.keys().copied());
        let wanted = with_their_likes(wanted, [&before, &after]);
        let mut rows = load(tx, &met, &wanted).await?;
        rows.extend(others_of_named(tx, &rows, &wanted, [&before, &after]).await?);
        rows.sort_by_key(|row| (row.entity, row.owner));
        // Whose visit is another one now speaks of it elsewhere, too.
        let n_owners = owners.len();
        let of_turned = rows.iter().filter(|row| turned.contains_key(&row.entity));
        owners.extend(of_turned.map(|row| row.owner).filter(|it| *it != NOBODY));
        let claimants = claimants(&pairs, &rows, [&before, &after]);
        if !claimants.is_empty() {
            // Nobody writes their charts meanwhile: who has the visit decides what these refer to.
            links::lock(tx, &claimants).await?;
            owners.extend(claimants);
        }
        let is_more = tied.look(tx, rows.iter().flat_map(tied_in)).await?;
        if is_more || n_owners != owners.len() {
            continue;
        }
        tied.save(tx).await?;
        return known(tx, rows, (before, after), turned).await;
    }
    Err(StoreError::Retry("who is one with whom does not stand still").into())
}

async fn known(
    tx: &mut Tx,
    rows: Vec<FactRow>,
    (before, after): (Ties, Ties),
    turned: BTreeMap<EntityId, Option<JournalId>>,
) -> Result<Known, ChartError> {
    let patients = rows.iter().filter(|row| row.entity == row.owner);
    let patients: Vec<EntityId> = patients.map(|row| row.entity).collect();
    // Who is new is not in question yet.
    let staging = if patients.is_empty() {
        Vec::new()
    } else {
        matching::staging(tx, &patients).await?
    };
    Ok(Known {
        rows,
        before: before.with_staging(staging.clone()),
        after: after.with_staging(staging),
        turned,
    })
}

/// What has another lead now, or is one with others than before.
fn turned(tied: &Tied, before: &Ties, after: &Ties) -> BTreeMap<EntityId, Option<JournalId>> {
    if !tied.is_changing() {
        return BTreeMap::new();
    }
    let journal = tied.journal();
    let reached = tied.ends().into_iter().collect();
    links::turned(reached, before, after)
        .map(|entity| (entity, journal))
        .collect()
}

async fn owned(tx: &mut Tx, owners: &BTreeSet<EntityId>) -> Result<Vec<EntityId>, ChartError> {
    if owners.is_empty() {
        return Ok(Vec::new());
    }
    let owners: Vec<EntityId> = owners.iter().copied().collect();
    Ok(fact::owned(tx, &owners).await?)
}

/// Some entities and all that is one with them.
fn with_their_likes(entities: impl Iterator<Item = EntityId>, ties: [&Ties; 2]) -> Vec<EntityId> {
    let mut all = BTreeSet::new();
    for entity in entities {
        all.insert(entity);
        for ties in ties {
            all.extend(ties.group(ties.lead(entity)));
        }
    }
    all.into_iter().collect()
}

/// The rows of entities, locked. What may be spoken of for the first time in another patient's name is
/// locked before it is looked for: two new rows of one entity must see each other.
async fn load(
    tx: &mut Tx,
    met: &[EntityId],
    wanted: &[EntityId],
) -> Result<Vec<FactRow>, ChartError> {
    if !met.is_empty() {
        fact::meet(tx, met).await?;
    }
    Ok(fact::load(tx, wanted).await?)
}

/// Those in whose names the same thing is spoken of, where they are not one, before or after: of something
/// of which something is said now.
fn claimants(
    pairs: &[(EntityId, EntityId)],
    rows: &[FactRow],
    ties: [&Ties; 2],
) -> BTreeSet<EntityId> {
    let mut claimants = BTreeSet::new();
    for ties in ties {
        let said: BTreeSet<EntityId> = pairs.iter().map(|(one, _)| ties.lead(*one)).collect();
        let rows = rows.iter().map(|row| (row.entity, row.owner));
        let things = rows.chain(pairs.iter().copied());
        let things = things.filter(|(entity, owner)| entity != owner && *owner != NOBODY);
        let mut things: Vec<(EntityId, EntityId)> = things
            .map(|(entity, owner)| (ties.lead(entity), owner))
            .filter(|(lead, _)| said.contains(lead))
            .collect();
        things.sort_unstable();
        for thing in things.chunk_by(|one, other| one.0 == other.0) {
            let mut persons = thing.iter().map(|(_, owner)| ties.lead(*owner));
            let first = persons.next();
            if persons.any(|person| Some(person) != first) {
                claimants.extend(thing.iter().map(|(_, owner)| *owner));
            }
        }
    }
    claimants
}

/// What others say of things that rows only name: who of two patients has them decides what is meant.
async fn others_of_named(
    tx: &mut Tx,
    rows: &[FactRow],
    known: &[EntityId],
    ties: [&Ties; 2],
) -> Result<Vec<FactRow>, ChartError> {
    let known: BTreeSet<EntityId> = known.iter().copied().collect();
    let named: BTreeSet<EntityId> = rows
        .iter()
        .flat_map(|row| references(&row.body, &CLAIMED))
        .collect();
    let mut named = with_their_likes(named.into_iter(), ties);
    named.retain(|it| !known.contains(it));
    if named.is_empty() {
        return Ok(Vec::new());
    }
    Ok(fact::peek(tx, &named).await?)
}

/// What may be called otherwise by now.
const TIED: [&str; 4] = ["Patient", "Encounter", "Account", "EpisodeOfCare"];
/// What several patients may claim, and others of theirs refer to.
const CLAIMED: [&str; 10] = [
    "Encounter",
    "Account",
    "EpisodeOfCare",
    "ServiceRequest",
    "MedicationRequest",
    "DiagnosticReport",
    "Specimen",
    "Appointment",
    "DocumentReference",
    "ChargeItem",
];

/// Whose a row is, and of whom else it speaks.
fn tied_in(row: &FactRow) -> Vec<EntityId> {
    references(&row.body, &TIED)
        .chain([row.entity, row.owner])
        .filter(|it| *it != NOBODY)
        .collect()
}
