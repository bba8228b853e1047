//! Writing down what a send came to.

use std::time::Duration;

use model::{Delivery, Outcome};
use store::StoreError;
use store::delivery::{Leased, settle};
use tokio::time::Instant;
use tracing::{error, warn};

use super::Dispatcher;
use crate::ack::Ack;
use crate::client::Answer;
use crate::confirm::{self, Evidence};

/// The store comes back, or the lease runs out and somebody else goes on.
const RETRY: Duration = Duration::from_secs(1);

impl Dispatcher {
    /// Settles a send; keeps trying while the store fails, because an answer that is forgotten
    /// becomes a resend.
    pub(super) async fn settle(&mut self, leased: &Leased, answer: &Answer) {
        let deadline = Instant::now() + self.destination.lease;
        loop {
            let settled = self.try_settle(leased, answer).await;
            match settled {
                Ok(()) => return,
                Err(error) if error.is_transient() && self.goes_on(deadline) => {
                    warn!(delivery = %leased.item.id, %error, "not settled yet");
                    tokio::time::sleep(RETRY).await;
                }
                Err(error) => {
                    error!(delivery = %leased.item.id, %error, "could not be settled; it will be sent again");
                    return;
                }
            }
        }
    }

    fn goes_on(&self, deadline: Instant) -> bool {
        !self.stop.is_cancelled() && Instant::now() < deadline
    }

    async fn try_settle(&mut self, leased: &Leased, answer: &Answer) -> Result<(), StoreError> {
        let now = self.store.clock().now();
        let mut state = self.after(&leased.item, answer.outcome, now)?;
        // An application that answers after the commit answer has seen the document itself.
        if answer
            .application
            .as_ref()
            .is_some_and(|ack| ack.code.is_positive())
        {
            state = state
                .confirm(now)
                .map_err(|_| StoreError::Inconsistent("a confirmation of nothing"))?;
        }
        let said = segments(answer);
        let mut tx = self.store.begin(self.destination.tenant).await?;
        if !settle(
            &mut tx,
            leased.item.id,
            leased.lease,
            &state,
            said.as_deref(),
        )
        .await?
        {
            warn!(delivery = %leased.item.id, "the lease was lost; another process goes on");
            return tx.rollback().await;
        }
        let mut item = leased.item.clone();
        item.answer = said.or(item.answer);
        let cause = answer.cause.to_string();
        let told = matches!(
            answer.outcome,
            Outcome::Accepted | Outcome::Rejected | Outcome::Failed
        );
        self.record(&mut tx, &item, &state, (!told).then_some(cause.as_str()))
            .await?;
        tx.commit().await?;
        if matches!(state, Delivery::Dead { .. } | Delivery::Rejected { .. }) {
            self.look_at_alarms().await?;
        }
        Ok(())
    }

    /// Answers to other messages: a late application answer is evidence about its own delivery.
    pub(super) async fn hear_others(&self, answer: &Answer) {
        let late = answer.others.iter().filter(|ack| !ack.code.is_commit());
        for ack in late.filter(|_| self.destination.mdm.wants_application_ack()) {
            let evidence = Evidence::Answered(ack);
            let confirmed = confirm::confirm(
                &self.store,
                &self.chain,
                self.destination.tenant,
                &self.destination.name,
                evidence,
            );
            if let Err(error) = confirmed.await {
                warn!(destination = %self.destination.name, %error, "late evidence was lost");
            }
        }
    }
}

/// MSA and ERR of the answers, the application's last.
fn segments(answer: &Answer) -> Option<String> {
    let acks = answer.ack.iter().chain(&answer.application);
    let said: Vec<&str> = acks
        .map(|ack: &Ack| ack.segments.expose().as_str())
        .collect();
    (!said.is_empty()).then(|| said.join("\n"))
}
