//! TLS, limits and the orderly end of the HTTP listener; no database.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use reqwest::{Certificate, Client, Identity};
use server::config::ListenerTls;
use server::http::{self, Limits};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A listener that answers `ok`, and `late` once it is told to.
struct Served {
    address: SocketAddr,
    stop: CancellationToken,
    go_on: std::sync::Arc<Notify>,
    began: std::sync::Arc<Notify>,
    done: JoinHandle<()>,
}

async fn serve(tls: Option<&ListenerTls>, connections_max: usize) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let (go_on, began) = (
        std::sync::Arc::new(Notify::new()),
        std::sync::Arc::new(Notify::new()),
    );
    let late = {
        let (go_on, began) = (go_on.clone(), began.clone());
        move || async move {
            began.notify_one();
            go_on.notified().await;
            "late"
        }
    };
    let router = Router::new()
        .route("/", get(async || "ok"))
        .route("/late", get(late));
    let limits = Limits {
        connections_max,
        drain: Duration::from_secs(10),
    };
    let tls = tls.map(|tls| http::acceptor(tls).unwrap());
    let done = tokio::spawn(http::serve(listener, tls, router, limits, stop.clone()));
    Served {
        address,
        stop,
        go_on,
        began,
        done,
    }
}

/// An authority, a server's certificate for `localhost` and a client's, as files.
fn certificates(folder: &Path) -> ListenerTls {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    std::fs::write(folder.join("ca.pem"), ca.pem()).unwrap();
    for name in ["localhost", "app"] {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &ca).unwrap().pem();
        std::fs::write(folder.join(format!("{name}.pem")), &certificate).unwrap();
        let both = format!("{}{certificate}", key.serialize_pem());
        std::fs::write(folder.join(format!("{name}.both")), both).unwrap();
        std::fs::write(folder.join(format!("{name}.key")), key.serialize_pem()).unwrap();
    }
    ListenerTls {
        cert: folder.join("localhost.pem"),
        key: folder.join("localhost.key"),
        client_ca: None,
    }
}

fn client(folder: &Path, identity: Option<&str>) -> Client {
    let ca = std::fs::read(folder.join("ca.pem")).unwrap();
    let builder = Client::builder().add_root_certificate(Certificate::from_pem(&ca).unwrap());
    let builder = match identity {
        None => builder,
        Some(name) => {
            let both = std::fs::read(folder.join(name)).unwrap();
            builder.identity(Identity::from_pem(&both).unwrap())
        }
    };
    builder.use_rustls_tls().build().unwrap()
}

#[tokio::test]
async fn tls_is_spoken_and_plain_http_is_not_answered() {
    let folder = tempfile::tempdir().unwrap();
    let served = serve(Some(&certificates(folder.path())), 10).await;
    let port = served.address.port();
    let url = format!("https://localhost:{port}/");
    let answer = client(folder.path(), None).get(&url).send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "ok");
    assert!(
        Client::new().get(&url).send().await.is_err(),
        "an unknown authority"
    );
    let plain = Client::new()
        .get(format!("http://localhost:{port}/"))
        .send()
        .await;
    assert!(plain.is_err());
}

#[tokio::test]
async fn clients_must_show_a_certificate_where_one_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let tls = ListenerTls {
        client_ca: Some(folder.path().join("ca.pem")),
        ..certificates(folder.path())
    };
    let served = serve(Some(&tls), 10).await;
    let url = format!("https://localhost:{}/", served.address.port());
    assert!(client(folder.path(), None).get(&url).send().await.is_err());
    let known = client(folder.path(), Some("app.both"))
        .get(&url)
        .send()
        .await
        .unwrap();
    assert_eq!(known.text().await.unwrap(), "ok");
}

#[test]
fn files_without_certificate_or_key_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let tls = certificates(folder.path());
    let swapped = ListenerTls {
        cert: tls.key.clone(),
        ..tls.clone()
    };
    let error = http::acceptor(&swapped).err().unwrap().to_string();
    assert!(error.contains("localhost.key"), "{error}");
    let absent = ListenerTls {
        key: folder.path().join("absent.key"),
        ..tls
    };
    let error = http::acceptor(&absent).err().unwrap().to_string();
    assert!(error.contains("absent.key"), "{error}");
}

#[tokio::test]
async fn a_request_in_hand_is_answered_when_the_server_stops() {
    let served = serve(None, 10).await;
    let url = format!("http://{}", served.address);
    let late = tokio::spawn(Client::new().get(format!("{url}/late")).send());
    served.began.notified().await;
    served.stop.cancel();
    // New connections are refused once the listener is gone.
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    while Client::new().get(format!("{url}/")).send().await.is_ok() {
        assert!(
            std::time::Instant::now() < deadline,
            "still taking connections"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    served.go_on.notify_one();
    let answer = late.await.unwrap().unwrap();
    assert_eq!(answer.text().await.unwrap(), "late");
    tokio::time::timeout(Duration::from_secs(10), served.done)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn connections_over_the_limit_wait_for_a_place() {
    let served = serve(None, 1).await;
    let url = format!("http://{}", served.address);
    let late = tokio::spawn(
        Client::new()
            .get(format!("{url}/late"))
            .header("connection", "close")
            .send(),
    );
    served.began.notified().await;
    let mut second = tokio::spawn(Client::new().get(format!("{url}/")).send());
    let early = tokio::time::timeout(Duration::from_millis(300), &mut second).await;
    assert!(early.is_err(), "one place, two connections");
    served.go_on.notify_one();
    assert_eq!(late.await.unwrap().unwrap().text().await.unwrap(), "late");
    let second = tokio::time::timeout(Duration::from_secs(10), second).await;
    assert_eq!(
        second.unwrap().unwrap().unwrap().text().await.unwrap(),
        "ok"
    );
}
