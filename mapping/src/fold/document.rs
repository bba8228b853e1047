//! A document's facts become a `DocumentReference` and what is known of its changes.

use fhir::ResourceType;
use fhirbolt::model::r4::resources::{DocumentReference, DocumentReferenceContent};
use fhirbolt::model::r4::types::Attachment;
use model::EntityId;

use crate::datatype::ext;
use crate::facts::Place;
use crate::json;

use super::visit::text_in;
use super::{Builder, Draft, FoldContext, Parts, Said, patient};

const AVAILABILITY: Place = Place::new("TXA", 19);
const CONTENT: Place = Place::new("OBX", 5);

pub(super) fn fold<'f>(
    entity: EntityId,
    parts: &Parts<'f>,
    ctx: &FoldContext<'_>,
) -> Vec<Draft<'f>> {
    let said = parts.itself();
    if said.is_empty() {
        // Only named as what another document replaces: that is remembered, and no document yet.
        return Vec::new();
    }
    let said_of = |field| said.iter().find(|said| said.field == field);
    let status = status(said, parts);
    let notice = parts.part("notice/content");
    let has_content = said_of(CONTENT).is_some();
    let computed = DocumentReference {
        status: status.as_str().into(),
        doc_status: (status == ERROR).then(|| ERROR.into()),
        content: if has_content || !notice.is_empty() {
            Vec::new()
        } else {
            vec![unknown_content()]
        },
        ..DocumentReference::default()
    };
    let computed = json::fragment(&computed);
    let mut document = Builder::new(ResourceType::DocumentReference, entity.into());
    if let Some(computed) = &computed {
        document.add_computed(computed);
    }
    document.add_all(said);
    if !has_content {
        document.add_all(notice);
    }
    for kind in ["cancel", "replaced"] {
        for (_, said) in parts.of_kind(kind) {
            for said in said {
                document.explain(*said);
            }
        }
    }
    let mut drafts = vec![document.finish()];
    drafts.extend(patient::owned(entity, parts, ctx));
    drafts
}

const ERROR: &str = "entered-in-error";

/// A cancel holds until somebody speaks of the document again; what another replaced is superseded;
/// else TXA-19.
fn status(said: &[Said<'_>], parts: &Parts<'_>) -> String {
    let latest = said.iter().map(|said| said.source).max();
    let is_cancelled = parts
        .of_kind("cancel")
        .flat_map(|(_, said)| said)
        .any(|cancel| latest.is_none_or(|latest| latest <= cancel.source));
    let stated = said
        .iter()
        .find(|said| said.field == AVAILABILITY)
        .and_then(|said| text_in(said.fragment, &["status"]));
    let is_error = is_cancelled || stated.as_deref() == Some(ERROR);
    if is_error {
        return ERROR.to_owned();
    }
    if parts.of_kind("replaced").next().is_some() {
        return "superseded".to_owned();
    }
    stated.unwrap_or_else(|| "current".to_owned())
}

/// FHIR requires content; a notice that names none leaves it unknown.
fn unknown_content() -> DocumentReferenceContent {
    let attachment = Attachment {
        extension: vec![ext::unknown()],
        ..Attachment::default()
    };
    DocumentReferenceContent {
        attachment: Box::new(attachment),
        ..DocumentReferenceContent::default()
    }
}
