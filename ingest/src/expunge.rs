//! A message that should never have come is taken out: its bytes, what it said, and the versions that told
//! of it. What others said of the same people stays, or comes to light again.

mod reading;

use std::collections::BTreeSet;

use fhir::ResourceType;
use model::{
    Action, Actor, AuditEvent, EntityId, IdSource, IdentityKey, JournalId, LaneId, ResourceId,
    SourceIdentity, Tenant, Timestamp,
};
use store::journal::{self, Kept};
use store::resource::{self, Traced};
use store::retention::Hold;
use store::{InterfaceId, Store, StoreError, Tx, identity, lanes, matching, retention};

use crate::InterfaceSettings;
use crate::lineage::decode;
use crate::worker::{Back, ChartError, Charting, Done, Others};
use reading::{Reading, Target, target};

/// How often a lane that a worker has in hand is waited for.
const ATTEMPTS_MAX: u32 = 8;

/// Whose journal, and how its messages are read.
pub struct Expunging<'a> {
    /// The store.
    pub store: &'a Store,
    /// Whose journal.
    pub tenant: Tenant,
    /// The tenant's key.
    pub key: &'a IdentityKey,
    /// How the messages of an interface are read.
    pub settings: &'a (dyn Fn(InterfaceId) -> &'a InterfaceSettings + Sync),
}

/// Whether it is done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// Found out by doing it in a transaction that is rolled back.
    Rehearse,
    /// Done.
    Do,
}

/// What was taken out, and what came of it.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Outcome {
    /// The message, and resends of it.
    pub messages: Vec<JournalId>,
    /// The resources that were written anew or deleted.
    pub resources: Vec<(Action, ResourceType, ResourceId)>,
    /// Versions that were removed from history.
    pub n_versions: u64,
    /// Links between patients, visits or accounts that were taken back.
    pub n_links: usize,
    /// Other messages that were read again.
    pub n_read: u64,
    /// Messages from before this instant are no longer kept: what they alone said, and this one said over,
    /// can't be brought to light again.
    pub kept_since: Option<Timestamp>,
}

