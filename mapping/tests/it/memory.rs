//! What a thread remembers of messages changes nothing: whoever reads a message alone reads the same.

use hl7v2::Message;
use mapping::inbound::{Interpretation, interpret};
use mapping::{Profile, bundle_text};
use model::IdentityKey;
use proptest::prelude::*;

use crate::chart::{bytes, context, profile};
use crate::snapshots::{ADMISSION, IMMUNIZATIONS, ORDERS, RESULTS};

type Read = Option<(Interpretation, String)>;

fn read(bytes: &[u8], profile: &Profile, key: &IdentityKey) -> Read {
    let message = Message::parse(bytes).ok()?;
    let mut ctx = context(bytes, profile);
    ctx.key = key;
    let bundle = bundle_text(&message, &ctx).ok()?;
    Some((interpret(&message, &ctx).ok()?, bundle))
}

/// A new thread remembers nothing.
fn read_alone(bytes: &[u8], profile: &Profile, key: &IdentityKey) -> Read {
    std::thread::scope(|scope| {
        let alone = scope.spawn(|| read(bytes, profile, key));
        alone.join().expect("reading does not panic")
    })
}

#[track_caller]
fn check(message: &str, profile: &Profile, key: &IdentityKey) {
    let bytes = bytes(message);
    assert!(read(&bytes, profile, key) == read_alone(&bytes, profile, key));
}

const MESSAGES: [&str; 4] = [ADMISSION, IMMUNIZATIONS, ORDERS, RESULTS];

#[test]
fn the_same_bytes_say_something_else_in_another_setting() {
    let keys = [IdentityKey::PUBLIC, IdentityKey::new([7; 32])];
    let profiles = [profile(), Profile::named("hchb").unwrap()];
    for _ in 0..2 {
        for message in MESSAGES {
            let other_sender = message.replacen("|AGENCY|", "|OTHER|", 1);
            let other_separator = message.replace('^', "$");
            for (key, profile) in keys
                .iter()
                .flat_map(|key| profiles.map(|profile| (key, profile)))
            {
                check(message, profile, key);
                check(&other_sender, profile, key);
                check(&other_separator, profile, key);
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
        check(&text, profile(), &IdentityKey::PUBLIC);
    }
}
