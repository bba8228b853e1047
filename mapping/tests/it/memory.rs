//! What a thread remembers of messages changes nothing: whoever reads a message alone reads the same.

use hl7v2::{Charset, Message};
use jiff::tz::TimeZone;
use mapping::inbound::{Context, Interpretation, interpret};
use mapping::{Profile, bundle_text};
use model::IdentityKey;
use proptest::prelude::*;

use crate::chart::{bytes, context, profile};
use crate::snapshots::{ADMISSION, IMMUNIZATIONS, ORDERS, RESULTS};

/// What a message is read under.
#[derive(Clone, Copy)]
struct Setting<'a> {
    profile: &'a Profile,
    key: &'a IdentityKey,
    zone: &'a TimeZone,
    fallback: Charset,
}

fn as_bundle(bytes: &[u8], setting: Setting<'_>) -> Option<String> {
    let message = Message::parse_with(bytes, setting.fallback).ok()?;
    bundle_text(&message, &setting.context(bytes)).ok()
}

fn as_statements(bytes: &[u8], setting: Setting<'_>) -> Option<Interpretation> {
    let message = Message::parse_with(bytes, setting.fallback).ok()?;
    interpret(&message, &setting.context(bytes)).ok()
}

impl<'a> Setting<'a> {
    fn context(self, bytes: &[u8]) -> Context<'a> {
        Context {
            key: self.key,
            zone: self.zone,
            ..context(bytes, self.profile)
        }
    }
}

/// A new thread remembers nothing.
fn alone<T: Send>(read: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let alone = scope.spawn(read);
        alone.join().expect("reading does not panic")
    })
}

/// What is read to be shown and what is read to be kept is remembered by one thread, and each is as if
/// nothing had been read before.
#[track_caller]
fn check(bytes: &[u8], setting: Setting<'_>) {
    assert!(as_bundle(bytes, setting) == alone(|| as_bundle(bytes, setting)));
    assert!(as_statements(bytes, setting) == alone(|| as_statements(bytes, setting)));
}

const MESSAGES: [&str; 4] = [ADMISSION, IMMUNIZATIONS, ORDERS, RESULTS];

/// Each of two profiles, keys, zones and character sets, with all of the others.
fn settings(keys: &[IdentityKey; 2]) -> Vec<Setting<'_>> {
    let profiles = [profile(), Profile::named("hchb").unwrap()];
    let zones = [
        const { &TimeZone::UTC },
        const { &TimeZone::fixed(jiff::tz::offset(-6)) },
    ];
    let mut settings = Vec::new();
    for profile in profiles {
        for key in keys {
            for zone in zones {
                settings.extend([Charset::Latin1, Charset::Latin2].map(|fallback| Setting {
                    profile,
                    key,
                    zone,
                    fallback,
                }));
            }
        }
    }
    settings
}

/// A message with a byte in its names that is one letter in one character set and another one in the next.
fn with_a_foreign_letter(message: &str) -> Vec<u8> {
    let bytes = bytes(message);
    let spelt = bytes.windows(2).map(|pair| pair == b"^B");
    let spelt = std::iter::once(false).chain(spelt);
    let letters = bytes.iter().zip(spelt);
    letters
        .map(|(byte, is_letter)| if is_letter { 0xA3 } else { *byte })
        .collect()
}

#[test]
fn the_same_bytes_say_something_else_in_another_setting() {
    let keys = [IdentityKey::PUBLIC, IdentityKey::new([7; 32])];
    for _ in 0..2 {
        for message in MESSAGES {
            let variants = [
                bytes(message),
                bytes(&message.replacen("|AGENCY|", "|OTHER|", 1)),
                bytes(&message.replace('^', "$")),
                with_a_foreign_letter(message),
            ];
            for setting in settings(&keys) {
                for variant in &variants {
                    assert!(as_statements(variant, setting).is_some());
                    check(variant, setting);
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_message_after_others_is_read_as_if_alone(
        message in prop::sample::select(&MESSAGES[..]),
        edits in proptest::collection::vec(
            (any::<prop::sample::Index>(), "[|^~&\"0-9A-Z -]{0,3}"), 0..4,
        ),
    ) {
        let mut text = message.to_owned();
        for (at, insert) in edits {
            let at = 9 + at.index(text.len() - 9);
            if text.is_char_boundary(at) {
                text.insert_str(at, &insert);
            }
        }
        let setting = Setting {
            profile: profile(),
            key: &IdentityKey::PUBLIC,
            zone: &TimeZone::UTC,
            fallback: Charset::Utf8,
        };
        check(&bytes(&text), setting);
    }
}
