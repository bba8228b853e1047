//! One batch, from claim to commit.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use mapping::FOLD_VERSION;
use model::{
    Action, Actor, AuditEvent, AuditOutcome, IdentityKey, JournalId, LaneId, Tenant, Timestamp,
};
use store::{
    Tx, journal, lanes,
    lanes::{Disposition, Queued},
    resource, review,
};

use super::{
    ChartError, Worker,
    chart::{self, Wanted},
    reading::{self, Manners, Read},
    rendering::{self, Done, Heads},
    setting_aside::{bury, done_with, questions, raise},
};

/// Messages whose bytes are in memory at once: one of them may have up to the frame's limit, most
/// have a kilobyte.
const RAWS_AT_ONCE: usize = 64;
/// How long undoing a batch is waited for.
const UNDO_MAX: Duration = Duration::from_secs(1);

impl Worker {
    /// Claims a batch and applies it. Answers how many messages it had.
    #[tracing::instrument(name = "lane.apply", level = "debug", skip_all, fields(tenant = tenant.0))]
    pub(super) async fn apply(&mut self, tenant: Tenant) -> Result<usize, ChartError> {
        let key = self.directory.key(tenant).await?;
        let mut tx = self.store.begin(tenant).await?;
        let (messages, written) = match self.attempt(&mut tx, &key).await {
            Ok(done) if !done.0.is_empty() => done,
            nothing => {
                let undone = undo(tx).await;
                return nothing.and(undone).map(|()| 0);
            }
        };
        tx.commit().await.map_err(store::StoreError::from)?;
        messages.iter().for_each(count_places);
        self.applied
            .settle(messages.iter().map(|message| message.queued.journal));
        let n_dead = messages.iter().filter(|message| message.is_dead()).count();
        self.count(messages.len() - n_dead, n_dead, &written);
        if 0 < n_dead {
            raise(&self.store, tenant).await;
        }
        Ok(messages.len())
    }

    /// All but the commit; nothing where nothing could be claimed.
    async fn attempt(
        &mut self,
        tx: &mut Tx,
        key: &IdentityKey,
    ) -> Result<(Vec<Read>, Vec<Done>), ChartError> {
        let footing = self.state.of(tx.tenant());
        let claim = match footing.again() {
            Some((messages, lanes)) => lanes::claim_exactly(tx, &messages, &lanes).await?,
            None => lanes::claim(tx, FOLD_VERSION, footing.size).await?,
        };
        if claim.messages.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }
        footing.in_hand.clone_from(&claim.messages);
        let is_more = footing.size as usize <= claim.messages.len();
        let has_failed = 0 < footing.n_transient;
        if is_more {
            // Another worker may look for it.
            self.state.watch = None;
        }
        tx.hush(hushed(&claim.messages));
        let mut messages = self.read(tx.tenant(), &claim.messages, key).await?;
        let gathered = chart::gather(&mut messages);
        self.state.charting.careful = has_failed;
        let written = self.state.charting.write(tx, gathered, key).await?;
        self.finish(tx, &messages).await?;
        Ok((messages, written))
    }

    fn count(&self, n_applied: usize, n_dead: usize, written: &[Done]) {
        let counters = &self.counters;
        counters.committed.increment();
        counters.applied.add(n_applied as u64);
        counters.dead.add(n_dead as u64);
        for done in written {
            match done.action {
                Action::Create => counters.created.increment(),
                Action::Update => counters.updated.increment(),
                Action::Delete => counters.deleted.increment(),
                Action::Read | Action::Execute => {}
            }
        }
    }

    /// Reads the messages, with their bytes fetched and dropped bit by bit.
    async fn read(
        &self,
        tenant: Tenant,
        queued: &[Queued],
        key: &IdentityKey,
    ) -> Result<Vec<Read>, ChartError> {
        let mut read = Vec::with_capacity(queued.len());
        for part in queued.chunks(RAWS_AT_ONCE) {
            let ids: Vec<JournalId> = part.iter().map(|message| message.journal).collect();
            let raws: HashMap<JournalId, Bytes> = journal::raws(&self.store, tenant, &ids)
                .await?
                .into_iter()
                .collect();
            let manners: Vec<(Queued, Arc<Manners>)> = part
                .iter()
                .map(|queued| (*queued, self.directory.manners(queued.interface)))
                .collect();
            let key = key.clone();
            let apart = move || {
                let one = |(queued, manners): (Queued, Arc<Manners>)| {
                    reading::read(queued, raws.get(&queued.journal), &manners, &key)
                };
                manners.into_iter().filter_map(one).collect::<Vec<_>>()
            };
            read.extend(off_the_reactor(apart).await?);
        }
        Ok(read)
    }

    /// Says what became of each message, in the same transaction.
    async fn finish(&mut self, tx: &mut Tx, messages: &[Read]) -> Result<(), ChartError> {
        let mut done = Vec::with_capacity(messages.len());
        let mut lanes = Vec::with_capacity(messages.len());
        for message in messages {
            let disposition = match &message.result {
                Ok(_) => Disposition::Applied,
                Err(_) if !message.is_dead() => Disposition::Unrouted,
                Err(failure) => {
                    bury(tx, &message.queued, failure).await?;
                    Disposition::Dead
                }
            };
            done.push(done_with(message, disposition));
            lanes.push(message.queued.lane);
            lanes.extend(message.queued.other_lane);
        }
        review::open(tx, &messages.iter().flat_map(questions).collect::<Vec<_>>()).await?;
        lanes::finish(tx, &done, &lanes, FOLD_VERSION).await?;
        Ok(())
    }
}

