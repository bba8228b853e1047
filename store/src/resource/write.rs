//! Writing: one statement per table for a whole batch, sent together.

use futures_util::future::{BoxFuture, FutureExt, join_all};
use model::{ChangeId, Rid};

use super::delta::{Delta, Unless};
use super::flat::Flat;
use super::{IndexRows, Op, Write};
use crate::columns::column;
use crate::tx::{Params, first_failure};
use crate::{Result, StoreError, Tx, growth};

/// Writes resources with their index rows, moves what they replace to history and appends to the
/// change feed. Fails with a version conflict when a replaced version is not current, and with a
/// refusal or [`StoreError::Retry`] when a created id is there already.
pub async fn write(tx: &mut Tx, writes: &[Write]) -> Result<()> {
    if writes.is_empty() {
        return Ok(());
    }
    let mut sorted: Vec<&Write> = writes.iter().collect();
    sorted.sort_unstable_by_key(|write| (write.kind, write.id));
    let rids = sorted
        .iter()
        .map(|write| rid(tx, write))
        .collect::<Vec<_>>();
    let rows: Vec<Row<'_>> = sorted
        .into_iter()
        .zip(rids)
        .map(|(write, rid)| Row { write, rid })
        .collect();
    let (creates, replaces): (Vec<Row<'_>>, Vec<Row<'_>>) = rows
        .iter()
        .copied()
        .partition(|row| row.write.op.prior().is_none());
    let (new, changed) = (delta(&creates), delta(&replaces));
    let statements: Vec<BoxFuture<'_, Result<bool>>> = vec![
        insert(tx, &creates).boxed(),
        replace(tx, &replaces).boxed(),
        changed.remove_tokens(tx).boxed(),
        changed.remove_strings(tx).boxed(),
        changed.remove_dates(tx).boxed(),
        changed.add_tokens(tx, Unless::There).boxed(),
        changed.add_strings(tx, Unless::There).boxed(),
        changed.add_dates(tx, Unless::There).boxed(),
        new.add_tokens(tx, Unless::Never).boxed(),
        new.add_strings(tx, Unless::Never).boxed(),
        new.add_dates(tx, Unless::Never).boxed(),
        announce(tx, &rows).boxed(),
    ];
    // Polled in this order, so the server sees them in this order.
    let complete = first_failure(join_all(statements).await)?;
    if complete.contains(&false) {
        return Err(StoreError::VersionConflict);
    }
    growth::grew(tx.store(), creates.len());
    Ok(())
}

#[derive(Clone, Copy)]
struct Row<'a> {
    write: &'a Write,
    rid: Rid,
}

