//! What was said becomes rows: facts, who is one with whom, and the resources that follow.

use std::collections::{BTreeMap, BTreeSet};

use fhir::ResourceType;
use mapping::facts::Source;
use mapping::inbound::{EntityKind, Interpretation};
use mapping::{Link, Maker, Relation, Ties};
use model::{Actor, AuditEvent, EntityId, IdentityKey, JournalId, LaneId, ResourceId};
use store::audit::{self, AuditChain};
use store::link::{self, LinkRow};
use store::{Tx, fact, identity, lanes, matching, resource, review};

use super::ChartError;
use super::batch::{event, heads, off_the_reactor, render};
use super::chart::{self, Changes, Entities, Gathered, Known, NO_MESSAGE, Poison};
use super::lineage::Terms;
use super::rendering::{Done, content_of};
use crate::rehearsal::Rehearsed;

/// Writes charts. It remembers what it need not look up again.
#[derive(Default)]
pub(crate) struct Charting {
    pub(super) trail: AuditChain,
    pub(super) terms: Terms,
    /// An earlier attempt failed: what should be new is looked for.
    pub(super) careful: bool,
    /// Who does it, where it is not the messages.
    pub(super) actor: Option<Actor>,
}

impl Charting {
    /// Charting in somebody's name.
    pub(crate) fn of(actor: Actor) -> Self {
        Self {
            actor: Some(actor),
            ..Self::default()
        }
    }

    /// Joins and writes what was said, and answers what that changed.
    pub(super) async fn write(
        &mut self,
        tx: &mut Tx,
        gathered: Gathered,
        key: &IdentityKey,
    ) -> Result<Vec<Done>, ChartError> {
        let Gathered {
            private,
            shared,
            links,
            again,
        } = gathered;
        let mut written = self.private(tx, private, (links, again), key).await?;
        written.extend(self.shared(tx, shared, key).await?);
        self.tell(tx, &written).await?;
        Ok(written)
    }

    /// Leaves a row in the trail for each resource that was written.
    pub(super) async fn tell(&self, tx: &mut Tx, written: &[Done]) -> Result<(), ChartError> {
        let by = |done: &Done| AuditEvent {
            actor: self.actor.clone().unwrap_or(Actor::Message(done.journal)),
            ..event(done)
        };
        let events: Vec<AuditEvent> = written.iter().map(by).collect();
        audit::in_tx(tx, &self.trail, &events).await?;
        Ok(())
    }

    /// Says who is one with whom and folds some patients anew; answers how many resources that changed.
    pub(crate) async fn relink(
        &mut self,
        tx: &mut Tx,
        links: Vec<Link>,
        again: Vec<EntityId>,
        key: &IdentityKey,
    ) -> Result<usize, ChartError> {
        let gathered = Gathered {
            links,
            again,
            ..Gathered::default()
        };
        Ok(self.write(tx, gathered, key).await?.len())
    }

    /// What messages would change. The transaction must be rolled back.
    pub(crate) async fn rehearse(
        &mut self,
        tx: &mut Tx,
        said: Vec<Interpretation>,
        key: &IdentityKey,
    ) -> Result<Vec<Rehearsed>, ChartError> {
        let mut gathered = Gathered::default();
        for said in said {
            let journal = said.links.first().and_then(|link| link.source.journal);
            gathered.links.extend(said.links);
            gathered.take(said.statements, journal.unwrap_or(NO_MESSAGE), None);
        }
        let known = know(tx, &gathered.private, gathered.links, Vec::new()).await?;
        let private = changes(gathered.private, known, key.clone()).await?;
        let ids: Vec<_> = gathered.shared.keys().map(|(entity, _)| *entity).collect();
        let known = Known {
            rows: fact::peek(tx, &ids).await?,
            ..Known::default()
        };
        let shared = changes(gathered.shared, known, key.clone()).await?;
        let mut rehearsed = differing(tx, private).await?;
        rehearsed.extend(differing(tx, shared).await?);
        Ok(rehearsed)
    }

    /// What belongs to the claimed lanes alone.
    async fn private(
        &mut self,
        tx: &mut Tx,
        entities: Entities,
        (links, again): (Vec<Link>, Vec<EntityId>),
        key: &IdentityKey,
    ) -> Result<Vec<Done>, ChartError> {
        if entities.is_empty() && links.is_empty() && again.is_empty() {
            return Ok(Vec::new());
        }
        let known = know(tx, &entities, links, again).await?;
        let changes = changes(entities, known, key.clone()).await?;
        self.change(tx, changes, &BTreeSet::new()).await
    }

