//! EVN → Provenance of the message: who said it when, why, and when it happened.

use fhirbolt::model::r4::resources::{Provenance, ProvenanceAgent, ProvenanceOccurred};
use fhirbolt::model::r4::types::{CodeableConcept, Identifier, Instant, Reference};
use hl7v2::datatype::{Cwe, Hd, Xcn};
use hl7v2::{Message, Segment};

use crate::datatype::cwe::Meaning;
use crate::datatype::dtm::{self, When};
use crate::datatype::text;
use crate::identity::with_id;
use crate::inbound::Context;
use crate::table::find;
use crate::table::visit::EVENT_REASON;

use super::{URN, written};

/// The Provenance as JSON; none without EVN, or if nobody is known who was behind it (FHIR requires one).
pub(super) fn of_event(
    message: &Message<'_>,
    id: uuid::Uuid,
    header: uuid::Uuid,
    ctx: &Context<'_>,
) -> Option<String> {
    let evn = message.segment("EVN")?;
    let msh = message.msh();
    let when = |segment: &Segment<'_>, n| {
        let sent = dtm::lenient(&segment.field(n).text())?;
        Some(When::new(sent, ctx.zone))
    };
    let recorded = when(&evn, 2).or_else(|| when(&msh, 7))?;
    let occurred = when(&evn, 6).map(When::date_time);
    let provenance = Provenance {
        target: vec![Reference {
            reference: Some(with_id(URN, header).into()),
            ..Reference::default()
        }],
        occurred: occurred.map(|at| ProvenanceOccurred::DateTime(at.into())),
        recorded: Instant::from(recorded.instant()),
        reason: reason(&evn).into_iter().collect(),
        agent: vec![ProvenanceAgent {
            who: Box::new(operator(&evn).or_else(|| facility(&msh))?),
            ..ProvenanceAgent::default()
        }],
        ..Provenance::default()
    };
    Some(written("Provenance", id, &provenance))
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
