//! A database that may lose commits is refused: an ACK is a promise.

use deadpool_postgres::ClientWrapper;

use crate::{Result, StoreError};

/// Refuses `fsync`, `full_page_writes` or `synchronous_commit` off.
pub(crate) async fn refuse_unsafe(client: &ClientWrapper) -> Result<()> {
    // The session's own synchronous_commit was set by us; what counts is what others would get.
    let sql = "select name, case name when 'synchronous_commit' then reset_val else setting end
        from pg_settings
        where name in ('fsync', 'full_page_writes', 'synchronous_commit')";
    for row in client.query(sql, &[]).await? {
        let (setting, value): (String, String) = (row.get(0), row.get(1));
        if value == "off" {
            return Err(StoreError::Unsafe { setting, value });
        }
    }
    Ok(())
}
