//! The whole way in, started and stopped as one.

use std::{collections::HashMap, sync::Arc, time::Duration};

use model::{JournalId, Tenant};
use store::{Store, StoreError, wake::Bell};
use tokio::{
    net::TcpListener,
    sync::{Mutex, Notify},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    Choice, Interface, InterfaceSettings, Settings,
    applied::Applied,
    budget::Budget,
    counters::Applications,
    directory::Directory,
    intake::{Common, IntakeHandle},
    listener,
    matcher::Matcher,
    worker::{State, Worker},
};

/// How often those who no longer wait for a message are forgotten.
const SWEEP: Duration = Duration::from_secs(10);

/// Listeners, intakes and workers of this process.
pub struct Ingest {
    store: Store,
    settings: Settings,
    directory: Directory,
    budget: Budget,
    applied: Applied,
    applications: Arc<Applications>,
    work: Arc<Notify>,
    lookout: Arc<Mutex<()>>,
    bell: Bell,
    intakes: HashMap<Tenant, IntakeHandle>,
    interfaces: Vec<Arc<Interface>>,
    listening: CancellationToken,
    applying: CancellationToken,
    listeners: TaskTracker,
    writers: TaskTracker,
    workers: TaskTracker,
}

impl Ingest {
    /// Starts the workers; interfaces are added with [`Ingest::listen`].
    pub fn start(store: &Store, settings: Settings) -> Self {
        let work = Arc::new(Notify::new());
        let ingest = Self {
            store: store.clone(),
            budget: Budget::new(settings.frame_bytes_in_memory),
            settings,
            directory: Directory::new(store.clone()),
            applied: Applied::default(),
            applications: Arc::default(),
            lookout: Arc::default(),
            bell: Bell::hang(store),
            work,
            intakes: HashMap::new(),
            interfaces: Vec::new(),
            listening: CancellationToken::new(),
            applying: CancellationToken::new(),
            listeners: TaskTracker::new(),
            writers: TaskTracker::new(),
            workers: TaskTracker::new(),
        };
        for _ in 0..ingest.settings.workers {
            ingest.spawn_worker();
        }
        if 0 < ingest.settings.workers && ingest.settings.matching {
            let matcher = Matcher {
                store: store.clone(),
                directory: ingest.directory.clone(),
                shutdown: ingest.applying.clone(),
            };
            ingest.workers.spawn(matcher.run());
        }
        ingest.workers.spawn(ring_inside(
            ingest.bell.clone(),
            ingest.work.clone(),
            ingest.applying.clone(),
        ));
        ingest
            .workers
            .spawn(sweep(ingest.applied.clone(), ingest.applying.clone()));
        ingest
    }

    fn spawn_worker(&self) {
        let size = u32::try_from(self.settings.batch_messages_max).unwrap_or(u32::MAX);
        let worker = Worker {
            store: self.store.clone(),
            directory: self.directory.clone(),
            applied: self.applied.clone(),
            counters: self.applications.clone(),
            work: self.work.clone(),
            lookout: self.lookout.clone(),
            shutdown: self.applying.clone(),
            batch_messages_max: size,
            state: State::new(size),
        };
        self.workers.spawn(worker.run());
    }

    /// Serves an interface on a bound socket.
    pub async fn listen(
        &mut self,
        listener: TcpListener,
        settings: InterfaceSettings,
    ) -> Result<Arc<Interface>, StoreError> {
        let interface = self.interface(settings).await?;
        let intake = self.intake(interface.settings.tenant).await?;
        let serving = listener::serve(listener, interface.clone(), intake, self.listening.clone());
        self.listeners.spawn(serving);
        self.interfaces.push(interface.clone());
        Ok(interface)
    }

