//! What the matching of patients keeps: who is to be compared, by what, and under which keys.

use std::collections::HashMap;

use model::{EntityId, Tenant};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::columns::column;
use crate::{Result, Store, Tx};

/// One key never brings more candidates than this: a key that so many share tells nobody apart.
const BLOCK_MAX: i64 = 200;

/// Whose turn it is to compare a tenant's patients, as an advisory lock.
const TURN: &str = "hashtext('drawbridge.matching'), $1";

/// A patient that is to be compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pending {
    /// The patient.
    pub entity: EntityId,
    /// How often that was said so far.
    n: i32,
}

/// Says that patients are to be compared; of one who is compared just now, that it is once more.
pub async fn pend(tx: &mut Tx, entities: &[EntityId]) -> Result<()> {
    if entities.is_empty() {
        return Ok(());
    }
    let mut entities = column(entities, |entity| entity.0);
    // In one order, so that nobody waits in a circle.
    entities.sort_unstable();
    entities.dedup();
    let sql = "insert into match_pending (tenant, entity)
        select $1::int, unnest($2::uuid[])
        on conflict (tenant, entity) do update set n = match_pending.n + 1";
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

/// Some patients that are to be compared. Nothing while another process compares this tenant's: the turn
/// lasts as long as the transaction, which need not write anything before [`compared`].
pub async fn claim(tx: &mut Tx, limit: u32) -> Result<Vec<Pending>> {
    let tenant = tx.tenant().0;
    let mine = format!("select pg_try_advisory_xact_lock({TURN})");
    let row = tx.query(&mine, &[&tenant]).await?;
    if !row.first().is_some_and(|row| row.get(0)) {
        return Ok(Vec::new());
    }
    let sql = "select entity, n from match_pending where tenant = $1 order by entity limit $2";
    let rows = tx.query(sql, &[&tenant, &i64::from(limit)]).await?;
    let pending = |row: &Row| Pending {
        entity: EntityId(row.get(0)),
        n: row.get(1),
    };
    Ok(rows.iter().map(pending).collect())
}

/// Waits until nobody compares the tenant's patients, and sees to it that nobody does while the transaction
/// lasts. To be had before any lane: who compares waits for lanes.
pub async fn hold(tx: &mut Tx) -> Result<()> {
    let sql = format!("select pg_advisory_xact_lock({TURN})");
    tx.query(&sql, &[&tx.tenant().0]).await?;
    Ok(())
}

/// Says that patients were compared, as far as nobody said since that they are to be. Waits for nobody: who
/// has such a row in hand says so just now.
pub async fn compared(tx: &mut Tx, patients: &[Pending]) -> Result<()> {
    let entity = column(patients, |one| one.entity.0);
    let n = column(patients, |one| one.n);
    let sql = "delete from match_pending where tenant = $1 and entity = any (array(
            select p.entity from unnest($2::uuid[], $3::int[]) as done (entity, n)
            join match_pending p on p.tenant = $1 and p.entity = done.entity and p.n = done.n
            for update of p skip locked
        ))";
    tx.execute(sql, &[&tx.tenant().0, &entity, &n]).await?;
    Ok(())
}

/// What a patient is compared by.
#[derive(Clone, Debug)]
pub struct Compared {
    /// The patient.
    pub entity: EntityId,
    /// What it said first, as `mapping` writes it.
    pub body: Vec<u8>,
    /// Where it is looked for.
    pub keys: Vec<i64>,
}

/// Writes what patients are compared by, and their keys. One process does at a time: see [`claim`].
pub async fn save(tx: &mut Tx, compared: &[Compared]) -> Result<()> {
    let ids = column(compared, |one| one.entity);
    let known = known_keys(tx, &ids).await?;
    save_features(tx, compared).await?;
    let (mut added, mut gone) = (Vec::new(), Vec::new());
    for one in compared {
        let known = known.get(&one.entity).map_or(&[][..], Vec::as_slice);
        let new = one.keys.iter().filter(|key| !known.contains(key));
        added.extend(new.map(|key| (*key, one.entity.0)));
        let old = known.iter().filter(|key| !one.keys.contains(key));
        gone.extend(old.map(|key| (*key, one.entity.0)));
    }
    added.sort_unstable();
    added.dedup();
    let key = column(&added, |(key, _)| *key);
    let entity = column(&added, |(_, entity)| *entity);
    let sql = "insert into match_key (tenant, key, entity)
        select $1::int, * from unnest($2::bigint[], $3::uuid[])
        on conflict do nothing";
    tx.execute(sql, &[&tx.tenant().0, &key, &entity]).await?;
    forget_keys(tx, &gone).await
}

