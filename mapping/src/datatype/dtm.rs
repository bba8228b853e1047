//! DTM, TS, DT → date, dateTime, instant: with the precision and the zone that were sent.

use fhirbolt::model::r4::types::{Date, DateTime, Period};
use hl7v2::datatype::{Dtm, Precision};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};

use crate::inbound::Reading;

/// A time that is only needed for order: what can't be read is not there.
pub(crate) fn lenient(text: &str) -> Option<Dtm> {
    let trimmed = text.trim();
    if trimmed.is_empty() || trimmed == "\"\"" {
        return None;
    }
    Dtm::parse(trimmed).ok()
}

/// A time, and the zone that holds where it names none.
#[derive(Clone, Copy)]
pub(crate) struct When<'z> {
    dtm: Dtm,
    zone: &'z TimeZone,
}

impl<'z> When<'z> {
    pub(crate) const fn new(dtm: Dtm, zone: &'z TimeZone) -> Self {
        Self { dtm, zone }
    }

    /// Reads a field of a message; a bad time is an issue and says nothing.
    pub(crate) fn read(text: &str, reading: &'z Reading<'_>) -> Option<Self> {
        let trimmed = text.trim();
        if trimmed.is_empty() || trimmed == "\"\"" {
            return None;
        }
        let Ok(dtm) = Dtm::parse(trimmed) else {
            reading.issue("not a date or time");
            return None;
        };
        Some(Self {
            dtm,
            zone: &reading.zone,
        })
    }

    /// The date part, as sent: it is never shifted to another zone.
    pub(crate) fn date(self) -> String {
        // What a time of day needs fits behind it.
        let mut out = String::with_capacity(32);
        let date = self.dtm.date();
        let [century, year] = [date.year() / 100, date.year() % 100];
        digits(&mut out, "", century);
        digits(&mut out, "", year);
        if self.dtm.precision() != Precision::Year {
            digits(&mut out, "-", date.month());
            if self.dtm.precision() != Precision::Month {
                digits(&mut out, "-", date.day());
            }
        }
        out
    }

    /// A date stays a date; a time has seconds and an offset.
    pub(crate) fn date_time(self) -> String {
        use std::fmt::Write as _;
        let mut out = self.date();
        if !self.dtm.has_time() {
            return out;
        }
        let time = self.dtm.time();
        digits(&mut out, "T", time.hour());
        digits(&mut out, ":", time.minute());
        digits(&mut out, ":", time.second());
        if let Precision::Fraction(n_digits) = self.dtm.precision() {
            let _ = write!(out, ".{:09}", time.subsec_nanosecond());
            out.truncate(20 + usize::from(n_digits));
        }
        let seconds = self.offset_seconds();
        let minutes = seconds.abs() / 60;
        digits(&mut out, if seconds < 0 { "-" } else { "+" }, minutes / 60);
        digits(&mut out, ":", minutes % 60);
        out
    }

    /// As an instant: the first one that is meant, with seconds and offset.
    pub(crate) fn instant(self) -> String {
        if self.dtm.has_time() {
            return self.date_time();
        }
        // In the sender's zone: there the day is the one that was sent.
        self.later(0).unwrap_or_default()
    }

    /// The first instant that is meant.
    pub(crate) fn timestamp(self) -> Option<Timestamp> {
        self.dtm.earliest(self.zone)
    }

    /// The instant so many seconds later, in the same zone.
    pub(crate) fn later(self, seconds: i64) -> Option<String> {
        let duration = SignedDuration::from_secs(seconds);
        let at = self.timestamp()?.checked_add(duration).ok()?;
        let offset = self.dtm.offset();
        let offset = offset.unwrap_or_else(|| self.zone.to_offset(at));
        let zoned = at.to_zoned(TimeZone::fixed(offset));
        Some(zoned.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())
    }

    /// So much later, or earlier: a date stays one if days or more were counted.
    pub(crate) fn moved(self, span: Span) -> Option<String> {
        let offset = self.dtm.offset().map(TimeZone::fixed);
        let zone = offset.unwrap_or_else(|| self.zone.clone());
        let at = self.timestamp()?.to_zoned(zone).checked_add(span).ok()?;
        let counts_days = [
            span.get_seconds(),
            span.get_minutes(),
            i64::from(span.get_hours()),
        ] == [0; 3];
        let form = match self.dtm.precision() {
            Precision::Day if counts_days => "%Y-%m-%d",
            Precision::Year | Precision::Month => return None,
            Precision::Day
            | Precision::Hour
            | Precision::Minute
            | Precision::Second
            | Precision::Fraction(_) => "%Y-%m-%dT%H:%M:%S%:z",
        };
        Some(at.strftime(form).to_string())
    }

