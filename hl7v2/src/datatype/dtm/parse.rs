//! The digits of a time.

use jiff::{civil, tz::Offset};

use super::{DtmError, Precision, unit_of_fraction};

/// `+0100` off the end, if there is one.
pub(super) fn split_offset(text: &str) -> Result<(&str, Option<Offset>), DtmError> {
    if let Some(digits) = text.strip_suffix('Z') {
        return Ok((digits, Some(Offset::UTC)));
    }
    let Some((digits, offset)) = text
        .rfind(['+', '-'])
        .and_then(|at| text.split_at_checked(at))
    else {
        return Ok((text, None));
    };
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    let (hours, minutes) = match offset.as_bytes() {
        [_, h1, h2, m1, m2] | [_, h1, h2, b':', m1, m2] => {
            (two_digits([*h1, *h2]), two_digits([*m1, *m2]))
        }
        _ => return Err(DtmError::Offset),
    };
    match (hours, minutes) {
        (Some(hours @ 0..=14), Some(minutes @ 0..=59)) => {
            let seconds = sign * (i32::from(hours) * 3600 + i32::from(minutes) * 60);
            let offset = Offset::from_seconds(seconds).map_err(|_| DtmError::Offset)?;
            Ok((digits, Some(offset)))
        }
        _ => Err(DtmError::Offset),
    }
}

pub(super) fn parse_date(digits: &str) -> Result<(civil::Date, Precision), DtmError> {
    let (year, month, day, precision) = match digits.as_bytes() {
        [y1, y2, y3, y4] => ([*y1, *y2, *y3, *y4], None, None, Precision::Year),
        [y1, y2, y3, y4, m1, m2] => (
            [*y1, *y2, *y3, *y4],
            Some([*m1, *m2]),
            None,
            Precision::Month,
        ),
        [y1, y2, y3, y4, m1, m2, d1, d2] => (
            [*y1, *y2, *y3, *y4],
            Some([*m1, *m2]),
            Some([*d1, *d2]),
            Precision::Day,
        ),
        _ => return Err(DtmError::Form),
    };
    let [y1, y2, y3, y4] = year;
    let century = two_digits([y1, y2]).ok_or(DtmError::Form)?;
    let year = i16::from(century) * 100 + i16::from(two_digits([y3, y4]).ok_or(DtmError::Form)?);
    let month = month.map_or(Some(1), two_digits).ok_or(DtmError::Form)?;
    let day = day.map_or(Some(1), two_digits).ok_or(DtmError::Form)?;
    if year == 0 {
        return Err(DtmError::NoSuchTime);
    }
    let date = civil::Date::new(year, month, day).map_err(|_| DtmError::NoSuchTime)?;
    Ok((date, precision))
}

pub(super) fn parse_clock(text: &str) -> Result<(civil::Time, Precision), DtmError> {
    let (clock, fraction) = match text.split_once('.') {
        Some((clock, fraction)) => (clock, Some(fraction)),
        None => (text, None),
    };
    let part = |pair: [u8; 2]| two_digits(pair).ok_or(DtmError::Form);
    let (hour, minute, second, precision) = match clock.as_bytes() {
        [h1, h2] => (part([*h1, *h2])?, 0, 0, Precision::Hour),
        [h1, h2, m1, m2] => (part([*h1, *h2])?, part([*m1, *m2])?, 0, Precision::Minute),
        [h1, h2, m1, m2, s1, s2] => (
            part([*h1, *h2])?,
            part([*m1, *m2])?,
            part([*s1, *s2])?,
            Precision::Second,
        ),
        _ => return Err(DtmError::Form),
    };
    let (nanosecond, precision) = match fraction {
        None => (0, precision),
        Some(fraction) if precision == Precision::Second => parse_fraction(fraction)?,
        Some(_) => return Err(DtmError::Form),
    };
    let time =
        civil::Time::new(hour, minute, second, nanosecond).map_err(|_| DtmError::NoSuchTime)?;
    Ok((time, precision))
}

/// The standard has four digits; senders have up to nine.
fn parse_fraction(digits: &str) -> Result<(i32, Precision), DtmError> {
    let n_digits = u8::try_from(digits.len()).unwrap_or(u8::MAX);
    if !(1..=9).contains(&n_digits) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(DtmError::Form);
    }
    let value = digits
        .bytes()
        .fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
    let nanosecond = value * unit_of_fraction(n_digits);
    let nanosecond = i32::try_from(nanosecond).map_err(|_| DtmError::Form)?;
    Ok((nanosecond, Precision::Fraction(n_digits)))
}

fn two_digits([tens, ones]: [u8; 2]) -> Option<i8> {
    if !tens.is_ascii_digit() || !ones.is_ascii_digit() {
        return None;
    }
    i8::try_from((tens - b'0') * 10 + (ones - b'0')).ok()
}