    /// Names an interface to store and workers without listening.
    pub async fn interface(
        &self,
        settings: InterfaceSettings,
    ) -> Result<Arc<Interface>, StoreError> {
        let id = self
            .store
            .interface_id(settings.tenant, &settings.name)
            .await?;
        let choice = settings.profiles.now();
        let rows = self.profile_rows(&choice).await?;
        let counters = Arc::default();
        self.directory
            .add(id, &settings, Choice::clone(&choice), &rows, &counters);
        Ok(Arc::new(Interface {
            settings,
            id,
            counters,
        }))
    }

    /// The store's rows of the profiles.
    async fn profile_rows(&self, choice: &Choice) -> Result<Vec<i32>, StoreError> {
        let mut rows = Vec::new();
        for profile in choice.all() {
            let version = profile.version().to_string();
            let (name, digest) = (profile.name(), profile.digest());
            rows.push(store::profile::version(&self.store, name, &version, digest).await?);
        }
        Ok(rows)
    }

    /// Other profiles for an interface, while it goes on receiving: what is received, and what is applied,
    /// from now on is read with them.
    pub async fn replace_profiles(
        &self,
        interface: &Interface,
        choice: Choice,
    ) -> Result<(), StoreError> {
        let rows = self.profile_rows(&choice).await?;
        let settings = &interface.settings;
        self.directory.add(
            interface.id,
            settings,
            choice.clone(),
            &rows,
            &interface.counters,
        );
        settings.profiles.replace(choice);
        Ok(())
    }

    /// The intake of a tenant; started when it is first asked for.
    pub async fn intake(&mut self, tenant: Tenant) -> Result<IntakeHandle, StoreError> {
        if let Some(intake) = self.intakes.get(&tenant) {
            return Ok(intake.clone());
        }
        let key = self.directory.key(tenant).await?;
        let common = Common {
            budget: self.budget.clone(),
            applied: self.applied.clone(),
            work: self.work.clone(),
            bell: self.bell.clone(),
            tasks: self.writers.clone(),
        };
        let intake = IntakeHandle::start(&self.store, tenant, key, &self.settings, common);
        self.intakes.insert(tenant, intake.clone());
        Ok(intake)
    }

    /// The interfaces that are served, with their counters.
    pub fn interfaces(&self) -> &[Arc<Interface>] {
        &self.interfaces
    }

    /// What the workers have done.
    pub fn applications(&self) -> &Arc<Applications> {
        &self.applications
    }

    /// Whether the database's disk is almost full, as the intakes see it.
    pub fn disk_is_low(&self) -> bool {
        self.intakes.values().any(IntakeHandle::disk_is_low)
    }

    /// Resolves when a worker of this process is done with a message; wait with a limit.
    pub async fn applied(&self, journal: JournalId) {
        self.applied.wait(journal).await;
    }

    /// Wakes the workers: something was put into the queue by other hands.
    pub fn ring(&self) {
        self.work.notify_one();
        self.bell.ring();
    }

    /// Stops: no new connections, every message in hand is answered, batches in hand are finished.
    pub async fn drain(self) {
        self.listening.cancel();
        self.listeners.close();
        let limit = self.settings.drain_timeout;
        if tokio::time::timeout(limit, self.listeners.wait())
            .await
            .is_err()
        {
            tracing::warn!("connections that don't end are left");
        }
        drop(self.intakes);
        self.writers.close();
        if tokio::time::timeout(limit, self.writers.wait())
            .await
            .is_err()
        {
            tracing::warn!("the journal's writer does not end");
        }
        self.applying.cancel();
        self.workers.close();
        if tokio::time::timeout(limit, self.workers.wait())
            .await
            .is_err()
        {
            tracing::warn!("a worker does not end");
        }
    }
}

/// What other processes ring is heard by this one's workers.
async fn ring_inside(bell: Bell, work: Arc<Notify>, shutdown: CancellationToken) {
    loop {
        tokio::select! {
            () = bell.heard(Duration::from_hours(1)) => work.notify_one(),
            () = shutdown.cancelled() => return,
        }
    }
}

async fn sweep(applied: Applied, shutdown: CancellationToken) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(SWEEP) => applied.sweep(),
            () = shutdown.cancelled() => return,
        }
    }
}
