//! What a document names: its patient, and what of that patient's chart it points to.

use fhir::{Fault, IssueCode, Reference, ResourceType};
use model::ResourceId;
use serde_json::Value;

use crate::api::FhirError;

/// What a document names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::api) struct About {
    /// Its subject.
    pub(in crate::api) patient: ResourceId,
    /// What must be of that patient: encounters, and Binaries that are its content. A document that
    /// points to another patient's content would carry it into the wrong chart.
    pub(in crate::api) of_patient: Vec<Named>,
}

/// A resource of this server that a document points to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::api) struct Named {
    /// Where.
    pub(in crate::api) path: String,
    /// Its type.
    pub(in crate::api) kind: ResourceType,
    /// Its id.
    pub(in crate::api) id: ResourceId,
}

/// Reads what a document names; faults where it is not this server's.
pub(in crate::api) fn about(document: &Value) -> Result<About, FhirError> {
    let mut faults = Vec::new();
    let subject = document.pointer("/subject/reference");
    let patient = target(subject, ResourceType::Patient);
    if patient.is_none() {
        faults.push(fault(
            "DocumentReference.subject".to_owned(),
            "must be a reference to a Patient of this server ('Patient/id'): a document belongs to a chart",
        ));
    }
    let mut of_patient = Vec::new();
    for found in encounters(document).chain(contents(document)) {
        match found {
            Ok(named) => of_patient.push(named),
            Err(fault) => faults.push(fault),
        }
    }
    match patient {
        Some(patient) if faults.is_empty() => Ok(About {
            patient,
            of_patient,
        }),
        _ => Err(FhirError::Invalid(faults)),
    }
}

fn encounters(document: &Value) -> impl Iterator<Item = Result<Named, Fault>> {
    let listed = items(document.pointer("/context/encounter"));
    listed.enumerate().map(|(n, encounter)| {
        let path = format!("DocumentReference.context.encounter[{n}]");
        let kind = ResourceType::Encounter;
        match target(encounter.get("reference"), kind) {
            Some(id) => Ok(Named { path, kind, id }),
            None => Err(fault(
                path,
                "must be a reference to an Encounter of this server ('Encounter/id')",
            )),
        }
    })
}

/// Contents that are Binaries of this server already.
fn contents(document: &Value) -> impl Iterator<Item = Result<Named, Fault>> {
    let listed = items(document.get("content")).enumerate();
    listed.filter_map(|(n, content)| {
        let path = format!("DocumentReference.content[{n}].attachment.url");
        let url = content.pointer("/attachment/url")?;
        let kind = ResourceType::Binary;
        let named = Reference::parse(url.as_str()?, None)?;
        let is_ours = matches!(named, Reference::Local { .. }) && named.kind() == Some(kind);
        is_ours.then(|| match named.resource_id() {
            Some(id) => Ok(Named { path, kind, id }),
            None => Err(fault(path, "names no Binary of this server")),
        })
    })
}

fn items(list: Option<&Value>) -> impl Iterator<Item = &Value> {
    list.and_then(Value::as_array).into_iter().flatten()
}

fn fault(path: String, what: &str) -> Fault {
    Fault {
        path,
        code: IssueCode::BusinessRule,
        what: what.to_owned(),
    }
}

/// The id in a literal reference to one of our resources of this type.
fn target(reference: Option<&Value>, kind: ResourceType) -> Option<ResourceId> {
    let reference = Reference::parse(reference?.as_str()?, None)?;
    let is_kind = reference.kind() == Some(kind);
    is_kind.then(|| reference.resource_id()).flatten()
}

/// Makes absolute references to this server relative (those of attachments too), so that they are
/// found whatever name the server is reached by.
pub(in crate::api) fn make_relative(value: &mut Value, base: &str) {
    for item in value.as_array_mut().into_iter().flatten() {
        make_relative(item, base);
    }
    for (name, member) in value.as_object_mut().into_iter().flatten() {
        let link = match name.as_str() {
            "reference" => Some(&mut *member),
            "attachment" => member.get_mut("url"),
            _ => None,
        };
        if let Some(link) = link
            && let Some(relative) = link.as_str().and_then(|url| under(url, base))
        {
            *link = relative.into();
        }
        make_relative(member, base);
    }
}

/// What follows `base/` in a URL.
fn under<'a>(url: &'a str, base: &str) -> Option<&'a str> {
    url.strip_prefix(base)?.strip_prefix('/')
}
