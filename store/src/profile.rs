//! Versions of site profiles that have applied messages.

use crate::{Result, Store};

/// The row number of a profile's version; made when it is new.
pub async fn version(store: &Store, name: &str, version: &str, digest: [u8; 32]) -> Result<i32> {
    let client = store.writers().get().await?;
    let find = "select id from profile where name = $1 and version = $2 and digest = $3";
    let digest = digest.as_slice();
    if let Some(row) = client.query_opt(find, &[&name, &version, &digest]).await? {
        return Ok(row.get(0));
    }
    let add =
        "insert into profile (name, version, digest) values ($1, $2, $3) on conflict do nothing";
    client.execute(add, &[&name, &version, &digest]).await?;
    Ok(client
        .query_one(find, &[&name, &version, &digest])
        .await?
        .get(0))
}

/// The name and version that stand under a number.
pub async fn name(store: &Store, id: i32) -> Result<Option<(String, String)>> {
    let client = store.readers().get().await?;
    let row = client
        .query_opt("select name, version from profile where id = $1", &[&id])
        .await?;
    Ok(row.map(|row| (row.get(0), row.get(1))))
}
