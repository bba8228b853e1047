//! Which entities are one: what was said of it, and what follows from that.

use futures_util::future::join;
use jiff::Timestamp;
use model::{EntityId, JournalId, Tenant};
use tokio_postgres::Row;

use crate::columns::column;
use crate::{Result, Store, Tx, connect};

/// What one maker said last of two entities. What the numbers mean is `mapping`'s.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LinkRow {
    /// The lesser id.
    pub low: EntityId,
    /// The greater id.
    pub high: EntityId,
    /// What they are.
    pub kind: i16,
    /// Who said it.
    pub maker: i16,
    /// What was said.
    pub relation: i16,
    /// The lesser id is the one that was merged or moved.
    pub from_low: bool,
    /// When it was said.
    pub stated_at: Timestamp,
    /// By which message.
    pub journal: Option<JournalId>,
    /// The field that said it.
    pub field: Option<String>,
    /// Its place among statements.
    pub source: Vec<u8>,
}

const COLUMNS: &str =
    "low, high, kind, maker, relation, from_low, stated_at, journal, field, source";

/// All links that reach some entities, over however many others.
pub async fn around(tx: &mut Tx, entities: &[EntityId]) -> Result<Vec<LinkRow>> {
    let sql = format!(
        "with recursive reached (entity) as (
            select unnest($2::uuid[])
            union
            select next.entity from reached r
            cross join lateral (
                select high as entity from link where tenant = $1 and low = r.entity
                union all
                select low from link where tenant = $1 and high = r.entity
            ) next
        )
        select {COLUMNS} from link
        where tenant = $1 and low in (select entity from reached)"
    );
    let entities = column(entities, |entity| entity.0);
    let rows = tx.query(&sql, &[&tx.tenant().0, &entities]).await?;
    Ok(rows.iter().map(link).collect())
}

/// Writes what was said. Whoever writes has the locks of both, and has looked whether it counts.
pub async fn save(tx: &mut Tx, links: &[LinkRow]) -> Result<()> {
    let sql = format!(
        "insert into link (tenant, {COLUMNS}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        on conflict (tenant, low, high, maker) do update set
            relation = excluded.relation, from_low = excluded.from_low,
            stated_at = excluded.stated_at, journal = excluded.journal,
            field = excluded.field, source = excluded.source"
    );
    for link in links {
        let journal = link.journal.map(|id| id.0);
        let params: crate::tx::Params<'_> = &[
            &tx.tenant().0,
            &link.low.0,
            &link.high.0,
            &link.kind,
            &link.maker,
            &link.relation,
            &link.from_low,
            &link.stated_at,
            &journal,
            &link.field,
            &link.source,
        ];
        tx.execute(&sql, params).await?;
    }
    Ok(())
}

/// The links that some messages made.
pub async fn said_by(
    store: &Store,
    tenant: Tenant,
    messages: &[JournalId],
) -> Result<Vec<LinkRow>> {
    let messages = column(messages, |message| message.0);
    let client = connect::single(store.config()).await?;
    let sql = format!("select {COLUMNS} from link where tenant = $1 and journal = any($2)");
    let rows = client.query(&sql, &[&tenant.0, &messages]).await?;
    Ok(rows.iter().map(link).collect())
}

/// Takes back what was said. Whoever does has the locks of both.
pub async fn remove(tx: &mut Tx, links: &[LinkRow]) -> Result<()> {
    let sql = "delete from link
        where tenant = $1 and low = $2 and high = $3 and maker = $4 and journal is not distinct from $5";
    for link in links {
        let journal = link.journal.map(|id| id.0);
        let params: crate::tx::Params<'_> = &[
            &tx.tenant().0,
            &link.low.0,
            &link.high.0,
            &link.maker,
            &journal,
        ];
        tx.execute(sql, params).await?;
    }
    Ok(())
}

/// Some entities with all that are one with them: each with its lead. Who is alone is left out.
pub async fn leads(tx: &Tx, entities: &[EntityId]) -> Result<Vec<(EntityId, EntityId)>> {
    let entities = column(entities, |entity| entity.0);
    let rows = tx.query(LEADS, &[&tx.tenant().0, &entities]).await?;
    Ok(rows.iter().map(pair).collect())
}

/// [`leads`] as it is committed, for readers.
pub async fn persons(
    store: &Store,
    tenant: Tenant,
    entities: &[EntityId],
) -> Result<Vec<(EntityId, EntityId)>> {
    let entities = column(entities, |entity| entity.0);
    let client = store.readers().get().await?;
    let statement = client.prepare_cached(LEADS).await?;
    let rows = client.query(&statement, &[&tenant.0, &entities]).await?;
    Ok(rows.iter().map(pair).collect())
}

const LEADS: &str = "
    select other.entity, other.lead
    from person one join person other on other.tenant = $1 and other.lead = one.lead
    where one.tenant = $1 and one.entity = any($2)";

/// Says anew who is one with whom among `reached`.
pub async fn lead(
    tx: &mut Tx,
    reached: &[EntityId],
    persons: &[(EntityId, EntityId)],
) -> Result<()> {
    let tenant = tx.tenant().0;
    let reached = column(reached, |entity| entity.0);
    let entity = column(persons, |(entity, _)| entity.0);
    let lead = column(persons, |(_, lead)| lead.0);
    let gone = "delete from person
        where tenant = $1 and entity = any($2) and not entity = any($3)";
    let made = "insert into person (tenant, entity, lead)
        select $1::int, * from unnest($2::uuid[], $3::uuid[])
        on conflict (tenant, entity) do update set lead = excluded.lead
        where person.lead <> excluded.lead";
    let (gone, made) = join(
        tx.execute(gone, &[&tenant, &reached, &entity]),
        tx.execute(made, &[&tenant, &entity, &lead]),
    )
    .await;
    gone?;
    made?;
    Ok(())
}

fn pair(row: &Row) -> (EntityId, EntityId) {
    (EntityId(row.get(0)), EntityId(row.get(1)))
}

fn link(row: &Row) -> LinkRow {
    LinkRow {
        low: EntityId(row.get(0)),
        high: EntityId(row.get(1)),
        kind: row.get(2),
        maker: row.get(3),
        relation: row.get(4),
        from_low: row.get(5),
        stated_at: row.get(6),
        journal: row.get::<_, Option<i64>>(7).map(JournalId),
        field: row.get(8),
        source: row.get(9),
    }
}
