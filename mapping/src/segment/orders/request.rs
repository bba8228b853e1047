//! ORC and OBR → `ServiceRequest`, with what was observed for it.

use std::collections::HashMap;

use fhirbolt::model::r4::resources::ServiceRequest;
use fhirbolt::model::r4::types::{Identifier, Reference};
use model::{EntityId, IdentityKind, SourceIdentity};

use crate::datatype::xon::refer;
use crate::facts::Place;
use crate::inbound::{EntityKind, Seg, Voice};
use crate::json;

use super::super::obx::About;
use super::super::orc::{self, Number, blank};
use super::super::{nte, obr, prt, spm, tq1};
use super::{Context, Names, observe, runs};

/// States an order.
pub(super) fn state(context: &Context<'_, '_, '_>, names: &mut Names) {
    let mut voice = voice(context, names);
    let request = refer("ServiceRequest", voice.entity.0, None);
    say(context, &mut voice);
    let specimens = specimens(context, &request);
    let taken = ServiceRequest {
        specimen: specimens.clone(),
        ..blank()
    };
    voice.state(Place::new("SPM", 0), json::fragment(&taken));
    if let Some(orc) = &context.orc {
        orc::provenance(orc, request, &mut voice);
    }
    for run in runs(&context.order.observations) {
        let about = About {
            specimen: specimen_of(run, &specimens),
            ..context.about.clone()
        };
        observe(run, &about, names, true, &mut voice);
    }
    voice.close();
}

/// States the order that a report answers.
pub(super) fn of_report(context: &Context<'_, '_, '_>, names: &mut Names) -> Reference {
    let mut voice = voice(context, names);
    let request = refer("ServiceRequest", voice.entity.0, None);
    say(context, &mut voice);
    voice.close();
    request
}

/// States what a report says the order came with. What it names are parts of the report: whose that is
/// decides what they are.
pub(super) fn support(
    context: &Context<'_, '_, '_>,
    names: &mut Names,
    report: EntityId,
    supporting_info: Vec<Reference>,
) {
    let mut voice = voice(context, names);
    let request = ServiceRequest {
        supporting_info,
        ..blank()
    };
    let place = Place::new("OBX", 29);
    voice.state(place, json::fragment(&request));
    voice.turn_to_part("report", &format!("DiagnosticReport/{report}"));
    voice.exist(place);
    voice.close();
}

fn voice<'c, 'a>(context: &Context<'c, '_, 'a>, names: &mut Names) -> Voice<'c, 'a> {
    let numbers = context.numbers();
    context.voice(EntityKind::Order, numbers.any(), &context.what(4), names)
}

fn say(context: &Context<'_, '_, '_>, voice: &mut Voice<'_, '_>) {
    let (orc, obr) = (context.orc.as_ref(), context.detail.as_ref());
    let Some(first) = orc.or(obr) else { return };
    let about = &context.about;
    let constant = ServiceRequest {
        subject: Box::new(about.subject.clone().unwrap_or_default()),
        encounter: about.encounter.clone().map(Box::new),
        ..blank()
    };
    voice.state(first.place(0), json::fragment(&constant));
    let reasons = ServiceRequest {
        reason_reference: context.reasons.clone(),
        ..blank()
    };
    voice.state(Place::new("DG1", 0), json::fragment(&reasons));
    if let Some(orc) = orc {
        orc::of_request(orc, obr, voice);
    } else {
        let named = |identifier: Vec<Identifier>| ServiceRequest {
            identifier,
            ..blank()
        };
        orc::identifiers(None, obr, voice, named);
    }
    if let Some(obr) = obr {
        obr.skip(&[1]);
        let has_specimen = !context.order.specimens.is_empty() || !obr.raw().field(15).is_empty();
        obr::of_request(obr, has_specimen, voice);
    }
    people(context, voice);
    timing(context, voice);
    nte::state(&context.order.notes, voice, |note| ServiceRequest {
        note,
        ..blank()
    });
}

/// Who ordered it, and whom to call back.
fn people(context: &Context<'_, '_, '_>, voice: &mut Voice<'_, '_>) {
    let (orc, obr) = (context.orc.as_ref(), context.detail.as_ref());
    let participants = &context.order.participants;
    let ordering = prt::having(participants, &["OP"], voice.reading);
    let requester = orc::requester(orc, obr, voice.reading)
        .or_else(|| Some((prt::PERSON, ordering.into_iter().next()?)));
    if let Some((place, requester)) = requester {
        let request = ServiceRequest {
            requester: Some(Box::new(requester)),
            ..blank()
        };
        voice.state(place, json::fragment(&request));
    }
    let called = |seg: &&Seg<'_>, n: usize| !seg.raw().field(n).is_empty();
    match (obr.filter(|obr| called(obr, 17)), orc) {
        (Some(obr), _) => obr::callback(obr, 17, voice),
        (None, Some(orc)) => obr::callback(orc, 14, voice),
        (None, None) => {}
    }
}

