//! Criteria as conditions on a candidate's own row (`r`).

use jiff::Timestamp;
use uuid::Uuid;

use super::{Criterion, DateMatch, Prefix, StringMatch};
use crate::text::Text;

/// Stands for "no bound" below; Postgres knows earlier instants, FHIR does not (year 0001).
pub(crate) const FIRST: Timestamp = Timestamp::constant(-62_135_596_800, 0);
/// Stands for "no bound" above (9999-12-31T00:00:00Z and a day).
pub(crate) const LAST: Timestamp = Timestamp::constant(253_402_207_200, 0);

/// The condition of one criterion.
pub(crate) fn condition(text: &mut Text, criterion: &Criterion) -> String {
    match criterion {
        Criterion::Tokens(hashes) | Criterion::Coded { hashes, .. } => {
            let hashes = text.bind(hashes.clone());
            format!("r.tokens && {hashes}::bigint[]")
        }
        Criterion::NotTokens(hashes) => {
            let hashes = text.bind(hashes.clone());
            format!("not coalesce(r.tokens && {hashes}::bigint[], false)")
        }
        Criterion::Id(ids) => {
            let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
            let ids = text.bind(ids);
            format!("r.id = any({ids}::uuid[])")
        }
        Criterion::String { params, values } => string(text, params, values),
        Criterion::Date { param, ranges } => {
            let param = text.bind(*param);
            let bounds = bounds(text, ranges);
            format!(
                "exists (
                    select from unnest(r.date_params, r.date_lows, r.date_highs) as v (p, lo, hi),
                        {bounds}
                    where v.p = {param}::smallint
                        and (v.lo between w.lo_min and w.lo_max
                            and v.hi between w.hi_min and w.hi_max) <> w.negated
                )"
            )
        }
        Criterion::LastUpdated(ranges) => {
            let bounds = bounds(text, ranges);
            format!(
                "exists (
                    select from {bounds}
                    where (r.updated_at between w.lo_min and w.lo_max
                        and r.updated_at between w.hi_min and w.hi_max) <> w.negated
                )"
            )
        }
    }
}

fn string(text: &mut Text, params: &[i16], values: &[StringMatch]) -> String {
    let params = text.bind(params.to_vec());
    let mut ways = Vec::new();
    let (lows, highs) = ranges(values);
    if !lows.is_empty() {
        let (lows, highs) = (text.bind(lows), text.bind(highs));
        ways.push(format!(
            "exists (
                select from unnest({lows}::text[], {highs}::text[]) as w (lo, hi)
                where v.value collate \"C\" >= w.lo and v.value collate \"C\" < w.hi
            )"
        ));
    }
    let parts = parts(values);
    if !parts.is_empty() {
        let parts = text.bind(parts);
        ways.push(format!(
            "exists (select from unnest({parts}::text[]) as w (part) where strpos(v.value, w.part) > 0)"
        ));
    }
    if ways.is_empty() {
        return "false".to_owned();
    }
    format!(
        "exists (
            select from unnest(r.string_params, r.strings) as v (p, value)
            where v.p = any({params}::smallint[]) and ({})
        )",
        ways.join(" or ")
    )
}

/// The half-open ranges of the matches that have one.
pub(crate) fn ranges(values: &[StringMatch]) -> (Vec<String>, Vec<String>) {
    values.iter().filter_map(range).unzip()
}

/// The texts that may stand anywhere.
pub(crate) fn parts(values: &[StringMatch]) -> Vec<String> {
    let parts = values.iter().filter_map(|value| match value {
        StringMatch::Contains(part) => Some(part.clone()),
        StringMatch::Prefix(_) | StringMatch::Exact(_) => None,
    });
    parts.collect()
}

/// The half-open range in the collation `C` that a match means; none for a part in the middle.
fn range(value: &StringMatch) -> Option<(String, String)> {
    match value {
        StringMatch::Prefix(start) => Some((start.clone(), format!("{start}\u{10ffff}"))),
        // Nothing can stand between a text and the same text with U+0001 after it.
        StringMatch::Exact(whole) => Some((whole.clone(), format!("{whole}\u{1}"))),
        StringMatch::Contains(_) => None,
    }
}

/// Bounds of both ends of the resource's range, all inclusive.
pub(crate) struct Bounds {
    pub(crate) lo_min: Timestamp,
    pub(crate) lo_max: Timestamp,
    pub(crate) hi_min: Timestamp,
    pub(crate) hi_max: Timestamp,
    pub(crate) negated: bool,
}

impl Bounds {
    const NONE: Self = Self {
        lo_min: FIRST,
        lo_max: LAST,
        hi_min: FIRST,
        hi_max: LAST,
        negated: false,
    };

    pub(crate) fn of(range: &DateMatch) -> Self {
        let (lo, hi) = (range.lo, range.hi);
        let before = |at: Timestamp| at.saturating_sub(MICROSECOND).unwrap_or(at);
        let after = |at: Timestamp| at.saturating_add(MICROSECOND).unwrap_or(at);
        match range.prefix {
            Prefix::Eq => Self {
                lo_min: lo,
                hi_max: hi,
                ..Self::NONE
            },
            Prefix::Ne => Self {
                lo_min: lo,
                hi_max: hi,
                negated: true,
                ..Self::NONE
            },
            Prefix::Gt => Self {
                hi_min: after(hi),
                ..Self::NONE
            },
            Prefix::Lt => Self {
                lo_max: before(lo),
                ..Self::NONE
            },
            Prefix::Ge => Self {
                hi_min: lo,
                ..Self::NONE
            },
            Prefix::Le => Self {
                lo_max: hi,
                ..Self::NONE
            },
            Prefix::Sa => Self {
                lo_min: after(hi),
                ..Self::NONE
            },
            Prefix::Eb => Self {
                hi_max: before(lo),
                ..Self::NONE
            },
        }
    }
}

const MICROSECOND: jiff::SignedDuration = jiff::SignedDuration::from_micros(1);

fn bounds(text: &mut Text, ranges: &[DateMatch]) -> String {
    let bounds: Vec<Bounds> = ranges.iter().map(Bounds::of).collect();
    let column = |pick: fn(&Bounds) -> Timestamp| bounds.iter().map(pick).collect::<Vec<_>>();
    let lo_min = text.bind(column(|bounds| bounds.lo_min));
    let lo_max = text.bind(column(|bounds| bounds.lo_max));
    let hi_min = text.bind(column(|bounds| bounds.hi_min));
    let hi_max = text.bind(column(|bounds| bounds.hi_max));
    let negated = text.bind(
        bounds
            .iter()
            .map(|bounds| bounds.negated)
            .collect::<Vec<bool>>(),
    );
    format!(
        "unnest(
            {lo_min}::timestamptz[], {lo_max}::timestamptz[], {hi_min}::timestamptz[],
            {hi_max}::timestamptz[], {negated}::bool[]
        ) as w (lo_min, lo_max, hi_min, hi_max, negated)"
    )
}