    /// Whether a time of day was said.
    pub(crate) fn has_time(self) -> bool {
        self.dtm.has_time()
    }

    fn offset_seconds(self) -> i32 {
        if let Some(offset) = self.dtm.offset() {
            return offset.seconds();
        }
        let civil = self.dtm.date().to_datetime(self.dtm.time());
        let instant = self.zone.to_ambiguous_timestamp(civil).compatible();
        instant.map_or(0, |instant| self.zone.to_offset(instant).seconds())
    }
}

/// Appends a mark and two digits.
fn digits(out: &mut String, mark: &str, number: impl Into<i32>) {
    let number = number.into().rem_euclid(100);
    out.push_str(mark);
    for digit in [number / 10, number % 10] {
        let digit = u8::try_from(digit).unwrap_or_default();
        out.push(char::from(b'0' + digit));
    }
}

/// An instant that we know ourselves.
pub(crate) fn instant(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// A field as date.
pub(crate) fn date(text: &str, reading: &Reading<'_>) -> Option<Date> {
    Some(When::read(text, reading)?.date().into())
}

/// A field as dateTime.
pub(crate) fn date_time(text: &str, reading: &Reading<'_>) -> Option<DateTime> {
    Some(When::read(text, reading)?.date_time().into())
}

/// Two fields as a period; none if neither says anything. An end before the start says nothing.
pub(crate) fn period(start: &str, end: &str, reading: &Reading<'_>) -> Option<Box<Period>> {
    let [start, end] = [start, end].map(|sent| Some(When::read(sent, reading)?.date_time()));
    if !is_forward(start.as_deref(), end.as_deref()) {
        reading.issue(BACKWARD);
    }
    lasting(start, end)
}

/// What is wrong with such a period.
pub(crate) const BACKWARD: &str = "the end is before the start";

/// Whether a period may begin and end so.
pub(crate) fn is_forward(start: Option<&str>, end: Option<&str>) -> bool {
    start
        .zip(end)
        .is_none_or(|(start, end)| fhir::runs_forward(start, end))
}

/// A period of times that we wrote. FHIR allows no end before the start (per-1): the start stays.
pub(crate) fn lasting(start: Option<String>, end: Option<String>) -> Option<Box<Period>> {
    let end = end.filter(|end| is_forward(start.as_deref(), Some(end)));
    if start.is_none() && end.is_none() {
        return None;
    }
    Some(Box::new(Period {
        start: start.map(Into::into),
        end: end.map(Into::into),
        ..Period::default()
    }))
}

#[cfg(test)]
mod tests {
    use jiff::tz::{TimeZone, db};

    use super::*;

    fn check(sent: &str, zone: &TimeZone, expected: &str) {
        assert_eq!(
            When::new(Dtm::parse(sent).unwrap(), zone).date_time(),
            expected,
            "{sent}"
        );
    }

    #[test]
    fn a_date_stays_a_date() {
        check("2024", &TimeZone::UTC, "2024");
        check("202401", &TimeZone::UTC, "2024-01");
        check("20240115", &TimeZone::UTC, "2024-01-15");
        check("20240115-0500", &TimeZone::UTC, "2024-01-15");
    }

    #[test]
    fn the_sent_offset_is_kept() {
        check(
            "198808181126+0215",
            &TimeZone::UTC,
            "1988-08-18T11:26:00+02:15",
        );
        check(
            "20240115103000.1234-0500",
            &TimeZone::UTC,
            "2024-01-15T10:30:00.1234-05:00",
        );
    }

    #[test]
    fn without_an_offset_the_zone_of_that_day_holds() {
        let chicago = db().get("America/Chicago").unwrap();
        check("202401151030", &chicago, "2024-01-15T10:30:00-06:00");
        check("202407151030", &chicago, "2024-07-15T10:30:00-05:00");
    }
}
