//! Tells who waits for it that a message was applied: senders in enhanced mode, and tests.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use model::JournalId;
use tokio::sync::oneshot;

/// How many finished messages are remembered for those who ask a little late.
const REMEMBERED: usize = 1 << 16;

/// Who waits for which message. Only what the workers of this process finish is known here.
#[derive(Clone, Default, Debug)]
pub(crate) struct Applied(Arc<Mutex<State>>);

#[derive(Default, Debug)]
struct State {
    waiting: HashMap<JournalId, Vec<oneshot::Sender<()>>>,
    finished: HashSet<JournalId>,
    order: VecDeque<JournalId>,
}

impl Applied {
    /// Resolves when the message is done with: applied, dead-lettered or found to be a duplicate.
    /// Never resolves for a message that another process finishes, so wait with a limit.
    pub(crate) async fn wait(&self, journal: JournalId) {
        let receiver = {
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if state.finished.contains(&journal) {
                return;
            }
            let (sender, receiver) = oneshot::channel();
            let waiting = state.waiting.entry(journal).or_default();
            waiting.retain(|sender| !sender.is_closed());
            waiting.push(sender);
            receiver
        };
        if receiver.await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Says that these messages are done with; their transaction is committed.
    pub(crate) fn settle(&self, journals: impl IntoIterator<Item = JournalId>) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for journal in journals {
            for sender in state.waiting.remove(&journal).unwrap_or_default() {
                let _ = sender.send(());
            }
            if state.finished.insert(journal) {
                state.order.push_back(journal);
            }
        }
        while REMEMBERED < state.order.len() {
            if let Some(oldest) = state.order.pop_front() {
                state.finished.remove(&oldest);
            }
        }
    }

    /// Forgets who no longer waits.
    pub(crate) fn sweep(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.waiting.retain(|_, waiting| {
            waiting.retain(|sender| !sender.is_closed());
            !waiting.is_empty()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_asks_before_or_after_is_told() {
        let applied = Applied::default();
        let early = tokio::spawn({
            let applied = applied.clone();
            async move { applied.wait(JournalId(1)).await }
        });
        tokio::task::yield_now().await;
        applied.settle([JournalId(1)]);
        early.await.unwrap();
        applied.wait(JournalId(1)).await;
    }

    #[tokio::test]
    async fn who_gave_up_is_forgotten() {
        let applied = Applied::default();
        let wait = applied.wait(JournalId(2));
        let limit = std::time::Duration::from_millis(10);
        assert!(tokio::time::timeout(limit, wait).await.is_err());
        applied.sweep();
        assert!(applied.0.lock().unwrap().waiting.is_empty());
    }
}
