//! How fast the language is: messages and bytes a second, on one core.
//!
//! `cargo bench -p hl7v2`. Aims: 500,000 admissions of 726 bytes a second with the fields read that
//! a chart needs, 400 MB/s, and 5 GB/s through a 1 MB OBX.

use std::hint::black_box;

use bytes::BytesMut;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use hl7v2::{
    Charset, Envelope, Message,
    datatype::{Cx, Dtm, Ed, Pl, Xad, Xcn, Xpn},
    message::Index,
    mllp::{MllpCodec, frame},
};
use tokio_util::codec::Decoder;

const ADT_BYTES: usize = 726;

/// An admission as home-health systems send it, filled up to the size that all figures are for.
fn adt() -> Vec<u8> {
    let mut message = b"MSH|^~\\&|HCHB|BRANCH01|DRAWBRIDGE|DB|20240131120000-0500||ADT^A01^ADT_A01|\
MSG0000000042|P|2.5.1|||AL|NE\r\
EVN|A01|20240131115900|||JSMITH^SMITH^JOHN|20240131110000\r\
PID|1||100234^^^HCHB&2.16.840.1.113883.3.1&ISO^MR~987654321^^^SSA^SS||DOE^JANE^QUINN^^MS||19430412|F|\
|2106-3^White^CDCREC|1200 MAIN ST^APT 4^DALLAS^TX^75201^USA^H||^PRN^PH^^1^214^5550100|\
^WPN^PH^^1^214^5550101|ENG|M|CAT|A100234|987-65-4321\r\
PD1||||1234567890^WELBY^MARCUS^^^DR^MD^^^NPI\r\
NK1|1|DOE^JOHN|SPO|1200 MAIN ST^^DALLAS^TX^75201|^PRN^PH^^1^214^5550102\r\
PV1|1|H|TEAM4^^^BRANCH01||||1234567890^WELBY^MARCUS^^^DR^MD^^^NPI|||HH||||1|||||V55512^^^HCHB^VN\r\
DG1|1||I50.9^Heart failure, unspecified^I10|||A\r\
ZPI|1|"
        .to_vec();
    assert!(message.len() < ADT_BYTES, "{}", message.len());
    message.resize(ADT_BYTES - 1, b'x');
    message.push(b'\r');
    message
}

fn document(n_bytes: usize) -> Vec<u8> {
    let mut message = adt();
    message.extend_from_slice(b"OBX|1|ED|18842-5^Discharge summary^LN||^AP^PDF^Base64^");
    message.extend(b"JVBERi0xLjQKJcfsj6IK".iter().cycle().take(n_bytes));
    message.extend_from_slice(b"||||||F\r");
    message
}

/// What a chart needs of an admission.
fn read_fields(message: &Message<'_>) -> usize {
    let (msh, pid) = (message.msh(), message.segment("PID").expect("it is there"));
    let pv1 = message.segment("PV1").expect("it is there");
    let mut n_bytes = msh.field(10).text().len() + message.message_type().trigger().len();
    for id in pid.field(3).repetitions().map(Cx::new) {
        n_bytes += id.id().len() + id.authority().namespace().len() + id.type_code().len();
    }
    let name = Xpn::new(pid.field(5).first());
    n_bytes += name.family().surname().len() + name.given().len() + name.further_given().len();
    n_bytes += usize::from(Dtm::parse(&pid.field(7).text()).is_ok()) + pid.field(8).text().len();
    let address = Xad::new(pid.field(11).first());
    n_bytes += address.street().line().len() + address.city().len() + address.postal_code().len();
    let place = Pl::new(pv1.field(3).first());
    n_bytes += pv1.field(2).text().len() + place.point_of_care().namespace().len();
    let doctor = Xcn::new(pv1.field(7).first());
    n_bytes += doctor.id().len() + doctor.family().surname().len();
    n_bytes + Cx::new(pv1.field(19).first()).id().len()
}

fn small(c: &mut Criterion) {
    let adt = adt();
    let mut group = c.benchmark_group("adt of 726 bytes");
    for throughput in [Throughput::Elements(1), Throughput::Bytes(ADT_BYTES as u64)] {
        let unit = if matches!(throughput, Throughput::Bytes(_)) {
            "bytes"
        } else {
            "messages"
        };
        group.throughput(throughput);
        group.bench_function(format!("parse and read fields, {unit}"), |b| {
            let mut index = Index::default();
            b.iter(|| {
                let reused = std::mem::take(&mut index);
                let message = Message::parse_reusing(black_box(&adt), Charset::Windows1252, reused)
                    .expect("a good message");
                let n_bytes = read_fields(&message);
                index = message.into_index();
                n_bytes
            });
        });
    }
    group.throughput(Throughput::Elements(1));
    group.bench_function("parse with a fresh index", |b| {
        b.iter(|| {
            Message::parse(black_box(&adt))
                .expect("a good message")
                .n_segments()
        });
    });
    group.bench_function("envelope", |b| {
        b.iter(|| {
            let envelope = Envelope::parse(black_box(&adt), Charset::Windows1252);
            envelope.expect("a good message").patient_ids().count()
        });
    });
    group.finish();
}

fn large(c: &mut Criterion) {
    let document = document(1 << 20);
    let mut group = c.benchmark_group("obx of 1 MiB");
    group.throughput(Throughput::Bytes(document.len() as u64));
    group.bench_function("parse", |b| {
        b.iter(|| {
            Message::parse(black_box(&document))
                .expect("a good message")
                .n_segments()
        });
    });
    group.bench_function("parse and read the document's text", |b| {
        b.iter(|| {
            let message = Message::parse(black_box(&document)).expect("a good message");
            let obx = message.segment("OBX").expect("it is there");
            Ed::new(obx.field(5).first()).data().len()
        });
    });
    group.bench_function("envelope", |b| {
        b.iter(|| {
            let envelope = Envelope::parse(black_box(&document), Charset::Windows1252);
            envelope.expect("a good message").patient_ids().count()
        });
    });
    group.finish();
}

fn frames(c: &mut Criterion) {
    let mut group = c.benchmark_group("mllp");
    let cases = [
        ("726 bytes", adt(), 726 + 3),
        ("1 MiB in packets of 1460", document(1 << 20), 1460),
    ];
    for (name, message, packet_bytes) in cases {
        let framed = frame(&message);
        group.throughput(Throughput::Bytes(framed.len() as u64));
        group.bench_function(name, |b| {
            let (mut codec, mut buf) = (MllpCodec::new(64 << 20), BytesMut::new());
            b.iter(|| {
                let mut n_frames = 0;
                for packet in black_box(&framed).chunks(packet_bytes) {
                    buf.extend_from_slice(packet);
                    n_frames += usize::from(matches!(codec.decode(&mut buf), Ok(Some(_))));
                }
                n_frames
            });
        });
    }
    group.finish();
}

criterion_group!(benches, small, large, frames);
criterion_main!(benches);
