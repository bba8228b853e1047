//! The dictionary of lineage: element paths and message fields by number.

use crate::{Result, Store};

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
