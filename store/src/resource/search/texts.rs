//! The text of a search, from its lead and its criteria.

use model::{Access, Reach};

use super::filter::{FIRST, LAST, condition};
use super::lead::{Lead, rid_end};
use super::source::source;
use super::{Cursor, Order, Search};
use crate::resource::person::is_of;
use crate::text::Text;

/// What the text is for.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Want {
    /// A page of rows.
    Page,
    /// The number of matches, counted up to this many.
    Count(i64),
}

/// The text of a search that a lead leads. `$1` is the tenant, `$2` the type.
pub(crate) fn compose(access: &Access, search: &Search, lead: &Lead, want: Want) -> Text {
    let mut text = Text::default();
    text.bind(access.tenant.0);
    text.bind(search.kind);
    let mut source = source(&mut text, search, lead);
    let mut row_conditions = vec!["true".to_owned()];
    // The access predicate is part of every text, whatever leads.
    if let Reach::Patient(patient) = access.reach {
        let patient = text.bind(patient.0);
        row_conditions.push(is_of("r.patient", &patient));
    }
    for (place, criterion) in search.criteria.iter().enumerate() {
        if *lead != Lead::Criterion(place) {
            row_conditions.push(condition(&mut text, criterion));
        }
    }
    let rid = source.rid();
    let (key, order) = key(&mut text, search.order, rid);
    let end = rid_end(search);
    if end != i64::MAX {
        source
            .conditions
            .push(format!("{rid} < {}", text.bind(end)));
    }
    if let (Want::Page, Some(cursor)) = (want, search.after) {
        source
            .conditions
            .push(continued(&mut text, search.order, &key, rid, cursor));
    }
    let limit = text.bind(match want {
        Want::Page => i64::from(search.limit) + 1,
        Want::Count(max) => max,
    });
    let clause = source.clause(&row_conditions);
    let parts = Parts {
        each: source.each.as_deref(),
        clause,
        key,
        order,
        limit,
    };
    text.sql = match want {
        Want::Page => parts.page(),
        Want::Count(_) => parts.count(),
    };
    text
}

struct Parts<'a> {
    each: Option<&'a str>,
    clause: String,
    key: String,
    order: String,
    limit: String,
}

impl Parts<'_> {
    fn page(&self) -> String {
        let Self {
            each,
            clause,
            key,
            order,
            limit,
        } = self;
        let walk = format!(
            "select r.id, r.version, r.updated_at, r.deleted, r.body, r.patient, r.rid, {key} as key
            {clause}
            order by {order}
            limit {limit}"
        );
        let Some(hashes) = each else {
            return walk;
        };
        // One ordered walk for each hash; a row that several of them found is shown once.
        let merged = order
            .replace(key.as_str(), "x.key")
            .replace("t.rid", "x.rid");
        format!(
            "select x.*
            from (
                select distinct on (m.rid) m.*
                from unnest({hashes}::bigint[]) as w (hash) cross join lateral ({walk}) m
                order by m.rid
            ) x
            order by {merged}
            limit {limit}"
        )
    }

    fn count(&self) -> String {
        let Self {
            each,
            clause,
            limit,
            ..
        } = self;
        let walk = format!("select r.rid {clause} limit {limit}");
        let found = match each {
            None => walk,
            Some(hashes) => format!(
                "select distinct m.rid
                from unnest({hashes}::bigint[]) as w (hash) cross join lateral ({walk}) m
                limit {limit}"
            ),
        };
        format!("select count(*) from ({found}) as matches")
    }
}

/// What rows are ordered by: the expression of the key and the whole order.
fn key(text: &mut Text, order: Order, rid: &str) -> (String, String) {
    let direction = |descending| if descending { "desc" } else { "asc" };
    match order {
        Order::Newest => ("null::timestamptz".to_owned(), format!("{rid} desc")),
        Order::LastUpdated { descending } => {
            let way = direction(descending);
            (
                "r.updated_at".to_owned(),
                format!("r.updated_at {way}, {rid} {way}"),
            )
        }
        Order::Date { param, descending } => {
            let way = direction(descending);
            let param = text.bind(param);
            let (end, none) = if descending {
                ("max(v.hi)", FIRST)
            } else {
                ("min(v.lo)", LAST)
            };
            let none = text.bind(none);
            let key = format!(
                "coalesce((
                    select {end} from unnest(r.date_params, r.date_lows, r.date_highs) as v (p, lo, hi)
                    where v.p = {param}::smallint
                ), {none}::timestamptz)"
            );
            let order = format!("{key} {way}, {rid} {way}");
            (key, order)
        }
    }
}

/// The condition that a page begins after a cursor.
fn continued(text: &mut Text, order: Order, key: &str, rid: &str, cursor: Cursor) -> String {
    let after = text.bind(cursor.rid.0);
    match order {
        Order::Newest => format!("{rid} < {after}"),
        Order::LastUpdated { descending } | Order::Date { descending, .. } => {
            let at = text.bind(cursor.key.unwrap_or(if descending { LAST } else { FIRST }));
            let than = if descending { "<" } else { ">" };
            format!("({key}, {rid}) {than} ({at}::timestamptz, {after}::bigint)")
        }
    }
}
