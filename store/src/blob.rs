//! Bytes over 1 MiB and attachments: content-addressed chunks, staged and committed before the
//! transaction that links them.

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt, stream};
use model::Tenant;

use crate::{Result, Store, StoreError};

/// How many bytes a chunk holds.
pub const CHUNK_BYTES: usize = 1 << 20;

/// Staged bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Blob {
    /// SHA-256 of the whole.
    pub digest: [u8; 32],
    /// How many bytes.
    pub size: u64,
}

/// Stages bytes whose digest is known: chunks first, one commit each, then the row that says they
/// are complete. Staging the same bytes again does nothing.
pub async fn stage(store: &Store, tenant: Tenant, digest: [u8; 32], bytes: &Bytes) -> Result<Blob> {
    let size = bytes.len() as u64;
    if bytes.len() <= CHUNK_BYTES {
        stage_chunk(store, tenant, &digest, bytes).await?;
        return Ok(Blob { digest, size });
    }
    if exists(store, tenant, &digest).await? {
        return Ok(Blob { digest, size });
    }
    let client = store.writers().get().await?;
    let insert = client.prepare_cached(INSERT_CHUNK).await?;
    let mut n_chunks: i32 = 0;
    for chunk in bytes.chunks(CHUNK_BYTES) {
        client
            .execute(&insert, &[&tenant.0, &digest.as_slice(), &n_chunks, &chunk])
            .await?;
        n_chunks += 1;
    }
    complete(&client, tenant, &digest, size, n_chunks).await?;
    Ok(Blob { digest, size })
}

/// What fits in one chunk is complete with it: one statement, one commit.
async fn stage_chunk(
    store: &Store,
    tenant: Tenant,
    digest: &[u8; 32],
    bytes: &Bytes,
) -> Result<()> {
    let sql = "
        with staged as (
            insert into chunk (tenant, digest, n, bytes) values ($1, $2, 0, $3)
            on conflict do nothing
        )
        insert into blob (tenant, digest, size, n_chunks) values ($1, $2, $4, $5)
        on conflict do nothing";
    let n_chunks = i32::from(!bytes.is_empty());
    let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    let client = store.writers().get().await?;
    let statement = client.prepare_cached(sql).await?;
    let params: crate::tx::Params<'_> = &[
        &tenant.0,
        &digest.as_slice(),
        &bytes.as_ref(),
        &size,
        &n_chunks,
    ];
    client.execute(&statement, params).await?;
    Ok(())
}

/// Whether a complete set of chunks is there.
pub async fn exists(store: &Store, tenant: Tenant, digest: &[u8]) -> Result<bool> {
    Ok(size(store, tenant, digest).await?.is_some())
}

/// How many bytes are staged under a digest; `None` when they are not complete.
pub async fn size(store: &Store, tenant: Tenant, digest: &[u8]) -> Result<Option<u64>> {
    Ok(find(store, tenant, digest).await?.map(|(size, _)| size))
}

/// The bytes, chunk by chunk; `None` when they are not complete.
pub async fn read(
    store: &Store,
    tenant: Tenant,
    digest: [u8; 32],
) -> Result<Option<impl Stream<Item = Result<Bytes>> + Send + use<>>> {
    let Some((_, n_chunks)) = find(store, tenant, &digest).await? else {
        return Ok(None);
    };
    let store = store.clone();
    Ok(Some(stream::iter(0..n_chunks).then(move |n| {
        let store = store.clone();
        async move { chunk(&store, tenant, &digest, n).await }
    })))
}

/// All the bytes at once; `None` when they are not complete.
pub async fn whole(store: &Store, tenant: Tenant, digest: &[u8]) -> Result<Option<Bytes>> {
    let Some((size, n_chunks)) = find(store, tenant, digest).await? else {
        return Ok(None);
    };
    let mut whole = BytesMut::with_capacity(usize::try_from(size).unwrap_or(0));
    for n in 0..n_chunks {
        whole.extend_from_slice(&chunk(store, tenant, digest, n).await?);
    }
    Ok(Some(whole.freeze()))
}

const INSERT_CHUNK: &str =
    "insert into chunk (tenant, digest, n, bytes) values ($1, $2, $3, $4) on conflict do nothing";

async fn complete(
    client: &deadpool_postgres::ClientWrapper,
    tenant: Tenant,
    digest: &[u8],
    size: u64,
    n_chunks: i32,
) -> Result<()> {
    let sql = "insert into blob (tenant, digest, size, n_chunks) values ($1, $2, $3, $4)
        on conflict do nothing";
    let size = i64::try_from(size).unwrap_or(i64::MAX);
    client
        .execute(sql, &[&tenant.0, &digest, &size, &n_chunks])
        .await?;
    Ok(())
}

async fn find(store: &Store, tenant: Tenant, digest: &[u8]) -> Result<Option<(u64, i32)>> {
    let sql = "select size, n_chunks from blob where tenant = $1 and digest = $2";
    let client = store.shared().client().await?;
    let statement = client.prepare_cached(sql).await?;
    let row = client.query_opt(&statement, &[&tenant.0, &digest]).await?;
    Ok(row.map(|row| (u64::try_from(row.get::<_, i64>(0)).unwrap_or(0), row.get(1))))
}

async fn chunk(store: &Store, tenant: Tenant, digest: &[u8], n: i32) -> Result<Bytes> {
    let client = store.readers().get().await?;
    let sql = "select bytes from chunk where tenant = $1 and digest = $2 and n = $3";
    let statement = client.prepare_cached(sql).await?;
    let row = client
        .query_opt(&statement, &[&tenant.0, &digest, &n])
        .await?;
    let row = row.ok_or(StoreError::Inconsistent("a chunk is missing"))?;
    Ok(Bytes::copy_from_slice(row.get(0)))
}
