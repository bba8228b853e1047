//! The statement that appends, in the form that a batch needs.
//!
//! Outside a transaction a statement is a transaction: each form commits by itself.

use std::sync::LazyLock;

use postgres_types::ToSql;

use super::batch::Batch;
use super::{Chains, Raw, Receipt, Route};
use crate::columns::{column, storable};

/// A parameter: an array for a batch, a plain value for a lone message.
type Column<'a> = Box<dyn ToSql + Sync + Send + 'a>;

/// How a batch is appended. The common case is a batch of new messages that all wait to be applied;
/// it is spared what only other batches need (measured: a statement with `on conflict`, a second
/// look at `seen` and a place for `applied` takes 1.5 times as long for a lone message).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Form {
    /// One row: plain values instead of arrays.
    lone: bool,
    /// There may be resends, or messages that nothing applies.
    wary: bool,
}

impl Form {
    pub(crate) fn for_batch(batch: &Batch<'_>, wary: bool) -> Self {
        Self {
            lone: batch.receipts.len() == 1,
            wary: wary || !batch.is_free_of_repeats() || !batch.is_all_queued(),
        }
    }

    /// The same for a batch in which a resend was met.
    pub(crate) fn wary(self) -> Self {
        Self { wary: true, ..self }
    }

    /// A resend then breaks the primary key of `seen`, and the statement is undone as a whole.
    pub(crate) fn meets_resends_as_errors(self) -> bool {
        !self.wary
    }

    pub(crate) fn sql(self) -> &'static str {
        static TEXTS: LazyLock<[String; 4]> = LazyLock::new(|| {
            [(false, false), (false, true), (true, false), (true, true)]
                .map(|(lone, wary)| Form { lone, wary }.compose())
        });
        let [many, many_wary, one, one_wary] = &*TEXTS;
        match (self.lone, self.wary) {
            (false, false) => many,
            (false, true) => many_wary,
            (true, false) => one,
            (true, true) => one_wary,
        }
    }

    fn compose(self) -> String {
        let kept = self.rows(KEPT, 3);
        let input = self.rows(INPUT, 3 + KEPT.len());
        let kept = format!(
            "with kept as (
                insert into journal (tenant, writer, {columns})
                select $1::int, $2::int, {columns}
                from {kept}
            )",
            columns = names(KEPT),
        );
        if self.lone && !self.wary {
            // Read twice, because it costs nothing: the planner sees plain values.
            return format!("{kept}, {}", PLAIN.replace("INPUT", &input));
        }
        let rest = if self.wary { WARY } else { PLAIN };
        let rest = rest.replace("INPUT", "input t");
        format!(
            "{kept}, input as materialized (select * from {input} order by key, content), {rest}"
        )
    }

    /// A row source of some columns whose parameters begin at `$first`.
    fn rows(self, columns: &[(&str, &str)], first: usize) -> String {
        let params = columns.iter().enumerate().map(|(n, (name, of))| {
            let n = first + n;
            if self.lone {
                format!("${n}::{of} as {name}")
            } else {
                format!("${n}::{of}[]")
            }
        });
        let params = params.collect::<Vec<_>>().join(", ");
        if self.lone {
            format!("(select {params}) as t")
        } else {
            format!("unnest({params}) as t ({})", names(columns))
        }
    }

    /// The parameters of [`Form::sql`].
    pub(crate) fn columns<'a>(self, chains: &Chains, batch: &'a Batch<'_>) -> Vec<Column<'a>> {
        let rows = batch.receipts;
        vec![
            Box::new(chains.tenant.0),
            Box::new(chains.writer.0),
            self.column(&batch.ids, |id| *id),
            self.column(rows, |row| row.received_at),
            self.column(&batch.places, |place| place.seq),
            self.column(rows, |row| {
                i32::try_from(row.raw.size()).unwrap_or(i32::MAX)
            }),
            self.column(rows, |row| row.interface.0),
            self.column(rows, |row| storable(&row.peer)),
            self.column(rows, |row| storable(&row.sending_application)),
            self.column(rows, |row| storable(&row.sending_facility)),
            self.column(rows, |row| storable(&row.message_type)),
            self.column(rows, |row| storable(&row.control_id)),
            self.column(rows, |row| row.digest.as_slice()),
            self.column(&batch.places, |place| place.link.as_slice()),
            self.column(rows, |row| match &row.raw {
                Raw::Inline(bytes) => Some(bytes.as_ref()),
                Raw::Staged(_) => None,
            }),
            self.column(&batch.ids, |id| *id),
            self.column(rows, |row| row.received_at),
            self.column(rows, |row| row.interface.0),
            self.column(rows, |row| row.seen_key),
            self.column(rows, |row| row.seen_digest),
            self.column(&batch.first, |first| *first),
            self.column(&batch.reused, |reused| *reused),
            self.column(rows, |row| lanes(row).0),
            self.column(rows, |row| lanes(row).1),
        ]
    }

    fn column<'a, R, T>(self, rows: &'a [R], mut cell: impl FnMut(&'a R) -> T) -> Column<'a>
    where
        T: ToSql + Sync + Send + 'a,
    {
        match rows {
            [one] if self.lone => Box::new(cell(one)),
            rows => Box::new(column(rows, cell)),
        }
    }
}

