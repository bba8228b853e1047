//! The candidates of a lead, as a `from` clause.

use jiff::Timestamp;
use model::IdSource;
use uuid::Uuid;

use super::filter::{Bounds, condition, parts, ranges};
use super::lead::{Lead, SLACK};
use super::text::Text;
use super::{Criterion, DateMatch, Search, StringMatch};

/// The candidates of a lead. `$1` is the tenant, `$2` the type.
pub(crate) struct Source {
    /// Names the candidate's row `r`.
    pub(crate) from: String,
    pub(crate) conditions: Vec<String>,
    /// The column to walk by.
    pub(crate) rid: &'static str,
    /// Walked once for each of these hashes (`w.hash`); matches are then merged.
    pub(crate) each: Option<String>,
}

impl Source {
    /// The rows that a condition names.
    fn rows(condition: String) -> Self {
        Self {
            from: "resource r".to_owned(),
            conditions: vec![condition],
            rid: "r.rid",
            each: None,
        }
    }

    /// The rows whose numbers are in a set.
    fn set(set: &str) -> Self {
        let set = format!("(select distinct rid from ({set}) as found)");
        Self {
            from: format!("{set} t join resource r on {ROW}"),
            conditions: Vec::new(),
            rid: "r.rid",
            each: None,
        }
    }
}

const ROW: &str = "r.tenant = $1 and r.type = $2 and r.rid = t.rid";

/// The candidates of a lead.
pub(crate) fn source(text: &mut Text, search: &Search, lead: &Lead) -> Source {
    match lead {
        Lead::Everything => Source::rows("true".to_owned()),
        Lead::Compartment(patient) => {
            let patient = text.bind(patient.0);
            Source::rows(format!("r.patient = {patient}"))
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
        Criterion::String { params, values } => Source::set(&strings(text, params, values)),
        Criterion::Date { param, ranges } => {
            let mut source = Source::set(&dates(text, *param, ranges));
            // The set is by the start alone: the end is checked in the row.
            source.conditions.push(condition(text, criterion));
            source
        }
        Criterion::Id(ids) => {
            let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
            let ids = text.bind(ids);
            Source::rows(format!("r.id = any({ids}::uuid[])"))
        }
        Criterion::NotTokens(_) | Criterion::LastUpdated(_) => {
            let condition = condition(text, criterion);
            Source::rows(condition)
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
        from: format!("token_index t join resource r on {ROW}"),
        conditions: vec![format!("t.tenant = $1 and t.hash = {hash}")],
        rid: "t.rid",
        each,
    }
}

/// Counts a criterion's candidates in its index alone, up to `max`.
pub(crate) fn probe(tenant: i32, criterion: &Criterion, max: i64) -> Text {
    let mut text = Text::default();
    text.bind(tenant);
    let set = match criterion {
        Criterion::Tokens(hashes) => {
            let hashes = text.bind(hashes.clone());
            format!(
                "select t.rid
                from unnest({hashes}::bigint[]) as w (hash)
                join token_index t on t.tenant = $1 and t.hash = w.hash"
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
        join string_index s on s.tenant = $1 and s.param = p.param
            and s.value >= w.lo and s.value < w.hi"
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
        join string_index s on s.tenant = $1 and s.param = p.param
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
        join date_index d on d.tenant = $1 and d.param = {param}::smallint
            and d.low between w.lo and w.hi"
    )
}
