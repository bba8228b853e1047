//! What a message said is taken back: facts as the other messages give them, and what follows.

use std::collections::{BTreeMap, BTreeSet};

use fhir::ResourceType;
use mapping::inbound::Interpretation;
use mapping::{Facts, Link};
use model::{EntityId, IdentityKey, JournalId, ResourceId, SourceIdentity};
use store::link::LinkRow;
use store::{Tx, fact, matching};
use uuid::Uuid;

use super::ChartError;
use super::batch::off_the_reactor;
use super::chart::{self, Changes, Known, NO_MESSAGE, Poison, Rebuilt};
use super::charting::Charting;
use super::knowing::{About, know};
use super::links::{Tied, Withdrawn};
use super::rendering::Done;

/// A pair of entities, or an entity and its owner.
pub(crate) type Pair = (EntityId, EntityId);

/// What is to be taken back.
#[derive(Debug)]
pub(crate) struct Back {
    /// The message, and resends of it.
    pub(crate) messages: BTreeSet<JournalId>,
    /// Entity and owner of the facts in which it may have a part: of one patient alone, and of many.
    pub(crate) private: BTreeSet<Pair>,
    pub(crate) shared: BTreeSet<Pair>,
    /// What it said of who is who.
    pub(crate) links: Vec<LinkRow>,
    /// Resources that name it.
    pub(crate) stale: BTreeSet<(i16, ResourceId)>,
}

impl Back {
    /// Whether it has to do with an entity, whoever spoke of it.
    fn is_about(&self, entity: EntityId) -> bool {
        let all = (entity, EntityId(Uuid::nil()))..=(entity, EntityId(Uuid::max()));
        let pairs = [&self.private, &self.shared];
        pairs
            .iter()
            .any(|pairs| pairs.range(all.clone()).next().is_some())
    }
}

/// What the other messages say of the same.
#[derive(Default, Debug)]
pub(crate) struct Others {
    pub(crate) facts: BTreeMap<Pair, Facts>,
    pub(crate) identities: BTreeMap<EntityId, BTreeSet<SourceIdentity>>,
    links: BTreeMap<Pair, Link>,
}

impl Others {
    /// Takes in what another message says of what is taken back.
    pub(crate) fn take(&mut self, said: Interpretation, back: &Back) {
        for statement in said.statements {
            // An identifier is the entity's, in whose name it was given makes no difference.
            if back.is_about(statement.entity) {
                let known = self.identities.entry(statement.entity).or_default();
                known.extend(statement.identities);
            }
            let key = (statement.entity, statement.owner);
            if back.private.contains(&key) || back.shared.contains(&key) {
                self.facts.entry(key).or_default().join(&statement.facts);
            }
        }
        for link in said.links {
            let pair = link.pair();
            let is_of = |row: &LinkRow| (row.low, row.high) == pair;
            if !back.links.iter().any(is_of) {
                continue;
            }
            match self.links.get(&pair) {
                Some(held) if !link.outweighs(held) => {}
                _ => {
                    self.links.insert(pair, link);
                }
            }
        }
    }
}

/// What came of it.
#[derive(Default, Debug)]
pub(crate) struct TakenBack {
    pub(crate) written: Vec<Done>,
    /// Resources that told of its events.
    pub(crate) happened: Vec<(ResourceType, ResourceId)>,
    /// Facts of which nothing is left.
    pub(crate) gone: Vec<Pair>,
}

impl Charting {
    /// Takes back what messages said.
    pub(crate) async fn take_back(
        &mut self,
        tx: &mut Tx,
        back: &Back,
        others: &Others,
        key: &IdentityKey,
    ) -> Result<TakenBack, ChartError> {
        self.careful = true;
        let known = self.untie(tx, back, others).await?;
        let mut taken = self.rebuild(tx, known, back, others, key).await?;
        let shared: Vec<EntityId> = back.shared.iter().map(|(entity, _)| *entity).collect();
        // Last, as workers do, so that nobody waits in a circle.
        let known = Known {
            rows: fact::load(tx, &shared).await?,
            ..Known::default()
        };
        let more = self.rebuild(tx, known, back, others, key).await?;
        taken.written.extend(more.written);
        taken.happened.extend(more.happened);
        taken.gone.extend(more.gone);
        self.tell(tx, &taken.written).await?;
        Ok(taken)
    }

