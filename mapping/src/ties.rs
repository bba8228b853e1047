//! Which entities are one: persons whose records were merged or linked, visits that got another number.
//!
//! Facts stay with the entity of which they were said, whatever becomes of it. What is one is derived
//! from links alone, so a link that is taken back leaves everything as it was.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::EntityId;

use crate::facts::{Place, Source};
use crate::inbound::EntityKind;

/// What is said of two entities.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(i16)]
pub enum Relation {
    /// They are not one, after all or from the beginning.
    Apart = 0,
    /// They are one, and both stay in use.
    Same = 1,
    /// The first was merged into the second.
    Merged = 2,
    /// The first belongs to the second now, and to nobody to whom it belonged before.
    Moved = 3,
    /// What was said is taken back: what others say counts again.
    Nothing = 4,
}

impl Relation {
    /// The relation that a number from a database row stands for.
    pub fn from_code(code: i16) -> Option<Self> {
        let all = [
            Self::Apart,
            Self::Same,
            Self::Merged,
            Self::Moved,
            Self::Nothing,
        ];
        all.into_iter().find(|relation| *relation as i16 == code)
    }
}

/// Who said so. A match is the weakest: it counts where nobody else spoke of the two.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(i16)]
pub enum Maker {
    /// The matching of patients.
    Match = 0,
    /// A message.
    Message = 1,
    /// A person, in a review.
    Person = 2,
}

impl Maker {
    /// The maker that a number from a database row stands for.
    pub fn from_code(code: i16) -> Option<Self> {
        let all = [Self::Match, Self::Message, Self::Person];
        all.into_iter().find(|maker| *maker as i16 == code)
    }
}

/// One statement about two entities. Of one maker and two entities the latest counts.
#[derive(Clone, PartialEq, Eq)]
pub struct Link {
    /// What they are.
    pub kind: EntityKind,
    /// The one that was merged or moved, where that says anything.
    pub from: EntityId,
    /// The other.
    pub to: EntityId,
    /// What is said.
    pub relation: Relation,
    /// By whom.
    pub maker: Maker,
    /// When, and by which message.
    pub source: Arc<Source>,
    /// The field that said it; none for a decision or a match.
    pub field: Option<Place>,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Link({} {:?} {})", self.from, self.relation, self.to)
    }
}

impl Link {
    /// The two, in an order of their own.
    pub fn pair(&self) -> (EntityId, EntityId) {
        (self.from.min(self.to), self.from.max(self.to))
    }

    /// Whether this statement stands where both are made: a total order.
    pub fn outweighs(&self, held: &Self) -> bool {
        (&held.source, held.relation, held.from) < (&self.source, self.relation, self.from)
    }
}

/// An entity that is one with others.
#[derive(Clone, Debug)]
pub struct Tie {
    /// Who bears the resource of all of them.
    pub lead: EntityId,
    /// It was merged away: its identifiers are old ones.
    pub retired: bool,
    /// The field and the message that tied it, where a message did.
    pub said: Option<(Place, Arc<Source>)>,
}

/// The unions that links make.
#[derive(Clone, Default, Debug)]
pub struct Ties {
    of: BTreeMap<EntityId, Tie>,
    groups: BTreeMap<EntityId, Vec<EntityId>>,
    /// Of whom a person must say whether they are somebody known.
    staging: BTreeSet<EntityId>,
}

impl Ties {
    /// The unions of some links. The order of the links has no part in it.
    ///
    /// Merges lead to the target of the latest one; what it was merged into in turn leads further, so
    /// that A → B → C ends at C in any order. Where nothing was merged the smallest id leads.
    pub fn of<'l>(links: impl IntoIterator<Item = &'l Link>) -> Self {
        let voices = voices(links);
        let mut unions = Unions::default();
        let mut merges: Vec<&Link> = in_force(&voices, |relation| {
            matches!(relation, Relation::Merged | Relation::Moved)
        });
        drop_moved(&mut merges);
        merges.sort_by(|one, other| rank(other).cmp(&rank(one)));
        for merge in merges {
            unions.merge(merge);
        }
        let mut same = in_force(&voices, |relation| relation == Relation::Same);
        same.sort_by_key(|link| (Reverse(link.maker), rank(link)));
        let apart: Vec<_> = in_force(&voices, |relation| relation == Relation::Apart);
        for link in same {
            // What a person or a message keeps apart no match brings together by a third.
            if link.maker != Maker::Match || !unions.would_break(link, &apart) {
                unions.unite(link);
            }
        }
        unions.finish()
    }

    /// Who bears the resource of an entity: itself, unless it is tied.
    pub fn lead(&self, entity: EntityId) -> EntityId {
        self.of.get(&entity).map_or(entity, |tie| tie.lead)
    }

    /// How an entity is tied to its lead; none for a lead, and for one that is alone.
    pub fn tie(&self, entity: EntityId) -> Option<&Tie> {
        self.of.get(&entity).filter(|tie| tie.lead != entity)
    }

    /// All that are one under a lead, itself first; nothing for one that is alone.
    pub fn group(&self, lead: EntityId) -> &[EntityId] {
        self.groups.get(&lead).map_or(&[], Vec::as_slice)
    }

    /// The same ties, with patients of whom a person must say whether they are somebody known.
    #[must_use]
    pub fn with_staging(mut self, staging: impl IntoIterator<Item = EntityId>) -> Self {
        self.staging = staging.into_iter().collect();
        self
    }

    /// Whether a person must say of a patient whether it is somebody known.
    pub fn is_staging(&self, entity: EntityId) -> bool {
        self.staging.contains(&entity)
    }

    /// Whether nothing is tied.
    pub fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    /// Each tied entity with its lead, leads included.
    pub fn iter(&self) -> impl Iterator<Item = (EntityId, EntityId)> {
        self.of.iter().map(|(entity, tie)| (*entity, tie.lead))
    }
}

