//! Everything has a limit, and what is within it arrives.

use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt;

use crate::support::{PATIENCE, World, a01, frame};

/// An A01 with an OBX of that many bytes.
fn document(control_id: &str, n_bytes: usize) -> Vec<u8> {
    let mut message = a01(control_id, "77").into_bytes();
    message.extend_from_slice(b"OBX|1|ED|PDF^Report||^AP^PDF^Base64^");
    message.extend(std::iter::repeat_n(b'A', n_bytes));
    message.extend_from_slice(b"||||||F\r");
    message
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_of_twenty_mebibytes_arrives_whole_and_does_not_delay_its_neighbours() {
    let Some(world) = World::new().await else {
        return;
    };
    let message = document("BIG", 20 << 20);
    let mut big = world.sender().await;
    let mut small = world.sender().await;
    let framed = frame(&message);
    let (sent, slowest) = tokio::join!(
        async {
            big.write(&framed).await;
            let began = Instant::now();
            assert_eq!(big.answer().await.says(), ("AA", "BIG"));
            began.elapsed()
        },
        async {
            let mut slowest = Duration::ZERO;
            for n in 0..20 {
                let began = Instant::now();
                let id = format!("M{n}");
                assert_eq!(small.send(a01(&id, "1")).await.says(), ("AA", id.as_str()));
                slowest = slowest.max(began.elapsed());
            }
            slowest
        }
    );
    // Generous: these machines are shared. The benchmark holds the aim of 0.6 s for 32 MB.
    assert!(sent < Duration::from_secs(10), "{sent:?}");
    assert!(slowest < Duration::from_secs(5), "{slowest:?}");
    let row = &world
        .rows(
            "select id, size, raw is null from journal where size > 1000000",
            &[],
        )
        .await[0];
    assert_eq!(row.get::<_, i32>(1), i32::try_from(message.len()).unwrap());
    assert!(row.get::<_, bool>(2), "large messages live as chunks");
    let entry = store::journal::get(
        &world.store,
        model::Tenant::DEFAULT,
        model::JournalId(row.get(0)),
    );
    assert!(entry.await.unwrap().unwrap().raw == message);
    world
        .until(
            "select count(*) from applied where disposition = 'applied'",
            21,
        )
        .await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_over_the_limit_is_answered_ar_and_the_connection_closed() {
    let world = World::set(|set| set.limits.frame_bytes_max = 1 << 20).await;
    let Some(world) = world else { return };
    let mut sender = world.sender().await;
    // The sender writes all of it before it reads: its answer must survive that.
    sender.write(frame(document("BIG", 8 << 20))).await;
    let answer = sender.answer().await;
    assert_eq!(answer.says(), ("AR", "BIG"));
    assert_eq!(sender.answer_or_close().await, None);
    assert_eq!(world.count("select count(*) from journal").await, 0);
    assert_eq!(world.count("select count(*) from quarantine").await, 1);
    assert_eq!(world.interface.counters.closed_oversize.get(), 1);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_over_the_limit_without_a_readable_header_is_just_closed() {
    let world = World::set(|set| set.limits.frame_bytes_max = 1 << 20).await;
    let Some(world) = world else { return };
    let mut sender = world.sender().await;
    let _ = sender.stream.write_all(&frame(vec![b'x'; 2 << 20])).await;
    assert_eq!(sender.answer_or_close().await, None);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_that_stops_in_the_middle_of_a_frame_is_closed() {
    let world = World::set(|set| set.limits.stall_timeout = Duration::from_millis(300)).await;
    let Some(world) = world else { return };
    let mut sender = world.sender().await;
    sender.write(&frame(a01("M1", "77"))[..150]).await;
    assert_eq!(sender.answer_or_close().await, None);
    assert_eq!(world.interface.counters.fragments.get(), 1);
    assert_eq!(world.interface.counters.closed_idle.get(), 1);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_is_closed_and_a_busy_one_is_not() {
    let world = World::set(|set| set.limits.idle_timeout = Duration::from_millis(800)).await;
    let Some(world) = world else { return };
    let mut idle = world.sender().await;
    let mut busy = world.sender().await;
    for n in 0..5 {
        tokio::time::sleep(Duration::from_millis(250)).await;
        let id = format!("M{n}");
        assert_eq!(busy.send(a01(&id, "1")).await.says(), ("AA", id.as_str()));
    }
    assert_eq!(idle.answer_or_close().await, None);
    assert_eq!(world.interface.counters.closed_idle.get(), 1);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_that_never_reads_its_answers_is_closed() {
    let world = World::set(|set| set.limits.write_timeout = Duration::from_millis(500)).await;
    let Some(world) = world else { return };
    let mut sender = world.sender().await;
    socket2::SockRef::from(&sender.stream)
        .set_recv_buffer_size(4096)
        .unwrap();
    let flood: Vec<u8> = (0..200)
        .flat_map(|n| frame(a01(&format!("M{n}"), "1")))
        .collect();
    // Until both directions are full, and then until the other side gives up.
    let flooded = async { while sender.stream.write_all(&flood).await.is_ok() {} };
    tokio::time::timeout(PATIENCE, flooded)
        .await
        .expect("the connection is closed");
    assert_eq!(world.interface.counters.closed_unread.get(), 1);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_connections_than_allowed_and_strangers_are_closed_at_once() {
    let world = World::set(|set| set.limits.connections_max = 1).await;
    let Some(world) = world else { return };
    let mut first = world.sender().await;
    assert_eq!(first.send(a01("M1", "77")).await.says(), ("AA", "M1"));
    assert_eq!(world.sender().await.answer_or_close().await, None);
    assert_eq!(world.interface.counters.refused_limit.get(), 1);
    assert_eq!(first.send(a01("M2", "77")).await.says(), ("AA", "M2"));
    world.end().await;

    let world = World::set(|set| set.peers = vec!["10.0.0.0/8".parse().unwrap()]).await;
    let Some(world) = world else { return };
    assert_eq!(world.sender().await.answer_or_close().await, None);
    assert_eq!(world.interface.counters.refused_peer.get(), 1);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_half_sent_frames_delay_nobody() {
    let Some(world) = World::new().await else {
        return;
    };
    let mut halves = Vec::new();
    for n in 0..900 {
        let mut half = world.sender().await;
        half.write(&frame(a01(&format!("H{n}"), "1"))[..100]).await;
        halves.push(half);
    }
    let mut healthy = world.sender().await;
    let began = Instant::now();
    assert_eq!(healthy.send(a01("M1", "77")).await.says(), ("AA", "M1"));
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
    drop(halves);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_with_client_certificates_lets_only_their_bearers_in() {
    let folder = tempfile::tempdir().unwrap();
    let made = certificates(folder.path());
    let acceptor = ingest::tls::acceptor(&made.cert, &made.key, Some(&made.ca)).unwrap();
    let Some(world) = World::set(|set| set.tls = Some(acceptor)).await else {
        return;
    };
    // Without a certificate there is no answer.
    let mut plain = world.sender().await;
    let _ = plain.stream.write_all(&frame(a01("M0", "77"))).await;
    assert_eq!(plain.answer_or_close().await, None);
    let stream = tokio::net::TcpStream::connect(world.address).await.unwrap();
    let connector = tokio_rustls::TlsConnector::from(made.client);
    let name = "localhost".try_into().unwrap();
    let mut stream = connector.connect(name, stream).await.unwrap();
    stream.write_all(&frame(a01("M1", "77"))).await.unwrap();
    let mut answer = vec![0; 512];
    let n = tokio::io::AsyncReadExt::read(&mut stream, &mut answer)
        .await
        .unwrap();
    assert!(String::from_utf8_lossy(&answer[..n]).contains("MSA|AA|M1"));
    drop(stream);
    assert_eq!(world.interface.counters.refused_tls.get(), 1);
    world.end().await;
}

struct Made {
    cert: std::path::PathBuf,
    key: std::path::PathBuf,
    ca: std::path::PathBuf,
    client: std::sync::Arc<rustls::ClientConfig>,
}

/// An authority, a server's and a client's certificate.
fn certificates(folder: &std::path::Path) -> Made {
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let issue = |name: &str| {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (
            params.signed_by(&key, &ca).unwrap().pem(),
            key.serialize_pem(),
        )
    };
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let (server_cert, server_key) = issue("localhost");
    let (client_cert, client_key) = issue("sender");
    let mut roots = rustls::RootCertStore::empty();
    roots.add(ca.der().clone()).unwrap();
    let client = rustls::ClientConfig::builder_with_provider(
        rustls::crypto::ring::default_provider().into(),
    )
    .with_safe_default_protocol_versions()
    .unwrap()
    .with_root_certificates(roots)
    .with_client_auth_cert(
        vec![CertificateDer::from_pem_slice(client_cert.as_bytes()).unwrap()],
        PrivateKeyDer::from_pem_slice(client_key.as_bytes()).unwrap(),
    )
    .unwrap();
    Made {
        cert: write("server.pem", &server_cert),
        key: write("server.key", &server_key),
        ca: write("ca.pem", &ca.pem()),
        client: client.into(),
    }
}
