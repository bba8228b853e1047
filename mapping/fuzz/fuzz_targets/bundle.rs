//! Any bytes, as `drawbridge map` takes them: no panic, and each message's Bundle is JSON of valid R4
//! resources that refer to each other inside, the same each time, and not much larger than the message.
#![no_main]

use std::collections::HashSet;

use jiff::tz::TimeZone;
use libfuzzer_sys::fuzz_target;
use mapping::inbound::{Context, Interpretation, interpret};
use mapping::trace::trace;
use mapping::{Facts, FoldContext, Profile, Ties, Whole, bundle_text, route};
use model::{IdentityKey, Timestamp};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// The smallest message has a header, a patient and a visit, which say things of themselves.
const BYTES_FREE: usize = 16 << 10;
/// A segment of eight bytes becomes a resource of two kilobytes.
const BYTES_PER_BYTE: usize = 256;
/// A trace maps a message once for each of its values.
const TRACED_BYTES_MAX: usize = 300;

fuzz_target!(|bytes: &[u8]| {
    for message in hl7v2::batch::messages(bytes) {
        check(message);
    }
});

fn check(bytes: &[u8]) {
    // By the length, so that a seed stays a plain message.
    let names: Vec<_> = Profile::names().collect();
    let profile = Profile::named(names[bytes.len() % names.len()]).expect("it is shipped");
    let charset = profile.charset().unwrap_or(hl7v2::Charset::Windows1252);
    let Ok(message) = hl7v2::Message::parse_with(bytes, charset) else { return };
    let ctx = Context {
        profile,
        key: &IdentityKey::PUBLIC,
        zone: &TimeZone::UTC,
        received_at: "2030-01-01T00:00:00Z".parse::<Timestamp>().expect("a good time"),
        journal: None,
        digest: Sha256::digest(bytes).into(),
    };
    let _ = route(&message, profile, &IdentityKey::PUBLIC, &ctx.digest);
    let Ok(said) = interpret(&message, &ctx) else { return };
    facts_are_kept(&said, &ctx);
    let places = said.issues.iter().map(|issue| issue.at).chain(said.unmapped.iter().copied());
    assert!(places.map(|place| place.to_string()).all(|place| !place.is_empty()));
    let text = bundle_text(&message, &ctx).expect("what can be interpreted becomes a bundle");
    assert_eq!(bundle_text(&message, &ctx).as_ref(), Ok(&text), "two bundles of one message");
    let bytes_max = BYTES_FREE + BYTES_PER_BYTE * bytes.len();
    assert!(text.len() <= bytes_max, "{} bytes become {}", bytes.len(), text.len());
    bundle_is_sound(&serde_json::from_str(&text).expect("a bundle is JSON"));
    if bytes.len() <= TRACED_BYTES_MAX {
        trace(bytes, &ctx).expect("what becomes a bundle can be explained");
    }
}

/// Facts come back as they were stored, and joining them once more changes nothing.
fn facts_are_kept(said: &Interpretation, ctx: &Context<'_>) {
    let ties = Ties::default();
    let fold = FoldContext { key: ctx.key, ties: &ties };
    for statement in &said.statements {
        let stored = statement.facts.to_bytes();
        let mut facts = Facts::from_bytes(&stored).expect("we wrote them");
        facts.join(&statement.facts);
        assert_eq!(facts.to_bytes(), stored, "facts joined with themselves");
        for draft in Whole::one(statement.entity, statement.kind, &facts).drafts(&fold) {
            let _ = draft.lineage();
        }
    }
}

fn bundle_is_sound(bundle: &Value) {
    let entries = bundle["entry"].as_array().expect("a bundle has entries");
    let urls: HashSet<&str> = entries.iter().filter_map(|entry| entry["fullUrl"].as_str()).collect();
    assert_eq!(urls.len(), entries.len(), "an entry without a fullUrl of its own");
    for entry in entries {
        let resource = &entry["resource"];
        let contained = resource["contained"].as_array().into_iter().flatten();
        let inside: HashSet<&str> = contained.filter_map(|each| each["id"].as_str()).collect();
        references_resolve(resource, &urls, &inside);
        let faults = fhir::check(resource, None);
        assert!(faults.is_empty(), "{}: {faults:?}", resource["resourceType"]);
    }
}

fn references_resolve(value: &Value, urls: &HashSet<&str>, inside: &HashSet<&str>) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(target)) = members.get("reference") {
                let is_inside = target.strip_prefix('#').is_some_and(|id| inside.contains(id));
                assert!(is_inside || urls.contains(target.as_str()), "{target} is not in the bundle");
            }
            members.values().for_each(|member| references_resolve(member, urls, inside));
        }
        Value::Array(list) => list.iter().for_each(|each| references_resolve(each, urls, inside)),
        _ => {}
    }
}
