//! Access tokens: opaque, and only their digests are kept.

use jiff::Timestamp;
use model::{ResourceId, Tenant};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{Result, Store};

/// What a token allows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Grant {
    /// The token's row number: who acted, in the audit trail.
    pub id: i64,
    /// The one tenant it is for.
    pub tenant: Tenant,
    /// Scopes, as granted.
    pub scope: String,
    /// The client.
    pub client: String,
    /// The user, as a reference.
    pub user: Option<String>,
    /// The patient in context.
    pub patient: Option<ResourceId>,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// A token to be issued.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// The tenant.
    pub tenant: Tenant,
    /// SHA-256 of the token.
    pub hash: [u8; 32],
    /// Scopes.
    pub scope: String,
    /// The client.
    pub client: String,
    /// The user, as a reference.
    pub user: Option<String>,
    /// The patient in context.
    pub patient: Option<ResourceId>,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl Grant {
    /// Whether it is good at an instant.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && now < self.expires_at
    }
}

/// Issues a token; answers its row number.
pub async fn issue(store: &Store, token: &NewToken) -> Result<i64> {
    let sql = "insert into access_token
            (tenant, hash, scope, client, user_reference, patient, issued_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        returning id";
    let client = store.writers().get().await?;
    let statement = client.prepare_cached(sql).await?;
    let patient = token.patient.map(|patient| patient.0);
    let params: crate::tx::Params<'_> = &[
        &token.tenant.0,
        &token.hash.as_slice(),
        &token.scope,
        &token.client,
        &token.user,
        &patient,
        &store.clock().now(),
        &token.expires_at,
    ];
    Ok(client.query_one(&statement, params).await?.get(0))
}

/// What a token allows, whether or not it is still good; `None` for a token that was never issued.
pub async fn find(store: &Store, hash: [u8; 32]) -> Result<Option<Grant>> {
    let sql = "select id, tenant, scope, client, user_reference, patient, issued_at, expires_at,
            revoked_at
        from access_token where hash = $1";
    let client = store.shared().client().await?;
    let statement = client.prepare_cached(sql).await?;
    let row = client.query_opt(&statement, &[&hash.as_slice()]).await?;
    Ok(row.as_ref().map(grant))
}

/// Revokes a token; answers whether it was there and not yet revoked.
pub async fn revoke(store: &Store, hash: [u8; 32]) -> Result<bool> {
    let sql = "update access_token set revoked_at = $2 where hash = $1 and revoked_at is null";
    let client = store.writers().get().await?;
    let n_rows = client
        .execute(sql, &[&hash.as_slice(), &store.clock().now()])
        .await?;
    Ok(n_rows != 0)
}

/// Revokes a tenant's token by its row number; answers whether it was there and not yet revoked.
pub async fn revoke_by_id(store: &Store, tenant: Tenant, id: i64) -> Result<bool> {
    let sql = "update access_token set revoked_at = $3
        where tenant = $1 and id = $2 and revoked_at is null";
    let client = store.writers().get().await?;
    let n_rows = client
        .execute(sql, &[&tenant.0, &id, &store.clock().now()])
        .await?;
    Ok(n_rows != 0)
}

/// A tenant's tokens that have not ended, whether or not they were revoked, the newest first.
pub async fn list(store: &Store, tenant: Tenant) -> Result<Vec<Grant>> {
    let sql = "select id, tenant, scope, client, user_reference, patient, issued_at, expires_at,
            revoked_at
        from access_token where tenant = $1 and $2 < expires_at
        order by id desc";
    let client = store.readers().get().await?;
    let rows = client
        .query(sql, &[&tenant.0, &store.clock().now()])
        .await?;
    Ok(rows.iter().map(grant).collect())
}

/// Removes tokens that ended before an instant; answers how many.
pub async fn purge(store: &Store, before: Timestamp) -> Result<u64> {
    let client = store.writers().get().await?;
    let sql = "delete from access_token where expires_at < $1";
    Ok(client.execute(sql, &[&before]).await?)
}

fn grant(row: &Row) -> Grant {
    Grant {
        id: row.get(0),
        tenant: Tenant(row.get(1)),
        scope: row.get(2),
        client: row.get(3),
        user: row.get(4),
        patient: row.get::<_, Option<Uuid>>(5).map(ResourceId),
        issued_at: row.get(6),
        expires_at: row.get(7),
        revoked_at: row.get(8),
    }
}
