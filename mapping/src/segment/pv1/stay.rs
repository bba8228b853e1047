//! The part of PV1 that says where the patient is, since when, and what happened.

use fhirbolt::model::r4::resources::{Encounter, EncounterHospitalization, EncounterLocation};
use fhirbolt::model::r4::types::{Coding, Period, Reference};
use hl7v2::Message;
use hl7v2::datatype::Pl;

use crate::datatype::dtm::{self, When};
use crate::datatype::{cwe, pl, text};
use crate::facts::Event;
use crate::inbound::trigger::{IdentityRule, Rules};
use crate::inbound::{Reading, Seg, Voice, occurred};
use crate::json;
use crate::table::find;
use crate::table::location::BED_STATUS;

use super::{blank, class_and_status};

pub(super) fn state(pv1: &Seg<'_>, message: &Message<'_>, rules: Rules, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    let mut assigned = None;
    voice.one(pv1, 3, |sent| {
        let place = match bed_status(pv1, reading) {
            None => pl::reference(sent, reading)?,
            bed_status => {
                let extra = pl::Extra {
                    bed_status,
                    ..pl::Extra::default()
                };
                pl::described(Pl::new(sent), extra, reading)?
            }
        };
        assigned = place.reference.as_ref().and_then(|uri| uri.value.clone());
        Some(located(place, "active"))
    });
    // What calls a pending transfer off may still name the place that the patient will not be moved to.
    let is_called_off = rules.identity == IdentityRule::CancelPendingTransfer;
    for (n, status) in [
        (6, "completed"),
        (11, "active"),
        (42, "reserved"),
        (43, "completed"),
    ] {
        if n == 42 && is_called_off {
            pv1.skip(&[n]);
            voice.delete(pv1.place(n));
            continue;
        }
        voice.one(pv1, n, |sent| {
            Some(located(pl::reference(sent, reading)?, status))
        });
    }
    lasts(pv1, voice);
    if let Some(event) = event(pv1, message, rules, assigned, reading) {
        voice.happen(event);
    }
}

/// PV1-37, 44 and 45: where the patient went, and when the visit began and ended.
fn lasts(pv1: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    voice.one(pv1, 37, |sent| {
        let destination = Some(Box::new(pl::destination(sent, reading)?));
        let hospitalization = EncounterHospitalization {
            destination,
            ..EncounterHospitalization::default()
        };
        Some(Encounter {
            hospitalization: Some(hospitalization),
            ..blank()
        })
    });
    voice.one(pv1, 44, |sent| {
        let start = Some(dtm::date_time(&sent.text(), reading)?);
        Some(lasting(Period {
            start,
            ..Period::default()
        }))
    });
    voice.one(pv1, 45, |sent| {
        let end = Some(dtm::date_time(&sent.text(), reading)?);
        Some(lasting(Period {
            end,
            ..Period::default()
        }))
    });
    let [start, end] = [44, 45].map(|n| {
        let sent = dtm::lenient(&pv1.field(n).text())?;
        Some(When::new(sent, &reading.zone).date_time())
    });
    if !dtm::is_forward(start.as_deref(), end.as_deref()) {
        reading.at(pv1.place(45));
        reading.issue(dtm::BACKWARD);
    }
}

/// PV1-40, table 0116.
fn bed_status(pv1: &Seg<'_>, reading: &Reading<'_>) -> Option<Coding> {
    let code = text::code(&pv1.field(40).text())?;
    let agreed = reading.meaning("0116", &code);
    let known = agreed.or_else(|| find(BED_STATUS, &code));
    known.map_or_else(
        || cwe::sent("0116", &code).coding.into_iter().next(),
        |meaning| Some(meaning.coding()),
    )
}

fn located(location: Reference, status: &str) -> Encounter {
    let location = EncounterLocation {
        location: Box::new(location),
        status: Some(status.into()),
        ..EncounterLocation::default()
    };
    Encounter {
        location: vec![location],
        ..blank()
    }
}

fn lasting(period: Period) -> Encounter {
    Encounter {
        period: Some(Box::new(period)),
        ..blank()
    }
}

/// What the message says that happened in the visit.
pub(super) fn event(
    pv1: &Seg<'_>,
    message: &Message<'_>,
    rules: Rules,
    location: Option<String>,
    reading: &Reading<'_>,
) -> Option<Event> {
    let trigger = rules.event?;
    let stated = reading.source.stamp.stated;
    let occurred = occurred(trigger, message, pv1.raw(), &reading.zone, stated);
    Some(Event {
        occurred: occurred.order,
        earliest: occurred.earliest,
        trigger,
        source: std::sync::Arc::clone(&reading.source),
        at: occurred.text,
        class: class_text(pv1, reading),
        location,
    })
}

/// The class as JSON, which is how an event holds it.
fn class_text(pv1: &Seg<'_>, reading: &Reading<'_>) -> Option<Box<str>> {
    let sent = pv1.field(2);
    let read = || json::fragment(&class_and_status(sent, reading)?);
    let fragment = reading.elements(pv1.place(2), sent.raw(), read)?;
    fragment.element("class").map(Into::into)
}
