//! Tenants and their interfaces.

use model::{IdentityKey, Tenant};

use crate::{Result, Store, StoreError};

/// The row number of a configured way in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct InterfaceId(pub i16);

/// An agency.
#[derive(Clone, Debug)]
pub struct TenantRow {
    /// Its number.
    pub tenant: Tenant,
    /// Its name, as it stands in paths.
    pub name: String,
    /// Keys the ids of its resources.
    pub identity_key: IdentityKey,
}

impl Store {
    /// The tenant of a name.
    pub async fn tenant(&self, name: &str) -> Result<Option<TenantRow>> {
        Ok(self
            .tenants()
            .await?
            .into_iter()
            .find(|row| row.name == name))
    }

    /// Every tenant, by number.
    pub async fn tenants(&self) -> Result<Vec<TenantRow>> {
        let client = self.readers().get().await?;
        let sql = "select id, name, identity_key from tenant order by id";
        client
            .query(sql, &[])
            .await?
            .iter()
            .map(tenant_row)
            .collect()
    }

    /// Makes a tenant, or returns the one that has the name.
    pub async fn create_tenant(&self, name: &str) -> Result<TenantRow> {
        let client = self.writers().get().await?;
        let sql = "insert into tenant (id, name)
            select coalesce(max(id), 0) + 1, $1 from tenant
            on conflict (name) do nothing";
        client.execute(sql, &[&name]).await?;
        let found = self.tenant(name).await?;
        found.ok_or(StoreError::Retry("two tenants were made at once"))
    }

    /// The row number of a tenant's interface; made when it is new.
    pub async fn interface_id(&self, tenant: Tenant, name: &str) -> Result<InterfaceId> {
        let client = self.writers().get().await?;
        let find = "select id from interface where tenant = $1 and name = $2";
        if let Some(row) = client.query_opt(find, &[&tenant.0, &name]).await? {
            return Ok(InterfaceId(row.get(0)));
        }
        let make = "insert into interface (tenant, name) values ($1, $2) on conflict do nothing";
        client.execute(make, &[&tenant.0, &name]).await?;
        let row = client.query_one(find, &[&tenant.0, &name]).await?;
        Ok(InterfaceId(row.get(0)))
    }

    /// The names of a tenant's interfaces.
    pub async fn interfaces(&self, tenant: Tenant) -> Result<Vec<(InterfaceId, String)>> {
        let client = self.readers().get().await?;
        let sql = "select id, name from interface where tenant = $1 order by id";
        let rows = client.query(sql, &[&tenant.0]).await?;
        Ok(rows
            .iter()
            .map(|row| (InterfaceId(row.get(0)), row.get(1)))
            .collect())
    }
}

fn tenant_row(row: &tokio_postgres::Row) -> Result<TenantRow> {
    let secret: &[u8] = row.get(2);
    let secret: [u8; 32] = secret
        .try_into()
        .map_err(|_| StoreError::Inconsistent("an identity key of odd length"))?;
    Ok(TenantRow {
        tenant: Tenant(row.get(0)),
        name: row.get(1),
        identity_key: IdentityKey::new(secret),
    })
}
