//! Facts: one row per entity with what was joined so far. Kept as long as the chart.

use futures_util::future::join;
use model::{EntityId, JournalId, Tenant};
use tokio_postgres::Row;

use crate::columns::column;
use crate::lanes::lock_key;
use crate::{Result, Store, StoreError, Tx, connect};

/// What was said of one entity in the name of one patient.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FactRow {
    /// The entity.
    pub entity: EntityId,
    /// What kind of entity, as `mapping` numbers them.
    pub kind: i16,
    /// The patient in whose name it was said; itself for a patient, nil for what many share.
    pub owner: EntityId,
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

/// Locks entities of which somebody else may speak for the first time in another patient's name: two new
/// rows of one entity must see each other. In sorted order, until the transaction ends.
pub async fn meet(tx: &mut Tx, entities: &[EntityId]) -> Result<()> {
    let mut keys: Vec<i64> = entities.iter().map(|entity| lock_key(entity.0)).collect();
    keys.sort_unstable();
    keys.dedup();
    // Lanes have one-part locks; these have two parts, so that the two can't meet.
    let sql = "select pg_advisory_xact_lock((key >> 32)::int, (key << 32 >> 32)::int)
        from (select key from unnest($1::bigint[]) key order by key offset 0) sorted";
    tx.query(sql, &[&keys]).await?;
    Ok(())
}

/// What else was spoken of in the name of some patients.
pub async fn owned(tx: &mut Tx, owners: &[EntityId]) -> Result<Vec<EntityId>> {
    let owners = column(owners, |owner| owner.0);
    let sql = "select distinct entity from fact
        where tenant = $1 and owner = any($2) and owner <> entity";
    let rows = tx.query(sql, &[&tx.tenant().0, &owners]).await?;
    Ok(rows.iter().map(|row| EntityId(row.get(0))).collect())
}

/// The facts that may rest on one of some messages: those whose bytes hold its number. Reads all facts of
/// the tenant.
pub async fn naming(store: &Store, tenant: Tenant, messages: &[JournalId]) -> Result<Vec<FactRow>> {
    let client = connect::single(store.config()).await?;
    let sql = "select entity, owner, journal, kind, fold_version, body
        from fact f
        where tenant = $1 and exists (
            select from unnest($2::bytea[]) as number
            where position(number in f.body) > 0
        )
        order by entity, owner";
    let number = |message: &JournalId| message.0.to_string().into_bytes();
    let numbers: Vec<Vec<u8>> = messages.iter().map(number).collect();
    let rows = client.query(sql, &[&tenant.0, &numbers]).await?;
    Ok(rows.iter().map(fact).collect())
}

/// Removes facts of which nothing is left.
pub async fn remove(tx: &mut Tx, facts: &[(EntityId, EntityId)]) -> Result<()> {
    let entity = column(facts, |(entity, _)| entity.0);
    let owner = column(facts, |(_, owner)| owner.0);
    let sql = "delete from fact f using unnest($2::uuid[], $3::uuid[]) as t (entity, owner)
        where f.tenant = $1 and f.entity = t.entity and f.owner = t.owner";
    tx.execute(sql, &[&tx.tenant().0, &entity, &owner]).await?;
    Ok(())
}

/// Writes new and changed facts, in sorted order. A row that somebody else made meanwhile answers
/// [`StoreError::Retry`].
pub async fn save(tx: &mut Tx, facts: &[FactRow]) -> Result<()> {
    let mut sorted: Vec<&FactRow> = facts.iter().collect();
    sorted.sort_unstable_by_key(|fact| (fact.entity, fact.owner));
    let (new, old): (Vec<&FactRow>, Vec<&FactRow>) = sorted.into_iter().partition(|fact| fact.new);
    let (inserted, updated) = join(write(tx, &new, INSERT), write(tx, &old, UPDATE)).await;
    inserted.map_err(|error| error.made_meanwhile("somebody else made the same entity"))?;
    if updated? != old.len() {
        return Err(StoreError::Inconsistent("facts that were loaded are gone"));
    }
    Ok(())
}

const INSERT: &str = "
    insert into fact (tenant, entity, owner, journal, kind, fold_version, body)
    select $1::int, * from unnest(
        $2::uuid[], $3::uuid[], $4::bigint[], $5::smallint[], $6::smallint[], $7::bytea[]
    )";

/// Rows are updated by the place where they were found: the planner then has no say in which side
/// leads, whatever it believes about the size of a table that grows.
const UPDATE: &str = "
    update fact f
    set journal = t.journal, kind = t.kind, fold_version = t.fold_version, body = t.body
    from unnest(
        $2::uuid[], $3::uuid[], $4::bigint[], $5::smallint[], $6::smallint[], $7::bytea[]
    ) as t (entity, owner, journal, kind, fold_version, body)
    cross join lateral (
        select ctid as place from fact
        where tenant = $1 and entity = t.entity and owner = t.owner for update
    ) found
    where f.ctid = found.place";

async fn write(tx: &Tx, facts: &[&FactRow], sql: &str) -> Result<usize> {
    if facts.is_empty() {
        return Ok(0);
    }
    let entity = column(facts, |fact| fact.entity.0);
    let owner = column(facts, |fact| fact.owner.0);
    let journal = column(facts, |fact| fact.journal.0);
    let kind = column(facts, |fact| fact.kind);
    let fold = column(facts, |fact| fact.fold_version);
    let body = column(facts, |fact| fact.body.as_slice());
    let params: crate::tx::Params<'_> = &[
        &tx.tenant().0,
        &entity,
        &owner,
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
        "select entity, owner, journal, kind, fold_version, body
        from fact f
        where tenant = $1 and entity = any($2)
        order by entity, owner
        {lock}"
    );
    let rows = tx.query(&sql, &[&tx.tenant().0, &wanted]).await?;
    Ok(rows.iter().map(fact).collect())
}

fn fact(row: &Row) -> FactRow {
    FactRow {
        entity: EntityId(row.get(0)),
        owner: EntityId(row.get(1)),
        journal: JournalId(row.get(2)),
        kind: row.get(3),
        fold_version: row.get(4),
        body: row.get(5),
        new: false,
    }
}
