use bytes::BytesMut;
use hl7v2::mllp::{MllpCodec, frame};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_util::codec::Decoder;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::emr::{self, Behaviour};

fn message(control_id: &str, modes: &str) -> String {
    format!(
        "MSH|^~\\&|D|B|E|F|20260105||MDM^T02^MDM_T02|{control_id}|P|2.5.1|||{modes}\rEVN||20260105\r"
    )
}

fn impatient(port: u16) -> Endpoint {
    Endpoint {
        connect_timeout: Duration::from_secs(2),
        ack_timeout: Duration::from_millis(300),
        application_timeout: Duration::from_millis(300),
        ..Endpoint::plain("127.0.0.1", port)
    }
}

struct Emr {
    client: Client,
    received: mpsc::Receiver<emr::Received>,
    shutdown: CancellationToken,
}

impl Emr {
    async fn behaving(behaviours: &[Behaviour]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = Client::new(impatient(listener.local_addr().unwrap().port()));
        let (shown, received) = mpsc::channel(100);
        let settings = emr::Settings {
            behaviours: behaviours.to_vec(),
            slow: Duration::from_millis(600),
            shown: Some(shown),
            ..emr::Settings::default()
        };
        let shutdown = CancellationToken::new();
        tokio::spawn(emr::serve(listener, settings, shutdown.clone()));
        Self {
            client,
            received,
            shutdown,
        }
    }

    async fn send(&mut self, control_id: &str, modes: &str) -> Answer {
        let text = message(control_id, modes);
        self.client.send(&Outgoing::new(text.as_bytes())).await
    }
}

impl Drop for Emr {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

async fn check(behaviour: Behaviour, outcome: Outcome) -> Answer {
    let mut emr = Emr::behaving(&[behaviour]).await;
    let answer = emr.send("C1", "").await;
    assert_eq!(answer.outcome, outcome, "{behaviour:?}: {}", answer.cause);
    let received = emr.received.recv().await.unwrap();
    assert_eq!(received.control_id, "C1");
    answer
}

#[tokio::test]
async fn every_behaviour_of_a_receiver_has_its_outcome() {
    assert_eq!(
        check(Behaviour::Accept, Outcome::Accepted).await.cause,
        Cause::Answered
    );
    check(Behaviour::Split, Outcome::Accepted).await;
    check(Behaviour::Reject, Outcome::Rejected).await;
    check(Behaviour::Busy, Outcome::Failed).await;
    check(Behaviour::Error, Outcome::Failed).await;
    assert!(matches!(
        check(Behaviour::Silent, Outcome::Unknown).await.cause,
        Cause::Silent(_)
    ));
    assert!(matches!(
        check(Behaviour::Slow, Outcome::Unknown).await.cause,
        Cause::Silent(_)
    ));
    assert_eq!(
        check(Behaviour::Drop, Outcome::Unknown).await.cause,
        Cause::Closed
    );
    let not_ours = Cause::NotOurs {
        n_others: 1,
        n_garbage: 0,
    };
    assert_eq!(
        check(Behaviour::WrongId, Outcome::Unknown).await.cause,
        not_ours
    );
    let garbage = Cause::NotOurs {
        n_others: 0,
        n_garbage: 1,
    };
    assert_eq!(
        check(Behaviour::Garbage, Outcome::Unknown).await.cause,
        garbage
    );
}

#[tokio::test]
async fn a_late_answer_is_never_paired_with_the_next_message() {
    let mut emr = Emr::behaving(&[Behaviour::Slow, Behaviour::Silent]).await;
    assert_eq!(emr.send("C1", "").await.outcome, Outcome::Unknown);
    let next = emr.send("C2", "").await;
    assert!(
        next.ack.is_none() && next.others.is_empty(),
        "{}",
        next.cause
    );
}

#[tokio::test]
async fn the_connection_is_kept_and_made_again_when_the_receiver_closed_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = Client::new(impatient(listener.local_addr().unwrap().port()));
    let receiver = tokio::spawn(async move {
        let mut n_connections = 0;
        for n_messages in [2, 1] {
            let (mut socket, _) = listener.accept().await.unwrap();
            n_connections += 1;
            for _ in 0..n_messages {
                answer_one(&mut socket, "AA").await;
            }
        }
        n_connections
    });
    for control_id in ["C1", "C2"] {
        let text = message(control_id, "");
        assert_eq!(
            client.send(&Outgoing::new(text.as_bytes())).await.outcome,
            Outcome::Accepted
        );
    }
    // The receiver has closed now; our side learns it while idle.
    let text = message("C3", "");
    let deadline = Instant::now() + Duration::from_secs(5);
    let mut outcome = client.send(&Outgoing::new(text.as_bytes())).await.outcome;
    while outcome != Outcome::Accepted && Instant::now() < deadline {
        outcome = client.send(&Outgoing::new(text.as_bytes())).await.outcome;
    }
    assert_eq!(outcome, Outcome::Accepted);
    assert_eq!(receiver.await.unwrap(), 2);
}