async fn save_features(tx: &Tx, compared: &[Compared]) -> Result<()> {
    let entity = column(compared, |one| one.entity.0);
    let body = column(compared, |one| one.body.as_slice());
    let n_keys = column(compared, |one| {
        i32::try_from(one.keys.len()).unwrap_or(i32::MAX)
    });
    let keys: Vec<i64> = compared.iter().flat_map(|one| &one.keys).copied().collect();
    // Arrays of arrays must be of one length: each patient takes its own keys from those of all.
    let sql = "insert into feature (tenant, entity, body, keys)
        select $1::int, entity, body, ($4::bigint[])[until - n_keys + 1 : until]
        from (
            select entity, body, n_keys, (sum(n_keys) over (order by place))::int as until
            from unnest($2::uuid[], $3::bytea[], $5::int[]) with ordinality
                as t (entity, body, n_keys, place)
        ) each
        on conflict (tenant, entity) do update set body = excluded.body, keys = excluded.keys";
    tx.execute(sql, &[&tx.tenant().0, &entity, &body, &keys, &n_keys])
        .await?;
    Ok(())
}

/// The keys of patients that were compared before.
async fn known_keys(tx: &Tx, entities: &[EntityId]) -> Result<HashMap<EntityId, Vec<i64>>> {
    let entities = column(entities, |entity| entity.0);
    let sql = "select entity, keys from feature where tenant = $1 and entity = any($2)";
    let rows = tx.query(sql, &[&tx.tenant().0, &entities]).await?;
    Ok(rows
        .iter()
        .map(|row| (EntityId(row.get(0)), row.get(1)))
        .collect())
}

async fn forget_keys(tx: &Tx, gone: &[(i64, Uuid)]) -> Result<()> {
    if gone.is_empty() {
        return Ok(());
    }
    let key = column(gone, |(key, _)| *key);
    let entity = column(gone, |(_, entity)| *entity);
    let sql = "delete from match_key m using unnest($2::bigint[], $3::uuid[]) as t (key, entity)
        where m.tenant = $1 and m.key = t.key and m.entity = t.entity";
    tx.execute(sql, &[&tx.tenant().0, &key, &entity]).await?;
    Ok(())
}

/// Entities and their keys, one pair each.
fn keys(compared: &[Compared]) -> (Vec<uuid::Uuid>, Vec<i64>) {
    let each = |one: &Compared| {
        let entity = one.entity.0;
        one.keys.clone().into_iter().map(move |key| (entity, key))
    };
    compared.iter().flat_map(each).unzip()
}

/// Who else has a key in common with each: the patient, the other, and what that is compared by.
pub async fn candidates(
    tx: &Tx,
    compared: &[Compared],
) -> Result<Vec<(EntityId, EntityId, Vec<u8>)>> {
    let (owner, key) = keys(compared);
    let sql = "select found.one, f.entity, f.body
        from (
            select distinct k.entity as one, m.entity as other
            from unnest($2::uuid[], $3::bigint[]) as k (entity, key)
            cross join lateral (
                select entity from match_key
                where tenant = $1 and key = k.key and entity <> k.entity
                limit $4
            ) m
        ) found
        cross join lateral (
            select entity, body from feature
            where tenant = $1 and entity = found.other
            offset 0 -- looked up one by one: a plan from before the table grew would read all of it
        ) f
        order by found.one, f.entity";
    let rows = tx
        .query(sql, &[&tx.tenant().0, &owner, &key, &BLOCK_MAX])
        .await?;
    let found = |row: &Row| (EntityId(row.get(0)), EntityId(row.get(1)), row.get(2));
    Ok(rows.iter().map(found).collect())
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
/// to be decided. Who has lanes in hand needs [`hold`] before them: what is being compared just now is known
/// to its comparer alone, and would be kept.
pub async fn forget(tx: &mut Tx, patients: &[EntityId], gone: &[EntityId]) -> Result<()> {
    hold(tx).await?;
    let tenant = tx.tenant().0;
    let now = tx.store().clock().now();
    let keys: Vec<(i64, Uuid)> = known_keys(tx, patients)
        .await?
        .into_iter()
        .flat_map(|(entity, keys)| keys.into_iter().map(move |key| (key, entity.0)))
        .collect();
    forget_keys(tx, &keys).await?;
    let patients = column(patients, |entity| entity.0);
    let gone = column(gone, |entity| entity.0);
    let sql = "delete from feature where tenant = $1 and entity = any($2)";
    tx.execute(sql, &[&tenant, &patients]).await?;
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
