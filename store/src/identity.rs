//! The identity map: the EMR's identifiers of each entity as received, and aliases.

use futures_util::future::join;
use model::{EntityId, IdentityKind, LaneId, SourceIdentity, Tenant};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::columns::{column, storable};
use crate::{Result, Store, Tx};

/// An identifier of an entity.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    /// The entity.
    pub entity: EntityId,
    /// The lane that said it.
    pub lane: Option<LaneId>,
    /// The identifier as its source said it.
    pub identity: SourceIdentity,
    /// Nothing is known of the entity yet, so that it can't have the identifier.
    pub new: bool,
}

/// Adds identifiers to what some entities have: a set that only grows, so that the order of messages
/// does not matter.
pub async fn add(tx: &mut Tx, rows: &[Identity]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut rows: Vec<&Identity> = rows.iter().collect();
    rows.sort_unstable_by_key(|row| (row.entity, &row.identity));
    rows.dedup_by_key(|row| (row.entity, &row.identity));
    let (new, known): (Vec<&Identity>, Vec<&Identity>) = rows.into_iter().partition(|row| row.new);
    let (inserted, added) = join(
        insert(tx, &new, INSERT),
        insert(tx, &known, &format!("{INSERT} on conflict do nothing")),
    )
    .await;
    inserted.map_err(|error| error.made_meanwhile("somebody else made the same identifier"))?;
    added
}

async fn insert(tx: &Tx, rows: &[&Identity], sql: &str) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let entity = column(rows, |row| row.entity.0);
    let lane = column(rows, |row| row.lane.map(|lane| lane.0));
    let kind = column(rows, |row| row.identity.kind.as_str());
    let authority = column(rows, |row| storable(&row.identity.authority));
    let type_code = column(rows, |row| storable(&row.identity.type_code));
    let value = column(rows, |row| storable(&row.identity.value));
    let params: crate::tx::Params<'_> = &[
        &tx.tenant().0,
        &entity,
        &authority,
        &value,
        &type_code,
        &lane,
        &kind,
    ];
    tx.execute(sql, params).await?;
    Ok(())
}

const INSERT: &str = "
    insert into identity (tenant, entity, authority, value, type_code, lane, kind)
    select $1::int, * from unnest(
        $2::uuid[], $3::text[], $4::text[], $5::text[], $6::uuid[], $7::text[]
    )";

/// Takes identifiers back that nobody said after all.
pub async fn remove(tx: &mut Tx, rows: &[(EntityId, SourceIdentity)]) -> Result<()> {
    let entity = column(rows, |(entity, _)| entity.0);
    let authority = column(rows, |(_, identity)| storable(&identity.authority));
    let type_code = column(rows, |(_, identity)| storable(&identity.type_code));
    let value = column(rows, |(_, identity)| storable(&identity.value));
    let sql = "delete from identity i
        using unnest($2::uuid[], $3::text[], $4::text[], $5::text[])
            as t (entity, authority, value, type_code)
        where i.tenant = $1 and i.entity = t.entity and i.authority = t.authority
            and i.value = t.value and i.type_code = t.type_code";
    let params: crate::tx::Params<'_> = &[&tx.tenant().0, &entity, &authority, &value, &type_code];
    tx.execute(sql, params).await?;
    Ok(())
}

/// Forgets every identifier of entities of which no facts are left.
pub async fn forget(tx: &mut Tx, entities: &[EntityId]) -> Result<()> {
    let entities = column(entities, |entity| entity.0);
    let sql = "delete from identity i
        where i.tenant = $1 and i.entity = any($2) and not exists (
            select from fact f where f.tenant = $1 and f.entity = i.entity
        )";
    tx.execute(sql, &[&tx.tenant().0, &entities]).await?;
    Ok(())
}

/// The identifiers of an entity.
pub async fn of(store: &Store, tenant: Tenant, entity: EntityId) -> Result<Vec<Identity>> {
    let client = store.readers().get().await?;
    let sql = "select entity, lane, kind, authority, type_code, value
        from identity where tenant = $1 and entity = $2
        order by authority, type_code, value";
    let statement = client.prepare_cached(sql).await?;
    let rows = client.query(&statement, &[&tenant.0, &entity.0]).await?;
    Ok(rows.iter().filter_map(identity).collect())
}

/// The entities of a kind that have an identifier's value, under whatever authority.
pub async fn find(
    store: &Store,
    tenant: Tenant,
    kind: IdentityKind,
    value: &str,
) -> Result<Vec<Identity>> {
    let client = store.readers().get().await?;
    let sql = "select entity, lane, kind, authority, type_code, value
        from identity where tenant = $1 and value = $2 and kind = $3
        order by authority, type_code, entity";
    let statement = client.prepare_cached(sql).await?;
    let rows = client
        .query(&statement, &[&tenant.0, &storable(value), &kind.as_str()])
        .await?;
    Ok(rows.iter().filter_map(identity).collect())
}

/// What some keys stand for where they are aliases: `(alias, entity)`.
pub async fn resolve(tx: &mut Tx, keys: &[EntityId]) -> Result<Vec<(EntityId, EntityId)>> {
    let keys = column(keys, |key| key.0);
    let sql = "select alias, entity from alias where tenant = $1 and alias = any($2)";
    let rows = tx.query(sql, &[&tx.tenant().0, &keys]).await?;
    Ok(rows
        .iter()
        .map(|row| (EntityId(row.get(0)), EntityId(row.get(1))))
        .collect())
}

/// Makes another key of an entity. Append-only: an alias that is there stays as it is.
pub async fn add_alias(tx: &mut Tx, alias: EntityId, entity: EntityId, reason: &str) -> Result<()> {
    let sql = "insert into alias (tenant, alias, entity, reason) values ($1, $2, $3, $4)
        on conflict do nothing";
    tx.execute(sql, &[&tx.tenant().0, &alias.0, &entity.0, &reason])
        .await?;
    Ok(())
}

fn identity(row: &Row) -> Option<Identity> {
    let kind: String = row.get(2);
    Some(Identity {
        entity: EntityId(row.get(0)),
        lane: row.get::<_, Option<Uuid>>(1).map(LaneId),
        identity: SourceIdentity {
            kind: kind_of(&kind)?,
            authority: row.get(3),
            type_code: row.get(4),
            value: row.get(5),
        },
        new: false,
    })
}

fn kind_of(word: &str) -> Option<IdentityKind> {
    use IdentityKind::{Account, Location, Organization, Part, Patient, Practitioner, Visit};
    [
        Patient,
        Visit,
        Practitioner,
        Organization,
        Location,
        Account,
        Part,
    ]
    .into_iter()
    .find(|kind| kind.as_str() == word)
}
