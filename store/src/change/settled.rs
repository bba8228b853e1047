//! The feed for side effects that must not be wrong: what it shows has stood for a while.

use jiff::SignedDuration;
use model::{IdSource, Tenant};

use super::{AFTER, COLUMNS, Change, Place, change, floor};
use crate::{Result, Store};

/// When a change counts as settled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Settling {
    /// After this time at the latest.
    pub window: SignedDuration,
    /// Before that, once the patient's chart has stood still for this time.
    pub quiet: SignedDuration,
}

impl Default for Settling {
    /// 30 s, or 10 s of quiet.
    fn default() -> Self {
        Self {
            window: SignedDuration::from_secs(30),
            quiet: SignedDuration::from_secs(10),
        }
    }
}

/// What the listener of settled changes gets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settled {
    /// The changes: of versions that have settled only the last one of each resource, and none that was
    /// loaded quietly. Their versions are the ones that stand now: what a later one made of it is news as
    /// well, and what it took back is none.
    pub changes: Vec<Change>,
    /// Where to go on.
    pub next: Place,
}

/// What was committed after a place and has settled. The first change that has not ends the page, so
/// that a place is all that a listener must remember; it waits at most for the window.
pub async fn settled(
    store: &Store,
    tenant: Tenant,
    after: Place,
    limit: u32,
    settling: Settling,
) -> Result<Settled> {
    let now = store.clock().now();
    let before = |wait: SignedDuration| now.checked_sub(wait).map_or(0, IdSource::floor);
    let sql = format!(
        "with page as materialized (select {COLUMNS} {AFTER}),
        moving as (
            select distinct patient, case when patient is null then rid end as rid
            from change where tenant = $1 and $6 <= id
        ),
        loud as (
            select c.rid, max(c.version) as version from change c
            where c.tenant = $1 and $2 <= c.id and not c.quiet
                and c.rid = any (array(select rid from page where not quiet and version < current))
                and {}
            group by c.rid
        )
        select p.xid, p.id, p.rid, p.type, p.resource, p.current, p.patient, p.journal,
            {},
            not p.quiet and p.version = coalesce(l.version, p.version)
        from page p left join loud l on l.rid = p.rid
        order by p.xid, p.id",
        has_settled("c"),
        has_settled("p"),
    );
    let client = store.readers().get().await?;
    let statement = client.prepare_cached(&sql).await?;
    let params: crate::tx::Params<'_> = &[
        &tenant.0,
        &floor(after),
        &after.xid.to_string(),
        &after.id,
        &i64::from(limit),
        &before(settling.quiet),
        &before(settling.window),
    ];
    let rows = client.query(&statement, params).await?;
    let mut settled = Settled {
        changes: Vec::new(),
        next: after,
    };
    for row in rows.iter().take_while(|row| row.get(8)) {
        let one = change(row);
        settled.next = one.place;
        // A later version has settled, too: what it overtook nobody needs to hear of. One that has not
        // overtakes nothing, or what changes without a pause would never be told of.
        if row.get(9) {
            settled.changes.push(one);
        }
    }
    Ok(settled)
}

/// Whether a change has settled: by the window ($7), or because its patient's chart stands still.
fn has_settled(change: &str) -> String {
    format!(
        "({change}.id < $7 or not exists (
            select from moving m
            where m.patient = {change}.patient
                or ({change}.patient is null and m.rid = {change}.rid)
        ))"
    )
}
