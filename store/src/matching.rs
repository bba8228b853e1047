//! What the matching of patients keeps: who is to be compared, by what, and under which keys.

use model::{EntityId, Tenant};

use crate::columns::column;
use crate::{Result, Store, Tx};

/// One key never brings more candidates than this: a key that so many share tells nobody apart.
const BLOCK_MAX: i64 = 200;

/// Says that patients are to be compared.
pub async fn pend(tx: &mut Tx, entities: &[EntityId]) -> Result<()> {
    if entities.is_empty() {
        return Ok(());
    }
    let entities = column(entities, |entity| entity.0);
    let sql = "insert into match_pending (tenant, entity)
        select $1::int, unnest($2::uuid[]) on conflict do nothing";
    tx.execute(sql, &[&tx.tenant().0, &entities]).await?;
    Ok(())
}

/// The tenants that have patients to be compared.
pub async fn tenants(store: &Store) -> Result<Vec<Tenant>> {
    let client = store.writers().get().await?;
    let sql = "select id from tenant
        where exists (select from match_pending p where p.tenant = tenant.id)
        order by id";
    let statement = client.prepare_cached(sql).await?;
    let rows = client.query(&statement, &[]).await?;
    Ok(rows.iter().map(|row| Tenant(row.get(0))).collect())
}

/// Some patients that are to be compared. Nothing while another process compares this tenant's.
pub async fn claim(tx: &mut Tx, limit: u32) -> Result<Vec<EntityId>> {
    let tenant = tx.tenant().0;
    let mine = "select pg_try_advisory_xact_lock(hashtext('drawbridge.matching'), $1)";
    let row = tx.query(mine, &[&tenant]).await?;
    if !row.first().is_some_and(|row| row.get(0)) {
        return Ok(Vec::new());
    }
    let sql = "select entity from match_pending where tenant = $1 limit $2";
    let rows = tx.query(sql, &[&tenant, &i64::from(limit)]).await?;
    Ok(rows.iter().map(|row| EntityId(row.get(0))).collect())
}

/// Says that patients were compared.
pub async fn compared(tx: &mut Tx, entities: &[EntityId]) -> Result<()> {
    let entities = column(entities, |entity| entity.0);
    let sql = "delete from match_pending where tenant = $1 and entity = any($2)";
    tx.execute(sql, &[&tx.tenant().0, &entities]).await?;
    Ok(())
}

/// Writes what a patient is compared by, and its keys.
pub async fn save(tx: &mut Tx, entity: EntityId, body: &[u8], keys: &[i64]) -> Result<()> {
    let tenant = tx.tenant().0;
    let feature = "insert into feature (tenant, entity, body) values ($1, $2, $3)
        on conflict (tenant, entity) do update set body = excluded.body";
    tx.execute(feature, &[&tenant, &entity.0, &body]).await?;
    let gone = "delete from match_key where tenant = $1 and entity = $2 and key <> all($3)";
    tx.execute(gone, &[&tenant, &entity.0, &keys]).await?;
    let made = "insert into match_key (tenant, key, entity)
        select $1::int, unnest($3::bigint[]), $2::uuid on conflict do nothing";
    tx.execute(made, &[&tenant, &entity.0, &keys]).await?;
    Ok(())
}

/// Who else has one of these keys, each with what it is compared by.
pub async fn candidates(
    tx: &Tx,
    entity: EntityId,
    keys: &[i64],
) -> Result<Vec<(EntityId, Vec<u8>)>> {
    let sql = "select f.entity, f.body
        from (
            select distinct m.entity
            from unnest($3::bigint[]) as k (key)
            cross join lateral (
                select entity from match_key
                where tenant = $1 and key = k.key and entity <> $2
                limit $4
            ) m
        ) found
        join feature f on f.tenant = $1 and f.entity = found.entity
        order by f.entity";
    let rows = tx
        .query(sql, &[&tx.tenant().0, &entity.0, &keys, &BLOCK_MAX])
        .await?;
    Ok(rows
        .iter()
        .map(|row| (EntityId(row.get(0)), row.get(1)))
        .collect())
}

/// What some patients are compared by.
pub async fn features(
    store: &Store,
    tenant: Tenant,
    entities: &[EntityId],
) -> Result<Vec<(EntityId, Vec<u8>)>> {
    let entities = column(entities, |entity| entity.0);
    let client = store.readers().get().await?;
    let sql = "select entity, body from feature where tenant = $1 and entity = any($2)";
    let rows = client.query(sql, &[&tenant.0, &entities]).await?;
    Ok(rows
        .iter()
        .map(|row| (EntityId(row.get(0)), row.get(1)))
        .collect())
}

/// Of whom a person must say whether they are somebody known.
pub async fn staging(tx: &Tx, entities: &[EntityId]) -> Result<Vec<EntityId>> {
    let entities = column(entities, |entity| entity.0);
    let sql = "select entity from staging where tenant = $1 and entity = any($2)";
    let rows = tx.query(sql, &[&tx.tenant().0, &entities]).await?;
    Ok(rows.iter().map(|row| EntityId(row.get(0))).collect())
}

/// Says that a person must decide about a patient, or need not any more: that is so while a review of it
/// is open.
pub async fn stage(tx: &mut Tx, entities: &[EntityId]) -> Result<()> {
    let tenant = tx.tenant().0;
    let entities = column(entities, |entity| entity.0);
    let asked = "select entity from review
        where tenant = $1 and entity = any($2) and kind = 'possible-duplicate'
            and decided_at is null";
    let gone = format!(
        "delete from staging where tenant = $1 and entity = any($2) and not entity in ({asked})"
    );
    tx.execute(&gone, &[&tenant, &entities]).await?;
    let made = format!(
        "insert into staging (tenant, entity) select distinct $1::int, entity from ({asked}) asked
        on conflict do nothing"
    );
    tx.execute(&made, &[&tenant, &entities]).await?;
    Ok(())
}

/// Forgets what some patients are compared by. Of those that are `gone` nothing is left to be compared, nor
/// to be decided.
pub async fn forget(tx: &mut Tx, patients: &[EntityId], gone: &[EntityId]) -> Result<()> {
    let tenant = tx.tenant().0;
    let now = tx.store().clock().now();
    let patients = column(patients, |entity| entity.0);
    let gone = column(gone, |entity| entity.0);
    for table in ["feature", "match_key"] {
        let sql = format!("delete from {table} where tenant = $1 and entity = any($2)");
        tx.execute(&sql, &[&tenant, &patients]).await?;
    }
    for table in ["match_pending", "staging"] {
        let sql = format!("delete from {table} where tenant = $1 and entity = any($2)");
        tx.execute(&sql, &[&tenant, &gone]).await?;
    }
    let decide = "update review set decided_at = $3, decision = 'expunged'
        where tenant = $1 and decided_at is null
            and (entity = any($2) or other_entity = any($2))";
    tx.execute(decide, &[&tenant, &gone, &now]).await?;
    Ok(())
}
