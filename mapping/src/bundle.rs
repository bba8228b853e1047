//! One message as one Bundle of type message, as `drawbridge map` prints it.

mod provenance;

use std::borrow::Cow;

use fhir::ResourceType;
use fhirbolt::model::r4::resources::{
    MessageHeader, MessageHeaderDestination, MessageHeaderEvent, MessageHeaderSource,
};
use fhirbolt::model::r4::types::{Coding, Identifier, Reference};
use hl7v2::datatype::Hd;
use hl7v2::{Message, Segment};
use memchr::memmem::Finder;
use model::{IdentityKey, ResourceId};
use serde_json::Value;

use crate::datatype::{cwe, dtm, hd, text};
use crate::fold::{Draft, FoldContext, wholes};
use crate::identity::{push_id, with_id};
use crate::inbound::{Context, ReadFor, Unmappable, header_elements, interpret_to, zone};
use crate::json;
use crate::table::system::v2_table;
use crate::ties::Ties;

/// A message as a Bundle: `MessageHeader` first, then the resources, which refer to each other inside.
/// Ids are stable for the key of the context.
pub fn bundle(message: &Message<'_>, ctx: &Context<'_>) -> Result<Value, Unmappable> {
    let text = bundle_text(message, ctx)?;
    let bundle = serde_json::from_str(&text);
    debug_assert!(bundle.is_ok(), "a bundle is JSON that we wrote");
    Ok(bundle.unwrap_or_default())
}

/// [`bundle`] as text: what it is written as, without a tree in between.
pub fn bundle_text(message: &Message<'_>, ctx: &Context<'_>) -> Result<String, Unmappable> {
    if let Some(zone) = ctx.profile.zone().filter(|zone| *zone != ctx.zone) {
        let ctx = Context {
            zone,
            ..ctx.clone()
        };
        return bundle_text(message, &ctx);
    }
    let interpretation = interpret_to(ReadFor::Show, message, ctx)?;
    let ties = Ties::of(&interpretation.links);
    let fold = FoldContext {
        key: ctx.key,
        ties: &ties,
    };
    let wholes = wholes(interpretation.rows(), &ties, ctx.key);
    let folded: Vec<_> = wholes
        .iter()
        .flat_map(|whole| whole.drafts(&fold))
        .collect();
    let n_bytes: usize = folded.iter().map(|draft| draft.text.len() + 256).sum();
    let mut out = String::with_capacity(n_bytes + 64 * folded.len() + HEADERS_BYTES);
    let id = bundle_id(&message.msh(), ctx);
    let sent = dtm::lenient(&message.msh().field(7).text());
    let zone = zone(sent, ctx);
    let sent = sent.map(|sent| dtm::When::new(sent, &zone));
    begin(&mut out, id, message, sent);
    let urls: Vec<String> = folded
        .iter()
        .map(|draft| with_id(URN, draft.id.0))
        .collect();
    let part = |name| ctx.key.part(model::EntityId(id), &[name]).0;
    let about = provenance::About {
        header: part("MessageHeader"),
        event: part("Provenance"),
        source: part("Provenance of source"),
        transformation: part("Provenance of transformation"),
    };
    begin_entry(&mut out, &with_id(URN, about.header));
    out.push_str(&header(message, about.header, &urls, ctx));
    for (id, text) in provenance::all(message, &about, sent, &zone) {
        out.push_str("},");
        begin_entry(&mut out, &with_id(URN, id));
        out.push_str(&text);
    }
    push_resources(&mut out, &folded, &urls);
    out.push_str("}]}");
    Ok(out)
}

/// The bundle as far as its entries.
fn begin(out: &mut String, id: uuid::Uuid, message: &Message<'_>, sent: Option<dtm::When<'_>>) {
    out.push_str("{\"resourceType\":\"Bundle\",\"id\":\"");
    push_id(out, id);
    out.push('"');
    if let Some(control_id) = text::text(&message.msh().field(10).text()) {
        out.push_str(",\"identifier\":{\"system\":\"urn:drawbridge:control-id\",\"value\":");
        json::escaped(&control_id, out);
        out.push('}');
    }
    out.push_str(",\"type\":\"message\"");
    if let Some(sent) = sent {
        // As an instant, which needs a time of day.
        out.extend([",\"timestamp\":\"", &sent.instant(), "\""]);
    }
    out.push_str(",\"entry\":[");
}

