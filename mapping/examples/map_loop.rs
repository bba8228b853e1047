//! Maps one message many times: `map_loop FILE TIMES [bundle|lane]`. For profilers; `benches/map.rs`
//! measures time. `lane` is what a worker does: read, join with what is stored, fold, store.

use jiff::tz::TimeZone;
use mapping::inbound::{Context, interpret};
use mapping::{Facts, FoldContext, Profile, bundle_text, drafts};
use model::{IdentityKey, Timestamp};

fn main() {
    let mut args = std::env::args().skip(1);
    let file = args.next().expect("a message file is named");
    let times: u32 = args.next().map_or(1000, |n| n.parse().expect("a count"));
    let step = match args.next().as_deref() {
        Some("lane") => lane,
        _ => bundle,
    };
    let bytes = std::fs::read(file).expect("the file can be read");
    let ctx = Context {
        profile: Profile::named("generic").expect("it is shipped"),
        key: &IdentityKey::PUBLIC,
        zone: &TimeZone::UTC,
        received_at: Timestamp::MAX,
        journal: None,
        digest: [7; 32],
    };
    let n_bytes: usize = (0..times).map(|_| step(&bytes, &ctx)).sum();
    assert!(0 < n_bytes, "something was written");
}

fn bundle(bytes: &[u8], ctx: &Context<'_>) -> usize {
    let message = hl7v2::Message::parse(bytes).expect("it begins with MSH");
    bundle_text(&message, ctx).expect("it has rules").len()
}

fn lane(bytes: &[u8], ctx: &Context<'_>) -> usize {
    let message = hl7v2::Message::parse(bytes).expect("it begins with MSH");
    let read = interpret(&message, ctx).expect("it has rules");
    let fold = FoldContext {
        profile: ctx.profile,
        key: ctx.key,
    };
    let mut n_bytes = 0;
    for said in &read.statements {
        let stored = said.facts.to_bytes();
        let mut facts = Facts::from_bytes(&stored).expect("we wrote them");
        facts.join(&said.facts);
        n_bytes += facts.to_bytes().len();
        let folded = drafts(said.entity, said.kind, &facts, &fold);
        n_bytes += folded.iter().map(|draft| draft.text.len()).sum::<usize>();
    }
    n_bytes
}