fn lanes(receipt: &Receipt) -> (Option<uuid::Uuid>, Option<uuid::Uuid>) {
    match receipt.route {
        Route::Queue { lane, other } => (Some(lane.0), other.map(|lane| lane.0)),
        Route::Unrouted => (None, None),
    }
}

fn names(columns: &[(&str, &str)]) -> String {
    columns
        .iter()
        .map(|(name, _)| *name)
        .collect::<Vec<_>>()
        .join(", ")
}

/// What is kept: `$3` and on.
const KEPT: &[(&str, &str)] = &[
    ("id", "bigint"),
    ("received_at", "timestamptz"),
    ("seq", "bigint"),
    ("size", "int"),
    ("interface", "smallint"),
    ("peer", "text"),
    ("sending_application", "text"),
    ("sending_facility", "text"),
    ("message_type", "text"),
    ("control_id", "text"),
    ("digest", "bytea"),
    ("chain", "bytea"),
    ("raw", "bytea"),
];

/// What is derived; the bytes are not carried through the rest of the statement.
const INPUT: &[(&str, &str)] = &[
    ("id", "bigint"),
    ("received_at", "timestamptz"),
    ("interface", "smallint"),
    ("key", "uuid"),
    ("content", "uuid"),
    ("first", "bool"),
    ("reused", "bool"),
    ("lane", "uuid"),
    ("other_lane", "uuid"),
];

/// For new messages. Rows go in sorted by key, so two writers can't wait for each other in a circle.
/// An expunged message is remembered for ever, and does not count as a use of its control id.
const PLAIN: &str = "known as (
        insert into seen (tenant, key, digest, journal, at)
        select $1::int, key, content, id, received_at
        from INPUT
    )
    insert into queue (journal, lane, other_lane, tenant, interface, reused_control_id)
    select id, lane, other_lane, $1, interface,
        reused or exists (
            select from seen s
            where s.tenant = $1 and s.key = t.key and s.digest <> t.content
                and s.at >= t.received_at - interval '48 hours' and s.at < 'infinity'
        )
    from INPUT
    returning journal, null::bigint, reused_control_id";

/// `known` settles who was first: the row that stands under a key and digest is this message's own, or
/// the one it repeats, also when that one is being committed right now (the conflict waits for it).
const WARY: &str = "known as (
        insert into seen (tenant, key, digest, journal, at)
        select $1::int, key, content, id, received_at
        from INPUT
        where first
        on conflict (tenant, key, digest) do update set
            journal = case when seen.at < excluded.at - interval '48 hours'
                then excluded.journal else seen.journal end,
            at = case when seen.at < excluded.at - interval '48 hours'
                then excluded.at else seen.at end
        returning key, digest, journal
    ), fate as materialized (
        select i.id, i.received_at, i.interface, i.lane, i.other_lane,
            nullif(k.journal, i.id) as duplicate_of,
            k.journal = i.id and (
                i.reused or exists (
                    select from seen s
                    where s.tenant = $1 and s.key = i.key and s.digest <> i.content
                        and s.at >= i.received_at - interval '48 hours' and s.at < 'infinity'
                )
            ) as reused
        from input i
        join known k on k.key = i.key and k.digest = i.content
    ), waiting as (
        insert into queue (journal, lane, other_lane, tenant, interface, reused_control_id)
        select id, lane, other_lane, $1, interface, reused
        from fate
        where duplicate_of is null and lane is not null
    ), settled as (
        insert into applied (journal, at, tenant, disposition, reused_control_id)
        select id, received_at, $1,
            (case when duplicate_of is null then 'unrouted' else 'duplicate' end)::disposition,
            reused
        from fate
        where duplicate_of is not null or lane is null
    )
    select id, duplicate_of, reused from fate where duplicate_of is not null or reused";
