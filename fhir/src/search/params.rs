//! Which search parameters are indexed and advertised, per resource type.

use crate::ResourceType;

/// What kind of value a parameter searches.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ParamKind {
    /// Codes and identifiers.
    Token,
    /// Text.
    String,
    /// Dates, times and periods.
    Date,
    /// References to other resources.
    Reference,
    /// URIs, whole.
    Uri,
}

impl ParamKind {
    /// The name as it stands in `CapabilityStatement.rest.resource.searchParam.type`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::String => "string",
            Self::Date => "date",
            Self::Reference => "reference",
            Self::Uri => "uri",
        }
    }
}

/// A search parameter that is indexed and advertised.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SearchParam {
    /// Its name in query strings.
    pub code: &'static str,
    /// Its number in index rows; stable.
    pub id: i16,
    /// What it searches.
    pub kind: ParamKind,
    /// The URL of its definition.
    pub definition: &'static str,
}

/// The parameters of a type, `_id` and `_lastUpdated` apart: those work for every type.
pub fn params(kind: ResourceType) -> &'static [SearchParam] {
    let _ = kind;
    &[]
}
