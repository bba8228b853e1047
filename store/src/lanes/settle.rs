//! What became of claimed messages, in the transaction that did it.

use futures_util::future::join4;
use jiff::Timestamp;
use model::{JournalId, LaneId, Tenant};
use uuid::Uuid;

use super::{Death, Done};
use crate::columns::{column, storable};
use crate::{InterfaceId, Result, StoreError, Tx};

/// Takes messages out of the queue and says what became of them. `lanes` are those that the fold has
/// written with `fold_version`. A dead letter that was applied after all is settled, and its lanes are
/// complete again.
pub async fn finish(tx: &mut Tx, done: &[Done], lanes: &[LaneId], fold_version: i16) -> Result<()> {
    let journal = column(done, |done| done.journal.0);
    let disposition = column(done, |done| done.disposition.as_str());
    let profile = column(done, |done| done.profile);
    let mapping = column(done, |done| done.mapping_version);
    let note = column(done, |done| done.note.as_deref().map(storable));
    let reused = column(done, |done| done.reused_control_id);
    let now = tx.store().clock().now();
    let sql = "
        with gone as (
            delete from queue where tenant = $1 and journal = any($2::bigint[]) returning journal
        ), marked as (
            insert into applied
                (journal, at, tenant, profile, mapping_version, disposition, reused_control_id, note)
            select journal, $3::timestamptz, $1::int, profile, mapping_version,
                disposition::disposition, reused, note
            from unnest($2::bigint[], $4::int[], $5::smallint[], $6::text[], $7::bool[], $8::text[])
                as done (journal, profile, mapping_version, disposition, reused, note)
            on conflict (tenant, journal) do update set
                at = excluded.at, profile = excluded.profile, note = excluded.note,
                mapping_version = excluded.mapping_version, disposition = excluded.disposition
        )
        select count(*) from gone";
    let mut lanes = column(lanes, |lane| lane.0);
    lanes.sort_unstable();
    lanes.dedup();
    // Written once: a lane whose row says as much already is not touched.
    let mark = "insert into lane (lane, tenant, fold_version)
        select lane, $1::int, $3::smallint from unnest($2::uuid[]) as t (lane)
        on conflict (tenant, lane) do update set fold_version = excluded.fold_version
        where lane.fold_version < excluded.fold_version";
    let tenant = tx.tenant().0;
    let params: crate::tx::Params<'_> = &[
        &tenant,
        &journal,
        &now,
        &profile,
        &mapping,
        &disposition,
        &reused,
        &note,
    ];
    let (gone, marked, settled, cleared) = join4(
        tx.query(sql, params),
        tx.execute(mark, &[&tenant, &lanes, &fold_version]),
        tx.execute(SETTLE, &[&tenant, &journal, &disposition, &now]),
        tx.execute(COMPLETE, &[&tenant, &lanes, &journal]),
    )
    .await;
    let gone: i64 = gone?.first().map_or(0, |row| row.get(0));
    marked?;
    settled?;
    cleared?;
    if usize::try_from(gone) != Ok(done.len()) {
        return Err(StoreError::Retry("a claimed message is no longer queued"));
    }
    Ok(())
}

/// Messages that were dead before, and are not now.
const SETTLE: &str = "
    update dead_letter set settled_at = $4, settled_as = 'retried'
    from unnest($2::bigint[], $3::text[]) as done (journal, disposition)
    where dead_letter.tenant = $1 and dead_letter.journal = done.journal
        and done.disposition <> 'dead' and settled_at is null";

/// A lane is complete when none of its dead letters is open, and none that is tried again still waits.
/// `offset 0` has each lane look up its own: a join would compare all dead letters with all lanes.
const COMPLETE: &str = "
    update lane set incomplete = false
    where tenant = $1 and incomplete and lane = any (array(
            select unnest($2::uuid[])
            union
            select unnest(array[d.lane, d.other_lane]) from dead_letter d
            where d.tenant = $1 and d.journal = any ($3::bigint[])
        ))
        and not exists (
            select from (
                select journal, settled_at from dead_letter
                where tenant = $1 and dead_letter.lane = lane.lane
                union all
                select journal, settled_at from dead_letter
                where tenant = $1 and other_lane = lane.lane
            ) d
            where d.settled_at is null or exists (
                select from queue q where q.tenant = $1 and q.journal = d.journal
            )
            offset 0
        )";