    /// What many lanes share. Most messages say nothing new of it: only what would change is locked,
    /// last, so that workers don't wait for each other.
    async fn shared(
        &mut self,
        tx: &mut Tx,
        entities: Entities,
        key: &IdentityKey,
    ) -> Result<Vec<Done>, ChartError> {
        let ids: Vec<_> = entities.keys().map(|(entity, _)| *entity).collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let peeked = fact::peek(tx, &ids).await?;
        let apart = move || {
            let mut entities = entities;
            chart::retain_changed(&mut entities, &peeked).map(|()| entities)
        };
        let entities = off_the_reactor(apart).await??;
        if entities.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<_> = entities.keys().map(|(entity, _)| *entity).collect();
        let known = Known {
            rows: fact::load(tx, &ids).await?,
            ..Known::default()
        };
        let changes = changes(entities, known, key.clone()).await?;
        self.change(tx, changes, &BTreeSet::new()).await
    }

    /// Saves facts, and writes the resources that are not yet what they should be; those that are `stale`
    /// are written in any case.
    pub(super) async fn change(
        &mut self,
        tx: &mut Tx,
        changes: Changes,
        stale: &BTreeSet<(i16, ResourceId)>,
    ) -> Result<Vec<Done>, ChartError> {
        let Changes {
            facts,
            gone,
            happened: _,
            wanted,
            unwanted,
            identities,
            compared,
            claims,
            settled,
        } = changes;
        fact::save(tx, &facts).await?;
        if !gone.is_empty() {
            fact::remove(tx, &gone).await?;
        }
        let mut heads = heads(tx, &wanted, &unwanted, self.careful).await?;
        for (key, head) in &mut heads {
            if stale.contains(key) {
                head.content = uuid::Uuid::nil();
            }
        }
        let lineage = self.terms.encode(tx.store(), &wanted).await?;
        let now = tx.store().clock().now();
        let apart = move || render(wanted, lineage, unwanted, heads, now);
        let (writes, done) = off_the_reactor(apart).await?;
        resource::write(tx, &writes).await?;
        identity::add(tx, &identities).await?;
        matching::pend(tx, &compared).await?;
        review::open(tx, &claims).await?;
        review::settle(tx, &settled).await?;
        Ok(done)
    }
}

/// The resources that are not yet as they should be.
async fn differing(tx: &mut Tx, changes: Changes) -> Result<Vec<Rehearsed>, ChartError> {
    let mut heads = heads(tx, &changes.wanted, &changes.unwanted, true).await?;
    let mut head = |kind: ResourceType, id| {
        let head = heads.remove(&(kind.code(), id))?;
        (!head.deleted).then_some(head)
    };
    let mut differing = Vec::new();
    for wanted in changes.wanted {
        let before = head(wanted.kind, wanted.id);
        if before
            .as_ref()
            .is_none_or(|head| head.content != content_of(&wanted.text))
        {
            differing.push(Rehearsed {
                kind: wanted.kind,
                id: wanted.id,
                before: before.map(|head| head.body),
                after: Some(wanted.text),
            });
        }
    }
    for unwanted in changes.unwanted {
        if let Some(before) = head(unwanted.kind, unwanted.id) {
            differing.push(Rehearsed {
                kind: unwanted.kind,
                id: unwanted.id,
                before: Some(before.body),
                after: None,
            });
        }
    }
    Ok(differing)
}

/// What the store knows of entities, locked until the transaction ends, with what links change of it.
async fn know(
    tx: &mut Tx,
    entities: &Entities,
    links: Vec<Link>,
    again: Vec<EntityId>,
) -> Result<Known, ChartError> {
    let mut ids: Vec<EntityId> = entities
        .keys()
        .flat_map(|(one, owner)| [*one, *owner])
        .collect();
    ids.extend(&again);
    ids.sort_unstable();
    ids.dedup();
    let (before, after, mut turned) = if links.is_empty() {
        let tied = tied(tx, &ids).await?;
        (tied.clone(), tied, Vec::new())
    } else {
        relink(tx, &ids, links).await?
    };
    let mut wanted: Vec<EntityId> = entities.keys().map(|(entity, _)| *entity).collect();
    for (entity, _) in before.iter().chain(after.iter()) {
        wanted.push(entity);
    }
    wanted.extend(&again);
    turned.extend(again.into_iter().map(|entity| (entity, None)));
    let owners: Vec<EntityId> = turned.iter().map(|(entity, _)| *entity).collect();
    let mut turned: BTreeMap<_, _> = turned.into_iter().collect();
    if let Some(journal) = turned.values().max().copied() {
        for entity in fact::owned(tx, &owners).await? {
            wanted.push(entity);
            turned.entry(entity).or_insert(journal);
        }
    }
    let rows = load(tx, entities, &wanted).await?;
    let patients = rows.iter().filter(|row| row.entity == row.owner);
    let patients: Vec<EntityId> = patients.map(|row| row.entity).collect();
    // Who is new is not in question yet.
    let staging = if patients.is_empty() {
        Vec::new()
    } else {
        matching::staging(tx, &patients).await?
    };
    let before = before.with_staging(staging.clone());
    let after = after.with_staging(staging);
    Ok(Known {
        rows,
        before,
        after,
        turned,
    })
}

