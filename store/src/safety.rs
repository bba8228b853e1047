//! A database that may lose commits is refused: an ACK is a promise.

use tokio_postgres::Config;

use crate::{Result, StoreError, connect};

/// Refuses `fsync`, `full_page_writes` or `synchronous_commit` off, as a session gets them that says
/// nothing of its own.
pub(crate) async fn refuse_unsafe(config: &Config) -> Result<()> {
    let client = connect::single(config).await?;
    let sql = "select name, setting from pg_settings
        where name in ('fsync', 'full_page_writes', 'synchronous_commit')";
    for row in client.query(sql, &[]).await? {
        let (setting, value): (String, String) = (row.get(0), row.get(1));
        if value == "off" {
            return Err(StoreError::Unsafe { setting, value });
        }
    }
    Ok(())
}
