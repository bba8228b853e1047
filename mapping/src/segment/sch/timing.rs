//! When an appointment is: SCH-11, TQ1-7 and 8, or AIS-4 and 7, each with the end that its duration gives.

use fhirbolt::model::r4::resources::Appointment;
use fhirbolt::model::r4::types::{Instant, Period};
use hl7v2::datatype::Nm;
use model::Timestamp;

use crate::datatype::dtm::{self, When};
use crate::facts::Place;
use crate::inbound::{Reading, Seg, Voice};
use crate::json;

use super::blank;

/// What is known of the time so far.
pub(super) struct Timing {
    /// SCH-9.
    seconds: Option<i64>,
    /// The first start and the last end of the services.
    services: Option<Span>,
    /// The start as text, which offsets are counted from.
    pub(super) start: Option<String>,
}

/// A start, and an end where the duration is known: for order, and as sent.
type Span = (Timestamp, String, Option<(Timestamp, String)>);

/// Where a resource segment keeps its time.
#[derive(Clone, Copy)]
pub(super) struct Fields {
    pub(super) start: u8,
    pub(super) offset: u8,
    pub(super) duration: u8,
}

impl Timing {
    pub(super) fn of_sch(sch: &Seg<'_>, reading: &Reading<'_>) -> Self {
        reading.at(sch.place(9));
        let seconds = seconds(&sch.field(9).text(), &sch.field(10).text(), reading);
        let timing = sch.field(11).first();
        Self {
            seconds: seconds.or_else(|| of_tq(&timing.component(3).text())),
            services: None,
            start: None,
        }
    }

    /// SCH-9 to 11.
    pub(super) fn state_sch(&mut self, sch: &Seg<'_>, voice: &mut Voice<'_, '_>) {
        let reading = voice.reading;
        let minutes = self.seconds.filter(|seconds| seconds % 60 == 0);
        let minutes = minutes.and_then(|seconds| u32::try_from(seconds / 60).ok());
        if let Some(minutes) = minutes.filter(|minutes| 0 < *minutes) {
            let duration = Appointment {
                minutes_duration: Some(minutes.into()),
                ..blank()
            };
            voice.state(sch.place(9), json::fragment(&duration));
        }
        let timing = sch.field(11).first();
        let (start, end) = (timing.component(4).text(), timing.component(5).text());
        reading.at(sch.place(11));
        self.state(sch.place(11), [&start, &end], voice);
    }

    /// TQ1-7 and 8.
    pub(super) fn state_tq1(&mut self, tq1: &Seg<'_>, voice: &mut Voice<'_, '_>) {
        tq1.skip(&[1]);
        voice.turn_to_whole();
        let (start, end) = (tq1.field(7).text(), tq1.field(8).text());
        voice.reading.at(tq1.place(7));
        self.state(tq1.place(7), [&start, &end], voice);
    }

    fn state(&mut self, place: Place, [start, end]: [&str; 2], voice: &mut Voice<'_, '_>) {
        let reading = voice.reading;
        let Some(start) = When::read(start, reading) else {
            return;
        };
        self.start.get_or_insert_with(|| start.instant());
        let end = When::read(end, reading).map(When::instant);
        let end = end.or_else(|| start.later(self.seconds?));
        voice.state(place, json::fragment(&between(start.instant(), end)));
    }

    /// The time of one service.
    pub(super) fn add_service(&mut self, ais: &Seg<'_>, fields: Fields, reading: &Reading<'_>) {
        reading.at(ais.place(fields.start));
        let sent = ais.field(fields.start).text();
        let Some(start) = When::read(&sent, reading) else {
            return;
        };
        let Some(first) = start.timestamp() else {
            return;
        };
        let seconds = self.duration(ais, fields, reading);
        let last = seconds.and_then(|seconds| {
            let last = first.checked_add(jiff::SignedDuration::from_secs(seconds));
            Some((last.ok()?, start.later(seconds)?))
        });
        self.services = Some(match self.services.take() {
            None => (first, start.instant(), last),
            Some((held_first, held_start, held_last)) => {
                let (first, text) = if first < held_first {
                    (first, start.instant())
                } else {
                    (held_first, held_start)
                };
                (first, text, held_last.max(last))
            }
        });
    }