async fn read_one(socket: &mut TcpStream) -> String {
    let (mut codec, mut buffer) = (MllpCodec::new(1 << 20), BytesMut::new());
    loop {
        if let Some(hl7v2::mllp::Received::Frame(got)) = codec.decode(&mut buffer).unwrap() {
            return String::from_utf8(got.bytes.to_vec()).unwrap();
        }
        assert_ne!(socket.read_buf(&mut buffer).await.unwrap(), 0);
    }
}

async fn answer_one(socket: &mut TcpStream, code: &str) {
    let control_id = Outgoing::new(read_one(socket).await.as_bytes()).control_id;
    let ack = format!("MSH|^~\\&|E|F|D|B|1||ACK|A|P|2.5.1\rMSA|{code}|{control_id}\r");
    socket.write_all(&frame(ack.as_bytes())).await.unwrap();
}

#[tokio::test]
async fn nobody_there_means_that_nothing_left() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let text = message("C1", "");
    let answer = Client::new(impatient(port))
        .send(&Outgoing::new(text.as_bytes()))
        .await;
    assert_eq!(answer.outcome, Outcome::NotConnected);
    assert!(matches!(answer.cause, Cause::NoConnection(_)));
}

#[tokio::test]
async fn in_enhanced_mode_the_application_answers_after_the_commit() {
    let mut emr = Emr::behaving(&[Behaviour::Accept]).await;
    let answer = emr.send("C1", "AL|AL").await;
    assert_eq!(answer.outcome, Outcome::Accepted);
    assert_eq!(answer.ack.unwrap().code, AckCode::Ca);
    assert_eq!(answer.application.unwrap().code, AckCode::Aa);
    let answer = emr.send("C2", "AL|NE").await;
    assert!(answer.outcome == Outcome::Accepted && answer.application.is_none());
}

#[tokio::test]
async fn an_answer_to_another_message_is_put_aside_and_ours_still_counts() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = Client::new(impatient(listener.local_addr().unwrap().port()));
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        read_one(&mut socket).await;
        for (code, id) in [("AE", "OLD"), ("AA", "C1")] {
            let ack = format!("MSH|^~\\&|E|F|D|B|1||ACK|A|P|2.5.1\rMSA|{code}|{id}\r");
            socket.write_all(&frame(ack.as_bytes())).await.unwrap();
        }
        read_one(&mut socket).await;
    });
    let text = message("C1", "");
    let answer = client.send(&Outgoing::new(text.as_bytes())).await;
    assert_eq!(answer.outcome, Outcome::Accepted);
    assert_eq!(answer.others.len(), 1);
}

#[tokio::test]
async fn a_refusal_that_comes_before_the_whole_message_was_read_is_heard() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = Client::new(impatient(listener.local_addr().unwrap().port()));
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut some = [0; 64];
        socket.read_exact(&mut some).await.unwrap();
        let ack = "MSH|^~\\&|E|F|D|B|1||ACK|A|P|2.5.1\rMSA|AR|C1|too large\r";
        socket.write_all(&frame(ack.as_bytes())).await.unwrap();
        socket.shutdown().await.unwrap();
        // Closed with bytes unread, the socket would be reset and the answer lost.
        tokio::io::copy(&mut socket, &mut tokio::io::sink())
            .await
            .unwrap();
    });
    let text = format!("{}OBX|1|ED|||{}\r", message("C1", ""), "A".repeat(8 << 20));
    let answer = client.send(&Outgoing::new(text.as_bytes())).await;
    assert_eq!(answer.outcome, Outcome::Rejected, "{}", answer.cause);
}