/// Undoes a batch, waited for: the next claim must find its lanes free. Not for long, since the
/// connection may be what failed.
async fn undo(tx: Tx) -> Result<(), ChartError> {
    let undone = tokio::time::timeout(UNDO_MAX, tx.rollback()).await;
    Ok(undone.unwrap_or(Ok(()))?)
}

/// The messages of which the changes alarm nobody. One that shares a lane with a loud one of the batch
/// does: they make one version together, and what the loud one brings must not be lost.
fn hushed(messages: &[Queued]) -> impl Iterator<Item = JournalId> {
    let lanes = |message: &Queued| std::iter::once(message.lane).chain(message.other_lane);
    let loud = messages.iter().filter(|message| !message.quiet);
    let loud: HashSet<LaneId> = loud.flat_map(lanes).collect();
    let is_alone = move |message: &&Queued| !lanes(message).any(|lane| loud.contains(&lane));
    let quiet = messages.iter().filter(|message| message.quiet);
    quiet.filter(is_alone).map(|message| message.journal)
}

/// Counts what a message said that is not in the chart, or not as it was said.
fn count_places(message: &Read) {
    if let Ok(said) = &message.result {
        let counters = &message.manner.counters;
        counters.unmapped.count(said.unmapped.iter().copied());
        counters
            .misfits
            .count(said.issues.iter().map(|issue| issue.at));
    }
}

/// The current versions of what is to be written. What is new can't be there, unless a first attempt
/// found out otherwise.
pub(super) async fn heads(
    tx: &mut Tx,
    wanted: &[Wanted],
    unwanted: &[chart::Unwanted],
    careful: bool,
) -> Result<Heads, ChartError> {
    let old = wanted.iter().filter(|wanted| careful || !wanted.new);
    let keys: Vec<_> = old
        .map(|wanted| (wanted.kind.code(), wanted.id))
        .chain(
            unwanted
                .iter()
                .map(|unwanted| (unwanted.kind.code(), unwanted.id)),
        )
        .collect();
    if keys.is_empty() {
        return Ok(Heads::new());
    }
    let heads = resource::heads(tx, &keys).await?;
    Ok(heads
        .into_iter()
        .map(|head| ((head.kind, head.id), head))
        .collect())
}

pub(super) fn render(
    wanted: Vec<Wanted>,
    lineage: Vec<Vec<u8>>,
    unwanted: Vec<chart::Unwanted>,
    mut heads: Heads,
    now: Timestamp,
) -> (Vec<resource::Write>, Vec<Done>) {
    let mut writes = Vec::with_capacity(wanted.len());
    for (wanted, lineage) in wanted.into_iter().zip(lineage) {
        let head = heads.remove(&(wanted.kind.code(), wanted.id));
        writes.extend(rendering::write(wanted, head, lineage, now));
    }
    for unwanted in unwanted {
        let head = heads.remove(&(unwanted.kind.code(), unwanted.id));
        writes.extend(rendering::delete(unwanted, head, now));
    }
    writes.into_iter().unzip()
}

pub(super) fn event(done: &Done) -> AuditEvent {
    AuditEvent {
        actor: Actor::Message(done.journal),
        action: done.action,
        outcome: AuditOutcome::Success,
        interaction: match done.action {
            Action::Create => "create",
            Action::Delete => "delete",
            Action::Read | Action::Update | Action::Execute => "update",
        },
        resource_type: Some(done.kind.name()),
        resource: Some(done.id),
        version: Some(done.version),
        patient: done.patient,
        request: None,
    }
}

/// Work of some milliseconds, where it delays no socket.
pub(super) async fn off_the_reactor<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ChartError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| ChartError::Poison(chart::Poison::Panicked))
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::InterfaceId;
    use uuid::Uuid;

    fn queued(journal: i64, lanes: &[u128], quiet: bool) -> Queued {
        let lane = |at: usize| lanes.get(at).map(|lane| LaneId(Uuid::from_u128(*lane)));
        Queued {
            journal: JournalId(journal),
            lane: lane(0).unwrap(),
            other_lane: lane(1),
            interface: InterfaceId(1),
            attempts: 0,
            reused_control_id: false,
            quiet,
        }
    }

    #[test]
    fn a_backlog_that_meets_a_live_message_of_its_patient_is_not_hushed() {
        let batch = [
            queued(1, &[1], false),
            queued(2, &[1], true),
            queued(3, &[2, 1], true),
            queued(4, &[2], true),
        ];
        assert_eq!(hushed(&batch).collect::<Vec<_>>(), [JournalId(4)]);
    }
}
