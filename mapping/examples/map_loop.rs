//! Maps one message many times: `map_loop FILE TIMES [bundle|new|known]`. For profilers; `benches/map.rs`
//! measures time. `new` is what a worker does with a message about things that it hears of first,
//! `known` with one about things that have facts.

use jiff::tz::TimeZone;
use mapping::inbound::{Context, interpret};
use mapping::{Facts, FoldContext, Profile, Ties, Whole, bundle_text};
use model::{IdentityKey, Timestamp};

fn main() {
    let mut args = std::env::args().skip(1);
    let file = args.next().expect("a message file is named");
    let times: u32 = args.next().map_or(1000, |n| n.parse().expect("a count"));
    let step = match args.next().as_deref() {
        Some("new") => new,
        Some("known") => known,
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

fn new(bytes: &[u8], ctx: &Context<'_>) -> usize {
    let message = hl7v2::Message::parse(bytes).expect("it begins with MSH");
    let read = interpret(&message, ctx).expect("it has rules");
    let ties = Ties::default();
    let stored = read.statements.iter().map(|said| {
        let whole = Whole::one(said.entity, said.kind, &said.facts);
        let folded = whole.drafts(&context(ctx, &ties));
        let indexed = folded.iter().map(|draft| {
            let tree = fhir::Tree::parse(&draft.text).expect("we wrote it");
            fhir::index(draft.kind, &tree).tokens.len() + draft.lineage().len()
        });
        indexed.sum::<usize>() + said.facts.to_bytes().len()
    });
    stored.sum()
}

fn known(bytes: &[u8], ctx: &Context<'_>) -> usize {
    let message = hl7v2::Message::parse(bytes).expect("it begins with MSH");
    let read = interpret(&message, ctx).expect("it has rules");
    let ties = Ties::default();
    let joined = read.statements.iter().map(|said| {
        let mut facts = Facts::from_bytes(&said.facts.to_bytes()).expect("we wrote them");
        facts.join(&said.facts);
        let whole = Whole::one(said.entity, said.kind, &facts);
        let folded = whole.drafts(&context(ctx, &ties));
        folded.iter().map(|draft| draft.text.len()).sum::<usize>()
    });
    joined.sum()
}

fn context<'c>(ctx: &Context<'c>, ties: &'c Ties) -> FoldContext<'c> {
    FoldContext { key: ctx.key, ties }
}