/// The resources as entries of these addresses, behind another entry.
fn push_resources(out: &mut String, folded: &[Draft<'_>], urls: &[String]) {
    let inside = Inside::of(urls);
    let files = folded.iter();
    let files = files.filter(|draft| draft.kind == ResourceType::Binary);
    let files: Vec<ResourceId> = files.map(|draft| draft.id).collect();
    for (draft, url) in folded.iter().zip(urls) {
        out.push_str("},");
        begin_entry(out, url);
        // A file refers to no other.
        let text = if draft.kind == ResourceType::Binary {
            Cow::Borrowed(draft.text.as_str())
        } else {
            naming_entries(&draft.text, &files)
        };
        inside.write(out, &text);
    }
}

/// What the header and its provenances take, as a rule.
const HEADERS_BYTES: usize = 4096;

const URN: &str = "urn:uuid:";

fn begin_entry(out: &mut String, url: &str) {
    out.extend(["{\"fullUrl\":\"", url, "\",\"resource\":"]);
}

/// An attachment names the entry that holds its file (R4 bundle.html#references).
fn naming_entries<'t>(resource: &'t str, files: &[ResourceId]) -> Cow<'t, str> {
    let mut text = Cow::Borrowed(resource);
    for id in files {
        let address = format!("\"url\":\"Binary/{id}\"");
        if text.contains(&address) {
            let entry = with_id("\"url\":\"urn:uuid:", id.0) + "\"";
            text = text.replace(&address, &entry).into();
        }
    }
    text
}

/// What stands before each reference.
const MARK: &str = "\"reference\":\"";

/// References of a bundle's resources name entries by `fullUrl`. What another message told of is not in
/// this bundle: it keeps the identifier by which it was named, and loses the address.
struct Inside<'m> {
    marks: Finder<'m>,
    /// In order.
    ids: Vec<&'m str>,
}

impl<'m> Inside<'m> {
    fn of(urls: &'m [String]) -> Self {
        let ids = urls.iter().filter_map(|url| url.strip_prefix(URN));
        let mut ids: Vec<&str> = ids.collect();
        ids.sort_unstable();
        Self {
            marks: Finder::new(MARK),
            ids,
        }
    }

    fn write(&self, out: &mut String, resource: &str) {
        let mut written = 0;
        for at in self.marks.find_iter(resource.as_bytes()) {
            let start = at + MARK.len();
            let target = resource.get(start..).unwrap_or_default();
            let n_letters = target.bytes().take_while(u8::is_ascii_alphabetic).count();
            if target.as_bytes().get(n_letters) != Some(&b'/') {
                continue;
            }
            let id = target.get(n_letters + 1..).unwrap_or_default();
            let (id, rest) = id.split_once('"').unwrap_or((id, ""));
            let is_named = rest.starts_with(',');
            if is_named && self.ids.binary_search(&id).is_err() {
                out.push_str(resource.get(written..at).unwrap_or_default());
                written = start + n_letters + 1 + id.len() + 2;
            } else {
                out.push_str(resource.get(written..start).unwrap_or_default());
                out.push_str(URN);
                written = start + n_letters + 1;
            }
        }
        out.push_str(resource.get(written..).unwrap_or_default());
    }
}

/// The bundle is the message: the same message has the same id.
fn bundle_id(msh: &Segment<'_>, ctx: &Context<'_>) -> uuid::Uuid {
    let key: &IdentityKey = ctx.key;
    let sender = [3, 4, 10].map(|n| msh.field(n).full_text());
    let [application, facility, control_id] = &sender;
    key.lane(&["bundle", application, facility, control_id]).0
}

fn header(message: &Message<'_>, id: uuid::Uuid, focus: &[String], ctx: &Context<'_>) -> String {
    let read = || json::fragment(&of_msh(message));
    let elements = header_elements(message, &named_in(message), ctx, read);
    let mut after = String::with_capacity(focus.len() * 64 + 16);
    for url in focus {
        let before = if after.is_empty() {
            ",\"focus\":["
        } else {
            ","
        };
        after.extend([before, "{\"reference\":\"", url, "\"}"]);
    }
    if !after.is_empty() {
        after.push(']');
    }
    let elements = elements.as_deref().unwrap_or("{}");
    written("MessageHeader", id, ["", elements, &after])
}

/// All that the header is made of but for what the message is about.
fn named_in(message: &Message<'_>) -> Vec<u8> {
    let msh = message.msh();
    let fields = [3, 4, 5, 6, 9, 22, 23, 24, 25].map(|n| msh.field(n).raw());
    let software = message.segment("SFT").map_or(&[][..], |sft| sft.raw());
    // No field contains what ends a segment.
    [fields.join(&b'\r'), software.to_vec()].join(&b'\r')
}

