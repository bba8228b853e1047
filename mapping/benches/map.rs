//! How long one admission takes, step by step.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use jiff::tz::TimeZone;
use mapping::inbound::{Context, interpret};
use mapping::{Facts, FoldContext, Profile, Ties, Whole, bundle_text, fold};
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

fn steps(c: &mut Criterion) {
    let bytes = ADMISSION.as_bytes();
    let ctx = Context {
        profile: Profile::named("generic").expect("it is shipped"),
        key: &IdentityKey::PUBLIC,
        zone: &TimeZone::UTC,
        received_at: Timestamp::MAX,
        journal: None,
        digest: [7; 32],
    };
    let ties = Ties::default();
    let fold_ctx = FoldContext {
        key: ctx.key,
        ties: &ties,
    };
    let parse = || hl7v2::Message::parse(bytes).expect("it begins with MSH");
    c.bench_function("bundle_text", |b| {
        b.iter(|| bundle_text(&parse(), &ctx).expect("it has rules").len());
    });
    c.bench_function("interpret", |b| {
        b.iter(|| {
            interpret(black_box(&parse()), &ctx)
                .expect("it has rules")
                .statements
                .len()
        });
    });
    let read = interpret(&parse(), &ctx).expect("it has rules");
    c.bench_function("fold", |b| {
        b.iter(|| {
            let folded = read.statements.iter().flat_map(|said| {
                fold(
                    &Whole::one(said.entity, said.kind, black_box(&said.facts)),
                    &fold_ctx,
                )
            });
            folded.count()
        });
    });
    let stored: Vec<Vec<u8>> = read
        .statements
        .iter()
        .map(|said| said.facts.to_bytes())
        .collect();
    c.bench_function("facts_to_bytes_and_back", |b| {
        b.iter(|| {
            let back = stored
                .iter()
                .map(|bytes| Facts::from_bytes(bytes).expect("we wrote them"));
            back.map(|facts| facts.to_bytes().len()).sum::<usize>()
        });
    });
}

criterion_group!(benches, steps);
criterion_main!(benches);