fn delta(rows: &[Row<'_>]) -> Delta {
    Delta::of(rows.iter().map(|row| {
        let old = row.write.op.prior().map(|prior| &prior.index);
        (row.rid, old, row.index())
    }))
}

fn rid(tx: &Tx, write: &Write) -> Rid {
    write
        .op
        .prior()
        .map_or_else(|| tx.store().ids().rid(), |prior| prior.rid)
}

const INSERT: &str = "
    insert into resource (
        tenant, version, deleted, rid, updated_at, id, patient, content, journal, type,
        index_version, origin, lineage, body, tokens, string_params, strings, date_params,
        date_lows, date_highs
    )
    select $1::int, 1, false, t.rid, t.at, t.id, t.patient, t.content, t.journal, t.type,
        t.index_version, t.origin::origin, t.lineage, t.body,
        ($13::bigint[])[t.tokens_from:t.tokens_to],
        ($14::smallint[])[t.strings_from:t.strings_to], t.strings::text[],
        ($16::smallint[])[t.dates_from:t.dates_to], ($17::timestamptz[])[t.dates_from:t.dates_to],
        ($18::timestamptz[])[t.dates_from:t.dates_to]
    from unnest(
        $2::bigint[], $3::timestamptz[], $4::uuid[], $5::uuid[], $6::uuid[], $7::bigint[],
        $8::smallint[], $9::smallint[], $10::text[], $11::bytea[], $12::text[], $15::text[],
        $19::int[], $20::int[], $21::int[], $22::int[], $23::int[], $24::int[]
    ) as t (
        rid, at, id, patient, content, journal, type, index_version, origin, lineage, body, strings,
        tokens_from, tokens_to, strings_from, strings_to, dates_from, dates_to
    )";

/// The replaced version goes to history in the same statement; both see the row as it was. Rows are
/// looked up by key one by one and updated by the place where they were found: see `search::source`
/// for why the planner has no say in it. A row that moved meanwhile is not found again, which is the
/// version conflict that it should be.
const REPLACE: &str = "
    with input as materialized (
        select *
        from unnest(
            $2::bigint[], $3::timestamptz[], $4::uuid[], $5::uuid[], $6::uuid[], $7::bigint[],
            $8::smallint[], $9::smallint[], $10::text[], $11::bytea[], $12::text[], $15::text[],
            $19::int[], $20::int[], $21::int[], $22::int[], $23::int[], $24::int[],
            $25::int[], $26::bool[]
        ) as t (
            rid, at, id, patient, content, journal, type, index_version, origin, lineage, body, strings,
            tokens_from, tokens_to, strings_from, strings_to, dates_from, dates_to,
            expected, deleted
        )
    ), found as materialized (
        select t.*, r.place
        from input t
        cross join lateral (
            select ctid as place from resource
            where tenant = $1 and type = t.type and id = t.id and version = t.expected
            for update
        ) r
    ), moved as (
        insert into history (
            rid, updated_at, id, patient, journal, tenant, version, type, deleted, lineage, body
        )
        select r.rid, r.updated_at, r.id, r.patient, r.journal, r.tenant, r.version, r.type,
            r.deleted, r.lineage, r.body
        from found
        join resource r on r.ctid = found.place
    )
    update resource r
    set updated_at = t.at, patient = t.patient, content = t.content, journal = t.journal,
        version = t.expected + 1, index_version = t.index_version, origin = t.origin::origin,
        deleted = t.deleted, lineage = t.lineage, body = t.body,
        tokens = ($13::bigint[])[t.tokens_from:t.tokens_to],
        string_params = ($14::smallint[])[t.strings_from:t.strings_to],
        strings = t.strings::text[],
        date_params = ($16::smallint[])[t.dates_from:t.dates_to],
        date_lows = ($17::timestamptz[])[t.dates_from:t.dates_to],
        date_highs = ($18::timestamptz[])[t.dates_from:t.dates_to]
    from found t
    where r.ctid = t.place";

async fn insert(tx: &Tx, rows: &[Row<'_>]) -> Result<bool> {
    if rows.is_empty() {
        return Ok(true);
    }
    let written = send(tx, rows, INSERT, &[]).await;
    written.map_err(|error| error.made_meanwhile("a created resource is there already"))?;
    Ok(true)
}

async fn replace(tx: &Tx, rows: &[Row<'_>]) -> Result<bool> {
    if rows.is_empty() {
        return Ok(true);
    }
    let expected = column(rows, |row| {
        row.write.op.prior().map_or(0, |prior| prior.version.0)
    });
    let deleted = column(rows, |row| row.write.op.version().is_none());
    let n_written = send(tx, rows, REPLACE, &[&expected, &deleted]).await?;
    Ok(n_written == rows.len() as u64)
}

async fn send(tx: &Tx, rows: &[Row<'_>], sql: &str, more: Params<'_>) -> Result<u64> {
    let mut flat = Flat::default();
    for row in rows {
        flat.push(row.index());
    }
    let rid = column(rows, |row| row.rid.0);
    let at = column(rows, |row| row.write.at);
    let id = column(rows, |row| row.write.id.0);
    let patient = column(rows, Row::patient);
    let content = column(rows, |row| {
        row.write
            .op
            .version()
            .map_or_else(uuid::Uuid::nil, |v| v.content)
    });
    let journal = column(rows, |row| row.write.journal.map(|id| id.0));
    let kind = column(rows, |row| row.write.kind);
    let index_version = column(rows, |row| row.index().map_or(0, |index| index.version));
    let origin = column(rows, |row| row.write.origin.as_str());
    let lineage = column(rows, |row| row.write.lineage.as_deref());
    let body = column(rows, |row| {
        row.write.op.version().map_or("", |v| v.body.as_str())
    });
    let tenant = tx.tenant().0;
    let mut params: Vec<&(dyn postgres_types::ToSql + Sync)> = vec![
        &tenant,
        &rid,
        &at,
        &id,
        &patient,
        &content,
        &journal,
        &kind,
        &index_version,
        &origin,
        &lineage,
        &body,
    ];
    params.extend::<[&(dyn postgres_types::ToSql + Sync); 12]>([
        &flat.tokens,
        &flat.string_params,
        &flat.strings,
        &flat.date_params,
        &flat.lows,
        &flat.highs,
        &flat.tokens_from,
        &flat.tokens_to,
        &flat.strings_from,
        &flat.strings_to,
        &flat.dates_from,
        &flat.dates_to,
    ]);
    params.extend(more);
    tx.execute(sql, &params).await
}

/// One row of the change feed for each version.
async fn announce(tx: &Tx, rows: &[Row<'_>]) -> Result<bool> {
    let id = column(rows, |_| {
        let ChangeId(id) = tx.store().ids().change();
        id
    });
    let rid = column(rows, |row| row.rid.0);
    let patient = column(rows, Row::patient);
    let journal = column(rows, |row| row.write.journal.map(|id| id.0));
    let version = column(rows, |row| {
        row.write
            .op
            .prior()
            .map_or(1, |prior| prior.version.next().0)
    });
    let kind = column(rows, |row| row.write.kind);
    let quiet = column(rows, |row| tx.is_quiet(row.write.journal));
    let sql = "insert into change (tenant, id, rid, patient, journal, version, type, quiet)
        select $1::int, * from unnest(
            $2::bigint[], $3::bigint[], $4::uuid[], $5::bigint[], $6::int[], $7::smallint[],
            $8::bool[]
        )";
    let params: Params<'_> = &[
        &tx.tenant().0,
        &id,
        &rid,
        &patient,
        &journal,
        &version,
        &kind,
        &quiet,
    ];
    tx.execute(sql, params).await?;
    Ok(true)
}

impl Row<'_> {
    fn index(&self) -> Option<&'_ IndexRows> {
        self.write.op.version().map(|version| &version.index)
    }

    /// A deleted version stays in the compartment that the one before it was in.
    fn patient(&self) -> Option<uuid::Uuid> {
        let index = match &self.write.op {
            Op::Create(version) | Op::Update { version, .. } => &version.index,
            Op::Delete { prior } => &prior.index,
        };
        index.patient.map(|patient| patient.0)
    }
}
