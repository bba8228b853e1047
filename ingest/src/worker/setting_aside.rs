//! What can't be applied, or must be looked at by a person: dead letters, reviews, alarms.

use jiff::SignedDuration;
use mapping::{FOLD_VERSION, MAPPING_VERSION};
use model::Tenant;
use store::{
    Store, StoreError, Tx, alarm,
    lanes::{self, Death, Disposition, Queued},
    review::Question,
};

use super::{
    ChartError, Worker,
    reading::{Failure, Read},
};

/// A message that fails this often is dead-lettered.
const ATTEMPTS_MAX: i16 = 3;

impl Worker {
    /// A message that fails alone: it gets another try later, and after the last one a dead letter.
    pub(super) async fn set_aside(
        &mut self,
        tenant: Tenant,
        message: Queued,
        error: &ChartError,
    ) -> usize {
        tracing::warn!(%error, journal.id = message.journal.0, "a message can't be applied");
        let set_aside = self.postpone_or_bury(tenant, message, error).await;
        match set_aside {
            Ok(()) => self.state.of(tenant).n_transient = 0,
            Err(error) => {
                tracing::warn!(%error, "a message can't be set aside");
                let n_transient = self.state.of(tenant).n_transient;
                self.pause(n_transient).await;
            }
        }
        1
    }

    async fn postpone_or_bury(
        &mut self,
        tenant: Tenant,
        message: Queued,
        error: &ChartError,
    ) -> Result<(), StoreError> {
        let mut tx = self.store.begin(tenant).await?;
        let claim = lanes::claim_exactly(&mut tx, &[message], &[]).await?;
        let Some(message) = claim.messages.first() else {
            return tx.rollback().await;
        };
        let attempts = message.attempts.saturating_add(1);
        if attempts < ATTEMPTS_MAX {
            let wait = SignedDuration::from_millis(500) * i32::from(attempts);
            let now = self.store.clock().now();
            let due = now.saturating_add(wait).unwrap_or(now);
            lanes::postpone(&mut tx, &[message.journal], due).await?;
        } else {
            let reason = match error {
                ChartError::Store(_) => "store",
                ChartError::NeedsLanes(_) | ChartError::Poison(_) => "poison",
            };
            bury(&mut tx, message, &Failure::new(reason, &error.to_string())).await?;
            let done = lanes::Done {
                journal: message.journal,
                disposition: Disposition::Dead,
                profile: self
                    .directory
                    .manners(message.interface)
                    .otherwise()
                    .and_then(|manner| manner.profile_row),
                mapping_version: MAPPING_VERSION,
                note: Some(reason.to_owned()),
                reused_control_id: message.reused_control_id,
            };
            let mut lanes = vec![message.lane];
            lanes.extend(message.other_lane);
            lanes::finish(&mut tx, &[done], &lanes, FOLD_VERSION).await?;
            let journal = message.journal;
            tx.commit().await?;
            self.applied.settle([journal]);
            self.counters.dead.increment();
            raise(&self.store, tenant).await;
            return Ok(());
        }
        tx.commit().await?;
        Ok(())
    }
}

/// Keeps why a message could not be mapped and marks its lanes incomplete.
pub(super) async fn bury(
    tx: &mut Tx,
    queued: &Queued,
    failure: &Failure,
) -> Result<(), StoreError> {
    let death = Death {
        journal: queued.journal,
        lane: queued.lane,
        other_lane: queued.other_lane,
        attempts: queued.attempts.saturating_add(1),
        reason: failure.reason.to_owned(),
        place: failure.place.clone(),
        diagnostics: failure.diagnostics.clone(),
        at: tx.store().clock().now(),
    };
    tracing::error!(
        journal.id = queued.journal.0,
        reason = failure.reason,
        "a message is dead-lettered"
    );
    lanes::dead_letter(tx, &death, FOLD_VERSION).await
}

/// Raises the alarm, unless it is raised already. The dead letter is committed: an alarm that fails
/// now is raised by the next one.
pub(super) async fn raise(store: &Store, tenant: Tenant) {
    let what = "messages could not be mapped: see the dead letters";
    if let Err(error) = alarm::raise(store, tenant, "dead-letters", what).await {
        tracing::warn!(%error, "the alarm can't be raised");
    }
}

/// What a person should look at: who could be meant, and which of two contents was.
pub(super) fn questions(message: &Read) -> Vec<Question> {
    let unidentified = (!message.identified).then_some("no-identifier");
    let reused = message
        .queued
        .reused_control_id
        .then_some("reused-control-id");
    let question = |kind: &str| Question {
        kind: kind.to_owned(),
        journal: Some(message.queued.journal),
        entity: None,
        other_entity: None,
        explained: None,
    };
    unidentified
        .into_iter()
        .chain(reused)
        .map(question)
        .collect()
}

/// What became of a message.
pub(super) fn done_with(message: &Read, disposition: Disposition) -> lanes::Done {
    lanes::Done {
        journal: message.queued.journal,
        disposition,
        profile: message.manner.profile_row,
        mapping_version: MAPPING_VERSION,
        note: message
            .result
            .as_ref()
            .err()
            .map(|failure| failure.reason.to_owned()),
        reused_control_id: message.queued.reused_control_id,
    }
}
