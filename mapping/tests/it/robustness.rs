//! No message makes the mapping panic, and whatever it makes is JSON.

use mapping::{Profile, bundle, route};
use model::IdentityKey;
use proptest::prelude::*;

use crate::chart::{bytes, context, profile};
use crate::snapshots::{ADMISSION, IMMUNIZATIONS, ORDERS, RESULTS};

fn survives(bytes: &[u8], profile: &Profile) {
    let Ok(message) = hl7v2::Message::parse(bytes) else {
        return;
    };
    let ctx = context(bytes, profile);
    route(&message, profile, &IdentityKey::PUBLIC, &ctx.digest);
    if let Ok(bundle) = bundle(&message, &ctx) {
        assert_eq!(bundle["resourceType"], "Bundle");
    }
}

const MESSAGES: [&str; 4] = [ADMISSION, IMMUNIZATIONS, ORDERS, RESULTS];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_message_with_wrong_bytes_is_survived(
        message in prop::sample::select(&MESSAGES[..]),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..30),
    ) {
        let mut bytes = bytes(message);
        // What stands after MSH-2 may be anything.
        for (at, byte) in edits {
            let at = 9 + at.index(bytes.len() - 9);
            bytes[at] = byte;
        }
        survives(&bytes, profile());
    }

    #[test]
    fn a_message_with_odd_fields_is_survived(
        message in prop::sample::select(&MESSAGES[..]),
        edits in proptest::collection::vec(
            (any::<prop::sample::Index>(), "[|^~&\\\\\"0-9A-Z+. -]{0,12}"), 1..12,
        ),
    ) {
        let mut text = String::from_utf8(bytes(message)).unwrap();
        for (at, insert) in edits {
            let at = 9 + at.index(text.len() - 9);
            if text.is_char_boundary(at) {
                text.insert_str(at, &insert);
            }
        }
        survives(text.as_bytes(), Profile::named("hchb").unwrap());
    }

    #[test]
    fn a_cut_message_is_survived(
        message in prop::sample::select(&MESSAGES[..]),
        at in any::<prop::sample::Index>(),
    ) {
        let bytes = bytes(message);
        let at = at.index(bytes.len());
        survives(&bytes[..at], profile());
    }
}
