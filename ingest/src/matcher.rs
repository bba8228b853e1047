//! The matching of patients: who is heard of for the first time is compared with those who may be the same
//! person. One process at a time does it for a tenant, in the order in which nobody depends: what was said
//! *first* of each never changes by what comes later.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

use mapping::facts::{Source, Stamp};
use mapping::inbound::EntityKind;
use mapping::matching::{
    Candidate, Decision, Features, Matching, Part, Score, Veto, decide, score,
};
use mapping::{Facts, Link, Maker, Relation};
use model::{Actor, EntityId, IdentityKey, Tenant, Timestamp};
use serde_json::json;
use store::link::{self, LinkRow};
use store::matching::{self, Compared};
use store::review::Question;
use store::{Store, StoreError, Tx, fact};
use tokio_util::sync::CancellationToken;

use crate::directory::Directory;
use crate::relink::{RelinkError, Relinked, relink};
use crate::worker::ChartError;

/// Patients of one round.
const ROUND: u32 = 200;
/// A round ends after this time: somebody may wait for its turn.
const ROUND_MAX: Duration = Duration::from_secs(3);
/// How often it looks when nobody is new.
const LOOK: Duration = Duration::from_secs(1);
/// Compared while messages wait, it lets them go first.
const BREATH: Duration = Duration::from_millis(20);

pub(crate) struct Matcher {
    pub(crate) store: Store,
    pub(crate) directory: Directory,
    pub(crate) shutdown: CancellationToken,
}

/// What became of one comparison.
enum Verdict {
    /// The two are one.
    Same(EntityId, EntityId),
    /// A person must look.
    Ask(Vec<Question>),
}

/// What is known of some patients while they are compared.
struct Known {
    /// What each said first, and where it is looked for.
    patients: BTreeMap<EntityId, (Features, Vec<i64>)>,
    /// Who has a key in common with each.
    others: BTreeMap<EntityId, Vec<(EntityId, Features)>>,
    /// Whose persons they are, as far as they are not alone.
    leads: HashMap<EntityId, EntityId>,
    links: Vec<LinkRow>,
}

impl Matcher {
    pub(crate) async fn run(self) {
        while !self.shutdown.is_cancelled() {
            let pause = match self.rounds().await {
                Ok(0) => LOOK,
                Ok(_) => BREATH,
                Err(error) => {
                    tracing::warn!(%error, "patients can't be compared now");
                    LOOK
                }
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.shutdown.cancelled() => {}
            }
        }
    }

    async fn rounds(&self) -> Result<usize, ChartError> {
        let mut n_compared = 0;
        for tenant in matching::tenants(&self.store).await? {
            n_compared += self.round(tenant).await?;
        }
        Ok(n_compared)
    }

    /// Compares some patients of a tenant. Only when all that follows is committed are they done with: what
    /// was done twice says the same. The turn writes nothing before: while a transaction that writes is
    /// open, the change feed shows nothing that was written after it began.
    async fn round(&self, tenant: Tenant) -> Result<usize, ChartError> {
        let key = self.directory.key(tenant).await?;
        let mut turn = self.store.begin(tenant).await?;
        let pending = matching::claim(&mut turn, ROUND).await?;
        if pending.is_empty() {
            turn.rollback().await?;
            return Ok(0);
        }
        let patients: Vec<EntityId> = pending.iter().map(|one| one.entity).collect();
        let mut known = know(&mut turn, &patients, &key).await?;
        let until = Instant::now() + ROUND_MAX;
        let mut done = Vec::with_capacity(pending.len());
        for one in pending {
            if until <= Instant::now() {
                break;
            }
            match self.one(&mut turn, one.entity, &mut known, &key).await {
                Ok(()) => done.push(one),
                Err(error) => tracing::warn!(%error, "a patient can't be compared now"),
            }
        }
        matching::compared(&mut turn, &done).await?;
        turn.commit().await.map_err(StoreError::from)?;
        Ok(done.len())
    }

    /// Compares one patient, and does what follows.
    async fn one(
        &self,
        turn: &mut Tx,
        entity: EntityId,
        known: &mut Known,
        key: &IdentityKey,
    ) -> Result<(), ChartError> {
        let profile = self.directory.profile(turn.tenant());
        for verdict in compare(turn, entity, known, profile.matching(), key).await? {
            self.follow(turn.tenant(), key, &verdict).await?;
            if let Verdict::Same(one, other) = verdict {
                known.unite(one, other);
            }
        }
        Ok(())
    }

