//! TQ1, and TQ of old senders (ORC-7, OBR-27) → when and how often something is ordered.

use fhirbolt::model::r4::resources::{
    ServiceRequest, ServiceRequestOccurrence, ServiceRequestQuantity,
};
use fhirbolt::model::r4::types::{Annotation, Timing, TimingRepeat, TimingRepeatBounds};
use hl7v2::datatype::Nm;

use crate::datatype::dtm::When;
use crate::datatype::{dtm, quantity, text, timing};
use crate::inbound::{Reading, Seg, Voice, valued};
use crate::json;

use super::obr::priority;
use super::orc::blank;

/// States what TQ1 says of the request. `is_dated`: OBR-6 says when.
pub(super) fn of_request(tq1: &Seg<'_>, is_dated: bool, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    tq1.skip(&[1]);
    voice.one(tq1, 2, |sent| {
        let quantity = quantity::composite(sent, reading)?;
        Some(ServiceRequest {
            quantity: Some(ServiceRequestQuantity::Quantity(Box::new(quantity))),
            ..blank()
        })
    });
    if let Some(timing) = timed(tq1, reading).filter(|timing| says_more(timing, is_dated)) {
        let request = ServiceRequest {
            occurrence: Some(ServiceRequestOccurrence::Timing(Box::new(timing))),
            ..blank()
        };
        voice.state(tq1.place(3), json::fragment(&request));
    }
    voice.one(tq1, 9, |sent| {
        Some(ServiceRequest {
            priority: Some(priority(&sent.text(), reading)?.into()),
            ..blank()
        })
    });
    voice.one(tq1, 11, |sent| Some(noted(&sent.full_text())));
}

fn noted(words: &str) -> ServiceRequest {
    let note = text::text(words).map(|text| Annotation {
        text: text.into(),
        ..Annotation::default()
    });
    ServiceRequest {
        note: note.into_iter().collect(),
        ..blank()
    }
}

/// A start alone says no more than the date that was requested.
fn says_more(timing: &Timing, is_dated: bool) -> bool {
    let is_start = timing.code.is_none()
        && timing.repeat.as_ref().is_some_and(|repeat| {
            let ends = matches!(&repeat.bounds, Some(TimingRepeatBounds::Period(period)) if period.end.is_some());
            let bare = TimingRepeat {
                bounds: repeat.bounds.clone(),
                ..TimingRepeat::default()
            };
            !ends && *repeat == bare
        });
    !(is_dated && is_start)
}

/// TQ1-3 to TQ1-8, TQ1-13 and TQ1-14.
pub(super) fn timed(tq1: &Seg<'_>, reading: &Reading<'_>) -> Option<Timing> {
    reading.at(tq1.place(3));
    let pattern = timing::pattern(tq1.field(3).first(), reading);
    let Timing { code, repeat, .. } = pattern.unwrap_or_default();
    let mut repeat = repeat.unwrap_or_default();
    // Times of day and an event exclude each other (tim-10).
    if repeat.when.is_empty() {
        repeat.time_of_day = valued(tq1.field(4))
            .filter_map(|sent| timing::clock(&sent.text()))
            .collect();
    } else if repeat.offset.is_none() {
        let offset = tq1.field(5).first();
        repeat.offset = timing::minutes(&offset.component(1).text(), &offset.component(2).text());
    }
    repeat.bounds = bounds(tq1, reading);
    if let Some((number, unit, _)) = timing::span(tq1.field(13).first()) {
        repeat.duration = Some(number);
        repeat.duration_unit = Some(unit.into());
    }
    let times = Nm::parse(tq1.field(14).text());
    let times = times.and_then(|times| times.as_sent().parse::<u32>().ok());
    if let Some(times) = times.filter(|times| 0 < *times) {
        // A maximum needs a count (tim-7).
        repeat.count = Some(times.into());
        repeat.count_max = Some(times.into());
    }
    timing::timing(code.map(|code| *code), repeat)
}

/// TQ1-7 and TQ1-8, of which TQ1-6 gives the one that is not there; alone it is a duration.
fn bounds(tq1: &Seg<'_>, reading: &Reading<'_>) -> Option<TimingRepeatBounds> {
    let (start, end) = (tq1.field(7).text(), tq1.field(8).text());
    let service = tq1.field(6).first();
    reading.at(tq1.place(8));
    let ends = When::read(&end, reading);
    reading.at(tq1.place(7));
    let starts = When::read(&start, reading);
    let counted = timing::counted(service);
    let (from, until) = match (starts, ends) {
        (Some(start), None) => (
            Some(start.date_time()),
            counted.and_then(|span| start.moved(span)),
        ),
        (None, Some(end)) => (
            counted.and_then(|span| end.moved(-span)),
            Some(end.date_time()),
        ),
        (None, None) => {
            let (_, _, duration) = timing::span(service)?;
            return Some(TimingRepeatBounds::Duration(Box::new(duration)));
        }
        (Some(start), Some(end)) => (Some(start.date_time()), Some(end.date_time())),
    };
    if !dtm::is_forward(from.as_deref(), until.as_deref()) {
        reading.issue(dtm::BACKWARD);
    }
    dtm::lasting(from, until).map(TimingRepeatBounds::Period)
}

/// States what TQ says of the request.
pub(super) fn of_old_request(seg: &Seg<'_>, n: u8, is_dated: bool, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    voice.one(seg, n, |sent| {
        let quantity = quantity::composite(sent.component(1), reading);
        let quantity = quantity.map(Box::new).map(ServiceRequestQuantity::Quantity);
        let timing = timing::of_tq(sent, reading).filter(|timing| says_more(timing, is_dated));
        let occurrence = timing.map(Box::new).map(ServiceRequestOccurrence::Timing);
        let priority = priority(&sent.component(6).text(), reading);
        Some(ServiceRequest {
            quantity,
            occurrence,
            priority: priority.map(Into::into),
            ..noted(&sent.component(8).full_text())
        })
    });
}
