//! The dictionary of lineage: element paths and message fields by number.

use model::{Access, JournalId, Reach, ResourceId, Tenant, VersionId};

use crate::{Result, Store};

/// The lineage of a resource's current version.
#[derive(Clone, Debug)]
pub struct Told {
    /// The version.
    pub version: VersionId,
    /// When it was written.
    pub updated_at: jiff::Timestamp,
    /// It says that the resource is gone.
    pub deleted: bool,
    /// The Patient compartment it is in.
    pub patient: Option<ResourceId>,
    /// The message that it follows from.
    pub journal: Option<JournalId>,
    /// Its encoded lineage; none where no message made it.
    pub lineage: Option<Vec<u8>>,
}

/// Where the current version of a resource came from; what the caller may not see is `None`.
pub async fn of(store: &Store, access: &Access, kind: i16, id: ResourceId) -> Result<Option<Told>> {
    let client = store.readers().get().await?;
    let all = "select version, updated_at, deleted, patient, journal, lineage from resource
        where tenant = $1 and type = $2 and id = $3";
    let one_patient = "select version, updated_at, deleted, patient, journal, lineage from resource
        where tenant = $1 and type = $2 and id = $3 and patient = $4";
    let row = match access.reach {
        Reach::All => {
            let statement = client.prepare_cached(all).await?;
            client
                .query_opt(&statement, &[&access.tenant.0, &kind, &id.0])
                .await?
        }
        Reach::Patient(patient) => {
            let statement = client.prepare_cached(one_patient).await?;
            client
                .query_opt(&statement, &[&access.tenant.0, &kind, &id.0, &patient.0])
                .await?
        }
    };
    Ok(row.map(|row| Told {
        version: VersionId(row.get(0)),
        updated_at: row.get(1),
        deleted: row.get(2),
        patient: row.get::<_, Option<uuid::Uuid>>(3).map(ResourceId),
        journal: row.get::<_, Option<i64>>(4).map(JournalId),
        lineage: row.get(5),
    }))
}

/// The words of some terms; a number without a word is left out.
pub async fn words(store: &Store, terms: &[i32]) -> Result<Vec<(i32, String)>> {
    let client = store.readers().get().await?;
    let sql = "select id, term from lineage_term where id = any($1::int[])";
    let statement = client.prepare_cached(sql).await?;
    let rows = client.query(&statement, &[&terms]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// The mapping version and the profile version that applied each of some messages.
pub async fn versions(
    store: &Store,
    tenant: Tenant,
    journals: &[JournalId],
) -> Result<Vec<(JournalId, Option<i16>, Option<String>)>> {
    let ids: Vec<i64> = journals.iter().map(|journal| journal.0).collect();
    let client = store.readers().get().await?;
    let sql = "select a.journal, a.mapping_version, p.name || ' ' || p.version
        from applied a
        left join profile p on p.id = a.profile
        where a.tenant = $1 and a.journal = any($2::bigint[])";
    let statement = client.prepare_cached(sql).await?;
    let rows = client.query(&statement, &[&tenant.0, &ids]).await?;
    Ok(rows
        .iter()
        .map(|row| (JournalId(row.get(0)), row.get(1), row.get(2)))
        .collect())
}

/// Which of some messages are still kept with their bytes.
pub async fn kept(store: &Store, tenant: Tenant, journals: &[JournalId]) -> Result<Vec<JournalId>> {
    let ids: Vec<i64> = journals.iter().map(|journal| journal.0).collect();
    let client = store.readers().get().await?;
    let sql = "select j.id from unnest($2::bigint[]) as wanted (id)
        join journal j on j.tenant = $1 and j.id = wanted.id
        where not exists (
            select from expunged e where e.tenant = $1 and e.journal = j.id
        )";
    let statement = client.prepare_cached(sql).await?;
    let rows = client.query(&statement, &[&tenant.0, &ids]).await?;
    Ok(rows.iter().map(|row| JournalId(row.get(0))).collect())
}

/// The numbers of some terms, in their order; new terms are added. Terms are names of elements and
/// fields, never values.
pub async fn intern(store: &Store, terms: &[&str]) -> Result<Vec<i32>> {
    let client = store.writers().get().await?;
    let add = "insert into lineage_term (term)
        select distinct term from unnest($1::text[]) as t (term)
        where not exists (select from lineage_term known where known.term = t.term)
        order by term
        on conflict do nothing";
    client.execute(add, &[&terms]).await?;
    let find = "select id from unnest($1::text[]) with ordinality as t (term, n)
        join lineage_term using (term) order by n";
    let rows = client.query(find, &[&terms]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Every term with its number.
pub async fn terms(store: &Store) -> Result<Vec<(i32, String)>> {
    let client = store.readers().get().await?;
    let rows = client
        .query("select id, term from lineage_term order by id", &[])
        .await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}
