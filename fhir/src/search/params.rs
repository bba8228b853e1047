//! Which search parameters are indexed and advertised, per resource type.

mod load;

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::ResourceType;
use crate::schema::Codes;

static TABLES: LazyLock<Tables> = LazyLock::new(load::tables);

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

    fn parse(name: &str) -> Option<Self> {
        [
            Self::Token,
            Self::String,
            Self::Date,
            Self::Reference,
            Self::Uri,
        ]
        .into_iter()
        .find(|kind| kind.as_str() == name)
    }
}

/// A search parameter that is indexed and advertised.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SearchParam {
    /// Its name in query strings.
    pub code: &'static str,
    /// Its number in index rows; stable.
    pub id: i16,
    /// What it searches.
    pub kind: ParamKind,
    /// The last part of its definition's URL, `http://hl7.org/fhir/SearchParameter/…`.
    pub definition: &'static str,
}

/// The parameters of a type, `_id` and `_lastUpdated` apart: those work for every type.
pub fn params(kind: ResourceType) -> &'static [SearchParam] {
    TABLES.public.get(&kind).map_or(&[], Vec::as_slice)
}

/// The parameters of a type with the ways to their values.
pub(crate) fn served(kind: ResourceType) -> &'static [Param] {
    TABLES.served.get(&kind).map_or(&[], Vec::as_slice)
}

/// The ways to the references that put a resource of this type into a patient's compartment; those of
/// the first group with any count.
pub(crate) fn compartment(kind: ResourceType) -> &'static [Vec<Path>] {
    TABLES.compartment.get(&kind).map_or(&[], Vec::as_slice)
}

/// What the files in `fhir/tables` say about search.
struct Tables {
    public: HashMap<ResourceType, Vec<SearchParam>>,
    served: HashMap<ResourceType, Vec<Param>>,
    compartment: HashMap<ResourceType, Vec<Vec<Path>>>,
}

/// A served parameter.
pub(crate) struct Param {
    pub(crate) code: &'static str,
    pub(crate) id: i16,
    pub(crate) kind: ParamKind,
    pub(crate) paths: Vec<Path>,
    /// Whose rows it is found by, where it has none of its own.
    pub(crate) stored_as: Option<&'static str>,
    /// The parameters whose rows hold a part of what this one searches.
    pub(crate) also: Vec<i16>,
}

impl Param {
    /// The parameter's name in hashes.
    pub(crate) fn hash_name(&self) -> &'static str {
        let is_contact = |path: &Path| matches!(path.leaf, Leaf::ContactPoint);
        match self.stored_as {
            Some(other) => other,
            // One hash for a contact point, however it is looked for.
            None if self.paths.iter().any(is_contact) => "telecom",
            None => self.code,
        }
    }
}

/// A way from a resource to values.
pub(crate) struct Path {
    pub(crate) steps: Vec<Step>,
    pub(crate) leaf: Leaf,
}

/// One JSON name on the way; lists are gone through.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    /// Only objects where this member has this value.
    pub(crate) only: Option<(&'static str, &'static str)>,
}

/// What stands at a way's end.
pub(crate) enum Leaf {
    /// A code, with the codes that the standard binds it to.
    Code(Option<&'static Codes>),
    Coding,
    CodeableConcept,
    Identifier,
    ContactPoint,
    Boolean,
    /// A boolean that counts only when it is true.
    True,
    /// Counts as true when it is there.
    Exists,
    /// Strings and ids: the text itself.
    Text,
    HumanName,
    Address,
    Date,
    Period,
    Timing,
    /// The types that count; empty is any.
    Reference(Vec<ResourceType>),
    Uri,
}
