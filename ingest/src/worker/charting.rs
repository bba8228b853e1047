//! What was said becomes rows: facts, who is one with whom, and the resources that follow.

use std::collections::BTreeSet;

use fhir::ResourceType;
use mapping::Link;
use mapping::inbound::Interpretation;
use model::{Actor, AuditEvent, EntityId, IdentityKey, ResourceId};
use store::audit::{self, AuditChain};
use store::{Tx, fact, identity, matching, resource, review};

use super::ChartError;
use super::batch::{event, heads, off_the_reactor, render};
use super::chart::{self, Changes, Entities, Gathered, Known, NO_MESSAGE};
use super::knowing::{About, know};
use super::lineage::Terms;
use super::links::Tied;
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

    /// Leaves rows in the trail for what was done besides.
    pub(crate) async fn note(&self, tx: &mut Tx, events: &[AuditEvent]) -> Result<(), ChartError> {
        Ok(audit::in_tx(tx, &self.trail, events).await?)
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
        let known = know(
            tx,
            About::of(&gathered.private, Vec::new()),
            Tied::new(gathered.links),
        )
        .await?;
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
        let known = know(tx, About::of(&entities, again), Tied::new(links)).await?;
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
            mut identities,
            compared,
            claims,
            settled,
        } = changes;
        // An earlier attempt may have come from somebody else's being first.
        for it in &mut identities {
            it.new &= !self.careful;
        }
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

async fn changes(
    entities: Entities,
    known: Known,
    key: IdentityKey,
) -> Result<Changes, ChartError> {
    Ok(off_the_reactor(move || chart::changes(&entities, &known, &key)).await??)
}
