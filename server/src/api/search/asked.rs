//! What a search asks for, whether by its parameters or by a cursor.

use fhir::ResourceType;
use fhir::search::{self, Query};
use store::resource::{Cursor, Search};

use super::super::FhirError;
use super::super::call::Call;
use super::super::prefer::Handling;

/// A search as understood.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) query: Query,
    /// The parameters that made it.
    pub(super) pairs: Vec<(String, String)>,
    /// The query string of the self link.
    pub(super) shown: String,
    /// The query string that the next page goes on with.
    pub(super) continued: String,
    pub(super) after: Option<Cursor>,
    /// Parameters that a lenient caller lets us leave out.
    pub(super) ignored: Vec<String>,
}

impl Asked {
    pub(super) fn parse(call: &Call, kind: ResourceType) -> Result<Self, FhirError> {
        // How the answer looks is not what is searched.
        let is_search = |name: &str| name != "_format" && name != "_pretty";
        let mut pairs: Vec<(String, String)> = call
            .parameters
            .iter()
            .filter(|(name, _)| is_search(name))
            .cloned()
            .collect();
        let Some(at) = pairs.iter().position(|(name, _)| name == "_cursor") else {
            return Self::of(call, kind, pairs, None);
        };
        let (_, text) = pairs.remove(at);
        if !pairs.is_empty() {
            let what = "_cursor stands alone: follow the next link as it is, or search anew";
            return Err(FhirError::BadRequest {
                what: what.to_owned(),
            });
        }
        let cursor = call.tenant.sealer.open(kind, &text).ok_or_else(|| {
            let what =
                "_cursor is none of this search's: follow the next link as it is, or search anew";
            FhirError::BadRequest {
                what: what.to_owned(),
            }
        })?;
        let pairs = form_urlencoded::parse(cursor.query.as_bytes())
            .into_owned()
            .collect();
        let asked = Self::of(call, kind, pairs, Some(cursor.after))?;
        Ok(Self {
            shown: format!("_cursor={text}"),
            ..asked
        })
    }

    fn of(
        call: &Call,
        kind: ResourceType,
        mut pairs: Vec<(String, String)>,
        after: Option<Cursor>,
    ) -> Result<Self, FhirError> {
        let mut ignored = Vec::new();
        if call.prefer().handling == Handling::Lenient || after.is_some() {
            pairs.retain(|(name, _)| {
                let known = is_known(kind, name);
                if !known {
                    ignored.push(name.clone());
                }
                known
            });
        }
        let query = search::parse(kind, &pairs)?;
        check_size(&query)?;
        let continued = encoded(&pairs);
        Ok(Self {
            query,
            shown: continued.clone(),
            continued,
            pairs,
            after,
            ignored,
        })
    }
}

/// Whether the parameter's name, its modifier and chain apart, is one that searches know.
fn is_known(kind: ResourceType, name: &str) -> bool {
    let name = name.split([':', '.']).next().unwrap_or(name);
    name.starts_with('_') || fhir::params(kind).iter().any(|param| param.code == name)
}

/// Each shape of a search is a statement of its own in the store, so there is a limit.
fn check_size(query: &Query) -> Result<(), FhirError> {
    const MAX: usize = Search::CRITERIA_MAX;
    if MAX < query.criteria.len() {
        return Err(FhirError::BadRequest {
            what: format!("a search takes {MAX} conditions at most"),
        });
    }
    Ok(())
}

fn encoded(pairs: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}
