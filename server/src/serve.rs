//! Everything that the configuration names, started in order and stopped in the opposite one.

mod inbound;
mod outbound;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ::outbound::Dispatcher;
use anyhow::Context as _;
use ingest::{Ingest, Interface};
use model::{Clock, Tenant};
use store::Store;
use store::wake::Bell;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::api::{self, Api, Destinations};
use crate::chores;
use crate::config::{Config, HttpConfig};
use crate::http::{self, Health, Limits, Operations, Probe};
use crate::metrics::{Counted, Metrics, Requests};
use crate::opened::Opened;
use crate::profiles::Library;

pub(crate) use inbound::settings as interface_settings;

/// How long requests in hand may take once the server is told to stop.
const DRAIN: Duration = Duration::from_secs(15);
/// Requests that are worked on at a time; more wait.
const REQUESTS_MAX: usize = 512;

/// The dispatchers' counters, by destination.
type Sent = Vec<(String, Arc<::outbound::Counters>)>;

/// A running server.
pub struct Server {
    /// Where it answers HTTP.
    pub http: SocketAddr,
    /// Where it receives messages, in the order of the configuration.
    pub mllp: Vec<SocketAddr>,
    opened: Opened,
    ingest: Ingest,
    stop: CancellationToken,
    tasks: TaskTracker,
    profiles: Library,
}

impl Server {
    /// Starts everything; once it returns, every listener is bound.
    pub async fn start(config: &Config, clock: &Clock) -> anyhow::Result<Self> {
        let profiles = Library::load(config)?;
        let opened = Opened::alone(config, clock, "serve").await?;
        let store = opened.store.clone();
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let tenants = tenants(&store).await?;
        let mut ingest = Ingest::start(&store, settings(config, &store).await);
        let mllp = listen(&mut ingest, config, &tenants, &profiles).await?;
        let bell = Bell::hang(&store);
        let (destinations, sent) = dispatch(config, &tenants, &store, &bell, &stop, &tasks)?;
        let requests = Requests::default();
        let operations = Operations {
            health: Arc::new(Health::new(store.clone(), vec![probe(ingest.interfaces())])),
            metrics: Arc::new(Metrics::new(
                store.clone(),
                Counted {
                    requests: requests.clone(),
                    interfaces: ingest.interfaces().to_vec(),
                    applications: Some(Arc::clone(ingest.applications())),
                    destinations: sent,
                },
            )),
        };
        let api = Api::new(store.clone(), face(&config.http), destinations, requests);
        let http = bind(&config.http, api, operations, &stop, &tasks).await?;
        let journal = config.journal.clone();
        tasks.spawn(chores::run(store, journal, chores::EVERY, stop.clone()));
        Ok(Self {
            http,
            mllp,
            opened,
            ingest,
            stop,
            tasks,
            profiles,
        })
    }

    /// The store of the running server.
    pub fn store(&self) -> &Store {
        &self.opened.store
    }

    /// Reads the profiles' files again: what is received and applied from now on is read with them. No
    /// connection notices.
    pub async fn reload(&mut self, config: &Config) {
        self.profiles.reload(config);
        for interface in self.ingest.interfaces() {
            let name = &interface.settings.name;
            let Some(configured) = config.inbound.iter().find(|it| it.name == *name) else {
                continue;
            };
            let choice = match self.profiles.choice(configured) {
                Ok(choice) => choice,
                Err(error) => {
                    tracing::error!(interface = %name, %error, "the profiles stay as they were");
                    continue;
                }
            };
            if let Err(error) = self.ingest.replace_profiles(interface, choice).await {
                tracing::error!(interface = %name, %error, "the profiles stay as they were");
            }
        }
        tracing::info!("profiles were read again");
    }

    /// Takes no more connections, answers every message and request in hand, stops the database if it
    /// is ours.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.stop.cancel();
        self.ingest.drain().await;
        self.tasks.close();
        self.tasks.wait().await;
        self.opened.close().await
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Server(http {}, mllp {:?})", self.http, self.mllp)
    }
}

/// Tenants by name.
async fn tenants(store: &Store) -> anyhow::Result<HashMap<String, Tenant>> {
    let rows = store.tenants().await?;
    Ok(rows.into_iter().map(|row| (row.name, row.tenant)).collect())
}

