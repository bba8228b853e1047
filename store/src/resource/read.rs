//! Reading one resource: its current version, one version, its history.

use model::{Access, Reach, ResourceId, VersionId};
use postgres_types::ToSql;
use tokio_postgres::Row;

use super::Stored;
use super::person::is_of;
use crate::{Result, Store};

/// A page of a resource's versions, the newest first.
#[derive(Clone, Debug)]
pub struct HistoryPage {
    /// The versions.
    pub versions: Vec<Stored>,
    /// There are older ones: ask for those before this version.
    pub before: Option<VersionId>,
}

/// The current version. A deleted one is returned as such; what the caller may not see is `None`.
pub async fn read(
    store: &Store,
    access: &Access,
    kind: i16,
    id: ResourceId,
) -> Result<Option<Stored>> {
    // One text for each reach; each row comes from one index probe on a shared connection.
    let all = "select id, version, updated_at, deleted, body, patient from resource
        where tenant = $1 and type = $2 and id = $3";
    let client = store.shared().client().await?;
    let row = match access.reach {
        Reach::All => {
            let statement = client.prepare_cached(all).await?;
            let params: crate::tx::Params<'_> = &[&access.tenant.0, &kind, &id.0];
            client.query_opt(&statement, params).await?
        }
        Reach::Patient(patient) => {
            let one_patient = format!("{all} and {}", is_of("patient", "$4"));
            let statement = client.prepare_cached(&one_patient).await?;
            let params: crate::tx::Params<'_> = &[&access.tenant.0, &kind, &id.0, &patient.0];
            client.query_opt(&statement, params).await?
        }
    };
    Ok(row.as_ref().map(stored))
}

/// One version, current or not.
pub async fn vread(
    store: &Store,
    access: &Access,
    kind: i16,
    id: ResourceId,
    version: VersionId,
) -> Result<Option<Stored>> {
    let page = versions(store, access, kind, id, version.0, 1).await?;
    Ok(page.into_iter().find(|stored| stored.version == version))
}

/// The versions of a resource, the newest first, those before `before` when it is given. Empty when
/// there is no such resource, or none that the caller may see.
pub async fn history(
    store: &Store,
    access: &Access,
    kind: i16,
    id: ResourceId,
    before: Option<VersionId>,
    limit: u32,
) -> Result<HistoryPage> {
    let newest = before.map_or(i32::MAX, |version| version.0 - 1);
    let mut versions = versions(store, access, kind, id, newest, i64::from(limit) + 1).await?;
    let more = usize::try_from(limit).is_ok_and(|limit| limit < versions.len());
    if more {
        versions.pop();
    }
    let before = versions
        .last()
        .filter(|_| more)
        .map(|stored| stored.version);
    Ok(HistoryPage { versions, before })
}

async fn versions(
    store: &Store,
    access: &Access,
    kind: i16,
    id: ResourceId,
    newest: i32,
    limit: i64,
) -> Result<Vec<Stored>> {
    let mut params: Vec<&(dyn ToSql + Sync)> =
        vec![&access.tenant.0, &kind, &id.0, &newest, &limit];
    let seen = match &access.reach {
        Reach::All => String::new(),
        Reach::Patient(patient) => {
            params.push(&patient.0);
            format!("and {}", is_of("patient", "$6"))
        }
    };
    let sql = format!(
        "select id, version, updated_at, deleted, body, patient from (
            select id, version, updated_at, deleted, body, patient from resource
            where tenant = $1 and type = $2 and id = $3 and version <= $4 {seen}
            union all
            select id, version, updated_at, deleted, body, patient from history
            where tenant = $1 and type = $2 and id = $3 and version <= $4 {seen}
        ) versions
        order by version desc
        limit $5"
    );
    let client = store.readers().get().await?;
    let statement = client.prepare_cached(&sql).await?;
    Ok(client
        .query(&statement, &params)
        .await?
        .iter()
        .map(stored)
        .collect())
}

/// Columns: id, version, `updated_at`, deleted, body, patient.
pub(crate) fn stored(row: &Row) -> Stored {
    Stored {
        id: ResourceId(row.get(0)),
        version: VersionId(row.get(1)),
        updated_at: row.get(2),
        deleted: row.get(3),
        body: row.get(4),
        patient: row.get::<_, Option<uuid::Uuid>>(5).map(ResourceId),
    }
}