/// Which statement counts of each two: the latest of messages and people, else the match. What its maker
/// took back does not.
fn voices<'l>(
    links: impl IntoIterator<Item = &'l Link>,
) -> BTreeMap<(EntityId, EntityId), &'l Link> {
    let mut latest: BTreeMap<_, &Link> = BTreeMap::new();
    for link in links {
        let held = latest.entry((link.pair(), link.maker)).or_insert(link);
        if link.outweighs(held) {
            *held = link;
        }
    }
    let mut voices: BTreeMap<_, &Link> = BTreeMap::new();
    let latest = latest.into_values();
    for link in latest.filter(|link| link.relation != Relation::Nothing) {
        let said = |link: &Link| link.maker != Maker::Match;
        let held = voices.entry(link.pair()).or_insert(link);
        if (said(held), rank(held)) < (said(link), rank(link)) {
            *held = link;
        }
    }
    voices
}

fn rank(link: &Link) -> impl Ord + '_ {
    (&link.source, link.relation, link.from, link.to)
}

fn in_force<'l>(
    voices: &BTreeMap<(EntityId, EntityId), &'l Link>,
    counts: impl Fn(Relation) -> bool,
) -> Vec<&'l Link> {
    let links = voices.values().filter(|link| counts(link.relation));
    links.copied().collect()
}

/// Who was moved belongs to nobody of before.
fn drop_moved(merges: &mut Vec<&Link>) {
    let mut moved: BTreeMap<EntityId, &Link> = BTreeMap::new();
    for link in merges
        .iter()
        .filter(|link| link.relation == Relation::Moved)
    {
        let last = moved.entry(link.from).or_insert(link);
        if rank(last) < rank(link) {
            *last = link;
        }
    }
    merges.retain(|link| {
        moved
            .get(&link.from)
            .is_none_or(|last| rank(last) <= rank(link))
    });
}

/// Unions while they are made.
#[derive(Default)]
struct Unions<'l> {
    /// Each entity's group.
    group: BTreeMap<EntityId, usize>,
    groups: Vec<Union<'l>>,
    /// Who was merged away, and by what each was tied.
    retired: BTreeSet<EntityId>,
    tied: BTreeMap<EntityId, &'l Link>,
}

struct Union<'l> {
    lead: EntityId,
    members: Vec<EntityId>,
    /// The latest merge in it.
    merged: Option<&'l Link>,
}

impl<'l> Unions<'l> {
    fn place(&mut self, entity: EntityId) -> usize {
        *self.group.entry(entity).or_insert_with(|| {
            self.groups.push(Union {
                lead: entity,
                members: vec![entity],
                merged: None,
            });
            self.groups.len() - 1
        })
    }

    /// Takes in a merge; later ones have been taken in already.
    fn merge(&mut self, link: &'l Link) {
        let (from, to) = (self.place(link.from), self.place(link.to));
        if from == to {
            return;
        }
        let [old, new] = [from, to].map(|at| self.groups.get(at).map(|group| group.lead));
        // Who was merged away since leads its group no more: that group stands where it is.
        let is_lead = old == Some(link.from);
        if is_lead {
            self.retired.insert(link.from);
        }
        let lead = if is_lead { new } else { old };
        self.join(from, to, lead, link);
    }

    fn unite(&mut self, link: &'l Link) {
        let (from, to) = (self.place(link.from), self.place(link.to));
        let leads = [from, to].map(|at| {
            let group = self.groups.get(at)?;
            Some((group.merged.map(rank), Reverse(group.lead)))
        });
        let lead = leads.into_iter().max().flatten().map(|(_, lead)| lead.0);
        if from != to {
            self.join(from, to, lead, link);
        }
    }

    /// Whether two entities that are kept apart would come together.
    fn would_break(&mut self, link: &Link, apart: &[&Link]) -> bool {
        let ends = [self.place(link.from), self.place(link.to)];
        apart.iter().any(|kept| {
            let kept = [self.place(kept.from), self.place(kept.to)];
            kept == ends || kept == [ends[1], ends[0]]
        })
    }

    fn join(&mut self, from: usize, to: usize, lead: Option<EntityId>, link: &'l Link) {
        let Some(moved) = self.groups.get_mut(from) else {
            return;
        };
        let members = std::mem::take(&mut moved.members);
        let merged = moved.merged.take();
        for member in &members {
            self.group.insert(*member, to);
        }
        let Some(group) = self.groups.get_mut(to) else {
            return;
        };
        group.members.extend(members);
        let own = (link.relation != Relation::Same).then_some(link);
        let latest = [group.merged, merged, own].into_iter().flatten();
        group.merged = latest.max_by(|one, other| rank(one).cmp(&rank(other)));
        group.lead = lead.unwrap_or(group.lead);
        for end in [link.from, link.to] {
            self.tied.entry(end).or_insert(link);
        }
    }

    fn finish(self) -> Ties {
        let mut ties = Ties::default();
        for mut group in self.groups {
            if group.members.len() < 2 {
                continue;
            }
            let lead = group.lead;
            group
                .members
                .sort_unstable_by_key(|member| (*member != lead, *member));
            for member in &group.members {
                let link = self.tied.get(member);
                let said = link.and_then(|link| Some((link.field?, Arc::clone(&link.source))));
                let tie = Tie {
                    lead,
                    retired: *member != lead && self.retired.contains(member),
                    said,
                };
                ties.of.insert(*member, tie);
            }
            ties.groups.insert(lead, group.members);
        }
        ties
    }
}

#[cfg(test)]
mod tests;
