//! Waking sleepers: a notification costs nothing when it is lost, because everybody polls as well.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_postgres::{AsyncMessage, NoTls};

use crate::{Result, Store};

const CHANNEL: &str = "drawbridge_work";
/// Many rings within this time are one notification.
const COALESCE: Duration = Duration::from_millis(20);
/// How long to wait before connecting again.
const RECONNECT: Duration = Duration::from_secs(1);

/// A bell between those who leave work and those who do it, in this process and in others. Its one
/// connection notifies after the commits: inside them a notification would serialise the commits.
pub struct Bell {
    /// Wakes this process's sleepers.
    local: Arc<Rung>,
    /// Asks the task to tell the other processes.
    ring: Arc<Notify>,
    /// What this handle has heard: a ring while nobody listens is heard by the next who does.
    heard: AtomicU64,
    task: Arc<Task>,
}

/// How often the bell was rung, and who sleeps.
#[derive(Default)]
struct Rung {
    times: AtomicU64,
    sleepers: Notify,
}

impl Rung {
    fn again(&self) {
        self.times.fetch_add(1, Ordering::AcqRel);
        self.sleepers.notify_waiters();
    }
}

impl Clone for Bell {
    fn clone(&self) -> Self {
        Self {
            local: Arc::clone(&self.local),
            ring: Arc::clone(&self.ring),
            heard: AtomicU64::new(self.heard.load(Ordering::Acquire)),
            task: Arc::clone(&self.task),
        }
    }
}

struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Bell {
    /// Hangs the bell: starts the task that keeps its connection.
    pub fn hang(store: &Store) -> Self {
        let local = Arc::new(Rung::default());
        let ring = Arc::new(Notify::new());
        let task = tokio::spawn(keep(store.clone(), Arc::clone(&local), Arc::clone(&ring)));
        Self {
            local,
            ring,
            heard: AtomicU64::new(0),
            task: Arc::new(Task(task)),
        }
    }

    /// Says that there is work, after its commit.
    pub fn ring(&self) {
        self.local.again();
        self.ring.notify_one();
    }

    /// Returns when somebody has rung since this handle last heard, or after `poll_after`.
    pub async fn heard(&self, poll_after: Duration) {
        let mut ringing = std::pin::pin!(self.local.sleepers.notified());
        // Listens before it looks: a ring in between is not lost.
        ringing.as_mut().enable();
        if self.local.times.load(Ordering::Acquire) == self.heard.load(Ordering::Acquire) {
            let _ = tokio::time::timeout(poll_after, ringing).await;
        }
        self.heard
            .store(self.local.times.load(Ordering::Acquire), Ordering::Release);
    }
}

impl std::fmt::Debug for Bell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Bell(..)")
    }
}

async fn keep(store: Store, local: Arc<Rung>, ring: Arc<Notify>) {
    loop {
        if let Err(error) = connected(&store, &local, &ring).await {
            tracing::debug!(%error, "the notifying connection broke; polling goes on");
        }
        tokio::time::sleep(RECONNECT).await;
    }
}

/// Listens and notifies until the connection breaks.
async fn connected(store: &Store, local: &Arc<Rung>, ring: &Notify) -> Result<()> {
    let (client, mut connection) = store.config().connect(NoTls).await?;
    let mut messages =
        futures_util::stream::poll_fn(move |context| connection.poll_message(context));
    let local = Arc::clone(local);
    // The connection makes progress only while its messages are read.
    let reading = async move {
        while let Some(Ok(message)) = messages.next().await {
            if matches!(message, AsyncMessage::Notification(_)) {
                local.again();
            }
        }
    };
    let notifying = async {
        client.batch_execute(&format!("listen {CHANNEL}")).await?;
        loop {
            ring.notified().await;
            client.batch_execute(&format!("notify {CHANNEL}")).await?;
            tokio::time::sleep(COALESCE).await;
        }
    };
    tokio::select! {
        () = reading => Ok(()),
        ended = notifying => ended,
    }
}
