//! From what FHIR says to what the store does, one to one.

use fhir::search as said;
use store::resource as done;

use super::super::FhirError;

/// The criteria of a search.
pub(in crate::api) fn store_criteria(criteria: &[said::Criterion]) -> Vec<done::Criterion> {
    criteria.iter().map(criterion).collect()
}

fn criterion(criterion: &said::Criterion) -> done::Criterion {
    match criterion {
        said::Criterion::Tokens(hashes) => done::Criterion::Tokens(hashes.clone()),
        said::Criterion::Coded { hashes, leads } => done::Criterion::Coded {
            hashes: hashes.clone(),
            leads: leads.clone(),
        },
        said::Criterion::NotTokens(hashes) => done::Criterion::NotTokens(hashes.clone()),
        said::Criterion::Id(ids) => done::Criterion::Id(ids.clone()),
        said::Criterion::String { params, values } => done::Criterion::String {
            params: params.clone(),
            values: values.iter().map(string).collect(),
        },
        said::Criterion::Date { param, ranges } => done::Criterion::Date {
            param: *param,
            ranges: dates(ranges),
        },
        said::Criterion::LastUpdated(ranges) => done::Criterion::LastUpdated(dates(ranges)),
    }
}

fn string(value: &said::StringMatch) -> done::StringMatch {
    match value {
        said::StringMatch::Prefix(text) => done::StringMatch::Prefix(text.clone()),
        said::StringMatch::Exact(text) => done::StringMatch::Exact(text.clone()),
        said::StringMatch::Contains(text) => done::StringMatch::Contains(text.clone()),
    }
}

fn dates(ranges: &[said::DateMatch]) -> Vec<done::DateMatch> {
    let date = |range: &said::DateMatch| done::DateMatch {
        prefix: match range.prefix {
            said::Prefix::Eq => done::Prefix::Eq,
            said::Prefix::Ne => done::Prefix::Ne,
            said::Prefix::Gt => done::Prefix::Gt,
            said::Prefix::Lt => done::Prefix::Lt,
            said::Prefix::Ge => done::Prefix::Ge,
            said::Prefix::Le => done::Prefix::Le,
            said::Prefix::Sa => done::Prefix::Sa,
            said::Prefix::Eb => done::Prefix::Eb,
        },
        lo: range.lo,
        hi: range.hi,
    };
    ranges.iter().map(date).collect()
}

/// The order of results; by one key.
pub(super) fn order(sort: &[said::Sort]) -> Result<done::Order, FhirError> {
    match *sort {
        [] => Ok(done::Order::Newest),
        [
            said::Sort {
                by: said::SortBy::LastUpdated,
                descending,
            },
        ] => Ok(done::Order::LastUpdated { descending }),
        [
            said::Sort {
                by: said::SortBy::Date(param),
                descending,
            },
        ] => Ok(done::Order::Date { param, descending }),
        [_, _, ..] => Err(FhirError::BadRequest {
            what: "_sort is served by one parameter only".to_owned(),
        }),
    }
}
