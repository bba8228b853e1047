//! Times as they were sent: how precise, and in which zone if any.
//!
//! `YYYY[MM[DD[HH[MM[SS[.S[S[S[S]]]]]]]]][+/-ZZZZ]` (ch. 2A.2.22). DT is the first part, TM the
//! part from HH on.

mod parse;

#[cfg(test)]
mod tests;

use std::fmt;

use jiff::{
    Timestamp, civil,
    tz::{Offset, TimeZone},
};

use self::parse::{parse_clock, parse_date, split_offset};
use super::composite::view;

/// Why a time can't be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DtmError {
    /// Not the digits that the format wants.
    #[error("not in the form of a time")]
    Form,
    /// A day or hour that does not exist, such as 19000231 or 00000000.
    #[error("no such day or time")]
    NoSuchTime,
    /// An offset that is no offset.
    #[error("not a time zone offset")]
    Offset,
}

/// How much of a time was said.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Precision {
    /// `YYYY`.
    Year,
    /// `YYYYMM`.
    Month,
    /// `YYYYMMDD`.
    Day,
    /// Up to HH.
    Hour,
    /// Up to MM.
    Minute,
    /// Up to SS.
    Second,
    /// That many digits of a second, at most nine.
    Fraction(u8),
}

/// DTM, TS, DT: a day, or a day and time.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Dtm {
    civil: civil::DateTime,
    precision: Precision,
    offset: Option<Offset>,
}

/// TM: a time of any day.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Tm {
    time: civil::Time,
    precision: Precision,
    offset: Option<Offset>,
}

impl Dtm {
    /// Reads a time. Blanks around it are ignored; a final `Z` is read as offset zero.
    pub fn parse(text: &str) -> Result<Self, DtmError> {
        let (digits, offset) = split_offset(text.trim())?;
        let (date, clock) = digits.split_at_checked(8).unwrap_or((digits, ""));
        let (date, precision) = parse_date(date)?;
        if clock.is_empty() {
            return Ok(Self {
                civil: date.to_datetime(civil::Time::midnight()),
                precision,
                offset,
            });
        }
        let (time, precision) = parse_clock(clock)?;
        Ok(Self {
            civil: date.to_datetime(time),
            precision,
            offset,
        })
    }

    /// A part of a value that may be empty.
    pub(super) fn parse_part(text: &str) -> Option<Result<Self, DtmError>> {
        (!text.trim().is_empty()).then(|| Self::parse(text))
    }

    /// A time that we write: to the millisecond, with its offset.
    pub fn from_timestamp(timestamp: Timestamp, zone: &TimeZone) -> Self {
        let offset = zone.to_offset(timestamp);
        Self {
            civil: offset.to_datetime(timestamp),
            precision: Precision::Fraction(3),
            offset: Some(offset),
        }
    }

    /// The same time, said with that precision at most; the offset stays.
    #[must_use]
    pub fn truncated(self, precision: Precision) -> Self {
        Self {
            precision: self.precision.min(precision),
            ..self
        }
    }

    /// The date as sent, in the sender's zone; month and day are 1 where they were not said.
    pub fn date(self) -> civil::Date {
        self.civil.date()
    }

    /// The time as sent, in the sender's zone; zero where it was not said.
    pub fn time(self) -> civil::Time {
        self.civil.time()
    }

    /// How much was said.
    pub fn precision(self) -> Precision {
        self.precision
    }

    /// Whether a time of day was said.
    pub fn has_time(self) -> bool {
        Precision::Day < self.precision
    }

    /// The offset from UTC if it was said.
    pub fn offset(self) -> Option<Offset> {
        self.offset
    }

    /// The first instant that is meant, by the offset said, else in `zone`. `None` at the edges
    /// of the calendar.
    pub fn earliest(self, zone: &TimeZone) -> Option<Timestamp> {
        self.instant(self.civil, zone)
    }