mod tls {
    use std::path::{Path, PathBuf};
    use std::sync::Arc;

    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use rustls::server::WebPkiClientVerifier;
    use rustls::{RootCertStore, ServerConfig};
    use tokio_rustls::TlsAcceptor;

    use super::*;

    /// A private authority and what it has signed, as files.
    struct Authority {
        folder: tempfile::TempDir,
        issuer: CertifiedIssuer<'static, KeyPair>,
    }

    impl Authority {
        fn new() -> Self {
            let mut params = CertificateParams::new(Vec::new()).unwrap();
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            let issuer =
                CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join("ca.pem"), issuer.pem()).unwrap();
            Self { folder, issuer }
        }

        fn ca(&self) -> PathBuf {
            self.folder.path().join("ca.pem")
        }

        fn sign(&self, name: &str) -> (PathBuf, PathBuf) {
            let key = KeyPair::generate().unwrap();
            let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
            let certificate = params.signed_by(&key, &self.issuer).unwrap();
            let files = ["crt", "key"].map(|end| self.folder.path().join(format!("{name}.{end}")));
            let [crt_file, key_file] = files;
            std::fs::write(&crt_file, certificate.pem()).unwrap();
            std::fs::write(&key_file, key.serialize_pem()).unwrap();
            (crt_file, key_file)
        }
    }

    fn acceptor(ca: &Path, (certificate, key): &(PathBuf, PathBuf)) -> TlsAcceptor {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_file(ca).unwrap())
            .unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let clients =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(clients.build().unwrap())
            .with_single_cert(
                vec![CertificateDer::from_pem_file(certificate).unwrap()],
                PrivateKeyDer::from_pem_file(key).unwrap(),
            );
        TlsAcceptor::from(Arc::new(config.unwrap()))
    }

    async fn send_over(tls: Tls, acceptor: TlsAcceptor) -> Answer {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (socket, _) = listener.accept().await.unwrap();
            let Ok(mut socket) = acceptor.accept(socket).await else {
                return;
            };
            let ack = "MSH|^~\\&|E|F|D|B|1||ACK|A|P|2.5.1\rMSA|AA|C1\r";
            let mut some = [0; 32];
            socket.read_exact(&mut some).await.unwrap();
            socket.write_all(&frame(ack.as_bytes())).await.unwrap();
            socket.flush().await.unwrap();
            tokio::time::sleep(Duration::from_secs(1)).await;
        });
        let endpoint = Endpoint {
            tls: Some(tls),
            ..impatient(port)
        };
        let text = message("C1", "");
        Client::new(endpoint)
            .send(&Outgoing::new(text.as_bytes()))
            .await
    }

    #[tokio::test]
    async fn both_sides_show_certificates() {
        let authority = Authority::new();
        let (receiver, ours) = (authority.sign("emr.test"), authority.sign("bridge.test"));
        let name = Some("emr.test".to_owned());
        let tls = Tls::from_files(&authority.ca(), Some((&ours.0, &ours.1)), name).unwrap();
        let answer = send_over(tls, acceptor(&authority.ca(), &receiver)).await;
        assert_eq!(answer.outcome, Outcome::Accepted, "{}", answer.cause);
    }

    #[tokio::test]
    async fn nothing_is_sent_to_a_receiver_whose_certificate_is_not_trusted() {
        let (authority, stranger) = (Authority::new(), Authority::new());
        let (receiver, ours) = (stranger.sign("emr.test"), authority.sign("bridge.test"));
        let name = Some("emr.test".to_owned());
        let tls = Tls::from_files(&authority.ca(), Some((&ours.0, &ours.1)), name).unwrap();
        let answer = send_over(tls, acceptor(&stranger.ca(), &receiver)).await;
        assert_eq!(answer.outcome, Outcome::NotConnected);
        // The right authority, another name.
        let other = authority.sign("other.test");
        let name = Some("emr.test".to_owned());
        let tls = Tls::from_files(&authority.ca(), Some((&ours.0, &ours.1)), name).unwrap();
        let answer = send_over(tls, acceptor(&authority.ca(), &other)).await;
        assert_eq!(answer.outcome, Outcome::NotConnected);
    }
}
