//! Files that messages enclose become Binary resources, to which the attachments refer. What is not
//! large stands in the attachment too, as FHIR allows where both say the same (R4
//! datatypes.html#Attachment); a short text stands there alone.

use fhir::ResourceType;
use model::{EntityId, ResourceId};
use serde_json::Value;

use crate::datatype::attachment::BYTES;
use crate::json::{element, elements, inside_of_list, members};

use super::{Builder, Draft, FoldContext, Said};

const KIND: ResourceType = ResourceType::Binary;

/// How many digits of Base64 may stand in a resource: those of one mebibyte.
const INLINE_DIGITS_MAX: usize = (1_usize << 20).div_ceil(3) * 4;

/// Makes resources of the files in a resource. They belong to whom it belongs to.
pub(super) fn take_out<'f>(draft: &mut Draft<'f>, ctx: &FoldContext<'_>) -> Vec<Draft<'f>> {
    let place = PLACES.iter().find(|(kind, ..)| *kind == draft.kind);
    let place = place.filter(|_| draft.text.contains(DATA));
    let Some(&(_, list, within)) = place else {
        return Vec::new();
    };
    let mut files = Files {
        owner: draft,
        said: said_of(list, draft),
        ctx,
        found: Vec::new(),
    };
    let text = files.resource(list, within);
    let found = files.found;
    if !found.is_empty() {
        draft.text = text;
    }
    found
}

const DATA: &str = "\"data\":\"";
const TEXT: &str = "\"text/plain\"";

/// The lists in which resources have attachments, and the element of their items that is one.
const PLACES: [(ResourceType, &str, Option<&str>); 3] = [
    (
        ResourceType::DocumentReference,
        "content",
        Some("attachment"),
    ),
    (ResourceType::DiagnosticReport, "presentedForm", None),
    (
        ResourceType::Observation,
        "extension",
        Some("valueAttachment"),
    ),
];

/// The fields that enclose files.
fn said_of<'f>(list: &str, draft: &Draft<'f>) -> Vec<Said<'f>> {
    let lines = draft.lines.iter();
    let encloses =
        |(element, said): &&(&str, Said<'_>)| *element == list && said.fragment.contains(DATA);
    lines.filter(encloses).map(|(_, said)| *said).collect()
}

/// Whether an item of a list is what a field said, but for the file that it refers to.
pub(super) fn is_taken_out_of(item: &Value, said: &Value) -> bool {
    let within = ["attachment", "valueAttachment"];
    let parts = within
        .iter()
        .find_map(|name| Some((item.get(name)?, said.get(name)?)));
    let (item, said) = parts.unwrap_or((item, said));
    let same = |name: &str| item.get(name) == said.get(name);
    let data = said.get("data").and_then(Value::as_str).unwrap_or_default();
    let size = item.get("size").and_then(Value::as_u64);
    size.is_some_and(|size| usize::try_from(size) == Ok(n_bytes(data)))
        && ["contentType", "title"].iter().all(|name| same(name))
        && (item.get("data").is_none() || same("data"))
}

/// How many bytes so many digits of Base64 are.
fn n_bytes(digits: &str) -> usize {
    digits.trim_end_matches('=').len() * 3 / 4
}

/// The files of a resource, while its text is written anew.
struct Files<'o, 'f> {
    owner: &'o Draft<'f>,
    said: Vec<Said<'f>>,
    ctx: &'o FoldContext<'o>,
    found: Vec<Draft<'f>>,
}

impl<'f> Files<'_, 'f> {
    fn resource(&mut self, list: &str, within: Option<&str>) -> String {
        let owner = self.owner;
        with_element(&owner.text, list, |value| {
            let each = elements(inside_of_list(value).unwrap_or_default());
            let each = each.map(|element| match within {
                Some(within) => with_element(element, within, |value| self.attachment(value)),
                None => self.attachment(element),
            });
            let each: Vec<String> = each.collect();
            ["[", &each.join(","), "]"].concat()
        })
    }

    fn attachment(&mut self, attachment: &str) -> String {
        let unknown = ["\"", BYTES, "\""].concat();
        let content_type = element(attachment, "contentType").unwrap_or(&unknown);
        let data = element(attachment, "data").unwrap_or_default();
        let digits = data.trim_matches('"');
        let is_large = INLINE_DIGITS_MAX < digits.len();
        if data.is_empty() || (content_type == TEXT && !is_large) {
            return attachment.to_owned();
        }
        let id = self.file(content_type, data);
        let size = n_bytes(digits);
        let url = format!("\"url\":\"{KIND}/{id}\",\"size\":{size}");
        object(attachment, |(name, value)| match name {
            "data" if is_large => url.clone(),
            "data" => [&member(name, value), ",", &url].concat(),
            _ => member(name, value),
        })
    }

    /// The Binary of a content; what is enclosed twice is one.
    fn file(&mut self, content_type: &str, data: &str) -> ResourceId {
        let owner = EntityId(self.owner.id.0);
        let id = self
            .ctx
            .key
            .part(owner, &[KIND.name(), content_type, data])
            .into();
        if self.found.iter().any(|known| known.id == id) {
            return id;
        }
        let whose = element(&self.owner.text, "subject");
        let whose = whose.map(|subject| member("securityContext", subject) + ",");
        let text = format!(
            "{{\"contentType\":{content_type},{}\"data\":{data}}}",
            whose.unwrap_or_default()
        );
        let mut binary = Builder::new(KIND, id);
        binary.add_computed(&text);
        let mut binary = binary.finish();
        binary.lines = self.lines();
        binary.latest = self.said.iter().map(|said| said.source).max();
        self.found.push(binary);
        id
    }

    /// Where the elements of a Binary come from.
    fn lines(&self) -> Vec<(&'f str, Said<'f>)> {
        let owner = self.owner.lines.iter();
        let whose = owner.filter(|(element, _)| *element == "subject");
        let whose = whose.map(|(_, said)| ("securityContext", *said));
        let said = self.said.iter();
        let content = said.flat_map(|said| [("contentType", *said), ("data", *said)]);
        content.chain(whose).collect()
    }
}

/// An object with another value for one of its elements.
fn with_element(text: &str, named: &str, mut value: impl FnMut(&str) -> String) -> String {
    object(text, |(name, old)| {
        if name == named {
            member(name, &value(old))
        } else {
            member(name, old)
        }
    })
}

/// An object with other members.
fn object(text: &str, change: impl FnMut((&str, &str)) -> String) -> String {
    let members: Vec<String> = members(text).map(change).collect();
    ["{", &members.join(","), "}"].concat()
}

fn member(name: &str, value: &str) -> String {
    ["\"", name, "\":", value].concat()
}
