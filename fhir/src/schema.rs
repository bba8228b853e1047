//! The tables of `fhir/tables`, read once: which elements a type has and what each may hold.

mod load;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::ResourceType;
use crate::primitive::Primitive;

static SCHEMA: LazyLock<Schema> = LazyLock::new(load::schema);

/// Everything that `elements.tsv` and `codes.tsv` say.
pub(crate) struct Schema {
    types: Vec<TypeDef>,
    by_name: HashMap<&'static str, TypeId>,
    codes: HashMap<&'static str, &'static Codes>,
}

/// The place of a type in the schema.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TypeId(u16);

/// A resource type, a data type or a nested element (`Patient.contact`).
pub(crate) struct TypeDef {
    pub(crate) name: &'static str,
    /// In the order of the standard.
    pub(crate) elements: Vec<Element>,
    /// The JSON names, sorted; a choice has one for each of its types.
    fields: Vec<Field>,
    /// Which elements must be there.
    required: Vec<usize>,
    is_resource: bool,
    pub(crate) rules: &'static [crate::rules::Rule],
}

/// An element: `birthDate`, `value[x]`.
pub(crate) struct Element {
    pub(crate) name: &'static str,
    pub(crate) required: bool,
    pub(crate) list: bool,
    pub(crate) summary: bool,
}

/// One JSON name of an element: `birthDate`, `valueString`.
pub(crate) struct Field {
    pub(crate) name: &'static str,
    /// Which of the type's elements.
    pub(crate) element: usize,
    pub(crate) holds: Holds,
    /// The codes that it may have, where the standard binds it.
    pub(crate) codes: Option<&'static Codes>,
}

/// What a field holds.
pub(crate) enum Holds {
    Primitive(Primitive),
    Complex(TypeId),
    /// The types that it may refer to; empty is any.
    Reference(Vec<ResourceType>),
    /// Any resource.
    Resource,
}

/// The codes of a value set.
pub(crate) struct Codes {
    pub(crate) name: &'static str,
    pub(crate) systems: Vec<System>,
}

/// The codes of a value set from one code system.
pub(crate) struct System {
    pub(crate) url: &'static str,
    /// Sorted.
    pub(crate) codes: Vec<&'static str>,
}

pub(crate) fn schema() -> &'static Schema {
    &SCHEMA
}

/// Whether a code is one of a value set to which R4 binds an element (`currencies`); no set has a code that
/// the tables don't list.
pub fn is_in_value_set(value_set: &str, code: &str) -> bool {
    let codes = schema().codes.get(value_set);
    codes.is_some_and(|codes| codes.has(code))
}

impl Schema {
    pub(crate) fn type_named(&self, name: &str) -> Option<&TypeDef> {
        self.by_name.get(name).and_then(|id| self.type_at(*id))
    }

    pub(crate) fn type_at(&self, id: TypeId) -> Option<&TypeDef> {
        self.types.get(usize::from(id.0))
    }

    pub(crate) fn resource(&self, kind: ResourceType) -> Option<&TypeDef> {
        self.type_named(kind.name())
    }

    pub(crate) fn codes_named(&self, name: &str) -> Option<&'static Codes> {
        self.codes.get(name).copied()
    }
}

impl TypeDef {
    pub(crate) fn field(&self, name: &str) -> Option<&Field> {
        let at = self
            .fields
            .binary_search_by(|field| field.name.cmp(name))
            .ok()?;
        self.fields.get(at)
    }

    /// The elements that must be there, with their places.
    pub(crate) fn required(&self) -> impl Iterator<Item = (usize, &Element)> {
        self.required
            .iter()
            .filter_map(|at| Some((*at, self.elements.get(*at)?)))
    }

    #[cfg(test)]
    pub(crate) fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// Whether it is a resource type: those alone have a `resourceType`.
    pub(crate) fn is_resource(&self) -> bool {
        self.is_resource
    }

    pub(crate) fn element(&self, field: &Field) -> Option<&Element> {
        self.elements.get(field.element)
    }

    /// The known name that is most like an unknown one, if any is like it.
    pub(crate) fn nearest(&self, unknown: &str) -> Option<&'static str> {
        let score = |field: &Field| strsim::jaro_winkler(unknown, field.name);
        let best = self
            .fields
            .iter()
            .max_by(|a, b| score(a).total_cmp(&score(b)))?;
        (score(best) > 0.8).then_some(best.name)
    }
}

impl Element {
    /// The name in `FHIRPath`: a choice without its `[x]`.
    pub(crate) fn path_name(&self) -> &'static str {
        self.name.strip_suffix("[x]").unwrap_or(self.name)
    }
}

impl Codes {
    /// Whether the code is in the set; without codes of its own the set is `mimetypes`: any media type.
    pub(crate) fn has(&self, code: &str) -> bool {
        if self.systems.is_empty() {
            return is_media_type(code);
        }
        self.systems.iter().any(|system| system.has(code))
    }

    /// Whether the code of that system is in the set.
    pub(crate) fn has_coding(&self, url: &str, code: &str) -> bool {
        self.systems
            .iter()
            .any(|system| system.url == url && system.has(code))
    }

    /// The codes in words, for a fault.
    pub(crate) fn listed(&self) -> String {
        const SHOWN_MAX: usize = 16;
        if self.systems.is_empty() {
            return "a media type, type/subtype".into();
        }
        let codes: Vec<&str> = self
            .systems
            .iter()
            .flat_map(|s| s.codes.iter().copied())
            .collect();
        let shown: Vec<&str> = codes.iter().take(SHOWN_MAX).copied().collect();
        let more = codes.len().saturating_sub(SHOWN_MAX);
        match more {
            0 => format!("one of {}", shown.join(", ")),
            _ => format!(
                "one of the {} codes of the value set {}",
                codes.len(),
                self.name
            ),
        }
    }
}

impl System {
    fn has(&self, code: &str) -> bool {
        self.codes.binary_search(&code).is_ok()
    }
}

fn is_media_type(code: &str) -> bool {
    let word = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    };
    let bare = code.split(';').next().unwrap_or_default().trim_end();
    bare.split_once('/')
        .is_some_and(|(kind, subtype)| word(kind) && word(subtype))
}
