//! Waking sleepers: a notification costs nothing when it is lost, because everybody polls as well.

use std::sync::Arc;
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
#[derive(Clone)]
pub struct Bell {
    /// Wakes this process's sleepers.
    local: Arc<Notify>,
    /// Asks the task to tell the other processes.
    ring: Arc<Notify>,
    _task: Arc<Task>,
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
        let local = Arc::new(Notify::new());
        let ring = Arc::new(Notify::new());
        let task = tokio::spawn(keep(store.clone(), Arc::clone(&local), Arc::clone(&ring)));
        Self {
            local,
            ring,
            _task: Arc::new(Task(task)),
        }
    }

    /// Says that there is work, after its commit.
    pub fn ring(&self) {
        self.local.notify_waiters();
        self.ring.notify_one();
    }

    /// Returns when somebody rings, or after `poll_after`.
    pub async fn heard(&self, poll_after: Duration) {
        let _ = tokio::time::timeout(poll_after, self.local.notified()).await;
    }
}

impl std::fmt::Debug for Bell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Bell(..)")
    }
}

async fn keep(store: Store, local: Arc<Notify>, ring: Arc<Notify>) {
    loop {
        if let Err(error) = connected(&store, &local, &ring).await {
            tracing::debug!(%error, "the notifying connection broke; polling goes on");
        }
        tokio::time::sleep(RECONNECT).await;
    }
}

/// Listens and notifies until the connection breaks.
async fn connected(store: &Store, local: &Arc<Notify>, ring: &Notify) -> Result<()> {
    let (client, mut connection) = store.config().connect(NoTls).await?;
    let mut messages =
        futures_util::stream::poll_fn(move |context| connection.poll_message(context));
    let local = Arc::clone(local);
    // The connection makes progress only while its messages are read.
    let reading = async move {
        while let Some(Ok(message)) = messages.next().await {
            if matches!(message, AsyncMessage::Notification(_)) {
                local.notify_waiters();
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