fn tenant_of(tenants: &HashMap<String, Tenant>, name: &str) -> anyhow::Result<Tenant> {
    tenants
        .get(name)
        .copied()
        .with_context(|| format!("there is no tenant '{name}'"))
}

async fn settings(config: &Config, store: &Store) -> ingest::Settings {
    // Only a database on this machine has a folder that we can look at.
    let folder = store::stats::data_directory(store).await.ok().flatten();
    ingest::Settings {
        workers: usize::from(config.apply.workers),
        batch_messages_max: usize::from(config.apply.batch_messages_max),
        data_dir: folder
            .map(Into::into)
            .filter(|path: &std::path::PathBuf| path.exists()),
        ..ingest::Settings::default()
    }
}

async fn listen(
    ingest: &mut Ingest,
    config: &Config,
    tenants: &HashMap<String, Tenant>,
    profiles: &Library,
) -> anyhow::Result<Vec<SocketAddr>> {
    let mut addresses = Vec::with_capacity(config.inbound.len());
    for interface in &config.inbound {
        let tenant = tenant_of(tenants, &interface.tenant)?;
        addresses.push(inbound::listen(ingest, interface, tenant, profiles).await?);
    }
    Ok(addresses)
}

/// Starts a dispatcher per destination; answers which tenant's documents go where.
fn dispatch(
    config: &Config,
    tenants: &HashMap<String, Tenant>,
    store: &Store,
    bell: &Bell,
    stop: &CancellationToken,
    tasks: &TaskTracker,
) -> anyhow::Result<(Destinations, Sent)> {
    let mut sent = Sent::new();
    let mut names: HashMap<Tenant, Vec<String>> = HashMap::new();
    for destination in &config.outbound {
        let tenant = tenant_of(tenants, &destination.tenant)?;
        let wanted = outbound::destination(destination, tenant)?;
        names
            .entry(tenant)
            .or_default()
            .push(destination.name.clone());
        let dispatcher = Dispatcher::new(store.clone(), bell.clone(), wanted);
        sent.push((destination.name.clone(), dispatcher.counters()));
        tasks.spawn(dispatcher.run(stop.clone()));
    }
    let bell = bell.clone();
    let destinations = Destinations::new(names, Some(Arc::new(move || bell.ring())));
    Ok((destinations, sent))
}

fn face(config: &HttpConfig) -> api::Settings {
    let body_bytes_max = usize::try_from(config.body_bytes_max).unwrap_or(usize::MAX);
    api::Settings {
        public_url: config.public_url.clone(),
        secure: config.tls.is_some(),
        body_bytes_max,
        bodies_bytes_max: body_bytes_max.saturating_mul(8),
        timeout: Duration::from_secs(u64::from(config.request_timeout_s)),
        requests_max: REQUESTS_MAX,
    }
}

/// Binds the HTTP address (and the operators' own, where there is one) and serves.
async fn bind(
    config: &HttpConfig,
    api: Api,
    operations: Operations,
    stop: &CancellationToken,
    tasks: &TaskTracker,
) -> anyhow::Result<SocketAddr> {
    let limits = Limits {
        connections_max: usize::try_from(config.connections_max).unwrap_or(usize::MAX),
        drain: DRAIN,
    };
    if let Some(address) = config.metrics_bind {
        let listener = bound(address).await?;
        let router = http::operations_router(operations.clone());
        tasks.spawn(http::serve(listener, None, router, limits, stop.clone()));
    }
    let tls = config.tls.as_ref().map(http::acceptor).transpose()?;
    let listener = bound(config.bind).await?;
    let address = listener.local_addr()?;
    let router = http::router(api, operations, config.metrics_bind.is_none());
    tasks.spawn(http::serve(listener, tls, router, limits, stop.clone()));
    tracing::info!(%address, "answers HTTP");
    Ok(address)
}

async fn bound(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("HTTP can't listen on {address}"))
}

/// Complains of interfaces that do not listen.
fn probe(interfaces: &[Arc<Interface>]) -> Probe {
    let interfaces = interfaces.to_vec();
    Box::new(move || {
        let deaf = interfaces
            .iter()
            .filter(|interface| interface.counters.listening.get() == 0)
            .map(|interface| interface.settings.name.as_str())
            .collect::<Vec<_>>();
        (!deaf.is_empty()).then(|| format!("interfaces that do not listen: {}", deaf.join(", ")))
    })
}
