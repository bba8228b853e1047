//! Facts: one row per entity with what was joined so far. Kept as long as the chart.

use futures_util::future::join;
use model::{EntityId, JournalId, LaneId};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::columns::column;
use crate::{Result, StoreError, Tx};

/// The facts of one entity.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FactRow {
    /// The entity.
    pub entity: EntityId,
    /// What kind of entity, as `mapping` numbers them.
    pub kind: i16,
    /// Its lane; none for what many lanes share.
    pub lane: Option<LaneId>,
    /// The last message that changed it.
    pub journal: JournalId,
    /// The fold that wrote it.
    pub fold_version: i16,
    /// The joined facts, as `mapping` writes them.
    pub body: Vec<u8>,
    /// Whether the row is new: then saving it conflicts if somebody else made it meanwhile.
    pub new: bool,
}

/// The facts of some entities, locked in sorted order until the transaction ends. Entities that have
/// none yet are left out; so are aliases: see [`crate::identity::resolve`].
pub async fn load(tx: &mut Tx, entities: &[EntityId]) -> Result<Vec<FactRow>> {
    rows(tx, entities, "for update of f").await
}

/// The facts of some entities without a lock: for shared resources, which are written only on change.
pub async fn peek(tx: &mut Tx, entities: &[EntityId]) -> Result<Vec<FactRow>> {
    rows(tx, entities, "").await
}

/// Writes new and changed facts, in sorted order. A row that somebody else made meanwhile answers
/// [`StoreError::Retry`].
pub async fn save(tx: &mut Tx, facts: &[FactRow]) -> Result<()> {
    let mut sorted: Vec<&FactRow> = facts.iter().collect();
    sorted.sort_unstable_by_key(|fact| fact.entity);
    let (new, old): (Vec<&FactRow>, Vec<&FactRow>) = sorted.into_iter().partition(|fact| fact.new);
    let (inserted, updated) = join(write(tx, &new, INSERT), write(tx, &old, UPDATE)).await;
    if inserted? != new.len() {
        return Err(StoreError::Retry("somebody else made the same entity"));
    }
    if updated? != old.len() {
        return Err(StoreError::Inconsistent("facts that were loaded are gone"));
    }
    Ok(())
}

const INSERT: &str = "
    insert into fact (tenant, entity, lane, journal, kind, fold_version, body)
    select $1::int, * from unnest(
        $2::uuid[], $3::uuid[], $4::bigint[], $5::smallint[], $6::smallint[], $7::bytea[]
    )
    on conflict do nothing";

/// Rows are updated by the place where they were found: the planner then has no say in which side
/// leads, whatever it believes about the size of a table that grows.
const UPDATE: &str = "
    update fact f
    set lane = t.lane, journal = t.journal, kind = t.kind, fold_version = t.fold_version,
        body = t.body
    from unnest(
        $2::uuid[], $3::uuid[], $4::bigint[], $5::smallint[], $6::smallint[], $7::bytea[]
    ) as t (entity, lane, journal, kind, fold_version, body)
    cross join lateral (
        select ctid as place from fact where tenant = $1 and entity = t.entity for update
    ) found
    where f.ctid = found.place";

async fn write(tx: &Tx, facts: &[&FactRow], sql: &str) -> Result<usize> {
    if facts.is_empty() {
        return Ok(0);
    }
    let entity = column(facts, |fact| fact.entity.0);
    let lane = column(facts, |fact| fact.lane.map(|lane| lane.0));
    let journal = column(facts, |fact| fact.journal.0);
    let kind = column(facts, |fact| fact.kind);
    let fold = column(facts, |fact| fact.fold_version);
    let body = column(facts, |fact| fact.body.as_slice());
    let params: crate::tx::Params<'_> = &[
        &tx.tenant().0,
        &entity,
        &lane,
        &journal,
        &kind,
        &fold,
        &body,
    ];
    let n_rows = tx.execute(sql, params).await?;
    Ok(usize::try_from(n_rows).unwrap_or(usize::MAX))
}

async fn rows(tx: &mut Tx, entities: &[EntityId], lock: &str) -> Result<Vec<FactRow>> {
    if entities.is_empty() {
        return Ok(Vec::new());
    }
    let mut wanted = column(entities, |entity| entity.0);
    wanted.sort_unstable();
    wanted.dedup();
    // The locks are taken above the sort, so in its order.
    let sql = format!(
        "select entity, lane, journal, kind, fold_version, body
        from fact f
        where tenant = $1 and entity = any($2)
        order by entity
        {lock}"
    );
    let rows = tx.query(&sql, &[&tx.tenant().0, &wanted]).await?;
    Ok(rows.iter().map(fact).collect())
}

fn fact(row: &Row) -> FactRow {
    FactRow {
        entity: EntityId(row.get(0)),
        lane: row.get::<_, Option<Uuid>>(1).map(LaneId),
        journal: JournalId(row.get(2)),
        kind: row.get(3),
        fold_version: row.get(4),
        body: row.get(5),
        new: false,
    }
}
