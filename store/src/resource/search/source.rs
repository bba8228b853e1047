//! The candidates of a lead, as a `from` clause.

use jiff::Timestamp;
use model::IdSource;

use super::filter::{Bounds, condition, parts, ranges};
use super::lead::{Lead, SLACK};
use super::{Criterion, DateMatch, Search, StringMatch};
use crate::resource::person::is_of;
use crate::text::Text;

/// The candidates of a lead. `$1` is the tenant, `$2` the type.
///
/// A lead that is not the table of resources itself (`r`) stands in a `from` clause as `t`, and each row
/// is looked up for it in a lateral subquery that can't be pulled up: which side leads must not depend
/// on statistics, which lag behind a table that grows.
pub(crate) struct Source {
    pub(crate) outer: Option<String>,
    /// On `t` where there is one, else on `r`.
    pub(crate) conditions: Vec<String>,
    /// On `r`.
    pub(crate) row_conditions: Vec<String>,
    /// Walked once for each of these hashes (`w.hash`); matches are then merged.
    pub(crate) each: Option<String>,
}

impl Source {
    /// The rows that a condition names.
    fn rows(condition: String) -> Self {
        Self {
            outer: None,
            conditions: Vec::new(),
            row_conditions: vec![condition],
            each: None,
        }
    }

    /// The rows whose numbers are in a set.
    fn set(set: &str) -> Self {
        Self {
            outer: Some(format!("(select distinct rid from ({set}) as found)")),
            conditions: Vec::new(),
            row_conditions: Vec::new(),
            each: None,
        }
    }

    /// The column to walk by.
    pub(crate) fn rid(&self) -> &'static str {
        if self.outer.is_some() {
            "t.rid"
        } else {
            "r.rid"
        }
    }

    /// `from` and `where` together, with further conditions on the row.
    pub(crate) fn clause(&self, row_conditions: &[String]) -> String {
        let all = self.row_conditions.iter().chain(row_conditions);
        let rows = all.cloned().collect::<Vec<_>>().join(" and ");
        let conditions = self.conditions.iter().map(|one| format!(" and {one}"));
        let conditions: String = conditions.collect();
        match &self.outer {
            None => format!(
                "from resource r
                where r.tenant = $1 and r.type = $2 and not r.deleted and {rows} {conditions}"
            ),
            Some(outer) => format!(
                "from {outer} t
                cross join lateral (
                    select * from resource r
                    where r.tenant = $1 and r.type = $2 and r.rid = t.rid and not r.deleted
                        and {rows}
                    offset 0
                ) r
                where true {conditions}"
            ),
        }
    }
}

/// The candidates of a lead.
pub(crate) fn source(text: &mut Text, search: &Search, lead: &Lead) -> Source {
    match lead {
        Lead::Everything => Source::rows("true".to_owned()),
        Lead::Compartment(patient) => {
            let patient = text.bind(patient.0);
            Source::rows(is_of("r.patient", &patient))
        }
        Lead::ChangedSince(since) => {
            let floor = IdSource::floor(since.saturating_sub(SLACK).unwrap_or(*since));
            let floor = text.bind(floor);
            Source::set(&format!(
                "select rid from change where tenant = $1 and type = $2 and {floor} <= id"
            ))
        }
        Lead::Criterion(place) => search.criteria.get(*place).map_or_else(
            || Source::rows("true".to_owned()),
            |criterion| of_criterion(text, criterion),
        ),
    }
}

fn of_criterion(text: &mut Text, criterion: &Criterion) -> Source {
    match criterion {
        Criterion::Tokens(hashes) => walk(text, hashes),
        Criterion::Coded { leads, .. } => {
            let mut source = walk(text, leads);
            source.row_conditions.push(condition(text, criterion));
            source
        }
        Criterion::String { params, values } => Source::set(&strings(text, params, values)),
        Criterion::Date { param, ranges } => {
            let mut source = Source::set(&dates(text, *param, ranges));
            // The set is by the start alone: the end is checked in the row.
            source.row_conditions.push(condition(text, criterion));
            source
        }
        Criterion::Id(_) | Criterion::NotTokens(_) | Criterion::LastUpdated(_) => {
            Source::rows(condition(text, criterion))
        }
    }
}

/// The index rows of a hash in the order of their numbers.
fn walk(text: &mut Text, hashes: &[i64]) -> Source {
    let (hash, each) = if let [one] = hashes {
        (text.bind(*one), None)
    } else {
        ("w.hash".to_owned(), Some(text.bind(hashes.to_vec())))
    };
    Source {
        outer: Some("token_index".to_owned()),
        conditions: vec![format!("t.tenant = $1 and t.hash = {hash}")],
        row_conditions: Vec::new(),
        each,
    }
}

/// Counts a criterion's candidates in its index alone, up to `max`.
pub(crate) fn probe(tenant: i32, criterion: &Criterion, max: i64) -> Text {
    let mut text = Text::default();
    text.bind(tenant);
    let set = match criterion {
        Criterion::Tokens(hashes) | Criterion::Coded { leads: hashes, .. } => {
            let hashes = text.bind(hashes.clone());
            format!(
                "select t.rid from token_index t
                where t.tenant = $1 and t.hash = any({hashes}::bigint[])"
            )
        }
        Criterion::String { params, values } => strings(&mut text, params, values),
        Criterion::Date { param, ranges } => dates(&mut text, *param, ranges),
        Criterion::NotTokens(_) | Criterion::Id(_) | Criterion::LastUpdated(_) => {
            "select 0 where $1::int = $1".to_owned()
        }
    };
    let max = text.bind(max);
    text.sql = format!("select count(*) from (select from ({set}) as found limit {max}) as few");
    text
}

fn strings(text: &mut Text, params: &[i16], values: &[StringMatch]) -> String {
    let params = text.bind(params.to_vec());
    let (lows, highs) = ranges(values);
    let (lows, highs) = (text.bind(lows), text.bind(highs));
    let in_range = format!(
        "select s.rid
        from unnest({params}::smallint[]) as p (param)
        cross join unnest({lows}::text[], {highs}::text[]) as w (lo, hi)
        cross join lateral (
            select rid from string_index
            where tenant = $1 and param = p.param and value >= w.lo and value < w.hi
            offset 0
        ) s"
    );
    let parts = parts(values);
    if parts.is_empty() {
        return in_range;
    }
    // No index helps here: all strings of the parameter are read, in one pass over the index.
    let parts = text.bind(parts);
    format!(
        "{in_range}
        union all
        select s.rid
        from unnest({params}::smallint[]) as p (param)
        cross join lateral (
            select rid, value from string_index where tenant = $1 and param = p.param offset 0
        ) s
        where exists (
            select from unnest({parts}::text[]) as w (part) where strpos(s.value, w.part) > 0
        )"
    )
}

fn dates(text: &mut Text, param: i16, ranges: &[DateMatch]) -> String {
    let param = text.bind(param);
    let bounds: Vec<Bounds> = ranges.iter().map(Bounds::of).collect();
    let lows: Vec<Timestamp> = bounds.iter().map(|bounds| bounds.lo_min).collect();
    let highs: Vec<Timestamp> = bounds
        .iter()
        .map(|bounds| bounds.lo_max.min(bounds.hi_max))
        .collect();
    let (lows, highs) = (text.bind(lows), text.bind(highs));
    format!(
        "select d.rid
        from unnest({lows}::timestamptz[], {highs}::timestamptz[]) as w (lo, hi)
        cross join lateral (
            select rid from date_index
            where tenant = $1 and param = {param}::smallint and low between w.lo and w.hi
            offset 0
        ) d"
    )
}