    fn duration(&self, seg: &Seg<'_>, fields: Fields, reading: &Reading<'_>) -> Option<i64> {
        let units = seg.field(fields.duration + 1).text();
        seconds(&seg.field(fields.duration).text(), &units, reading).or(self.seconds)
    }

    /// AIS-4, where there is nothing better.
    pub(super) fn state_ais(&mut self, voice: &mut Voice<'_, '_>) {
        if let Some((_, start, end)) = self.services.take() {
            let times = between(start, end.map(|(_, end)| end));
            voice.state(Place::new("AIS", 4), json::fragment(&times));
        }
    }

    /// When a resource is needed: its own start, else so long before or after the appointment's.
    pub(super) fn period(
        &self,
        seg: &Seg<'_>,
        fields: Fields,
        reading: &Reading<'_>,
    ) -> Option<Box<Period>> {
        reading.at(seg.place(fields.start));
        let sent = seg.field(fields.start).text();
        let seconds = self.duration(seg, fields, reading);
        let (offset, units) = (seg.field(fields.offset), seg.field(fields.offset + 1));
        if let Some(start) = When::read(&sent, reading) {
            let end = seconds.and_then(|seconds| start.later(seconds));
            return dtm::lasting(Some(start.date_time()), end);
        }
        let offset = self::seconds(&offset.text(), &units.text(), reading)?;
        let start: jiff::Zoned = zoned(self.start.as_deref()?)?;
        let at = |seconds: i64| {
            let at = start.checked_add(jiff::SignedDuration::from_secs(seconds));
            at.ok()
                .map(|at| at.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())
        };
        dtm::lasting(
            Some(at(offset)?),
            seconds.and_then(|length| at(offset.saturating_add(length))),
        )
    }
}

/// An instant that we wrote, in its zone.
fn zoned(instant: &str) -> Option<jiff::Zoned> {
    let pieces = jiff::fmt::temporal::Pieces::parse(instant).ok()?;
    let offset = pieces.to_numeric_offset()?;
    let at: Timestamp = instant.parse().ok()?;
    Some(at.to_zoned(jiff::tz::TimeZone::fixed(offset)))
}

fn between(start: String, end: Option<String>) -> Appointment {
    Appointment {
        start: Some(Instant::from(start)),
        end: end.map(Instant::from),
        ..blank()
    }
}

/// A duration with its unit; without one it is in minutes (HL7 v2.5.1 ch. 10.6.1.10).
fn seconds(number: &str, units: &str, reading: &Reading<'_>) -> Option<i64> {
    let number: i64 = Nm::parse(number.into())?.as_sent().trim().parse().ok()?;
    let one = match units.trim().to_ascii_lowercase().as_str() {
        "" | "min" | "m" | "mins" | "minute" | "minutes" => 60,
        "s" | "sec" | "secs" | "second" | "seconds" => 1,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3600,
        "d" | "day" | "days" => 86_400,
        _ => {
            reading.issue("not a unit of time");
            return None;
        }
    };
    number.checked_mul(one)
}

/// TQ.3: `M45`, `H2`, and what senders write instead: `45`.
fn of_tq(duration: &str) -> Option<i64> {
    let duration = duration.trim();
    let (one, number) = match duration.split_at_checked(1)? {
        ("S", number) => (1, number),
        ("M", number) => (60, number),
        ("H", number) => (3600, number),
        ("D", number) => (86_400, number),
        _ => (60, duration),
    };
    let number: i64 = number.parse().ok()?;
    number.checked_mul(one)
}
