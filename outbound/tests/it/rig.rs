//! A database, a simulated EMR and a dispatcher between them.

use std::time::Duration;

use mapping::outbound::mdm::DocumentType;
use model::{Delivery, DeliveryId, ResourceId};
use outbound::backoff::Backoff;
use outbound::emr::{self, Behaviour, Received};
use outbound::{Destination, Dispatcher, Endpoint, IdentifierRule};
use serde_json::Value;
use store::delivery::Item;
use store::wake::Bell;
use store::{ChainKey, Settings, Store};
use tests::proxy::Proxy;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::chart::T;

pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A database of one test and an open store; `None`, said loudly, without a cluster.
pub(crate) async fn store() -> Option<Store> {
    let url = database().await?;
    Some(open(url).await)
}

/// The same, behind a proxy that can be cut.
pub(crate) async fn store_behind_a_proxy() -> Option<(Store, Proxy)> {
    let url = database().await?;
    let address = tests::database::address(&url).unwrap();
    let proxy = Proxy::start(address).await.unwrap();
    let url = url.replace(&address.to_string(), &proxy.address.to_string());
    Some((open(url).await, proxy))
}

async fn database() -> Option<String> {
    let cluster = tests::database::cluster()?;
    let url = tests::database::fresh(&cluster).await.unwrap();
    store::migrate(&url).await.unwrap();
    Some(url)
}

async fn open(url: String) -> Store {
    let settings = Settings {
        writers_max: 6,
        readers_max: 4,
        ..Settings::new(url, ChainKey::new([7; 32]))
    };
    Store::open(&settings).await.unwrap()
}

/// A simulated EMR on a port of its own.
pub(crate) struct Emr {
    pub(crate) port: u16,
    pub(crate) received: mpsc::Receiver<Received>,
    shutdown: CancellationToken,
}

impl Emr {
    /// It behaves as told, message by message, and from then on as with the last.
    pub(crate) async fn start(behaviours: &[Behaviour]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::on(listener, behaviours)
    }

    pub(crate) fn on(listener: TcpListener, behaviours: &[Behaviour]) -> Self {
        let port = listener.local_addr().unwrap().port();
        let (shown, received) = mpsc::channel(1000);
        let settings = emr::Settings {
            behaviours: behaviours.to_vec(),
            cycle: false,
            slow: Duration::from_millis(800),
            shown: Some(shown),
            ..emr::Settings::default()
        };
        let shutdown = CancellationToken::new();
        tokio::spawn(emr::serve(listener, settings, shutdown.clone()));
        Self {
            port,
            received,
            shutdown,
        }
    }

    pub(crate) async fn next(&mut self) -> Received {
        let next = tokio::time::timeout(PATIENCE, self.received.recv()).await;
        next.expect("a message in time").expect("the EMR runs")
    }

    /// Everything that has come so far.
    pub(crate) fn all(&mut self) -> Vec<Received> {
        std::iter::from_fn(|| self.received.try_recv().ok()).collect()
    }
}

impl Drop for Emr {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// A destination that loses patience quickly.
pub(crate) fn destination(port: u16) -> Destination {
    let endpoint = Endpoint {
        ack_timeout: Duration::from_millis(250),
        application_timeout: Duration::from_millis(250),
        connect_timeout: Duration::from_secs(2),
        ..Endpoint::plain("127.0.0.1", port)
    };
    let mut destination = Destination::new("emr", T, endpoint);
    destination.patient_id =
        IdentifierRule::new(Some("MAPLEMRN".to_owned()), Some("[0-9]{7}")).unwrap();
    destination.backoff = Backoff::new(vec![Duration::from_millis(20); 5]);
    destination.reconnect = Duration::from_millis(50);
    destination.lease = Duration::from_secs(2);
    destination.recheck = Duration::from_millis(200);
    let summary = DocumentType {
        code: "HHSUM".to_owned(),
        text: "Summary".to_owned(),
        system: "L".to_owned(),
    };
    destination.mdm.types.insert("34133-9".to_owned(), summary);
    destination
}

/// A running dispatcher; ends with the test.
pub(crate) struct Running {
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    pub(crate) fn start(store: &Store, destination: Destination) -> Self {
        let shutdown = CancellationToken::new();
        let dispatcher = Dispatcher::new(store.clone(), Bell::hang(store), destination);
        let task = tokio::spawn(dispatcher.run(shutdown.clone()));
        Self { shutdown, task }
    }

    /// Orderly: what is in hand is settled first.
    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        tokio::time::timeout(PATIENCE, self.task)
            .await
            .unwrap()
            .unwrap();
    }

    /// As a crash would: in the middle of whatever it does.
    pub(crate) async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

pub(crate) async fn delivery(store: &Store, id: DeliveryId) -> Item {
    store::delivery::get(store, T, id)
        .await
        .unwrap()
        .expect("the delivery was made")
}

/// [`until`], for a database that may just be coming back.
pub(crate) async fn until_again(store: &Store, id: DeliveryId, wanted: &str) -> Item {
    let deadline = Instant::now() + PATIENCE;
    while store::delivery::get(store, T, id).await.is_err() {
        assert!(Instant::now() < deadline, "the database stays away");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    until(store, id, wanted).await
}

/// Waits until the delivery's state is as wanted.
pub(crate) async fn until(store: &Store, id: DeliveryId, wanted: &str) -> Item {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let item = delivery(store, id).await;
        if item.state.word() == wanted {
            return item;
        }
        assert!(
            Instant::now() < deadline,
            "still {}: {:?}",
            item.state.word(),
            item.state
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until nothing more will happen to the delivery by itself.
pub(crate) async fn settled(store: &Store, id: DeliveryId) -> Item {
    let deadline = Instant::now() + 4 * PATIENCE;
    loop {
        let item = delivery(store, id).await;
        if matches!(
            item.state.word(),
            "accepted" | "confirmed" | "rejected" | "dead"
        ) {
            return item;
        }
        assert!(Instant::now() < deadline, "still {:?}", item.state);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The Task that shows a delivery.
pub(crate) async fn task(store: &Store, id: DeliveryId) -> Value {
    let access = model::Access {
        tenant: T,
        reach: model::Reach::All,
    };
    let kind = fhir::ResourceType::Task;
    let stored = store::resource::read(store, &access, kind.code(), ResourceId(id.0))
        .await
        .unwrap();
    let task: Value = serde_json::from_str(&stored.unwrap().body).unwrap();
    let faults = fhir::check(&task, Some(kind));
    assert!(faults.is_empty(), "{faults:?}");
    task
}

pub(crate) fn attempts(state: &Delivery) -> u8 {
    match state {
        Delivery::Queued { attempt, .. } | Delivery::Sending { attempt, .. } => *attempt,
        Delivery::Rejected { attempts } | Delivery::Dead { attempts, .. } => *attempts,
        Delivery::Held { .. } | Delivery::Accepted { .. } | Delivery::Confirmed { .. } => 0,
    }
}