/// The rows of entities, locked. What may be spoken of for the first time in another patient's name is
/// locked before it is looked for: two new rows of one entity must see each other.
async fn load(
    tx: &mut Tx,
    entities: &Entities,
    wanted: &[EntityId],
) -> Result<Vec<fact::FactRow>, ChartError> {
    let shared = entities
        .iter()
        .filter(|(_, said)| said.kind != EntityKind::Patient);
    let shared: Vec<EntityId> = shared.map(|((entity, _), _)| *entity).collect();
    if !shared.is_empty() {
        fact::meet(tx, &shared).await?;
    }
    Ok(fact::load(tx, wanted).await?)
}

/// Who is one with whom among some entities.
async fn tied(tx: &mut Tx, ids: &[EntityId]) -> Result<Ties, ChartError> {
    let persons = link::leads(tx, ids).await?;
    if persons.is_empty() {
        return Ok(Ties::default());
    }
    let members: Vec<EntityId> = persons.into_iter().map(|(entity, _)| entity).collect();
    let links = read(link::around(tx, &members).await?)?;
    Ok(Ties::of(&links))
}

/// Takes in new links. Answers who was one with whom, who is, and what has another lead now.
async fn relink(
    tx: &mut Tx,
    ids: &[EntityId],
    said: Vec<Link>,
) -> Result<(Ties, Ties, Vec<(EntityId, Option<JournalId>)>), ChartError> {
    let mut ends: Vec<EntityId> = said.iter().flat_map(|link| [link.from, link.to]).collect();
    ends.extend(
        link::leads(tx, ids)
            .await?
            .into_iter()
            .map(|(entity, _)| entity),
    );
    let mut links = read(link::around(tx, &ends).await?)?;
    lock(tx, &links).await?;
    let before = Ties::of(&links);
    let journal = said.iter().filter_map(|link| link.source.journal).max();
    let mut news = Vec::new();
    for link in said {
        let is_same = |held: &&mut Link| held.maker == link.maker && held.pair() == link.pair();
        match links.iter_mut().find(is_same) {
            Some(held) if !link.outweighs(held) => continue,
            Some(held) => *held = link.clone(),
            None => links.push(link.clone()),
        }
        news.push(link);
    }
    let after = Ties::of(&links);
    let news: Vec<LinkRow> = news.iter().map(row).collect();
    link::save(tx, &news).await?;
    let mut reached: Vec<EntityId> = links.iter().flat_map(|link| [link.from, link.to]).collect();
    reached.sort_unstable();
    reached.dedup();
    let persons: Vec<_> = after.iter().collect();
    link::lead(tx, &reached, &persons).await?;
    let turned = turned(reached, &before, &after);
    let turned = turned.map(|entity| (entity, journal)).collect();
    Ok((before, after, turned))
}

/// Who is one with others than before.
pub(super) fn turned<'t>(
    reached: Vec<EntityId>,
    before: &'t Ties,
    after: &'t Ties,
) -> impl Iterator<Item = EntityId> + 't {
    reached.into_iter().filter(move |one| {
        // Whose group changed is folded anew, although its own lead may be the same.
        let group = |ties: &Ties| ties.group(ties.lead(*one)).to_vec();
        before.lead(*one) != after.lead(*one) || group(before) != group(after)
    })
}

/// The lanes of all that links reach: a batch that has not got them is begun anew with them.
pub(super) async fn lock(tx: &mut Tx, links: &[Link]) -> Result<(), ChartError> {
    let patients = links.iter().filter(|link| link.kind == EntityKind::Patient);
    let lanes: Vec<LaneId> = patients
        .flat_map(|link| [LaneId(link.from.0), LaneId(link.to.0)])
        .collect();
    if lanes::try_lock(tx, &lanes).await? {
        Ok(())
    } else {
        Err(ChartError::NeedsLanes(lanes))
    }
}

pub(super) fn read(rows: Vec<LinkRow>) -> Result<Vec<Link>, Poison> {
    let link = |row: LinkRow| {
        let (from, to) = if row.from_low {
            (row.low, row.high)
        } else {
            (row.high, row.low)
        };
        let field = row.field.map(|field| field.parse()).transpose();
        Some(Link {
            kind: EntityKind::from_code(row.kind)?,
            from,
            to,
            relation: Relation::from_code(row.relation)?,
            maker: Maker::from_code(row.maker)?,
            source: Source::from_bytes(&row.source).ok()?.into(),
            field: field.ok()?,
        })
    };
    let links: Option<Vec<Link>> = rows.into_iter().map(link).collect();
    links.ok_or(Poison::UnreadableLink)
}

pub(super) fn row(link: &Link) -> LinkRow {
    let (low, high) = link.pair();
    LinkRow {
        low,
        high,
        kind: link.kind.code(),
        maker: link.maker as i16,
        relation: link.relation as i16,
        from_low: link.from == low,
        stated_at: link.source.stamp.stated,
        journal: link.source.journal,
        field: link.field.map(|field| field.to_string()),
        source: link.source.to_bytes(),
    }
}

async fn changes(
    entities: Entities,
    known: Known,
    key: IdentityKey,
) -> Result<Changes, ChartError> {
    Ok(off_the_reactor(move || chart::changes(&entities, &known, &key)).await??)
}
