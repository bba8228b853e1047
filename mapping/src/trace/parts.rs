//! The values of a message, each with its place and its bytes.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

use crate::facts::Place;

/// A value's place in a message. Counting is the standard's: from 1.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Spot {
    /// The segment's name.
    pub segment: String,
    /// Which segment of that name.
    pub occurrence: usize,
    /// The field.
    pub field: u8,
    /// Which repetition of the field.
    pub repetition: usize,
    /// The component, where the repetition has several.
    pub component: Option<usize>,
    /// The subcomponent, where the component has several.
    pub subcomponent: Option<usize>,
}

impl Spot {
    /// The field's place.
    pub fn place(&self) -> Place {
        Place::new(&self.segment, self.field)
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.segment)?;
        if 1 < self.occurrence {
            write!(f, "[{}]", self.occurrence)?;
        }
        write!(f, "-{}", self.field)?;
        if 1 < self.repetition {
            write!(f, "[{}]", self.repetition)?;
        }
        for part in [self.component, self.subcomponent].into_iter().flatten() {
            write!(f, ".{part}")?;
        }
        Ok(())
    }
}

/// A value of a message.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) spot: Spot,
    /// Where its bytes are.
    pub(super) span: Range<usize>,
    pub(super) text: String,
}

/// Every value of a message, but for the separators in its header.
pub(super) fn of(message: &hl7v2::Message<'_>) -> Vec<Part> {
    let start = message.bytes().as_ptr() as usize;
    let mut parts = Vec::new();
    let mut n_seen: HashMap<&str, usize> = HashMap::new();
    for segment in message.segments() {
        let occurrence = n_seen.entry(segment.name()).or_default();
        *occurrence += 1;
        let is_header = segment.name() == "MSH";
        for (n, field) in (1..=u8::MAX).zip(segment.fields()) {
            if is_header && n <= 2 {
                continue;
            }
            for (repetition, sent) in (1..).zip(field.repetitions()) {
                for (component, subcomponent, raw, text) in values(sent) {
                    let Some(from) = (raw.as_ptr() as usize).checked_sub(start) else {
                        continue;
                    };
                    parts.push(Part {
                        spot: Spot {
                            segment: segment.name().to_owned(),
                            occurrence: *occurrence,
                            field: n,
                            repetition,
                            component,
                            subcomponent,
                        },
                        span: from..from + raw.len(),
                        text,
                    });
                }
            }
        }
    }
    parts.retain(|part| part.span.end <= message.bytes().len());
    parts
}

type Value<'m> = (Option<usize>, Option<usize>, &'m [u8], String);

/// The values of a repetition: component, subcomponent, bytes, text.
fn values(sent: hl7v2::Repetition<'_>) -> Vec<Value<'_>> {
    let mut values = Vec::new();
    let n_components = sent.n_components().max(1);
    for c in 1..=n_components {
        let component = sent.component(c);
        let n_subcomponents = component.n_subcomponents().max(1);
        for s in 1..=n_subcomponents {
            let value = component.subcomponent(s);
            if !value.is_empty() {
                let c = (1 < n_components).then_some(c);
                let s = (1 < n_subcomponents).then_some(s);
                values.push((c, s, value.raw(), value.text().into_owned()));
            }
        }
    }
    values
}

/// The same bytes with a value changed to another of its kind: its last digit or letter becomes the
/// next one, so that a date stays a date; of a long number also the fourth digit, which is a year's.
pub(super) fn changed(bytes: &[u8], part: &Part) -> Vec<Vec<u8>> {
    let sent = bytes.get(part.span.clone()).unwrap_or_default();
    let is_long = 8 < sent.len() && sent.iter().take(8).all(u8::is_ascii_digit);
    let last = sent.iter().rposition(u8::is_ascii_alphanumeric);
    let values = [last, is_long.then_some(3)]
        .into_iter()
        .flatten()
        .map(|at| next_at(sent, at));
    let values: Vec<Vec<u8>> = values.collect();
    let values = if values.is_empty() {
        vec![b"X".to_vec()]
    } else {
        values
    };
    values
        .iter()
        .map(|value| with(bytes, part, value))
        .collect()
}

/// The same bytes with a value taken out, or, where it is the trigger, with others in its place: what
/// happened shows only beside what did not.
pub(super) fn others(bytes: &[u8], part: &Part) -> Vec<Vec<u8>> {
    let is_trigger = part.spot.place() == Place::new("MSH", 9) && part.spot.component == Some(2);
    let values: &[&str] = match is_trigger {
        true if part.text.starts_with('A') => &["A03", "A08", "A11"],
        true if part.text.starts_with('S') => &["S12", "S15", "S26"],
        true if part.text.starts_with('T') => &["T02", "T10", "T11"],
        _ => &[""],
    };
    values
        .iter()
        .map(|value| with(bytes, part, value.as_bytes()))
        .collect()
}

fn with(bytes: &[u8], part: &Part, value: &[u8]) -> Vec<u8> {
    let before = bytes.get(..part.span.start).unwrap_or_default();
    let after = bytes.get(part.span.end..).unwrap_or_default();
    [before, value, after].concat()
}

/// A digit becomes the next digit, a letter the next letter.
fn next_at(sent: &[u8], at: usize) -> Vec<u8> {
    let mut value = sent.to_vec();
    if let Some(byte) = value.get_mut(at) {
        *byte = match *byte {
            b'9' => b'0',
            b'z' => b'y',
            b'Z' => b'Y',
            other => other + 1,
        };
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &[u8] = b"MSH|^~\\&|EMR\rPID|1||7^^^A&1.2&ISO~8\rNTE|1\rNTE|2";

    fn parts() -> Vec<Part> {
        of(&hl7v2::Message::parse(MESSAGE).unwrap())
    }

    #[test]
    fn every_value_has_its_place() {
        let places: Vec<String> = parts().iter().map(|part| part.spot.to_string()).collect();
        let expected = [
            "MSH-3",
            "PID-1",
            "PID-3.1",
            "PID-3.4.1",
            "PID-3.4.2",
            "PID-3.4.3",
            "PID-3[2]",
            "NTE-1",
            "NTE[2]-1",
        ];
        assert_eq!(places, expected);
    }

    #[test]
    fn a_mutant_differs_in_one_value() {
        let parts = parts();
        let last = parts.last().unwrap();
        let rest = &MESSAGE[..MESSAGE.len() - 1];
        assert_eq!(changed(MESSAGE, last), [[rest, b"3"].concat()]);
        assert_eq!(others(MESSAGE, last), [rest]);
    }
}