/// Who sent what to whom.
fn of_msh(message: &Message<'_>) -> MessageHeader {
    let msh = message.msh();
    let trigger = msh.field(9).component(2).text();
    let event = Coding {
        code: text::code(&trigger).map(Into::into),
        ..cwe::coding(&v2_table("0003"), "", "")
    };
    MessageHeader {
        event: MessageHeaderEvent::Coding(Box::new(event)),
        destination: destination(&msh).into_iter().collect(),
        sender: organization(&msh, 4).map(Box::new),
        source: source(message),
        responsible: organization(&msh, 22).map(Box::new),
        ..MessageHeader::default()
    }
}

/// HD or XON of MSH as the name of an organization; its universal id, where there is one, names it too.
fn organization(msh: &Segment<'_>, n: usize) -> Option<Reference> {
    let hd = Hd::new(msh.field(n).first());
    let universal = hd.universal_id();
    let own = hd::uri(universal.trim(), hd.universal_id_type().trim());
    let name = text::text(&hd.namespace()).or_else(|| text::text(&universal))?;
    Some(Reference {
        r#type: Some("Organization".into()),
        identifier: own.map(|own| {
            Box::new(Identifier {
                system: Some("urn:ietf:rfc:3986".into()),
                value: Some(own.into()),
                ..Identifier::default()
            })
        }),
        display: Some(name.into()),
        ..Reference::default()
    })
}

/// A resource of which nothing is kept: its elements as an object, between those that only refer to others.
fn written(kind: &str, id: uuid::Uuid, [before, elements, after]: [&str; 3]) -> String {
    let elements = elements.trim_start_matches('{');
    let elements = elements.strip_suffix('}').unwrap_or(elements);
    let n_bytes = before.len() + elements.len() + after.len();
    let mut out = String::with_capacity(n_bytes + 128);
    out.extend(["{\"resourceType\":\"", kind, "\",\"id\":\""]);
    push_id(&mut out, id);
    out.extend(["\",", before, elements, after, "}"]);
    out
}

/// MSH-3, 4 and 24, and what software SFT says that it was.
fn source(message: &Message<'_>) -> MessageHeaderSource {
    let msh = message.msh();
    let software = message.segment("SFT");
    let said = |n| software.and_then(|sft| text::text(&sft.field(n).text()));
    let application = Hd::new(msh.field(3).first());
    let facility = Hd::new(msh.field(4).first());
    let name = text::text(&application.namespace()).or_else(|| text::text(&facility.namespace()));
    MessageHeaderSource {
        name: name.map(Into::into),
        software: said(3).map(Into::into),
        version: said(2).map(Into::into),
        endpoint: network(&msh, 24)
            .unwrap_or_else(|| endpoint(application, facility))
            .into(),
        ..MessageHeaderSource::default()
    }
}

/// A network address, where it is a URL.
fn network(msh: &Segment<'_>, n: usize) -> Option<String> {
    let hd = Hd::new(msh.field(n).first());
    let own = hd::uri(hd.universal_id().trim(), hd.universal_id_type().trim());
    own.or_else(|| hd::uri(hd.namespace().trim(), ""))
}

/// MSH-3 and MSH-4 as a URL, which FHIR requires.
fn endpoint(application: Hd<'_>, facility: Hd<'_>) -> String {
    let own = hd::uri(
        application.universal_id().trim(),
        application.universal_id_type().trim(),
    );
    own.unwrap_or_else(|| {
        let [application, facility] = [application, facility].map(|hd| {
            let word = hd.namespace();
            if word.trim().is_empty() {
                "-".to_owned()
            } else {
                hd::encoded(word.trim()).into_owned()
            }
        });
        format!("urn:drawbridge:application:{facility}:{application}")
    })
}

fn destination(msh: &Segment<'_>) -> Option<MessageHeaderDestination> {
    let application = Hd::new(msh.field(5).first());
    let facility = Hd::new(msh.field(6).first());
    let name =
        text::text(&application.namespace()).or_else(|| text::text(&facility.namespace()))?;
    let own = hd::uri(
        application.universal_id().trim(),
        application.universal_id_type().trim(),
    );
    let url = own.unwrap_or_else(|| format!("urn:drawbridge:application:{}", hd::encoded(&name)));
    Some(MessageHeaderDestination {
        name: Some(name.into()),
        endpoint: network(msh, 25).unwrap_or(url).into(),
        receiver: organization(msh, 23)
            .or_else(|| organization(msh, 6))
            .map(Box::new),
        ..MessageHeaderDestination::default()
    })
}
