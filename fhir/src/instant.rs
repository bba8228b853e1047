//! Dates as ranges of instants: what they mean to search (R4 search.html#date).
//!
//! A date stands for every instant that it could mean: `2024-05` for the whole month. A date without
//! a zone is taken in UTC, in resources and in searches alike, so the two always fit.

use jiff::civil::{Date, Time};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp, ToSpan};

/// The start of a period without one: 0001-01-01T00:00:00Z.
pub const OPEN_START: Timestamp = Timestamp::constant(-62_135_596_800, 0);
/// The end of a period without one: 9999-12-30T22:00:00Z, the last whole hour that a
/// [`Timestamp`] can say. Later dates mean it too.
pub const OPEN_END: Timestamp = Timestamp::constant(253_402_207_200, 0);

/// How much of a date or time was said.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Precision {
    Year,
    Month,
    Day,
    /// Only searches may leave out the seconds.
    Minute,
    Second,
    Fraction,
}

/// A date or time as it was said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Moment {
    pub(crate) lo: Timestamp,
    pub(crate) hi: Timestamp,
    pub(crate) precision: Precision,
    pub(crate) zoned: bool,
}

impl Moment {
    /// Reads `YYYY[-MM[-DD[Thh:mm[:ss[.f…]][zone]]]]`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (day, rest) = match text.split_once('T') {
            Some((day, rest)) => (day, Some(rest)),
            None => (text, None),
        };
        let (date, precision) = parse_date(day)?;
        match rest {
            None => Some(Self::of_date(date, precision)),
            Some(rest) if precision == Precision::Day => Self::of_time(date, rest),
            Some(_) => None,
        }
    }

    fn of_date(date: Date, precision: Precision) -> Self {
        let length = match precision {
            Precision::Year => 1.year(),
            Precision::Month => 1.month(),
            Precision::Day | Precision::Minute | Precision::Second | Precision::Fraction => 1.day(),
        };
        let next = date.checked_add(length);
        let lo = instant(date, Time::midnight(), Offset::UTC);
        let hi = next.map_or(OPEN_END, |next| {
            before(
                instant(next, Time::midnight(), Offset::UTC),
                SignedDuration::ZERO,
            )
        });
        Self {
            lo,
            hi: hi.max(lo),
            precision,
            zoned: false,
        }
    }

    fn of_time(date: Date, text: &str) -> Option<Self> {
        let zone_at = text.find(['Z', '+', '-']).unwrap_or(text.len());
        let (clock, zone) = text.split_at_checked(zone_at)?;
        let (time, precision, unit) = parse_time(clock)?;
        let offset = if zone.is_empty() {
            Offset::UTC
        } else {
            parse_zone(zone)?
        };
        let lo = instant(date, time, offset);
        let hi = before(lo, unit).max(lo);
        Some(Self {
            lo,
            hi,
            precision,
            zoned: !zone.is_empty(),
        })
    }
}

/// The last whole microsecond before `start + length`.
fn before(start: Timestamp, length: SignedDuration) -> Timestamp {
    start
        .checked_add(length - SignedDuration::from_micros(1))
        .map_or(OPEN_END, |end| end.min(OPEN_END))
}

fn instant(date: Date, time: Time, offset: Offset) -> Timestamp {
    offset
        .to_timestamp(date.to_datetime(time))
        .map_or(OPEN_END, |at| at.clamp(OPEN_START, OPEN_END))
}

/// Exactly `width` digits.
fn digits<N: std::str::FromStr>(text: &str, width: usize) -> Option<N> {
    let all_digits = text.len() == width && text.bytes().all(|b| b.is_ascii_digit());
    if all_digits { text.parse().ok() } else { None }
}

fn parse_date(text: &str) -> Option<(Date, Precision)> {
    let mut parts = text.split('-');
    let year: i16 = digits(parts.next()?, 4)?;
    let month = parts.next();
    let day = parts.next();
    if year == 0 || parts.next().is_some() {
        return None;
    }
    let precision = match (month, day) {
        (None, _) => Precision::Year,
        (Some(_), None) => Precision::Month,
        (Some(_), Some(_)) => Precision::Day,
    };
    let month = month.map_or(Some(1), |m| digits(m, 2))?;
    let day = day.map_or(Some(1), |d| digits(d, 2))?;
    Some((Date::new(year, month, day).ok()?, precision))
}