    async fn follow(
        &self,
        tenant: Tenant,
        key: &IdentityKey,
        verdict: &Verdict,
    ) -> Result<(), ChartError> {
        let place = (&self.store, tenant);
        let relinked = match verdict {
            Verdict::Same(one, other) => Relinked {
                links: vec![found(*one, *other, self.store.clock().now())],
                ..Relinked::default()
            },
            Verdict::Ask(asked) => Relinked {
                about: asked.iter().filter_map(|it| it.entity).collect(),
                asked: asked.clone(),
                ..Relinked::default()
            },
        };
        match relink(place, key, &relinked, Actor::Server).await {
            Ok(_) | Err(RelinkError::NotOpen) => Ok(()),
            Err(RelinkError::Chart(error)) => Err(error),
        }
    }
}

impl Known {
    fn lead(&self, entity: EntityId) -> EntityId {
        self.leads.get(&entity).copied().unwrap_or(entity)
    }

    /// Who was found to be one is one for whoever is compared next.
    fn unite(&mut self, one: EntityId, other: EntityId) {
        let (gone, kept) = (self.lead(one), self.lead(other));
        for lead in self.leads.values_mut().filter(|lead| **lead == gone) {
            *lead = kept;
        }
        self.leads.extend([(one, kept), (gone, kept)]);
    }
}

/// Notes what patients are compared by, in a transaction of its own, and finds whom they are to be compared
/// with.
async fn know(turn: &mut Tx, pending: &[EntityId], key: &IdentityKey) -> Result<Known, ChartError> {
    let rows = fact::peek(turn, pending).await?;
    let own = rows.into_iter().filter(|row| row.owner == row.entity);
    let read = own.filter_map(|row| {
        let features = Features::of(&Facts::from_bytes(&row.body).ok()?);
        let keys = features.keys(key);
        (!features.is_empty()).then_some((row.entity, (features, keys)))
    });
    let patients: BTreeMap<EntityId, (Features, Vec<i64>)> = read.collect();
    let rows: Vec<Compared> = patients
        .iter()
        .map(|(entity, (features, keys))| row(*entity, features, keys))
        .collect();
    let mut tx = turn.store().begin(turn.tenant()).await?;
    matching::save(&mut tx, &rows).await?;
    tx.commit().await.map_err(StoreError::from)?;
    let mut others: BTreeMap<EntityId, Vec<(EntityId, Features)>> = BTreeMap::new();
    for (one, other, body) in matching::candidates(turn, &rows).await? {
        if let Ok(theirs) = Features::from_bytes(&body) {
            others.entry(one).or_default().push((other, theirs));
        }
    }
    let met = others.values().flatten().map(|(other, _)| *other);
    let ids: Vec<EntityId> = patients.keys().copied().chain(met).collect();
    Ok(Known {
        leads: link::leads(turn, &ids).await?.into_iter().collect(),
        links: link::around(turn, pending).await?,
        patients,
        others,
    })
}

fn row(entity: EntityId, features: &Features, keys: &[i64]) -> Compared {
    Compared {
        entity,
        body: features.to_bytes(),
        keys: keys.to_vec(),
    }
}

