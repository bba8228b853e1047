//! One leader per destination among all processes.

use deadpool_postgres::Object;
use model::Tenant;

use crate::{Result, Store};

/// The right to send to a destination, for as long as its connection lives.
pub struct Leadership(Option<Object>);

/// Tries to become the leader of a destination; `None` while another process is.
pub async fn lead(store: &Store, tenant: Tenant, destination: &str) -> Result<Option<Leadership>> {
    let client = store.leaders().get().await?;
    let sql =
        "select pg_try_advisory_lock(hashtextextended('delivery ' || $1::int || ' ' || $2, 0))";
    let row = client.query_one(sql, &[&tenant.0, &destination]).await?;
    Ok(row.get::<_, bool>(0).then(|| Leadership(Some(client))))
}

impl Leadership {
    /// Whether it still holds: asked before each send, because a connection may break unseen.
    pub async fn holds(&self) -> bool {
        match &self.0 {
            Some(client) => client.batch_execute("select 1").await.is_ok(),
            None => false,
        }
    }
}

impl Drop for Leadership {
    fn drop(&mut self) {
        // The lock is the session's: the session ends with it.
        self.0.take().map(Object::take);
    }
}

impl std::fmt::Debug for Leadership {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Leadership(..)")
    }
}