/// The start, and the length of the smallest unit that was said.
pub(crate) fn parse_time(text: &str) -> Option<(Time, Precision, SignedDuration)> {
    let mut parts = text.split(':');
    let hour = digits(parts.next()?, 2)?;
    let minute = digits(parts.next()?, 2)?;
    let seconds = parts.next();
    if parts.next().is_some() {
        return None;
    }
    let Some(seconds) = seconds else {
        let time = Time::new(hour, minute, 0, 0).ok()?;
        return Some((time, Precision::Minute, SignedDuration::from_mins(1)));
    };
    let (whole, fraction) = match seconds.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (seconds, None),
    };
    // R4 allows the leap second; it is the same instant as its neighbour here.
    let second: i8 = digits(whole, 2).filter(|s| *s <= 60)?;
    let (micros, unit) = fraction.map_or(Some((0, 1_000_000)), parse_fraction)?;
    let precision = if fraction.is_some() {
        Precision::Fraction
    } else {
        Precision::Second
    };
    let time = Time::new(hour, minute, second.min(59), micros * 1000).ok()?;
    Some((time, precision, SignedDuration::from_micros(unit)))
}

/// Microseconds, and how many microseconds the last digit stands for.
fn parse_fraction(text: &str) -> Option<(i32, i64)> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let mut micros = 0;
    let mut unit = 1_000_000;
    for digit in text.bytes().take(6) {
        unit /= 10;
        micros += i32::from(digit - b'0') * i32::try_from(unit).ok()?;
    }
    Some((micros, unit))
}

fn parse_zone(text: &str) -> Option<Offset> {
    if text == "Z" {
        return Some(Offset::UTC);
    }
    let (sign, rest) = match text.strip_prefix('+') {
        Some(rest) => (1, rest),
        None => (-1, text.strip_prefix('-')?),
    };
    let (hours, minutes) = rest.split_once(':')?;
    let (hours, minutes): (i32, i32) = (digits(hours, 2)?, digits(minutes, 2)?);
    let in_range = hours < 14 && minutes < 60 || hours == 14 && minutes == 0;
    if !in_range {
        return None;
    }
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, lo: &str, hi: &str) {
        let moment = Moment::parse(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(
            (moment.lo.to_string(), moment.hi.to_string()),
            (lo.into(), hi.into()),
            "{text}"
        );
    }

    #[test]
    fn a_date_means_every_instant_that_it_could_mean() {
        check(
            "2024",
            "2024-01-01T00:00:00Z",
            "2024-12-31T23:59:59.999999Z",
        );
        check(
            "2024-02",
            "2024-02-01T00:00:00Z",
            "2024-02-29T23:59:59.999999Z",
        );
        check(
            "2024-02-29",
            "2024-02-29T00:00:00Z",
            "2024-02-29T23:59:59.999999Z",
        );
        check(
            "2024-02-29T10:30",
            "2024-02-29T10:30:00Z",
            "2024-02-29T10:30:59.999999Z",
        );
        check(
            "2024-02-29T10:30:05Z",
            "2024-02-29T10:30:05Z",
            "2024-02-29T10:30:05.999999Z",
        );
        check(
            "2024-02-29T10:30:05.12-05:00",
            "2024-02-29T15:30:05.12Z",
            "2024-02-29T15:30:05.129999Z",
        );
        check(
            "2024-12-31T23:59:60Z",
            "2024-12-31T23:59:59Z",
            "2024-12-31T23:59:59.999999Z",
        );
        check(
            "2024-01-01T00:00:00.1234567Z",
            "2024-01-01T00:00:00.123456Z",
            "2024-01-01T00:00:00.123456Z",
        );
    }

    #[test]
    fn the_edges_of_time_stay_inside_what_a_row_can_hold() {
        for text in [
            "9999",
            "9999-12",
            "9999-12-31",
            "9999-12-31T23:59:59Z",
            "9999-12-31T23:59:59-14:00",
        ] {
            let moment = Moment::parse(text).unwrap();
            assert_eq!(moment.hi, OPEN_END, "{text}");
        }
        let moment = Moment::parse("0001-01-01T00:00:00+14:00").unwrap();
        assert_eq!(moment.lo, OPEN_START);
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "24",
            "2024-2",
            "2024-13",
            "2024-02-30",
            "2023-02-29",
            "0000",
            "2024-01-01T",
            "2024-01T10:00:00Z",
            "2024-01-01T24:00:00Z",
            "2024-01-01T10:00:61Z",
            "2024-01-01T10:00:00.Z",
            "2024-01-01T10:00:00+15:00",
            "2024-01-01 10:00",
            "2024-01-01T10",
            "+024",
            "2024-01-01T10:00:00z",
            "２０２４",
        ] {
            assert_eq!(Moment::parse(text), None, "{text}");
        }
    }
}
