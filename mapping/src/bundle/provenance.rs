//! EVN and MSH → Provenance of the message: who said it when, why and when it happened, who sent it, and
//! what made FHIR of it.

use std::sync::LazyLock;

use fhirbolt::model::r4::resources::{Provenance, ProvenanceAgent, ProvenanceOccurred};
use fhirbolt::model::r4::types::{CodeableConcept, Coding, Identifier, Instant, Reference};
use hl7v2::datatype::{Cwe, Hd, Xcn};
use hl7v2::{Message, Segment};
use jiff::tz::TimeZone;
use uuid::Uuid;

use crate::MAPPING_VERSION;
use crate::datatype::cwe::Meaning;
use crate::datatype::dtm::{self, When};
use crate::datatype::{ext, text};
use crate::identity::with_id;
use crate::json::{self, Fragment};
use crate::table::find;
use crate::table::visit::EVENT_REASON;

use super::written;

/// The ids of what is told of a message as a whole.
pub(super) struct About {
    pub(super) header: Uuid,
    pub(super) event: Uuid,
    pub(super) source: Uuid,
    pub(super) transformation: Uuid,
}

/// What there is to tell, as JSON: of the event, of who sent the message, and of what made FHIR of it.
pub(super) fn all(
    message: &Message<'_>,
    about: &About,
    sent: Option<When<'_>>,
    zone: &TimeZone,
) -> impl Iterator<Item = (Uuid, String)> {
    let target = target(about.header);
    let entity = control_id(&message.msh()).unwrap_or_default();
    let facility = facility(&message.msh());
    let of_event = of_event(message, sent, facility.as_ref(), zone);
    let of_event = of_event.and_then(|event| json::fragment(&event));
    let of_source = of_source(message, sent, facility);
    let of_source = of_source.and_then(|source| json::fragment(&source));
    let told = [
        (about.event, of_event, String::new()),
        (about.source, of_source, entity.clone()),
        (about.transformation, TRANSFORMATION.clone(), entity),
    ];
    told.into_iter().filter_map(move |(id, elements, entity)| {
        let text = written("Provenance", id, [&target, &elements?, &entity]);
        Some((id, text))
    })
}

/// The header, of which all of them tell.
fn target(header: Uuid) -> String {
    let mut target = with_id("\"target\":[{\"reference\":\"urn:uuid:", header);
    target.push_str("\"}],");
    target
}

fn when<'z>(segment: &Segment<'_>, n: usize, zone: &'z TimeZone) -> Option<When<'z>> {
    let sent = dtm::lenient(&segment.field(n).text())?;
    Some(When::new(sent, zone))
}

/// EVN: none without it, or if nobody is known who was behind it (FHIR requires one).
fn of_event(
    message: &Message<'_>,
    sent: Option<When<'_>>,
    facility: Option<&Reference>,
    zone: &TimeZone,
) -> Option<Provenance> {
    let evn = message.segment("EVN")?;
    let recorded = when(&evn, 2, zone).or(sent)?;
    let occurred = when(&evn, 6, zone).map(When::date_time);
    Some(Provenance {
        occurred: occurred.map(|at| ProvenanceOccurred::DateTime(at.into())),
        recorded: Instant::from(recorded.instant()),
        reason: reason(&evn).into_iter().collect(),
        agent: vec![ProvenanceAgent {
            who: Box::new(operator(&evn).or_else(|| facility.cloned())?),
            ..ProvenanceAgent::default()
        }],
        location: place(&evn).map(Box::new),
        ..Provenance::default()
    })
}

/// EVN-7: where it happened.
fn place(evn: &Segment<'_>) -> Option<Reference> {
    let hd = Hd::new(evn.field(7).first());
    let name = text::text(&hd.namespace()).or_else(|| text::text(&hd.universal_id()))?;
    Some(Reference {
        r#type: Some("Location".into()),
        display: Some(name.into()),
        ..Reference::default()
    })
}

