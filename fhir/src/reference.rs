//! Literal references: what `Reference.reference` may hold (R4 references.html#literal).

use model::ResourceId;

use crate::ResourceType;

/// What a reference points to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reference {
    /// `Patient/123`, or an absolute URL under our own base; a version may follow.
    Local {
        /// The type of the target.
        kind: ResourceType,
        /// Its logical id.
        id: String,
        /// Its version, where one is named.
        version: Option<String>,
    },
    /// `#name`: inside the same resource; `#` alone is the resource itself.
    Contained(String),
    /// `urn:uuid:…` or `urn:oid:…`: another entry of the same Bundle.
    Urn(String),
    /// `Patient?identifier=…`: a search, in transactions only.
    Conditional {
        /// The type that is searched.
        kind: ResourceType,
        /// The search's parameters.
        query: String,
    },
    /// An absolute URL elsewhere; the type where the URL shows it.
    Elsewhere {
        /// The URL.
        url: String,
        /// The type of the target, when the URL ends with `Type/id`.
        kind: Option<ResourceType>,
    },
}

impl Reference {
    /// Reads a reference; `base` is our own service's URL (`https://host/fhir`). `None` when the
    /// text is none of the forms.
    pub fn parse(text: &str, base: Option<&str>) -> Option<Self> {
        if let Some(name) = text.strip_prefix('#') {
            return Some(Self::Contained(name.to_owned()));
        }
        if text.starts_with("urn:uuid:") || text.starts_with("urn:oid:") {
            return Some(Self::Urn(text.to_owned()));
        }
        if let Some(rest) = base.and_then(|base| under(text, base)) {
            return local(rest);
        }
        if has_scheme(text) {
            return Some(Self::Elsewhere {
                url: text.to_owned(),
                kind: kind_of_url(text),
            });
        }
        if let Some((name, query)) = text.split_once('?') {
            let kind = ResourceType::parse(name)?;
            return Some(Self::Conditional {
                kind,
                query: query.to_owned(),
            });
        }
        local(text)
    }

    /// The type of the target, where the reference shows it.
    pub fn kind(&self) -> Option<ResourceType> {
        match self {
            Self::Local { kind, .. } | Self::Conditional { kind, .. } => Some(*kind),
            Self::Elsewhere { kind, .. } => *kind,
            Self::Contained(_) | Self::Urn(_) => None,
        }
    }

    /// The id of a local target when it is one of ours: a UUID.
    pub fn resource_id(&self) -> Option<ResourceId> {
        let Self::Local { id, .. } = self else {
            return None;
        };
        id.parse().ok()
    }
}

/// What follows `base/` in `url`.
fn under<'a>(url: &'a str, base: &str) -> Option<&'a str> {
    url.strip_prefix(base.trim_end_matches('/'))?
        .strip_prefix('/')
}

fn has_scheme(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    })
}

/// The type in `…/Type/id` or `…/Type/id/_history/version`.
fn kind_of_url(url: &str) -> Option<ResourceType> {
    let path = url.split_once("/_history/").map_or(url, |(path, _)| path);
    let (rest, _id) = path.rsplit_once('/')?;
    let (_, name) = rest.rsplit_once('/')?;
    ResourceType::parse(name)
}

fn local(text: &str) -> Option<Reference> {
    let mut parts = text.split('/');
    let kind = ResourceType::parse(parts.next()?)?;
    let id = parts.next().filter(|id| is_id(id))?.to_owned();
    let version = match (parts.next(), parts.next(), parts.next()) {
        (None, None, None) => None,
        (Some("_history"), Some(version), None) if is_id(version) => Some(version.to_owned()),
        _ => return None,
    };
    Some(Reference::Local { kind, id, version })
}

/// R4 datatypes.html#id.
pub(crate) fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local_to(kind: ResourceType, id: &str) -> Reference {
        Reference::Local {
            kind,
            id: id.into(),
            version: None,
        }
    }

    #[test]
    fn relative_and_own_absolute_references_are_local() {
        let base = Some("https://bridge.example/fhir/");
        for text in ["Patient/12", "https://bridge.example/fhir/Patient/12"] {
            assert_eq!(
                Reference::parse(text, base),
                Some(local_to(ResourceType::Patient, "12"))
            );
        }
        let versioned = Reference::parse("Patient/12/_history/3", None).unwrap();
        let Reference::Local { version, .. } = versioned else {
            panic!("local")
        };
        assert_eq!(version.as_deref(), Some("3"));
    }

    #[test]
    fn other_servers_are_elsewhere_and_show_their_type() {
        let base = Some("https://bridge.example/fhir");
        for url in [
            "https://bridge.example/fhirx/Patient/12",
            "http://other.example/r4/Patient/12",
            "http://other.example/r4/Patient/12/_history/2",
        ] {
            let reference = Reference::parse(url, base).unwrap();
            assert!(matches!(reference, Reference::Elsewhere { .. }), "{url}");
            assert_eq!(reference.kind(), Some(ResourceType::Patient), "{url}");
        }
    }

    #[test]
    fn contained_urn_and_conditional_forms_are_told_apart() {
        assert_eq!(
            Reference::parse("#p1", None),
            Some(Reference::Contained("p1".into()))
        );
        let urn = "urn:uuid:0190f3a2-7d5e-7c11-8000-000000000001";
        assert_eq!(
            Reference::parse(urn, None),
            Some(Reference::Urn(urn.into()))
        );
        let conditional = Reference::parse("Patient?identifier=s|1", None).unwrap();
        assert_eq!(conditional.kind(), Some(ResourceType::Patient));
    }

    #[test]
    fn what_is_no_reference_is_none() {
        for text in [
            "",
            "Patient",
            "Patient/",
            "Nobody/1",
            "Patient/1/2",
            "Patient/a b",
            "/Patient/1",
        ] {
            assert_eq!(Reference::parse(text, None), None, "{text}");
        }
    }
}
