//! From the pairs of a query string to a [`Query`].

use jiff::Timestamp;

use super::params::{Param, ParamKind, served};
use super::values;
use super::{Criterion, DateMatch, Prefix, Query, SearchError, Sort, SortBy, Summary, Total};
use crate::ResourceType;
use crate::instant::Moment;
use crate::schema::schema;

/// What one parameter may list, and how many parameters one search may have: each costs the database.
const VALUES_MAX: usize = 200;
const CRITERIA_MAX: usize = 50;

/// The result parameters and the parameters of every type.
const COMMON: &[&str] = &[
    "_id",
    "_lastUpdated",
    "_count",
    "_sort",
    "_total",
    "_summary",
    "_elements",
    "_format",
    "_pretty",
];

/// Reads the parameters of a search of `kind`; names and values are already percent-decoded. Unknown
/// parameters and modifiers are errors that name the known ones: a search that ignores a filter
/// shows rows that nobody asked for.
pub fn parse(kind: ResourceType, pairs: &[(String, String)]) -> Result<Query, SearchError> {
    parse_under(None, kind, pairs)
}

/// As [`parse`], for a server at `base`: absolute URLs under it are its own resources.
pub fn parse_under(
    base: Option<&str>,
    kind: ResourceType,
    pairs: &[(String, String)],
) -> Result<Query, SearchError> {
    let mut query = Query::default();
    let mut given: Vec<&str> = Vec::new();
    for (name, value) in pairs {
        if value.is_empty() {
            return Err(error(
                name,
                "has no value: give one, or leave the parameter out",
            ));
        }
        let is_criterion =
            !name.starts_with('_') || matches!(name.as_str(), "_id" | "_lastUpdated");
        if !is_criterion && given.contains(&name.as_str()) {
            return Err(error(name, "is given twice: give it once"));
        }
        given.push(name);
        if is_criterion {
            query.criteria.push(criterion(base, kind, name, value)?);
        } else {
            result_param(kind, name, value, &mut query)?;
        }
    }
    if query.criteria.len() > CRITERIA_MAX {
        let what = format!("a search has {CRITERIA_MAX} conditions at most");
        return Err(error("", what));
    }
    Ok(query)
}

pub(super) fn error(param: &str, what: impl Into<String>) -> SearchError {
    SearchError {
        param: param.to_owned(),
        what: what.into(),
    }
}

fn result_param(
    kind: ResourceType,
    name: &str,
    value: &str,
    query: &mut Query,
) -> Result<(), SearchError> {
    let one_of = |known: &str| error(name, format!("must be one of {known}"));
    match name {
        "_count" => {
            let what = "must be a whole number, 0 or more";
            query.count = Some(value.parse().map_err(|_| error(name, what))?);
        }
        "_sort" => query.sort = sort(kind, value)?,
        "_total" => {
            query.total = match value {
                "none" => Total::None,
                "estimate" => Total::Estimate,
                "accurate" => Total::Accurate,
                _ => return Err(one_of("none, estimate, accurate")),
            }
        }
        "_summary" => {
            query.summary = match value {
                "true" => Summary::True,
                "text" => Summary::Text,
                "data" => Summary::Data,
                "count" => Summary::Count,
                "false" => Summary::False,
                _ => return Err(one_of("true, text, data, count, false")),
            }
        }
        "_elements" => query.elements = elements(kind, value)?,
        "_pretty" => {
            query.pretty = match value {
                "true" => true,
                "false" => false,
                _ => return Err(one_of("true, false")),
            }
        }
        // A `+` that was not encoded arrives as a space.
        "_format" => match value.replace(' ', "+").as_str() {
            "json" | "application/json" | "application/fhir+json" | "text/json" => {}
            _ => return Err(error(name, "only JSON is served: application/fhir+json")),
        },
        _ => return Err(unknown(kind, name)),
    }
    Ok(())
}

fn sort(kind: ResourceType, value: &str) -> Result<Vec<Sort>, SearchError> {
    let dates = || {
        served(kind)
            .iter()
            .filter(|param| param.kind == ParamKind::Date)
    };
    let key = |text: &str| {
        let (name, descending) = match text.strip_prefix('-') {
            Some(name) => (name, true),
            None => (text, false),
        };
        let by = match name {
            "_lastUpdated" => SortBy::LastUpdated,
            _ => SortBy::Date(dates().find(|param| param.code == name)?.id),
        };
        Some(Sort { by, descending })
    };
    let known = || {
        let names: Vec<&str> = ["_lastUpdated"]
            .into_iter()
            .chain(dates().map(|p| p.code))
            .collect();
        error(
            "_sort",
            format!(
                "orders by {} (- before it: the last first)",
                names.join(", ")
            ),
        )
    };
    value
        .split(',')
        .map(key)
        .collect::<Option<Vec<Sort>>>()
        .ok_or_else(known)
}

fn elements(kind: ResourceType, value: &str) -> Result<Vec<String>, SearchError> {
    let def = schema().resource(kind);
    let is_known = |name: &str| {
        def.is_some_and(|def| {
            def.elements
                .iter()
                .any(|element| element.path_name() == name)
        })
    };
    let names: Vec<String> = value
        .split(',')
        .map(|name| name.trim().to_owned())
        .collect();
    if names.iter().all(|name| is_known(name)) {
        return Ok(names);
    }
    let what = format!("lists top-level elements of {kind}, as R4 names them");
    Err(error("_elements", what))
}