    /// Takes links back; answers what is known of the private entities, before and after.
    async fn untie(
        &mut self,
        tx: &mut Tx,
        back: &Back,
        others: &Others,
    ) -> Result<Known, ChartError> {
        let unknown = unknown(tx, back, others).await?;
        matching::pend(tx, &again(back, &unknown)).await?;
        let patients: Vec<EntityId> = patients(back).collect();
        let gone: Vec<EntityId> = unknown.iter().copied().collect();
        matching::forget(tx, &patients, &gone).await?;
        let ends = back.links.iter().flat_map(|link| [link.low, link.high]);
        let about = About {
            pairs: back.private.iter().copied().collect(),
            met: back.private.iter().filter_map(spoken_of_by).collect(),
            // Whose link is taken back is folded anew by that alone, where it changes anything.
            again: Vec::new(),
        };
        let withdrawn = Withdrawn {
            messages: back.messages.clone(),
            unknown,
        };
        let instead = others.links.values().cloned().collect();
        let mut tied = Tied::without(instead, withdrawn);
        tied.look(tx, ends).await?;
        know(tx, about, tied).await
    }

    async fn rebuild(
        &mut self,
        tx: &mut Tx,
        known: Known,
        back: &Back,
        others: &Others,
        key: &IdentityKey,
    ) -> Result<TakenBack, ChartError> {
        let rebuilt = rebuilt(&known, back, others)?;
        let key = key.clone();
        let apart = move || chart::rebuilt(&rebuilt, &known, &key);
        let mut changes: Changes = off_the_reactor(apart).await??;
        for unwanted in &mut changes.unwanted {
            // Nobody says so: it follows from the message that is gone.
            if unwanted.journal == NO_MESSAGE {
                unwanted.journal = back.messages.first().copied().unwrap_or(NO_MESSAGE);
            }
        }
        let (happened, gone) = (changes.happened.clone(), changes.gone.clone());
        let written = self.change(tx, changes, &back.stale).await?;
        Ok(TakenBack {
            written,
            happened,
            gone,
        })
    }
}

/// What others than its owner may speak of.
fn spoken_of_by((entity, owner): &Pair) -> Option<EntityId> {
    (entity != owner).then_some(*entity)
}

/// The patients of whom the messages spoke.
fn patients(back: &Back) -> impl Iterator<Item = EntityId> {
    let pairs = back.private.iter();
    let own = pairs.filter(|(entity, owner)| entity == owner);
    own.map(|(entity, _)| *entity)
}

/// Those of whom nobody else spoke: a match with them rests on nothing.
async fn unknown(
    tx: &mut Tx,
    back: &Back,
    others: &Others,
) -> Result<BTreeSet<EntityId>, ChartError> {
    let mut unknown: BTreeSet<EntityId> = patients(back).collect();
    let all: Vec<EntityId> = unknown.iter().copied().collect();
    let rows = fact::load(tx, &all).await?;
    for row in rows.iter().filter(|row| row.entity == row.owner) {
        let facts = Facts::from_bytes(&row.body).map_err(|_| Poison::UnreadableFacts)?;
        let left = facts.without(|journal| back.messages.contains(&journal));
        let said = others.facts.get(&(row.entity, row.owner));
        let is_left = left.is_none_or(|left| !left.is_empty());
        if is_left || said.is_some_and(|said| !said.is_empty()) {
            unknown.remove(&row.entity);
        }
    }
    Ok(unknown)
}

/// Those who are compared with others again.
fn again(back: &Back, unknown: &BTreeSet<EntityId>) -> Vec<EntityId> {
    let known = patients(back).filter(|entity| !unknown.contains(entity));
    known.collect()
}

/// The facts in which the messages had a part: without them, and with what the others say.
fn rebuilt(known: &Known, back: &Back, others: &Others) -> Result<Rebuilt, Poison> {
    let mut rebuilt = Rebuilt {
        without: back.messages.clone(),
        ..Rebuilt::default()
    };
    for row in &known.rows {
        let facts = Facts::from_bytes(&row.body).map_err(|_| Poison::UnreadableFacts)?;
        let left = facts.without(|journal| back.messages.contains(&journal));
        let Some(mut left) = left else { continue };
        if let Some(said) = others.facts.get(&(row.entity, row.owner)) {
            left.join(said);
        }
        rebuilt.facts.insert((row.entity, row.owner), left);
    }
    Ok(rebuilt)
}
