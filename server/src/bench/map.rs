//! Messages translated per second on one core: bytes in, serialised Bundle out.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use mapping::inbound::Context;
use mapping::{Profile, bundle_text};
use model::IdentityKey;

use super::admission::admission;
use super::report::{Figure, per_second};

const TIME: Duration = Duration::from_secs(4);

pub(super) fn run() -> anyhow::Result<Vec<Figure>> {
    let messages: Vec<_> = (0..1000).map(|n| admission(n).into_bytes()).collect();
    let ctx = Context {
        profile: Profile::named("generic").context("the generic profile is shipped")?,
        key: &IdentityKey::PUBLIC,
        zone: &TimeZone::UTC,
        received_at: Timestamp::UNIX_EPOCH,
        journal: None,
        digest: [0; 32],
    };
    let parsed = rate(&messages, |bytes| {
        Ok(hl7v2::Message::parse(bytes)?.segments().count())
    })?;
    let translated = rate(&messages, |bytes| {
        Ok(bundle_text(&hl7v2::Message::parse(bytes)?, &ctx)?.len())
    })?;
    Ok(vec![
        Figure::new("messages to Bundles, one core", translated, "1/s")
            .beside("messages parsed, same core", parsed),
    ])
}

/// How often per second `work` is done on one core.
fn rate(
    messages: &[Vec<u8>],
    work: impl Fn(&[u8]) -> anyhow::Result<usize>,
) -> anyhow::Result<f64> {
    let (mut n_done, mut n_bytes) = (0, 0);
    let start = Instant::now();
    while start.elapsed() < TIME {
        for message in messages {
            n_bytes += std::hint::black_box(work(message)?);
        }
        n_done += messages.len();
    }
    std::hint::black_box(n_bytes);
    Ok(per_second(n_done, start.elapsed()))
}
