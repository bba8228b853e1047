//! What is held is looked at again: an identity or a setting may have come.

use model::Timestamp;
use store::StoreError;
use store::delivery::{Filter, Item, change, list, lock};
use tracing::info;

use super::Dispatcher;
use crate::operator;
use crate::prepare::{Prepared, prepare};

/// Deliveries that are looked at together.
const PAGE: u32 = 100;

impl Dispatcher {
    /// Releases what can be sent now; of the rest only a reason that has changed is written.
    pub(super) async fn look_at_held(&mut self) -> Result<(), StoreError> {
        let mut before = None;
        let mut n_held = 0;
        loop {
            let page = self.held(before).await?;
            n_held += page.len();
            let Some(oldest) = page.last() else { break };
            before = Some(oldest.created_at);
            for item in &page {
                self.look_at(item).await?;
            }
        }
        self.counters.held(n_held);
        self.look_at_alarms().await
    }

    async fn held(&self, before: Option<Timestamp>) -> Result<Vec<Item>, StoreError> {
        let filter = Filter {
            states: vec!["held".to_owned()],
            destination: Some(self.destination.name.clone()),
            before,
            ..Filter::default()
        };
        list(&self.store, self.destination.tenant, &filter, PAGE).await
    }

    async fn look_at(&self, item: &Item) -> Result<(), StoreError> {
        let now = self.store.clock().now();
        let prepared = prepare(&self.store, &self.destination, item, now).await?;
        let mut tx = self.store.begin(self.destination.tenant).await?;
        // It may have changed hands since it was listed.
        let Some(item) = lock(&mut tx, item.id).await? else {
            return tx.rollback().await;
        };
        let next = match prepared {
            Prepared::Held(why) => item.state.clone().hold(why),
            Prepared::Message(_) | Prepared::Refused(_) => item.state.clone().release(now),
        };
        match next {
            Ok(next) if next != item.state => {
                change(&mut tx, item.id, &next).await?;
                self.record(&mut tx, &item, &next, None).await?;
                tx.commit().await?;
                info!(delivery = %item.id, state = next.word(), "looked at again");
                Ok(())
            }
            Ok(_) | Err(_) => tx.rollback().await,
        }
    }

    /// One alarm for as long as something to this destination was given up and nobody decided.
    pub(super) async fn look_at_alarms(&self) -> Result<(), StoreError> {
        operator::look_at_alarm(&self.store, self.destination.tenant, &self.destination.name).await
    }
}
