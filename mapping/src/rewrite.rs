//! Fields that a profile takes from elsewhere: the message as it would be, had the sender put them
//! where they belong. Nothing is copied for a profile that takes none.

use hl7v2::{Message, Segment, Separators};

use crate::profile::{Override, Path, Profile, Take};

/// The message's bytes with the profile's fields in place; none where nothing changes.
pub(crate) fn rewritten(message: &Message<'_>, profile: &Profile) -> Option<Vec<u8>> {
    if !profile.changes_fields() {
        return None;
    }
    let mut out = Vec::with_capacity(message.bytes().len() + 64);
    let mut has_changed = false;
    for segment in message.segments() {
        let changed = profile
            .fields
            .get(segment.name())
            .and_then(|overrides| line(&segment, overrides, message));
        has_changed |= changed.is_some();
        match &changed {
            Some(line) => out.extend_from_slice(line),
            None => out.extend_from_slice(segment.raw()),
        }
        out.push(b'\r');
    }
    has_changed.then_some(out)
}

/// A segment with its overrides.
fn line(segment: &Segment<'_>, overrides: &[Override], message: &Message<'_>) -> Option<Vec<u8>> {
    let separators = message.separators();
    let first = usize::from(segment.name() == "MSH");
    let mut fields: Vec<Vec<u8>> = (first + 1..=segment.n_fields())
        .map(|n| segment.field(n).raw().to_vec())
        .collect();
    let mut has_changed = false;
    for change in overrides {
        let Path {
            field, component, ..
        } = change.at;
        let at = usize::from(field) - 1 - first;
        let is_there = !part(fields.get(at), component, separators).is_empty();
        if is_there && change.only_if_empty {
            continue;
        }
        let value = value(&change.take, segment, message);
        if value.is_empty() && !is_there {
            continue;
        }
        if fields.len() <= at {
            fields.resize(at + 1, Vec::new());
        }
        if let Some(field) = fields.get_mut(at) {
            put(field, component, &value, separators);
            has_changed = true;
        }
    }
    has_changed.then(|| {
        let mut line = segment.name_bytes().to_vec();
        for field in &fields {
            line.push(separators.field);
            line.extend_from_slice(field);
        }
        line
    })
}

/// A field, or a component of its first repetition.
fn part(field: Option<&Vec<u8>>, component: Option<u8>, separators: Separators) -> &[u8] {
    let field = field.map(Vec::as_slice).unwrap_or_default();
    let Some(n) = component else { return field };
    let first = field.split(|byte| *byte == separators.repetition).next();
    let mut parts = first
        .unwrap_or_default()
        .split(|byte| *byte == separators.component);
    parts.nth(usize::from(n) - 1).unwrap_or_default()
}

/// What is taken, in the message's own separators.
fn value(take: &Take, segment: &Segment<'_>, message: &Message<'_>) -> Vec<u8> {
    let separators = message.separators();
    match take {
        Take::Nothing => Vec::new(),
        Take::Value(text) => text
            .bytes()
            .map(|byte| match byte {
                b'^' => separators.component,
                b'~' => separators.repetition,
                b'\\' => separators.escape,
                b'&' => separators.subcomponent,
                byte => byte,
            })
            .collect(),
        Take::From(path) => {
            let other = if path.segment == segment.name() {
                Some(*segment)
            } else {
                message.segment(&path.segment)
            };
            let field = other.map(|other| other.field(usize::from(path.field)).raw().to_vec());
            part(field.as_ref(), path.component, separators).to_vec()
        }
    }
}

fn put(field: &mut Vec<u8>, component: Option<u8>, value: &[u8], separators: Separators) {
    let Some(n) = component else {
        value.clone_into(field);
        return;
    };
    let end = field.iter().position(|byte| *byte == separators.repetition);
    let rest = field.split_off(end.unwrap_or(field.len()));
    let mut parts: Vec<&[u8]> = field.split(|byte| *byte == separators.component).collect();
    let at = usize::from(n) - 1;
    if parts.len() <= at {
        parts.resize(at + 1, &[]);
    }
    if let Some(part) = parts.get_mut(at) {
        *part = value;
    }
    let mut whole = parts.join(&separators.component);
    whole.extend_from_slice(&rest);
    *field = whole;
}
