//! ORC, RXO or RXE, and RXR → `MedicationRequest`.

use fhirbolt::model::r4::resources::MedicationRequest;
use fhirbolt::model::r4::types::{Annotation, Dosage, Identifier};

use crate::datatype::{dtm, quantity, text, timing};
use crate::facts::Place;
use crate::inbound::{EntityKind, Seg, Voice};
use crate::json;

use super::super::obr::priority;
use super::super::rxo::{self, blank};
use super::super::{nte, orc};
use super::{Context, Names, observe, runs};

/// States an order of a medication.
pub(super) fn state(context: &Context<'_, '_, '_>, names: &mut Names) {
    let Some(seg) = &context.detail else { return };
    let numbers = context.numbers();
    let what = context.what(rxo::layout(seg.raw()).code().into());
    let mut voice = context.voice(EntityKind::Prescription, numbers.any(), &what, names);
    let about = &context.about;
    let constant = MedicationRequest {
        intent: "original-order".into(),
        subject: Box::new(about.subject.clone().unwrap_or_default()),
        encounter: about.encounter.clone().map(Box::new),
        ..blank()
    };
    voice.state(seg.place(0), json::fragment(&constant));
    let reasons = MedicationRequest {
        reason_reference: context.reasons.clone(),
        ..blank()
    };
    voice.state(Place::new("DG1", 0), json::fragment(&reasons));
    if let Some(orc) = &context.orc {
        of_orc(orc, !context.order.timing.is_empty(), &mut voice);
    }
    if let Some(ordered) = context.order.replaced {
        super::super::unread("RXO", ordered, context.reading);
    }
    rxo::state(seg, &context.order.components, &mut voice);
    if let Some(tq1) = context.order.timing.first() {
        let request = MedicationRequest {
            priority: priority(&tq1.field(9).text(), voice.reading).map(Into::into),
            ..blank()
        };
        voice.state(Place::new("TQ1", 9), json::fragment(&request));
    }
    rxo::dosage(
        seg,
        &context.order.routes,
        &context.order.timing,
        &mut voice,
    );
    nte::state(&context.order.notes, &mut voice, |note| MedicationRequest {
        note,
        ..blank()
    });
    for run in runs(&context.order.observations) {
        observe(run, about, names, true, &mut voice);
    }
    voice.close();
}

/// Table 0038 and 0119 in the words of `MedicationRequest.status`.
fn status(request: &'static str, control: &str) -> &'static str {
    match (request, control) {
        ("revoked", "DC" | "OD" | "DR") => "stopped",
        ("revoked", _) => "cancelled",
        (other, _) => other,
    }
}

fn of_orc(orc: &Seg<'_>, is_timed: bool, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    let named = |identifier: Vec<Identifier>| MedicationRequest {
        identifier,
        ..blank()
    };
    orc::identifiers(Some(orc), None, voice, named);
    voice.one(orc, 4, |sent| {
        let mut numbers = orc::group_numbers(sent, reading).into_iter();
        Some(MedicationRequest {
            group_identifier: numbers.next().map(Box::new),
            ..blank()
        })
    });
    let control = orc.field(1).text();
    if let Some((n, said)) = orc::status(orc, reading) {
        let request = MedicationRequest {
            status: status(said, control.trim()).into(),
            ..blank()
        };
        voice.state(orc.place(n), json::fragment(&request));
    }
    if control.trim() == "NW" {
        voice.one(orc, 9, |sent| {
            Some(MedicationRequest {
                authored_on: dtm::date_time(&sent.text(), reading),
                ..blank()
            })
        });
    }
    voice.one(orc, 28, |sent| {
        Some(MedicationRequest {
            meta: Some(orc::security(sent, reading)?),
            ..blank()
        })
    });
    if let Some((place, requester)) = orc::requester(Some(orc), None, reading) {
        let request = MedicationRequest {
            requester: Some(Box::new(requester)),
            ..blank()
        };
        voice.state(place, json::fragment(&request));
    }
    if !is_timed {
        old_timing(orc, voice);
    }
}

/// ORC-7 of old senders: how often, an instruction for each repetition.
fn old_timing(orc: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    voice.whole(orc, 7, |field| {
        let mut request = blank();
        for tq in crate::inbound::valued(field) {
            let dose = quantity::composite(tq.component(1), reading);
            let dosage = Dosage {
                timing: timing::of_tq(tq, reading).map(Box::new),
                dose_and_rate: dose.map(rxo::dose).into_iter().collect(),
                ..Dosage::default()
            };
            if dosage != Dosage::default() {
                request.dosage_instruction.push(dosage);
            }
            let words = text::text(&tq.component(8).full_text());
            request.note.extend(words.map(|text| Annotation {
                text: text.into(),
                ..Annotation::default()
            }));
            let code = priority(&tq.component(6).text(), reading);
            request.priority = request.priority.take().or(code.map(Into::into));
        }
        Some(request)
    });
}