    /// The last instant that is meant, to the nanosecond: the end of the year that `1950` says.
    pub fn latest(self, zone: &TimeZone) -> Option<Timestamp> {
        use jiff::ToSpan;
        let unit = match self.precision {
            Precision::Year => 1.year(),
            Precision::Month => 1.month(),
            Precision::Day => 1.day(),
            Precision::Hour => 1.hour(),
            Precision::Minute => 1.minute(),
            Precision::Second => 1.second(),
            Precision::Fraction(n_digits) => unit_of_fraction(n_digits).nanoseconds(),
        };
        let next = self.civil.checked_add(unit).ok()?;
        self.instant(next, zone)?.checked_sub(1.nanosecond()).ok()
    }

    fn instant(self, civil: civil::DateTime, zone: &TimeZone) -> Option<Timestamp> {
        match self.offset {
            Some(offset) => offset.to_timestamp(civil).ok(),
            None => zone.to_ambiguous_timestamp(civil).compatible().ok(),
        }
    }
}

impl Tm {
    /// Reads `HH[MM[SS[.SSSS]]][+/-ZZZZ]`.
    pub fn parse(text: &str) -> Result<Self, DtmError> {
        let (digits, offset) = split_offset(text.trim())?;
        let (time, precision) = parse_clock(digits)?;
        Ok(Self {
            time,
            precision,
            offset,
        })
    }

    /// The time; zero where it was not said.
    pub fn time(self) -> civil::Time {
        self.time
    }

    /// How much was said.
    pub fn precision(self) -> Precision {
        self.precision
    }

    /// The offset from UTC if it was said.
    pub fn offset(self) -> Option<Offset> {
        self.offset
    }
}

view! {
    /// DR: from when to when.
    Dr
    texts {
        /// DR.1 as sent.
        start_text = 1;
        /// DR.2 as sent.
        end_text = 2;
    }
    views {}
}

impl Dr<'_> {
    /// DR.1; `None` if empty.
    pub fn start(self) -> Option<Result<Dtm, DtmError>> {
        Dtm::parse_part(&self.start_text())
    }

    /// DR.2; `None` if empty.
    pub fn end(self) -> Option<Result<Dtm, DtmError>> {
        Dtm::parse_part(&self.end_text())
    }
}

/// As HL7 writes it, with the precision and offset of the value.
impl fmt::Display for Dtm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.civil.year())?;
        if Precision::Month <= self.precision {
            write!(f, "{:02}", self.civil.month())?;
        }
        if Precision::Day <= self.precision {
            write!(f, "{:02}", self.civil.day())?;
        }
        write_clock(f, self.civil.time(), self.precision)?;
        write_offset(f, self.offset)
    }
}

/// As HL7 writes it, with the precision and offset of the value.
impl fmt::Display for Tm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_clock(f, self.time, self.precision)?;
        write_offset(f, self.offset)
    }
}

fn write_clock(f: &mut fmt::Formatter<'_>, time: civil::Time, precision: Precision) -> fmt::Result {
    if Precision::Hour <= precision {
        write!(f, "{:02}", time.hour())?;
    }
    if Precision::Minute <= precision {
        write!(f, "{:02}", time.minute())?;
    }
    if Precision::Second <= precision {
        write!(f, "{:02}", time.second())?;
    }
    if let Precision::Fraction(n_digits) = precision {
        let digits = i64::from(time.subsec_nanosecond()) / unit_of_fraction(n_digits);
        write!(f, ".{digits:0width$}", width = usize::from(n_digits))?;
    }
    Ok(())
}

fn write_offset(f: &mut fmt::Formatter<'_>, offset: Option<Offset>) -> fmt::Result {
    let Some(offset) = offset else { return Ok(()) };
    let sign = if offset.is_negative() { '-' } else { '+' };
    let minutes = offset.seconds().unsigned_abs() / 60;
    write!(f, "{sign}{:02}{:02}", minutes / 60, minutes % 60)
}

/// Nanoseconds of the last of that many digits.
fn unit_of_fraction(n_digits: u8) -> i64 {
    10_i64.pow(u32::from(9_u8.saturating_sub(n_digits)))
}
