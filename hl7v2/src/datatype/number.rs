//! Numbers, with the digits that were sent.

use std::borrow::Cow;

use super::composite::view;

/// NM: a number. Keeps its digits: `98.50` is not `98.5`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Nm<'m>(Cow<'m, str>);

impl<'m> Nm<'m> {
    /// Reads digits with an optional sign and decimal point; `None` for anything else, an
    /// exponent included (ch. 2A: NM has none).
    pub fn parse(text: Cow<'m, str>) -> Option<Self> {
        let trimmed = text.trim();
        let unsigned = trimmed.strip_prefix(['+', '-']).unwrap_or(trimmed);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let has_digits = !whole.is_empty() || !fraction.is_empty();
        if !has_digits || !digits(whole) || !digits(fraction) {
            return None;
        }
        Some(Self(if trimmed.len() == text.len() {
            text
        } else {
            Cow::Owned(trimmed.to_owned())
        }))
    }

    /// As sent, without blanks around it.
    pub fn as_sent(&self) -> &str {
        &self.0
    }

    /// As a JSON number: no plus, no leading zeros, a digit on both sides of the point, every
    /// digit of precision kept.
    pub fn json_digits(&self) -> String {
        let negative = self.0.starts_with('-');
        let unsigned = self.0.trim_start_matches(['+', '-']);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let whole = whole.trim_start_matches('0');
        let sign = if negative { "-" } else { "" };
        let whole = if whole.is_empty() { "0" } else { whole };
        let point = if fraction.is_empty() { "" } else { "." };
        format!("{sign}{whole}{point}{fraction}")
    }
}

view! {
    /// SN: a structured number, such as `>^100`, `^1^:^128`, `^1^-^2`.
    Sn
    texts {
        /// SN.1 as sent.
        comparator_text = 1;
        /// SN.2.
        first = 2;
        /// SN.3: `-`, `+`, `/`, `:`, `.`.
        separator_or_suffix = 3;
        /// SN.4.
        second = 4;
    }
    views {}
}

/// SN.1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Comparator {
    /// `=`, or nothing.
    Equal,
    /// `<`.
    Less,
    /// `<=`.
    LessOrEqual,
    /// `>`.
    Greater,
    /// `>=`.
    GreaterOrEqual,
    /// `<>`.
    NotEqual,
}

impl Sn<'_> {
    /// SN.1; `None` if it is none that the standard knows.
    pub fn comparator(self) -> Option<Comparator> {
        Some(match self.comparator_text().trim() {
            "" | "=" => Comparator::Equal,
            "<" => Comparator::Less,
            "<=" => Comparator::LessOrEqual,
            ">" => Comparator::Greater,
            ">=" => Comparator::GreaterOrEqual,
            "<>" => Comparator::NotEqual,
            _ => return None,
        })
    }
}

view! {
    /// NR: a range of numbers.
    Nr
    texts {
        /// NR.1.
        low = 1;
        /// NR.2.
        high = 2;
    }
    views {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sent: &str, json: Option<&str>) {
        let digits = Nm::parse(Cow::Borrowed(sent)).map(|nm| nm.json_digits());
        assert_eq!(digits.as_deref(), json, "{sent}");
    }

    #[test]
    fn digits_stay_as_sent() {
        check("98.50", Some("98.50"));
        check("+7", Some("7"));
        check("-0.5", Some("-0.5"));
        check(".5", Some("0.5"));
        check("5.", Some("5"));
        check("007", Some("7"));
        check(" 12 ", Some("12"));
        check("0", Some("0"));
    }

    #[test]
    fn what_is_no_number_is_none() {
        for sent in ["", ".", "-", "1e5", "1,5", "<5", "5 mg", "+-5", "٣"] {
            check(sent, None);
        }
    }
}
