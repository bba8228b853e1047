//! When a message says that it was said, and when what it reports happened.

use hl7v2::datatype::Dtm;
use hl7v2::{Message, Segment};
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use model::{Timestamp, Trigger};

use crate::datatype::dtm::{self, When};

use super::Context;

/// A clock that runs ahead may win for an hour, not for years.
const FUTURE_MAX: SignedDuration = SignedDuration::from_hours(1);

/// The times of a message's header.
pub(super) struct Times {
    /// The zone for times that name none: MSH-7's, else the interface's.
    pub(super) zone: TimeZone,
    /// When it was said: EVN-2, else MSH-7, else the receipt.
    pub(super) stated: Timestamp,
    /// MSH-7.
    pub(super) sent: Option<Timestamp>,
}

impl Times {
    pub(super) fn of(message: &Message<'_>, ctx: &Context<'_>) -> Self {
        let sent = dtm::lenient(&message.msh().field(7).text());
        let zone = zone(sent, ctx);
        let sent = sent.and_then(|sent| sent.earliest(&zone)).map(to_micros);
        let recorded = message
            .segment("EVN")
            .and_then(|evn| dtm::lenient(&evn.field(2).text()))
            .and_then(|recorded| recorded.earliest(&zone))
            .map(to_micros);
        let latest = ctx
            .received_at
            .saturating_add(FUTURE_MAX)
            .unwrap_or(ctx.received_at);
        let stated = recorded.or(sent).unwrap_or(ctx.received_at).min(latest);
        Self {
            zone,
            stated: to_micros(stated),
            sent,
        }
    }
}

/// The zone for times that name none, of a message that was sent then: its offset, else the interface's.
pub(crate) fn zone(sent: Option<Dtm>, ctx: &Context<'_>) -> TimeZone {
    match sent.and_then(Dtm::offset) {
        Some(offset) => TimeZone::fixed(offset),
        None => ctx.zone.clone(),
    }
}

/// When something happened, as an order and as FHIR.
#[derive(Clone)]
pub(crate) struct Occurred {
    pub(crate) order: Timestamp,
    pub(crate) earliest: Timestamp,
    pub(crate) text: String,
}

/// When an event of a visit happened: EVN-6, else PV1-44/45 for an admission or discharge, else
/// EVN-2, else MSH-7, else when it was said.
pub(crate) fn occurred(
    trigger: Trigger,
    message: &Message<'_>,
    pv1: &Segment<'_>,
    zone: &TimeZone,
    stated: Timestamp,
) -> Occurred {
    let visit_field = if matches!(trigger, Trigger::Admit | Trigger::Register) {
        Some(44)
    } else {
        (trigger == Trigger::Discharge).then_some(45)
    };
    let evn = message.segment("EVN");
    let evn_field = |n| {
        evn.as_ref()
            .and_then(|evn| dtm::lenient(&evn.field(n).text()))
    };
    let sent = evn_field(6)
        .or_else(|| visit_field.and_then(|n| dtm::lenient(&pv1.field(n).text())))
        .or_else(|| evn_field(2))
        .or_else(|| dtm::lenient(&message.msh().field(7).text()));
    sent.and_then(|sent| at(sent, trigger, zone))
        .unwrap_or_else(|| Occurred {
            order: stated,
            earliest: stated,
            text: dtm::instant(stated),
        })
}

/// A discharge that is known to the day stands at the day's end, so that what happened on that day
/// stands before it; everything else stands at its start.
fn at(sent: Dtm, trigger: Trigger, zone: &TimeZone) -> Option<Occurred> {
    let earliest = to_micros(sent.earliest(zone)?);
    let ends_a_day = trigger == Trigger::Discharge && !sent.has_time();
    let order = if ends_a_day {
        to_micros(sent.latest(zone)?)
    } else {
        earliest
    };
    Some(Occurred {
        order,
        earliest,
        text: When::new(sent, zone).date_time(),
    })
}

/// What Postgres keeps, and what stored facts hold.
fn to_micros(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}