/// MSH: who sent what, and when.
fn of_source(
    message: &Message<'_>,
    sent: Option<When<'_>>,
    facility: Option<Reference>,
) -> Option<Provenance> {
    let sent = sent?;
    let kind = text::text(&message.msh().field(9).full_text()).unwrap_or_default();
    Some(Provenance {
        occurred: Some(ProvenanceOccurred::DateTime(sent.date_time().into())),
        recorded: Instant::from(sent.instant()),
        activity: Some(Box::new(CodeableConcept {
            coding: vec![Coding {
                display: Some(format!("message - {kind}").into()),
                ..Coding::default()
            }],
            ..CodeableConcept::default()
        })),
        agent: vec![agent("author", "Author", facility?)],
        ..Provenance::default()
    })
}

/// This mapping made FHIR of the message. When it did so is not said: the same message gives the same
/// bundle, whatever the clock shows.
static TRANSFORMATION: LazyLock<Option<Fragment>> =
    LazyLock::new(|| json::fragment(&of_transformation()));

fn of_transformation() -> Provenance {
    let transformation = Meaning {
        code: "v2-fhir-transformation",
        display: "",
        system: "http://hl7.org/fhir/uv/v2mappings/CodeSystem/provenance-activity-type-v2-to-fhir",
    };
    let bridge = Reference {
        r#type: Some("Device".into()),
        display: Some("Drawbridge".into()),
        ..Reference::default()
    };
    Provenance {
        recorded: Instant {
            extension: vec![ext::unknown()],
            ..Instant::default()
        },
        policy: vec![format!("urn:drawbridge:mapping:{MAPPING_VERSION}").into()],
        activity: Some(Box::new(transformation.concept())),
        agent: vec![agent("assembler", "Assembler", bridge)],
        ..Provenance::default()
    }
}

fn agent(code: &'static str, display: &'static str, who: Reference) -> ProvenanceAgent {
    let kind = Meaning {
        code,
        display,
        system: "http://terminology.hl7.org/CodeSystem/provenance-participant-type",
    };
    ProvenanceAgent {
        r#type: Some(Box::new(kind.concept())),
        who: Box::new(who),
        ..ProvenanceAgent::default()
    }
}

/// MSH-10: the message is the source of all that is in the bundle.
fn control_id(msh: &Segment<'_>) -> Option<String> {
    let control_id = text::text(&msh.field(10).text())?;
    let mut entity = String::from(
        ",\"entity\":[{\"role\":\"source\",\"what\":{\"identifier\":\
         {\"system\":\"urn:drawbridge:control-id\",\"value\":",
    );
    json::escaped(&control_id, &mut entity);
    entity.push_str("}}}]");
    Some(entity)
}

/// EVN-5: who set it off, by name and number.
fn operator(evn: &Segment<'_>) -> Option<Reference> {
    let sent = Xcn::new(evn.field(5).first());
    let id = text::text(&sent.id());
    let words = [sent.prefix(), sent.given(), sent.family().surname()];
    let words: Vec<String> = words.iter().filter_map(|word| text::text(word)).collect();
    let display = (!words.is_empty()).then(|| words.join(" "));
    if id.is_none() && display.is_none() {
        return None;
    }
    Some(Reference {
        r#type: Some("Practitioner".into()),
        identifier: id.map(|id| {
            Box::new(Identifier {
                value: Some(id.into()),
                ..Identifier::default()
            })
        }),
        display: display.map(Into::into),
        ..Reference::default()
    })
}

/// MSH-22, else MSH-4: who sent it.
fn facility(msh: &Segment<'_>) -> Option<Reference> {
    let named = |n| {
        let hd = Hd::new(msh.field(n).first());
        text::text(&hd.namespace()).or_else(|| text::text(&hd.universal_id()))
    };
    let name = named(22).or_else(|| named(4))?;
    Some(Reference {
        r#type: Some("Organization".into()),
        display: Some(name.into()),
        ..Reference::default()
    })
}

/// EVN-4, table 0062.
fn reason(evn: &Segment<'_>) -> Option<CodeableConcept> {
    let sent = Cwe::new(evn.field(4).first());
    let code = text::code(&sent.code())?;
    let known = find(EVENT_REASON, &code).map(Meaning::concept);
    known.or_else(|| {
        Some(CodeableConcept {
            text: Some(text::text(&sent.display()).unwrap_or(code).into()),
            ..CodeableConcept::default()
        })
    })
}