/// Takes the mark from the lanes of a dead letter if they lack nothing any more.
pub(crate) async fn complete(tx: &mut Tx, journal: JournalId) -> Result<()> {
    let (none, journals): (Vec<Uuid>, Vec<i64>) = (Vec::new(), vec![journal.0]);
    tx.execute(COMPLETE, &[&tx.tenant().0, &none, &journals])
        .await?;
    Ok(())
}

/// Leaves messages in the queue until `due_at` and counts an attempt.
pub async fn postpone(tx: &mut Tx, messages: &[JournalId], due_at: Timestamp) -> Result<()> {
    let ids = column(messages, |id| id.0);
    let sql = "update queue set attempts = attempts + 1, due_at = $3
        where tenant = $1 and journal = any($2)";
    tx.execute(sql, &[&tx.tenant().0, &ids, &due_at]).await?;
    Ok(())
}

/// Keeps why a message could not be mapped and marks its lanes incomplete. [`finish`] with
/// [`super::Disposition::Dead`] takes it out of the queue.
pub async fn dead_letter(tx: &mut Tx, death: &Death, fold_version: i16) -> Result<()> {
    let tenant: Tenant = tx.tenant();
    let sql = "
        with marked as (
            insert into lane (lane, tenant, fold_version, incomplete)
            select lane, $1, $9, true from unnest(array[$3, $10]::uuid[]) as t (lane)
            where lane is not null
            on conflict (tenant, lane) do update set incomplete = true
        )
        insert into dead_letter
            (tenant, journal, lane, at, attempts, reason, place, diagnostics, other_lane)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $10)
        on conflict (tenant, journal) do update set
            lane = excluded.lane, other_lane = excluded.other_lane, at = excluded.at, attempts = excluded.attempts, reason = excluded.reason,
            place = excluded.place, diagnostics = excluded.diagnostics,
            settled_at = null, settled_as = null";
    let params: crate::tx::Params<'_> = &[
        &tenant.0,
        &death.journal.0,
        &death.lane.0,
        &death.at,
        &death.attempts,
        &storable(&death.reason),
        &death.place.as_deref().map(storable),
        &storable(&death.diagnostics),
        &fold_version,
        &death.other_lane.map(|lane| lane.0),
    ];
    tx.execute(sql, params).await?;
    Ok(())
}

/// A message that goes (back) into the queue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Again {
    /// The message.
    pub journal: JournalId,
    /// Its lane.
    pub lane: LaneId,
    /// The second one of a merge or move.
    pub other_lane: Option<LaneId>,
    /// Through which interface it came.
    pub interface: InterfaceId,
    /// It is to be applied without side effects.
    pub quiet: bool,
}

/// Puts a journalled message (back) into the queue, for a replay or a dead letter that is retried. One
/// that waits there already and has not been told of stays loud.
pub async fn requeue(tx: &mut Tx, again: Again) -> Result<()> {
    let sql = "insert into queue (journal, lane, other_lane, tenant, interface, quiet)
        values ($2, $3, $4, $1, $5, $6)
        on conflict (tenant, journal) do update set
            lane = excluded.lane, other_lane = excluded.other_lane, attempts = 0,
            due_at = '-infinity', quiet = queue.quiet and excluded.quiet";
    let other = again.other_lane.map(|lane| lane.0);
    let params: crate::tx::Params<'_> = &[
        &tx.tenant().0,
        &again.journal.0,
        &again.lane.0,
        &other,
        &again.interface.0,
        &again.quiet,
    ];
    tx.execute(sql, params).await?;
    Ok(())
}
