//! Reviews: what a person must decide.

use jiff::Timestamp;
use model::{EntityId, JournalId, Tenant};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::columns::storable;
use crate::{Result, Store, Tx};

/// Something to be decided.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Question {
    /// A short word: `reused-control-id`, `no-patient` …
    pub kind: String,
    /// The message that raised it.
    pub journal: Option<JournalId>,
    /// What it is about.
    pub entity: Option<EntityId>,
    /// And what else.
    pub other_entity: Option<EntityId>,
    /// Why it is asked, as JSON without patient data.
    pub explained: Option<String>,
}

/// A review.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Review {
    /// Its number.
    pub id: i64,
    /// What is to be decided.
    pub question: Question,
    /// Since when.
    pub opened_at: Timestamp,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
    /// How.
    pub decision: Option<String>,
}

/// Opens reviews in the transaction that found the questions. One that is open already stays.
pub async fn open(tx: &mut Tx, questions: &[Question]) -> Result<()> {
    let sql = "insert into review
            (tenant, id, kind, journal, entity, other_entity, opened_at, explained)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict do nothing";
    for question in questions {
        let id = tx.store().ids().change().0;
        let now = tx.store().clock().now();
        let journal = question.journal.map(|id| id.0);
        let entity = question.entity.map(|id| id.0);
        let other = question.other_entity.map(|id| id.0);
        let kind = storable(&question.kind);
        tx.execute(
            sql,
            &[
                &tx.tenant().0,
                &id,
                &kind,
                &journal,
                &entity,
                &other,
                &now,
                &question.explained,
            ],
        )
        .await?;
    }
    Ok(())
}

/// Closes open reviews that answered themselves.
pub async fn settle(tx: &mut Tx, questions: &[Question]) -> Result<()> {
    let sql = "update review set decided_at = $5, decision = 'settled'
        where tenant = $1 and kind = $2 and entity = $3 and other_entity = $4
            and decided_at is null";
    for question in questions {
        let now = tx.store().clock().now();
        let entity = question.entity.map(|id| id.0);
        let other = question.other_entity.map(|id| id.0);
        let params: crate::tx::Params<'_> =
            &[&tx.tenant().0, &question.kind, &entity, &other, &now];
        tx.execute(sql, params).await?;
    }
    Ok(())
}

/// Open reviews, the oldest first, after `after`.
pub async fn list(
    store: &Store,
    tenant: Tenant,
    after: Option<i64>,
    limit: u32,
) -> Result<Vec<Review>> {
    let sql = format!(
        "select {COLUMNS} from review
        where tenant = $1 and decided_at is null and $2 < id
        order by id
        limit $3"
    );
    let client = store.readers().get().await?;
    let params: crate::tx::Params<'_> = &[&tenant.0, &after.unwrap_or(0), &i64::from(limit)];
    let rows = client.query(&sql, params).await?;
    Ok(rows.iter().map(review).collect())
}

const COLUMNS: &str =
    "id, kind, journal, entity, other_entity, opened_at, decided_at, decision, explained";

fn review(row: &Row) -> Review {
    Review {
        id: row.get(0),
        question: Question {
            kind: row.get(1),
            journal: row.get::<_, Option<i64>>(2).map(JournalId),
            entity: row.get::<_, Option<Uuid>>(3).map(EntityId),
            other_entity: row.get::<_, Option<Uuid>>(4).map(EntityId),
            explained: row.get(8),
        },
        opened_at: row.get(5),
        decided_at: row.get(6),
        decision: row.get(7),
    }
}

/// One review.
pub async fn get(store: &Store, tenant: Tenant, id: i64) -> Result<Option<Review>> {
    let sql = format!("select {COLUMNS} from review where tenant = $1 and id = $2");
    let client = store.readers().get().await?;
    let row = client.query_opt(&sql, &[&tenant.0, &id]).await?;
    Ok(row.as_ref().map(review))
}

/// Opens a decided review again; false when it is open.
pub async fn reopen(tx: &mut Tx, id: i64) -> Result<bool> {
    let sql = "update review set decided_at = null, decision = null
        where tenant = $1 and id = $2 and decided_at is not null";
    Ok(tx.execute(sql, &[&tx.tenant().0, &id]).await? != 0)
}

/// Decides an open review; false when it was not open.
pub async fn decide(tx: &mut Tx, id: i64, decision: &str) -> Result<bool> {
    let sql = "update review set decided_at = $3, decision = $4
        where tenant = $1 and id = $2 and decided_at is null";
    let now = tx.store().clock().now();
    Ok(tx
        .execute(sql, &[&tx.tenant().0, &id, &now, &storable(decision)])
        .await?
        != 0)
}
