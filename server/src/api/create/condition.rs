//! `If-None-Exist`: create only when a search finds nothing (R4 http.html#ccreate).

use fhir::search::Criterion;
use fhir::{ResourceType, token_hash};
use store::resource::{Condition, Search};

use super::super::FhirError;
use super::super::call::Call;
use super::super::search::store_criteria;
use crate::door::Permission;

/// The header's search, when the request has one.
pub(super) fn parse(call: &Call, kind: ResourceType) -> Result<Option<Condition>, FhirError> {
    let wrong = |what: String| FhirError::BadRequest {
        what: format!("If-None-Exist: {what}"),
    };
    let mut given = call.headers.get_all("if-none-exist").iter();
    let Some(value) = given.next() else {
        return Ok(None);
    };
    if given.next().is_some() {
        return Err(wrong("send one such header".to_owned()));
    }
    // It tells whether something exists: who may not search may not ask.
    call.caller.access(kind, Permission::Search)?;
    let text = value.to_str().map_err(|_| wrong("is no text".to_owned()))?;
    // The standard wants the parameters alone; apps send the whole URL too.
    let query = text.split_once('?').map_or(text, |(_, query)| query);
    let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    if let Some((name, _)) = pairs.iter().find(|(name, _)| is_result_parameter(name)) {
        return Err(wrong(format!(
            "{name} says nothing about what must not exist"
        )));
    }
    let criteria = fhir::search::parse(kind, &pairs)?.criteria;
    if criteria.is_empty() {
        return Err(wrong(
            "names no criterion; for example: identifier=system|value".to_owned(),
        ));
    }
    let locks = locks(kind, &criteria, query);
    let search = Search::of(kind.code(), store_criteria(&criteria), 2);
    Ok(Some(Condition { search, locks }))
}

fn is_result_parameter(name: &str) -> bool {
    name.starts_with('_') && name != "_id" && name != "_lastUpdated"
}

/// What conditional creates wait for each other by: each token that they name, so that two which
/// name the same identifier in different words meet; else the words themselves.
fn locks(kind: ResourceType, criteria: &[Criterion], query: &str) -> Vec<i64> {
    let tokens = criteria.iter().filter_map(|criterion| match criterion {
        Criterion::Tokens(hashes) | Criterion::Coded { leads: hashes, .. } => {
            Some(hashes.as_slice())
        }
        Criterion::NotTokens(_)
        | Criterion::Id(_)
        | Criterion::String { .. }
        | Criterion::Date { .. }
        | Criterion::LastUpdated(_) => None,
    });
    let locks: Vec<i64> = tokens.flatten().copied().collect();
    if locks.is_empty() {
        return vec![token_hash(kind, "If-None-Exist", None, Some(query))];
    }
    locks
}
