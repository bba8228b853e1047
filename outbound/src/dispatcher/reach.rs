//! Reaching the receiver before anything is taken in hand: while it is down, no delivery changes.

use store::{StoreError, alarm};
use tokio::time::Instant;
use tracing::{info, warn};

use super::Dispatcher;
use crate::backoff::jittered;
use crate::client::Cause;

/// So many failures to connect in a row raise an alarm.
const N_UNREACHABLE: u32 = 3;

/// How it went so far.
#[derive(Default)]
pub(super) struct Reach {
    n_failures: u32,
    /// Not before.
    again: Option<Instant>,
}

impl Dispatcher {
    /// Connects if there is something to send and it is time to try; whether there is a connection.
    pub(super) async fn reach(&mut self) -> Result<bool, StoreError> {
        if self.reach.again.is_some_and(|again| Instant::now() < again) || !self.has_due().await? {
            return Ok(false);
        }
        match self.client.connect().await {
            Ok(()) => {
                self.reached().await?;
                Ok(true)
            }
            Err(cause) => {
                self.not_reached(&cause).await?;
                Ok(false)
            }
        }
    }

    async fn reached(&mut self) -> Result<(), StoreError> {
        let name = &self.destination.name;
        self.reach = Reach::default();
        if alarm::clear(&self.store, self.destination.tenant, &alarm_key(name)).await? {
            info!(destination = %name, "reachable again");
        }
        Ok(())
    }

    /// One alarm from onset to recovery, however long it lasts.
    async fn not_reached(&mut self, cause: &Cause) -> Result<(), StoreError> {
        let name = &self.destination.name;
        self.counters.not_connected();
        self.reach.n_failures = self.reach.n_failures.saturating_add(1);
        let wait = jittered(self.destination.reconnect, &mut self.rng).unsigned_abs();
        self.reach.again = Some(Instant::now() + wait);
        if self.reach.n_failures == N_UNREACHABLE {
            let what = format!("{name} can't be reached: {cause}");
            alarm::raise(
                &self.store,
                self.destination.tenant,
                &alarm_key(name),
                &what,
            )
            .await?;
            warn!(destination = %name, %cause, "can't be reached");
        }
        Ok(())
    }
}

fn alarm_key(destination: &str) -> String {
    format!("outbound.unreachable.{destination}")
}
