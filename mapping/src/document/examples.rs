//! Made-up messages that fill the fields, and what rules do with a value that they lack.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use jiff::tz::TimeZone;
use model::{IdentityKey, Timestamp};

use crate::facts::Place;
use crate::inbound::{Context, interpret};
use crate::profile::Profile;
use crate::trace::{Trace, trace};

const MESSAGES: [&str; 14] = [
    include_str!("../../messages/admission.hl7"),
    include_str!("../../messages/teams.hl7"),
    include_str!("../../messages/transfer.hl7"),
    include_str!("../../messages/person.hl7"),
    include_str!("../../messages/merge.hl7"),
    include_str!("../../messages/accounts.hl7"),
    include_str!("../../messages/visits.hl7"),
    include_str!("../../messages/results.hl7"),
    include_str!("../../messages/orders.hl7"),
    include_str!("../../messages/referral.hl7"),
    include_str!("../../messages/appointment.hl7"),
    include_str!("../../messages/document.hl7"),
    include_str!("../../messages/charge.hl7"),
    include_str!("../../messages/immunizations.hl7"),
];

/// Segments of the structures that are read, besides those that the examples have.
const OTHERS: [&str; 26] = [
    "ACC", "ARV", "AUT", "BLG", "CER", "CON", "CTD", "CTI", "DB1", "DRG", "DSC", "FAC", "GP1",
    "GP2", "NPU", "OBR", "OH1", "OH2", "PDA", "PRB", "PSH", "RMI", "SAC", "TQ2", "UB1", "UB2",
];

/// The names of fields, as the standard has them.
static NAMES: LazyLock<BTreeMap<(&'static str, u8), &'static str>> = LazyLock::new(|| {
    let lines = include_str!("../../messages/fields.txt").lines();
    let name = |line: &'static str| {
        let (place, name) = line.split_once('\t')?;
        let (segment, field) = place.split_once('-')?;
        Some(((segment, field.parse().ok()?), name))
    };
    lines.filter_map(name).collect()
});

/// What the standard calls a field, where this build knows it.
pub fn field_name(segment: &str, field: u8) -> Option<&'static str> {
    // The names are few: no key of the caller's lifetime is worth it.
    let found = NAMES
        .iter()
        .find(|((known, n), _)| *known == segment && *n == field);
    found.map(|(_, name)| *name)
}

/// Whether a name is that of a segment, of the standard or of a site: what breaks off a line of text
/// may look like one, and must not become a label.
pub fn is_segment(name: &str) -> bool {
    let is_site = name.len() == 3
        && name.starts_with('Z')
        && name
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    is_site || OTHERS.contains(&name) || NAMES.keys().any(|(known, _)| *known == name)
}

/// What becomes of the fields that gave nothing.
#[derive(Default, Debug)]
pub(super) struct Rest {
    pub(super) read: BTreeSet<u8>,
    pub(super) unread: BTreeSet<u8>,
}

/// All examples, traced: at the same time, because each is mapped some hundred times.
pub(super) fn traces() -> Vec<Trace> {
    let traced = |message: &str| {
        let bytes = bytes(message);
        with(&bytes, |ctx| trace(&bytes, ctx).ok())
    };
    std::thread::scope(|scope| {
        let works = MESSAGES.map(|message| scope.spawn(move || traced(message)));
        let done = works.into_iter().map(|work| work.join().ok().flatten());
        done.flatten().collect()
    })
}

/// The fields of a segment but those that are `known` to give something: a value is put into each, to
/// see whether any rule reads it there. A field that no example's rules read is not mapped.
pub(super) fn rest(segment: &str, known: &BTreeSet<u8>) -> Rest {
    let mut rest = Rest::default();
    let named = NAMES.keys().filter(|(name, _)| *name == segment);
    for n in named.map(|(_, n)| *n).filter(|n| !known.contains(n)) {
        if MESSAGES.iter().any(|message| reads(message, segment, n)) {
            rest.read.insert(n);
        } else {
            rest.unread.insert(n);
        }
    }
    rest
}

/// Whether rules read a field where a message has its segment.
fn reads(message: &str, segment: &str, n: u8) -> bool {
    let mut lines: Vec<String> = message.trim().lines().map(str::to_owned).collect();
    let Some(line) = lines.iter_mut().find(|line| line.starts_with(segment)) else {
        return false;
    };
    // MSH-1 is the separator itself.
    let at = usize::from(n) - usize::from(segment == "MSH");
    let mut fields: Vec<&str> = line.split('|').collect();
    fields.resize(fields.len().max(at + 1), "");
    if let Some(field) = fields.get_mut(at).filter(|field| field.is_empty()) {
        *field = "1";
    }
    *line = fields.join("|");
    !unmapped(&lines.join("\n")).contains(&Place::new(segment, n))
}

/// The segments that no rule reads.
pub(super) fn unread_segments() -> Vec<&'static str> {
    let is_unread = |segment: &&str| {
        let place = Place::new(segment, 1);
        let has_it = |message: &&&str| message.lines().any(|line| line.starts_with(*segment));
        MESSAGES.iter().all(|message| {
            let message = if has_it(&message) {
                (*message).to_owned()
            } else {
                format!("{}\n{segment}|1\n", message.trim_end())
            };
            unmapped(&message).contains(&place)
        })
    };
    OTHERS.into_iter().filter(is_unread).collect()
}

fn unmapped(message: &str) -> Vec<Place> {
    let bytes = bytes(message);
    let Ok(message) = hl7v2::Message::parse(&bytes) else {
        return Vec::new();
    };
    let said = with(&bytes, |ctx| interpret(&message, ctx).ok());
    said.map(|said| said.unmapped).unwrap_or_default()
}

fn bytes(message: &str) -> Vec<u8> {
    message.trim().replace('\n', "\r").into_bytes()
}

fn with<R>(bytes: &[u8], read: impl FnOnce(&Context<'_>) -> R) -> R {
    let digest = sha2::Digest::finalize(<sha2::Sha256 as sha2::Digest>::new_with_prefix(bytes));
    let profile = Profile::default();
    read(&Context {
        profile: &profile,
        key: &IdentityKey::PUBLIC,
        zone: &TimeZone::UTC,
        received_at: Timestamp::MAX,
        journal: None,
        digest: digest.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_is_mapped() {
        for message in MESSAGES {
            let bytes = bytes(message);
            let message = hl7v2::Message::parse(&bytes).unwrap();
            assert!(with(&bytes, |ctx| interpret(&message, ctx).is_ok()));
        }
    }

    #[test]
    fn names_of_segments_are_told_from_words() {
        assert!(["PID", "ZPD", "ACC"].into_iter().all(is_segment));
        assert!(!["DOE", "zpd", "Z", ""].into_iter().any(is_segment));
        assert_eq!(field_name("PID", 5), Some("Patient Name"));
    }
}