/// Why nothing was taken out.
#[derive(Debug, thiserror::Error)]
pub enum ExpungeError {
    /// There is no such message.
    #[error("the journal has no entry {0}")]
    NoEntry(JournalId),
    /// Its bytes are gone already.
    #[error("entry {0} is expunged already")]
    Already(JournalId),
    /// Its bytes are lost: nobody can tell what it said.
    #[error("the bytes of entry {0} are not there")]
    Lost(JournalId),
    /// A legal hold keeps it.
    #[error(
        "legal hold {hold} ({why}) reaches entry {entry}; to expunge it, first lift the hold: \
         drawbridge journal hold remove {hold} --reason WHY"
    )]
    Held {
        /// The message, or a resend of it.
        entry: JournalId,
        /// The hold's number.
        hold: i32,
        /// Why it was placed.
        why: String,
    },
    /// The chart can't be written.
    #[error(transparent)]
    Chart(#[from] ChartError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Takes a message out. `looked` hears of every other message that is read again.
pub async fn expunge(
    site: &Expunging<'_>,
    id: JournalId,
    reason: &str,
    mode: Mode,
    mut looked: impl FnMut(),
) -> Result<Outcome, ExpungeError> {
    let target = target(site, id).await?;
    not_held(site, &target).await?;
    let back = back(site, &target).await?;
    let mut reading = Reading::of(site, &back, &target).await?;
    let mut lanes = target.lanes(&back);
    for attempt in 1.. {
        reading.catch_up(&mut looked).await?;
        let mut tx = site.store.begin(site.tenant).await?;
        let done = async {
            matching::hold(&mut tx).await?;
            lanes::claim_exactly(&mut tx, &[], &lanes).await?;
            // Nobody applies anything to these lanes now: what came meanwhile is read too.
            reading.go_on(&mut looked).await?;
            take_out(site, &mut tx, (&back, &reading.others), &target, reason).await
        };
        match done.await {
            Ok(mut outcome) => {
                outcome.n_read = reading.n_read;
                outcome.kept_since = kept_since(site).await?;
                match mode {
                    Mode::Rehearse => tx.rollback().await?,
                    Mode::Do => tx.commit().await.map_err(StoreError::from)?,
                }
                return Ok(outcome);
            }
            Err(ChartError::NeedsLanes(lacking)) if attempt < ATTEMPTS_MAX => {
                lanes.extend(lacking);
            }
            Err(ChartError::Store(error)) if error.is_transient() && attempt < ATTEMPTS_MAX => {}
            Err(error) => return Err(error.into()),
        }
        // Where the connection is lost, so is the transaction.
        let _ = tx.rollback().await;
    }
    Err(ChartError::NeedsLanes(lanes).into())
}

/// Refuses while a legal hold reaches one of the messages.
async fn not_held(site: &Expunging<'_>, target: &Target) -> Result<(), ExpungeError> {
    let holds = retention::holds(site.store).await?;
    for entry in &target.messages {
        let reaches = |hold: &&Hold| hold.reaches(site.tenant, entry.received_at);
        if let Some(hold) = holds.iter().find(reaches) {
            return Err(ExpungeError::Held {
                entry: entry.id,
                hold: hold.id,
                why: hold.reason.clone(),
            });
        }
    }
    Ok(())
}

/// In what the message had a part: by what is stored, and by today's reading of it.
async fn back(site: &Expunging<'_>, target: &Target) -> Result<Back, ExpungeError> {
    let messages: Vec<JournalId> = target.messages.iter().map(|entry| entry.id).collect();
    let mut back = Back {
        messages: messages.iter().copied().collect(),
        private: BTreeSet::new(),
        shared: BTreeSet::new(),
        links: store::link::said_by(site.store, site.tenant, &messages).await?,
        stale: BTreeSet::new(),
    };
    for row in store::fact::naming(site.store, site.tenant, &messages).await? {
        let kind = mapping::inbound::EntityKind::from_code(row.kind);
        if kind.is_some_and(mapping::inbound::EntityKind::shared) {
            back.shared.insert((row.entity, row.owner));
        } else {
            back.private.insert((row.entity, row.owner));
        }
    }
    for statement in target.said.iter().flat_map(|said| &said.statements) {
        let key = (statement.entity, statement.owner);
        if statement.kind.shared() {
            back.shared.insert(key);
        } else {
            back.private.insert(key);
        }
    }
    let marks: Vec<Vec<u8>> = messages
        .iter()
        .map(|id| crate::lineage::mark(*id))
        .collect();
    let versions = resource::naming(site.store, site.tenant, &messages, &marks).await?;
    let versions = versions.iter().filter(|version| names(version, &back));
    back.stale = versions.map(|version| (version.kind, version.id)).collect();
    Ok(back)
}

/// Whether a version comes from one of the messages.
fn names(version: &Traced, back: &Back) -> bool {
    let is_back = |journal: JournalId| back.messages.contains(&journal);
    let lineage = version.lineage.as_deref().unwrap_or_default();
    let lines = decode(lineage, version.journal);
    version.journal.is_some_and(is_back)
        || lines.iter().any(|line| line.journal.is_some_and(is_back))
}

async fn take_out(
    site: &Expunging<'_>,
    tx: &mut Tx,
    (back, others): (&Back, &Others),
    target: &Target,
    reason: &str,
) -> Result<Outcome, ChartError> {
    let mut charting = Charting::of(Actor::Operator);
    let taken = charting.take_back(tx, back, others, site.key).await?;
    let gone: Vec<EntityId> = taken.gone.iter().map(|(entity, _)| *entity).collect();
    identity::forget(tx, &gone).await?;
    identity::remove(tx, &unsaid(target, others)).await?;
    let since = target.messages.iter().map(|entry| entry.received_at).min();
    let happened = taken.happened.iter().map(|(kind, id)| (kind.code(), *id));
    let happened: BTreeSet<_> = happened.collect();
    let mut touched: BTreeSet<(i16, ResourceId)> = back.stale.clone();
    touched.extend(&happened);
    touched.extend(taken.written.iter().map(key));
    let touched: Vec<_> = touched.into_iter().collect();
    let past = resource::past(tx, &touched).await?;
    let tells = |version: &Traced| {
        let event = happened.contains(&(version.kind, version.id));
        names(version, back) || event && since.is_some_and(|since| since <= version.updated_at)
    };
    let past: Vec<Traced> = past.into_iter().filter(tells).collect();
    let n_versions = resource::forget(tx, &past).await?;
    for entry in &target.messages {
        if !journal::expunge(tx, entry, reason, target.fingerprint).await? {
            return Err(StoreError::Inconsistent("a message left the journal meanwhile").into());
        }
    }
    let events = target.messages.iter().map(|entry| event(entry, reason));
    charting.note(tx, &events.collect::<Vec<_>>()).await?;
    Ok(Outcome {
        messages: back.messages.iter().copied().collect(),
        resources: taken.written.iter().map(told).collect(),
        n_versions,
        n_links: back.links.len(),
        ..Outcome::default()
    })
}

fn key(done: &Done) -> (i16, ResourceId) {
    (done.kind.code(), done.id)
}

fn told(done: &Done) -> (Action, ResourceType, ResourceId) {
    (done.action, done.kind, done.id)
}

/// Identifiers that the message alone gave. An entity's own one is that of all who spoke of it: it goes
/// with the last of its facts.
fn unsaid(target: &Target, others: &Others) -> Vec<(EntityId, SourceIdentity)> {
    let statements = target.said.iter().flat_map(|said| &said.statements);
    let unsaid = statements.flat_map(|statement| {
        let known = others.identities.get(&statement.entity);
        let is_unsaid =
            move |identity: &&SourceIdentity| known.is_none_or(|known| !known.contains(*identity));
        let more = statement.identities.iter().skip(1).filter(is_unsaid);
        more.map(|identity| (statement.entity, identity.clone()))
    });
    unsaid.collect()
}

fn event(entry: &Kept, reason: &str) -> AuditEvent {
    let request = format!("message {}: {reason}", entry.id);
    AuditEvent::operator(Action::Delete, "expunge", request)
}

/// Since when all messages of the tenant are kept; none where nothing was dropped.
async fn kept_since(site: &Expunging<'_>) -> Result<Option<Timestamp>, StoreError> {
    let parts = retention::dropped_chains(site.store, site.tenant).await?;
    let Some(month) = parts.iter().map(|part| part.month).max() else {
        return Ok(None);
    };
    let dropped = retention::dropped(site.store).await?;
    let last = dropped.iter().find(|dropped| dropped.first_day == month);
    Ok(last.map(|dropped| IdSource::instant(dropped.high.0)))
}

impl Target {
    /// The lanes of all whose facts may change.
    fn lanes(&self, back: &Back) -> Vec<LaneId> {
        let owners = back
            .private
            .iter()
            .flat_map(|(entity, owner)| [*entity, *owner]);
        let ends = back.links.iter().flat_map(|link| [link.low, link.high]);
        let mut lanes: Vec<LaneId> = owners.chain(ends).map(|id| LaneId(id.0)).collect();
        lanes.extend(&self.routed);
        lanes.sort_unstable();
        lanes.dedup();
        lanes
    }
}
