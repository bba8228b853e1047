//! How long a message takes, step by step, and whether a large one takes in proportion.
//!
//! `cargo bench -p mapping`. Resources are written as text while they are folded, so serialising is no step
//! of its own: what `bundle` takes above the steps is putting the texts together.

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use jiff::tz::TimeZone;
use mapping::inbound::{Context, Interpretation, interpret};
use mapping::{Facts, FoldContext, Profile, Ties, Whole, bundle_text};
use model::{IdentityKey, Timestamp};

const ADMISSION: &str = "MSH|^~\\&|EMR|AGENCY|BRIDGE|HUB|20240110090000-0600||ADT^A01^ADT_A01|A1|P|2.5.1\r\
EVN||20240110090000|||7^CLERK^CARL|20240110083000\r\
PID|1||77^^^EMR^MR~900123456^^^SSA^SS||DOE^JANE^Q^^^^L||19600102|F||2106-3^White^CDCREC|5 Elm St^Apt 2^Waco^TX^76701^USA^H||(254)555-0100^PRN^PH~^NET^Internet^jane@example.org||eng|M|CHR|ACC5^^^EMR^AN|||||||||||||N\r\
PD1|||HOME CLINIC^^HC1|1234567893^ABLE^ANN^^^DR^^^NPI&2.16.840.1.113883.4.6&ISO^L^^^NPI\r\
NK1|1|DOE^JOHN|SPO|5 Elm St^^Waco^TX|(254)555-0101||C\r\
PV1|1|I|W1^R2^B3^AGENCY|E|||1234567893^ABLE^ANN^^^DR^^^NPI&2.16.840.1.113883.4.6&ISO^L^^^NPI|45^COLE^CY||MED||||7|||44^BAKER^BOB||V9^^^EMR^VN|||||||||||||||||||||||||20240110083000\r\
PV2|||R07.9^Chest pain^I10\r\
AL1|1|DA|2670^Codeine^RXNORM|MO|Hives\r\
DG1|1||I10^Hypertension^I10|High blood pressure|20240109|A|||||||||1|44^BAKER^BOB\r\
DG1|2||E11.9^Type 2 diabetes^I10||20240109|W|||||||||2|44^BAKER^BOB\r\
IN1|1|P1^Plan One|INS9^^^NAIC|Good Insurance|9 High St^^Austin^TX||800-555-0000|G1||||20230101|20991231|||DOE^JANE|SEL\r";

/// A report of so many results, each of 500 bytes.
fn report(n_results: usize) -> Vec<u8> {
    let mut message =
        "MSH|^~\\&|LAB|HOSP|BRIDGE|HUB|20240115083000-0600||ORU^R01^ORU_R01|R1|P|2.5.1\r\
                       PID|1||77^^^EMR^MR||DOE^JANE||19600102|F\r\
                       OBR|1|P1^EMR|F1^LAB|24323-8^Metabolic panel^LN|||20240115070000\r"
            .to_owned();
    for n in 1..=n_results {
        let start = message.len();
        // Writing to a String cannot fail.
        let _ = write!(
            message,
            "OBX|{n}|NM|{n}-7^Result {n}^LN|{n}|98.5|mg/dL^^UCUM|70-99|N||A|F|||20240115070000||\
             88^TECH^TOM\rNTE|1||"
        );
        let filling = (start + 499).saturating_sub(message.len());
        message.extend(std::iter::repeat_n('x', filling));
        message.push('\r');
    }
    message.into_bytes()
}

fn context() -> Context<'static> {
    Context {
        profile: Profile::named("generic").expect("it is shipped"),
        key: &IdentityKey::PUBLIC,
        zone: const { &TimeZone::UTC },
        received_at: Timestamp::MAX,
        journal: None,
        digest: [7; 32],
    }
}

fn parse(bytes: &[u8]) -> hl7v2::Message<'_> {
    hl7v2::Message::parse(bytes).expect("it begins with MSH")
}

fn facts(message: &hl7v2::Message<'_>) -> Interpretation {
    interpret(message, &context()).expect("it has rules")
}

fn resources(read: &Interpretation) -> usize {
    let ctx = context();
    let ties = Ties::default();
    let fold = FoldContext {
        key: ctx.key,
        ties: &ties,
    };
    let sizes = read.statements.iter().map(|said| {
        let whole = Whole::one(said.entity, said.kind, &said.facts);
        let drafts = whole.drafts(&fold);
        drafts.iter().map(|draft| draft.text.len()).sum::<usize>()
    });
    sizes.sum()
}

fn stored_and_back(read: &Interpretation) -> usize {
    let stored = read.statements.iter().map(|said| said.facts.to_bytes());
    let back = stored.map(|bytes| Facts::from_bytes(&bytes).expect("we wrote them"));
    back.map(|facts| facts.to_bytes().len()).sum()
}

fn whole(bytes: &[u8]) -> usize {
    let bundle = bundle_text(&parse(bytes), &context());
    bundle.expect("it has rules").len()
}

fn steps(c: &mut Criterion, name: &str, bytes: &[u8]) {
    let mut group = c.benchmark_group(name);
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    if 1 << 20 <= bytes.len() {
        group.sample_size(10);
    }
    group.bench_function("parse", |b| b.iter(|| parse(black_box(bytes)).n_segments()));
    let message = parse(bytes);
    group.bench_function("facts", |b| {
        // Giving memory back is no part of the step.
        b.iter_batched(
            || (),
            |()| facts(black_box(&message)),
            BatchSize::PerIteration,
        );
    });
    let read = facts(&message);
    group.bench_function("resources", |b| b.iter(|| resources(black_box(&read))));
    group.bench_function("facts stored and back", |b| {
        b.iter(|| stored_and_back(black_box(&read)));
    });
    group.bench_function("bundle", |b| b.iter(|| whole(black_box(bytes))));
    group.finish();
}

fn admission(c: &mut Criterion) {
    steps(c, "adt of 1 kB", ADMISSION.as_bytes());
}

fn results(c: &mut Criterion) {
    steps(c, "oru of 2,000 results, 1 MB", &report(2_000));
    steps(c, "oru of 20,000 results, 10 MB", &report(20_000));
}

/// Ten times the results take ten times as long, or what is said here is far from 1.
#[expect(clippy::print_stdout, reason = "a benchmark says what it found")]
fn proportion(_: &mut Criterion) {
    let per_result = |n_results: u32| {
        let bytes = report(n_results as usize);
        let times = (0..5).map(|_| took(|| whole(&bytes)));
        times.min().unwrap_or_default().as_secs_f64() / f64::from(n_results)
    };
    let (small, large) = (per_result(2_000), per_result(20_000));
    println!(
        "a result of 20,000 takes {:.2} times as long as one of 2,000",
        large / small
    );
}

fn took(step: impl FnOnce() -> usize) -> Duration {
    let start = Instant::now();
    black_box(step());
    start.elapsed()
}

criterion_group!(benches, admission, results, proportion);
criterion_main!(benches);
