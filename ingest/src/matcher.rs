//! The matching of patients: who is heard of for the first time is compared with those who may be the same
//! person. One process at a time does it for a tenant, in the order in which nobody depends: what was said
//! *first* of each never changes by what comes later.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use mapping::facts::{Source, Stamp};
use mapping::inbound::EntityKind;
use mapping::matching::{
    Candidate, Decision, Features, Matching, Part, Score, Veto, decide, score,
};
use mapping::{Facts, Link, Maker, Relation};
use model::{Actor, EntityId, IdentityKey, Tenant, Timestamp};
use serde_json::json;
use store::review::Question;
use store::{Store, StoreError, Tx, fact, link, matching};
use tokio_util::sync::CancellationToken;

use crate::directory::Directory;
use crate::relink::{RelinkError, Relinked, relink};
use crate::worker::ChartError;

/// Patients of one round.
const ROUND: u32 = 50;
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

/// What is known of a patient while it is compared.
struct Compared {
    features: Features,
    /// Who has a key in common with it.
    others: Vec<(EntityId, Features)>,
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
    /// was done twice says the same.
    async fn round(&self, tenant: Tenant) -> Result<usize, ChartError> {
        let key = self.directory.key(tenant).await?;
        let profile = self.directory.profile(tenant);
        let mut tx = self.store.begin(tenant).await?;
        let pending = matching::claim(&mut tx, ROUND).await?;
        for entity in &pending {
            let verdicts = compare(&mut tx, *entity, profile.matching(), &key).await?;
            for verdict in verdicts {
                self.follow(tenant, &key, verdict).await?;
            }
        }
        matching::compared(&mut tx, &pending).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(pending.len())
    }

    async fn follow(
        &self,
        tenant: Tenant,
        key: &IdentityKey,
        verdict: Verdict,
    ) -> Result<(), ChartError> {
        let place = (&self.store, tenant);
        let relinked = match verdict {
            Verdict::Same(one, other) => Relinked {
                links: vec![found(one, other, self.store.clock().now())],
                ..Relinked::default()
            },
            Verdict::Ask(asked) => Relinked {
                about: asked.iter().filter_map(|it| it.entity).collect(),
                asked,
                ..Relinked::default()
            },
        };
        match relink(place, key, &relinked, Actor::Server).await {
            Ok(_) | Err(RelinkError::NotOpen) => Ok(()),
            Err(RelinkError::Chart(error)) => Err(error),
        }
    }
}

/// Compares one patient with those who have a key in common with it.
async fn compare(
    tx: &mut Tx,
    entity: EntityId,
    rules: &Matching,
    key: &IdentityKey,
) -> Result<Vec<Verdict>, ChartError> {
    let rows = fact::peek(tx, &[entity]).await?;
    let row = rows.into_iter().find(|row| row.owner == entity);
    let facts = row.and_then(|row| Facts::from_bytes(&row.body).ok());
    let features = facts.map(|facts| Features::of(&facts)).unwrap_or_default();
    if features.is_empty() {
        return Ok(Vec::new());
    }
    matching::save(tx, entity, &features.to_bytes(), &features.keys(key)).await?;
    let compared = Compared {
        others: others(tx, entity, &features, key).await?,
        features,
    };
    let persons: HashMap<EntityId, EntityId> = persons(tx, entity, &compared).await?;
    let lead = |id: EntityId| persons.get(&id).copied().unwrap_or(id);
    let links = link::around(tx, &[entity]).await?;
    let mut verdicts = doubts(entity, &compared, &links, rules);
    let settled: BTreeSet<EntityId> = links
        .iter()
        .filter(|link| link.maker != Maker::Match as i16)
        .flat_map(|link| [link.low, link.high])
        .collect();
    let scores: Vec<(EntityId, Score)> = compared
        .others
        .iter()
        .filter(|(other, _)| lead(*other) != lead(entity) && !settled.contains(other))
        .map(|(other, theirs)| (*other, score(&compared.features, theirs, &rules.weights)))
        .collect();
    let mut candidates = Vec::with_capacity(scores.len());
    for (other, score) in &scores {
        let rival = if rules.thresholds.review <= score.total {
            rival(tx, (entity, *other), &compared, &persons, rules, key).await?
        } else {
            None
        };
        candidates.push(Candidate {
            person: lead(*other),
            score,
            rival,
        });
    }
    let other = |at: usize| scores.get(at).map(|(other, _)| *other);
    match decide(&candidates, &rules.thresholds) {
        Decision::Link(at) => {
            verdicts.extend(other(at).map(|other| Verdict::Same(entity, other)));
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

async fn others(
    tx: &Tx,
    entity: EntityId,
    features: &Features,
    key: &IdentityKey,
) -> Result<Vec<(EntityId, Features)>, StoreError> {
    let found = matching::candidates(tx, entity, &features.keys(key)).await?;
    let read =
        |(other, body): (EntityId, Vec<u8>)| Some((other, Features::from_bytes(&body).ok()?));
    Ok(found.into_iter().filter_map(read).collect())
}

async fn persons(
    tx: &Tx,
    entity: EntityId,
    compared: &Compared,
) -> Result<HashMap<EntityId, EntityId>, StoreError> {
    let mut ids: Vec<EntityId> = compared.others.iter().map(|(other, _)| *other).collect();
    ids.push(entity);
    Ok(link::leads(tx, &ids).await?.into_iter().collect())
}

/// The most points that a candidate has with anybody who is neither the patient nor of its own person.
async fn rival(
    tx: &Tx,
    (entity, candidate): (EntityId, EntityId),
    compared: &Compared,
    persons: &HashMap<EntityId, EntityId>,
    rules: &Matching,
    key: &IdentityKey,
) -> Result<Option<i32>, StoreError> {
    let lead = |id: EntityId| persons.get(&id).copied().unwrap_or(id);
    let known: BTreeMap<EntityId, &Features> = compared
        .others
        .iter()
        .map(|(other, theirs)| (*other, theirs))
        .collect();
    let Some(own) = known.get(&candidate) else {
        return Ok(None);
    };
    let others = others(tx, candidate, own, key).await?;
    let rivals = others
        .iter()
        .filter(|(other, _)| *other != entity && lead(*other) != lead(candidate));
    let scores = rivals.map(|(_, theirs)| score(own, theirs, &rules.weights));
    Ok(scores
        .filter(|score| score.veto.is_none())
        .map(|score| score.total)
        .max())
}

/// Matches that would not be made any more, by what was said first as it is known now: never undone, but
/// asked about.
fn doubts(
    entity: EntityId,
    compared: &Compared,
    links: &[link::LinkRow],
    rules: &Matching,
) -> Vec<Verdict> {
    let matched = links.iter().filter(|link| {
        link.maker == Maker::Match as i16 && (link.low == entity || link.high == entity)
    });
    let doubtful = matched.filter_map(|link| {
        let other = if link.low == entity {
            link.high
        } else {
            link.low
        };
        let (_, theirs) = compared.others.iter().find(|(known, _)| *known == other)?;
        let score = score(&compared.features, theirs, &rules.weights);
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
