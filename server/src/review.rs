//! What a person must decide about who is who: shown side by side, decided, taken back.

use std::sync::Arc;

use fhir::ResourceType;
use ingest::{RelinkError, Relinked, decided, relink};
use mapping::inbound::EntityKind;
use mapping::{Link, Maker, Relation};
use model::{Access, Actor, EntityId, IdentityKey, Reach, ResourceId, Tenant};
use serde_json::{Value, json};
use store::review::{self, Review};
use store::{Store, StoreError, fact};

/// How a review is decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// The two are one person.
    Link,
    /// They are not.
    Apart,
    /// Nothing is to be said of who is who: it was looked at.
    Close,
    /// The decision is taken back, and asked for again.
    Undo,
}

/// Why nothing was decided.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    /// There is no such review.
    #[error("there is no review {0}")]
    Unknown(i64),
    /// It is not about two patients.
    #[error("review {0} is not about two patients: close it")]
    NotOfTwo(i64),
    /// Somebody else was first, or it was never decided.
    #[error(
        "review {0} was decided already, or is to be undone before it was decided: look at it again"
    )]
    NotOpen(i64),
    /// The chart could not be written.
    #[error(transparent)]
    Chart(#[from] ingest::ChartError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Decision {
    const fn word(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Apart => "apart",
            Self::Close => "close",
            Self::Undo => "undo",
        }
    }

    const fn relation(self) -> Option<Relation> {
        match self {
            Self::Link => Some(Relation::Same),
            Self::Apart => Some(Relation::Apart),
            Self::Undo => Some(Relation::Nothing),
            Self::Close => None,
        }
    }
}

/// Decides a review, or takes its decision back; everything that follows is one transaction.
pub async fn decide(
    (store, tenant): (&Store, Tenant),
    key: &IdentityKey,
    id: i64,
    decision: Decision,
    actor: Actor,
) -> Result<Review, DecideError> {
    let review = review::get(store, tenant, id).await?;
    let review = review.ok_or(DecideError::Unknown(id))?;
    let pair = patients(store, tenant, &review).await?;
    let was_of_two = review.decision.as_deref() != Some(Decision::Close.word());
    let link = match (decision.relation(), pair) {
        (None, _) => None,
        (Some(Relation::Nothing), _) if !was_of_two => None,
        (Some(relation), Some((from, to))) => Some(Link {
            kind: EntityKind::Patient,
            from,
            to,
            relation,
            maker: Maker::Person,
            source: Arc::new(decided(store.clock().now(), &format!("review:{id}"))),
            field: None,
        }),
        (Some(_), None) => return Err(DecideError::NotOfTwo(id)),
    };
    let is_undone = decision == Decision::Undo;
    let relinked = Relinked {
        links: link.into_iter().collect(),
        decided: (!is_undone).then_some((id, decision.word())),
        reopened: is_undone.then_some(id),
        about: pair.map_or_else(Vec::new, |(one, other)| vec![one, other]),
        ..Relinked::default()
    };
    match relink((store, tenant), key, &relinked, actor).await {
        Ok(_) => {}
        Err(RelinkError::NotOpen) => return Err(DecideError::NotOpen(id)),
        Err(RelinkError::Chart(error)) => return Err(error.into()),
    }
    let review = review::get(store, tenant, id).await?;
    review.ok_or(DecideError::Unknown(id))
}

/// The two patients whom a review is about.
async fn patients(
    store: &Store,
    tenant: Tenant,
    review: &Review,
) -> Result<Option<(EntityId, EntityId)>, StoreError> {
    let question = &review.question;
    let (Some(entity), Some(other)) = (question.entity, question.other_entity) else {
        return Ok(None);
    };
    if !question.kind.ends_with("-of-two-patients") {
        return Ok(Some((entity, other)));
    }
    // What two patients claim: the other one is among those who spoke of it.
    let mut tx = store.begin(tenant).await?;
    let rows = fact::peek(&mut tx, &[entity]).await?;
    tx.rollback().await?;
    let owner = rows
        .iter()
        .map(|row| row.owner)
        .find(|owner| *owner != other);
    Ok(owner.map(|owner| (owner, other)))
}

/// A review without the resources that it is about.
pub fn line(review: &Review) -> Value {
    let question = &review.question;
    let explained = question.explained.as_deref();
    json!({
        "id": review.id.to_string(),
        "kind": question.kind,
        "openedAt": review.opened_at,
        "decidedAt": review.decided_at,
        "decision": review.decision,
        "message": question.journal.map(|journal| journal.to_string()),
        "entity": question.entity.map(|entity| entity.to_string()),
        "other": question.other_entity.map(|entity| entity.to_string()),
        "explained": explained.and_then(|text| serde_json::from_str::<Value>(text).ok()),
    })
}

/// A review with what it is about, side by side. Shows patient data.
pub async fn shown(store: &Store, tenant: Tenant, review: &Review) -> Result<Value, StoreError> {
    let mut shown = line(review);
    let mut candidates = Vec::new();
    if let Some((one, other)) = patients(store, tenant, review).await? {
        for id in [one, other] {
            candidates.push(current(store, tenant, ResourceType::Patient, id.into()).await?);
        }
    }
    if review.question.kind == "visit-of-two-patients"
        && let Some(visit) = review.question.entity
    {
        candidates.push(current(store, tenant, ResourceType::Encounter, visit.into()).await?);
    }
    if let Some(fields) = shown.as_object_mut() {
        fields.insert("candidates".to_owned(), candidates.into());
    }
    Ok(shown)
}

async fn current(
    store: &Store,
    tenant: Tenant,
    kind: ResourceType,
    id: ResourceId,
) -> Result<Value, StoreError> {
    let access = Access {
        tenant,
        reach: Reach::All,
    };
    let stored = store::resource::read(store, &access, kind.code(), id).await?;
    let stored = stored.filter(|stored| !stored.deleted);
    Ok(stored.map_or(Value::Null, |stored| {
        serde_json::from_str(&stored.body).unwrap_or_default()
    }))
}
