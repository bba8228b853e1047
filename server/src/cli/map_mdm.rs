//! `drawbridge map --mdm`: a document to the message that would carry it.

use anyhow::{Context as _, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use mapping::outbound::mdm::{Attachment, Destination, Identifiers, build};
use model::{ControlId, IdentityKind, SourceIdentity};
use serde_json::Value;

use super::Context;

/// Where identifiers of an authority without a public name have their system (see `mapping`).
const AUTHORITY: &str = "urn:drawbridge:authority:";

/// The MDM^T02 of a DocumentReference, or of a Bundle with its Patient, Encounter and Binary. The
/// identifiers come from the Bundle: without a database there is no identity map to ask.
pub(super) fn translate(bytes: &[u8], context: &Context) -> anyhow::Result<Vec<u8>> {
    let input: Value = serde_json::from_slice(bytes).context("not JSON")?;
    let bundle = Bundle(&input);
    let document = bundle
        .first("DocumentReference")
        .context("no DocumentReference")?;
    let subject = reference(document, "/subject");
    let patient = subject
        .and_then(|it| bundle.find(it))
        .or_else(|| bundle.first("Patient"));
    let visit = reference(document, "/context/encounter/0");
    let encounter = visit
        .and_then(|it| bundle.find(it))
        .or_else(|| bundle.first("Encounter"));
    let known = Identifiers {
        patient: patient.map_or_else(Vec::new, |it| identifiers(it, IdentityKind::Patient)),
        visit: encounter.and_then(|it| identifiers(it, IdentityKind::Visit).into_iter().next()),
    };
    let listed = document.get("content").and_then(Value::as_array);
    let attachments: Vec<Attachment> = listed
        .into_iter()
        .flatten()
        .filter_map(|content| content.get("attachment"))
        .map(|attachment| bundle.attachment(attachment))
        .collect::<anyhow::Result<_>>()?;
    let control_id = ControlId::parse("MAP1")?;
    Ok(build(
        document,
        patient.unwrap_or(&Value::Null),
        encounter,
        &known,
        &attachments,
        &control_id,
        context.clock.now(),
        &Destination::default(),
    )?)
}

/// The resources of the input: of a Bundle's entries, or the one resource that it is.
struct Bundle<'a>(&'a Value);

impl<'a> Bundle<'a> {
    fn entries(&self) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let entries = self.0.get("entry").and_then(Value::as_array);
        let of_bundle = entries.into_iter().flatten().filter_map(|entry| {
            let url = entry
                .get("fullUrl")
                .and_then(Value::as_str)
                .unwrap_or_default();
            Some((url, entry.get("resource")?))
        });
        of_bundle.chain(std::iter::once(("", self.0)))
    }

    fn first(&self, kind: &str) -> Option<&'a Value> {
        self.entries()
            .map(|(_, it)| it)
            .find(|it| text(it, "/resourceType") == Some(kind))
    }

    /// What a reference means inside the Bundle: by `fullUrl`, or by type and id.
    fn find(&self, reference: &str) -> Option<&'a Value> {
        let is_meant = |url: &str, it: &Value| {
            let kind = text(it, "/resourceType").unwrap_or_default();
            let id = text(it, "/id").unwrap_or_default();
            url == reference || (!id.is_empty() && reference.ends_with(&format!("{kind}/{id}")))
        };
        self.entries()
            .find(|(url, it)| is_meant(url, it))
            .map(|(_, it)| it)
    }

    /// The bytes: inline, or of a Binary in the Bundle.
    fn attachment(&self, attachment: &Value) -> anyhow::Result<Attachment> {
        let binary = reference(attachment, "").or_else(|| text(attachment, "/url"));
        let binary = binary.and_then(|url| self.find(url));
        let data = text(attachment, "/data").or_else(|| binary.and_then(|it| text(it, "/data")));
        let data = data.context("an attachment has neither data nor a Binary in the Bundle")?;
        let content_type = text(attachment, "/contentType")
            .or_else(|| binary.and_then(|it| text(it, "/contentType")))
            .unwrap_or_default();
        ensure!(!content_type.is_empty(), "an attachment has no contentType");
        Ok(Attachment {
            content_type: content_type.to_owned(),
            title: text(attachment, "/title").map(str::to_owned),
            bytes: BASE64_STANDARD
                .decode(data)
                .context("attachment.data is not base64")?
                .into(),
        })
    }
}

fn identifiers(resource: &Value, kind: IdentityKind) -> Vec<SourceIdentity> {
    let all = resource.get("identifier").and_then(Value::as_array);
    let one = |identifier: &Value| {
        let system = text(identifier, "/system").unwrap_or_default();
        Some(SourceIdentity {
            kind,
            authority: system.strip_prefix(AUTHORITY).unwrap_or(system).to_owned(),
            type_code: text(identifier, "/type/coding/0/code")
                .unwrap_or_default()
                .to_owned(),
            value: text(identifier, "/value")?.to_owned(),
        })
    };
    all.into_iter().flatten().filter_map(one).collect()
}

fn reference<'a>(value: &'a Value, at: &str) -> Option<&'a str> {
    text(value, &format!("{at}/reference"))
}

fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer).and_then(Value::as_str)
}