fn criterion(
    base: Option<&str>,
    kind: ResourceType,
    name: &str,
    value: &str,
) -> Result<Criterion, SearchError> {
    let (code, modifier) = match name.split_once(':') {
        Some((code, modifier)) => (code, Some(modifier)),
        None => (name, None),
    };
    let alternatives = values::split(value, ',');
    if alternatives.len() > VALUES_MAX {
        let what = format!("lists more than {VALUES_MAX} values: make several searches of it");
        return Err(error(name, what));
    }
    match (code, modifier) {
        // An id that is no UUID is none of ours: it matches nothing.
        ("_id", None) => Ok(Criterion::Id(
            alternatives
                .iter()
                .filter_map(|id| id.parse().ok())
                .collect(),
        )),
        ("_lastUpdated", None) => Ok(Criterion::LastUpdated(dates(name, &alternatives)?)),
        ("_id" | "_lastUpdated", Some(_)) => Err(error(name, "takes no modifier")),
        _ => {
            let param = served(kind).iter().find(|param| param.code == code);
            let param = param.ok_or_else(|| unknown(kind, name))?;
            served_criterion(base, kind, param, name, modifier, &alternatives)
        }
    }
}

fn served_criterion(
    base: Option<&str>,
    kind: ResourceType,
    param: &Param,
    name: &str,
    modifier: Option<&str>,
    alternatives: &[String],
) -> Result<Criterion, SearchError> {
    match param.kind {
        ParamKind::Date if modifier.is_none() => Ok(Criterion::Date {
            param: param.id,
            ranges: dates(name, alternatives)?,
        }),
        ParamKind::String => {
            let params = [param.id]
                .into_iter()
                .chain(param.also.iter().copied())
                .collect();
            let values = values::strings(name, modifier, alternatives)?;
            Ok(Criterion::String { params, values })
        }
        ParamKind::Token => values::tokens(kind, param, name, modifier, alternatives),
        ParamKind::Reference => values::references(base, kind, param, name, modifier, alternatives),
        ParamKind::Uri if modifier.is_none() => Ok(values::uris(kind, param, alternatives)),
        ParamKind::Date | ParamKind::Uri => Err(error(name, "takes no modifier here")),
    }
}

fn dates(name: &str, alternatives: &[String]) -> Result<Vec<DateMatch>, SearchError> {
    let date = |text: &String| date_match(text).ok_or(());
    alternatives.iter().map(date).collect::<Result<_, _>>().map_err(|()| {
        let what = "must be a date, YYYY[-MM[-DD[Thh:mm[:ss][zone]]]], with one of eq ne gt lt ge le sa \
                    eb before it or nothing";
        error(name, what)
    })
}

fn date_match(text: &str) -> Option<DateMatch> {
    let (prefix, date) = match text.split_at_checked(2) {
        Some((letters, date)) if letters.bytes().all(|b| b.is_ascii_alphabetic()) => {
            (prefix(letters)?, date)
        }
        _ => (Prefix::Eq, text),
    };
    // A `+` of a zone that was not encoded arrives as a space.
    let moment = Moment::parse(&date.replace(' ', "+"))?;
    Some(DateMatch {
        prefix,
        lo: moment.lo,
        hi: moment.hi,
    })
}

fn prefix(letters: &str) -> Option<Prefix> {
    Some(match letters {
        "eq" => Prefix::Eq,
        "ne" => Prefix::Ne,
        "gt" => Prefix::Gt,
        "lt" => Prefix::Lt,
        "ge" => Prefix::Ge,
        "le" => Prefix::Le,
        "sa" => Prefix::Sa,
        "eb" => Prefix::Eb,
        _ => return None,
    })
}

fn unknown(kind: ResourceType, name: &str) -> SearchError {
    if name.contains('.') || name.starts_with("_has") {
        return error(
            name,
            "chained searches are not served: search the other type first",
        );
    }
    if name.starts_with("_include") || name.starts_with("_revinclude") {
        return error(
            name,
            "included resources are not served: read them by their references",
        );
    }
    let own = served(kind).iter().map(|param| param.code);
    let known: Vec<&str> = own.chain(COMMON.iter().copied()).collect();
    error(
        name,
        format!(
            "is not a search parameter that is served for {kind}; known: {}",
            known.join(", ")
        ),
    )
}

impl DateMatch {
    /// Whether a value's range matches: what the query to the database says, in words of this language.
    pub fn matches(&self, lo: Timestamp, hi: Timestamp) -> bool {
        let inside = self.lo <= lo && hi <= self.hi;
        match self.prefix {
            Prefix::Eq => inside,
            Prefix::Ne => !inside,
            Prefix::Gt => hi > self.hi,
            Prefix::Lt => lo < self.lo,
            Prefix::Ge => hi >= self.lo,
            Prefix::Le => lo <= self.hi,
            Prefix::Sa => lo > self.hi,
            Prefix::Eb => hi < self.lo,
        }
    }
}