/// Compares one patient with those who have a key in common with it.
async fn compare(
    tx: &Tx,
    entity: EntityId,
    known: &Known,
    rules: &Matching,
    key: &IdentityKey,
) -> Result<Vec<Verdict>, ChartError> {
    let Some((features, _)) = known.patients.get(&entity) else {
        return Ok(Vec::new());
    };
    let others = known.others.get(&entity).map_or(&[][..], Vec::as_slice);
    let is_own = |link: &&LinkRow| link.low == entity || link.high == entity;
    let own: Vec<&LinkRow> = known.links.iter().filter(is_own).collect();
    let mut verdicts = doubts(entity, features, others, &own, rules);
    let settled: BTreeSet<EntityId> = own
        .iter()
        .filter(|link| link.maker != Maker::Match as i16)
        .flat_map(|link| [link.low, link.high])
        .collect();
    let scores: Vec<(EntityId, Score)> = others
        .iter()
        .filter(|(other, _)| known.lead(*other) != known.lead(entity) && !settled.contains(other))
        .map(|(other, theirs)| (*other, score(features, theirs, &rules.weights)))
        .collect();
    let mut candidates = Vec::with_capacity(scores.len());
    for (other, score) in &scores {
        let rival = if rules.thresholds.review <= score.total {
            rival(tx, (entity, *other), known, rules, key).await?
        } else {
            None
        };
        candidates.push(Candidate {
            person: known.lead(*other),
            score,
            rival,
        });
    }
    match decide(&candidates, &rules.thresholds) {
        Decision::Link(at) => {
            let other = scores.get(at).map(|(other, _)| *other);
            verdicts.extend(other.map(|other| Verdict::Same(entity, other)));
        }
        Decision::Review(likely) => {
            let likely = likely.into_iter().filter_map(|at| scores.get(at));
            let questions = likely
                .map(|(other, score)| question("possible-duplicate", (entity, *other), score));
            verdicts.push(Verdict::Ask(questions.collect()));
        }
        Decision::New => {}
    }
    Ok(verdicts)
}

/// The most points that a candidate has with anybody who is neither the patient nor of its own person.
async fn rival(
    tx: &Tx,
    (entity, candidate): (EntityId, EntityId),
    known: &Known,
    rules: &Matching,
    key: &IdentityKey,
) -> Result<Option<i32>, StoreError> {
    let others = known.others.get(&entity).map_or(&[][..], Vec::as_slice);
    let Some((_, own)) = others.iter().find(|(other, _)| *other == candidate) else {
        return Ok(None);
    };
    let about = [row(candidate, own, &own.keys(key))];
    let found = matching::candidates(tx, &about).await?;
    let rivals = found
        .into_iter()
        .filter(|(_, other, _)| *other != entity && known.lead(*other) != known.lead(candidate));
    let scores = rivals.filter_map(|(_, _, body)| {
        let theirs = Features::from_bytes(&body).ok()?;
        Some(score(own, &theirs, &rules.weights))
    });
    Ok(scores
        .filter(|score| score.veto.is_none())
        .map(|score| score.total)
        .max())
}

/// Matches that would not be made any more, by what was said first as it is known now: never undone, but
/// asked about.
fn doubts(
    entity: EntityId,
    features: &Features,
    others: &[(EntityId, Features)],
    links: &[&LinkRow],
    rules: &Matching,
) -> Vec<Verdict> {
    let matched = links
        .iter()
        .filter(|link| link.maker == Maker::Match as i16);
    let doubtful = matched.filter_map(|link| {
        let other = if link.low == entity {
            link.high
        } else {
            link.low
        };
        let (_, theirs) = others.iter().find(|(known, _)| *known == other)?;
        let score = score(features, theirs, &rules.weights);
        let holds = score.veto.is_none() && rules.thresholds.review <= score.total;
        (!holds).then(|| question("doubtful-match", (entity, other), &score))
    });
    let questions: Vec<Question> = doubtful.collect();
    if questions.is_empty() {
        Vec::new()
    } else {
        vec![Verdict::Ask(questions)]
    }
}

fn question(kind: &str, (entity, other): (EntityId, EntityId), score: &Score) -> Question {
    let part = |part: &Part| json!({ "what": part.what.as_str(), "points": part.points });
    let explained = json!({
        "points": score.total,
        "parts": score.parts.iter().map(part).collect::<Vec<_>>(),
        "forbidden": score.veto.map(Veto::as_str),
    });
    Question {
        kind: kind.to_owned(),
        journal: None,
        entity: Some(entity),
        other_entity: Some(other),
        explained: Some(explained.to_string()),
    }
}

/// A match as a statement.
fn found(one: EntityId, other: EntityId, at: Timestamp) -> Link {
    Link {
        kind: EntityKind::Patient,
        from: one,
        to: other,
        relation: Relation::Same,
        maker: Maker::Match,
        source: decided(at, "match").into(),
        field: None,
    }
}

/// The source of what no message said.
pub fn decided(at: Timestamp, by: &str) -> Source {
    let stamp = Stamp {
        stated: at,
        sequence: None,
        sent: None,
        control_id: by.to_owned(),
        digest: 0,
    };
    Source {
        stamp,
        journal: None,
        mapping: mapping::MAPPING_VERSION,
    }
}