/// TQ1, else ORC-7, else OBR-27.
fn timing(context: &Context<'_, '_, '_>, voice: &mut Voice<'_, '_>) {
    let (orc, obr) = (context.orc.as_ref(), context.detail.as_ref());
    let has = |seg: &Seg<'_>, n: usize| !seg.raw().field(n).is_empty();
    let is_dated = obr.is_some_and(|obr| has(obr, 6));
    let mut timings = context.order.timing.iter();
    if let Some(first) = timings.next() {
        let seg = Seg::new("TQ1", *first);
        tq1::of_request(&seg, is_dated, voice);
        seg.close(voice.reading);
        for other in timings {
            super::super::unread("TQ1", *other, voice.reading);
        }
        return;
    }
    match (orc.filter(|orc| has(orc, 7)), obr) {
        (Some(orc), _) => tq1::of_old_request(orc, 7, is_dated, voice),
        (None, Some(obr)) => tq1::of_old_request(obr, 27, is_dated, voice),
        (None, None) => {}
    }
}

/// States the specimens of an order: those of SPM, else the one of OBR-15.
pub(super) fn specimens(context: &Context<'_, '_, '_>, request: &Reference) -> Vec<Reference> {
    let reading = context.reading;
    let order = context.order;
    let obr = context.detail.as_ref();
    let request = || Some(request.clone()).filter(|it| it.reference.is_some());
    let mut references = Vec::new();
    let mut named = HashMap::<String, usize>::new();
    for (at, taken) in order.specimens.iter().enumerate() {
        let seg = Seg::new("SPM", taken.spm);
        // The filler's name for it, else the placer's.
        let id = taken.spm.field(2);
        let number = [2, 1]
            .into_iter()
            .find_map(|n| Number::of(id.component(n), reading));
        let number = number.unwrap_or_else(|| stand_in(context, at));
        let value = format!("{}|{}", number.value, number.authority);
        let nth = named.entry(value).or_default();
        *nth += 1;
        let mut voice = specimen(context, number, *nth);
        spm::about(&seg, context.about.subject.clone(), request(), &mut voice);
        let containers: Vec<Seg<'_>> = taken
            .containers
            .iter()
            .map(|sac| Seg::new("SAC", *sac))
            .collect();
        spm::state(&seg, &containers, &mut voice);
        if let Some(obr) = obr {
            spm::of_obr(obr, Some(&seg), &mut voice);
        }
        nte::state(&taken.notes, &mut voice, |note| {
            fhirbolt::model::r4::resources::Specimen {
                note,
                ..fhirbolt::model::r4::resources::Specimen::default()
            }
        });
        seg.close(reading);
        references.push(refer("Specimen", voice.entity.0, None));
        voice.close();
    }
    let sourced = obr.filter(|obr| references.is_empty() && !obr.raw().field(15).is_empty());
    if let Some(obr) = sourced {
        let mut voice = specimen(context, stand_in(context, 0), 1);
        spm::about(obr, context.about.subject.clone(), request(), &mut voice);
        spm::of_obr(obr, None, &mut voice);
        references.push(refer("Specimen", voice.entity.0, None));
        voice.close();
    }
    references
}

fn specimen<'c, 'a>(context: &Context<'c, '_, 'a>, number: Number, nth: usize) -> Voice<'c, 'a> {
    let Number { value, authority } = number;
    let identity = SourceIdentity {
        kind: IdentityKind::Part,
        authority,
        type_code: String::new(),
        value: match nth {
            1 => format!("specimen:{value}"),
            nth => format!("specimen:{value}|{nth}"),
        },
    };
    Voice::unidentified(context.reading, EntityKind::Specimen, identity)
}

/// A specimen without a number is the order's.
fn stand_in(context: &Context<'_, '_, '_>, at: usize) -> Number {
    let numbers = context.numbers();
    let (value, authority) = match numbers.filled() {
        Some(number) => (number.value.clone(), number.authority.clone()),
        None => (context.stand_in(&context.what(4)), context.reading.sender()),
    };
    Number {
        value: format!("order:{value}|{at}"),
        authority,
    }
}

/// The specimen of an observation: that below which it stands, else the only one.
pub(super) fn specimen_of(
    run: &[super::Observed<'_>],
    specimens: &[Reference],
) -> Option<Reference> {
    let below = run.first()?.specimen;
    let only = || match specimens {
        [only] => Some(only),
        _ => None,
    };
    below
        .and_then(|at| specimens.get(at))
        .or_else(only)
        .cloned()
}
