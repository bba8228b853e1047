//! A document's way to the EMR as a state machine: states carry what they have, steps are pure.

use jiff::{SignedDuration, Timestamp};

/// Where one delivery stands. `held` waits for an identity or a setting; `sending` holds a lease.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Delivery {
    /// Something that must be known is not (the reason says what); never sent hopefully.
    Held {
        /// What is missing, in words without patient data.
        reason: String,
    },
    /// Waits for its turn.
    Queued {
        /// Sends that were spent so far.
        attempt: u8,
        /// Not before this instant.
        due: Timestamp,
    },
    /// In the hands of one dispatcher.
    Sending {
        /// Sends that were spent before this one.
        attempt: u8,
        /// After this instant another dispatcher may take it over.
        lease_until: Timestamp,
    },
    /// The receiver answered `AA` or `CA`: accepted, which is not yet filed.
    Accepted {
        /// When the answer came.
        at: Timestamp,
    },
    /// Evidence came that the receiver filed it.
    Confirmed {
        /// When the evidence came.
        at: Timestamp,
    },
    /// The receiver refused it for good; an operator may requeue it.
    Rejected {
        /// Sends that were spent.
        attempts: u8,
    },
    /// Given up: an operator must look.
    Dead {
        /// Sends that were spent.
        attempts: u8,
        /// Why.
        reason: DeadReason,
    },
}

/// Why a delivery was given up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DeadReason {
    /// The receiver kept answering that it failed.
    Failed,
    /// No answer came: it may have arrived.
    Unknown,
}

/// What one send came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// `AA` or `CA` for our control id.
    Accepted,
    /// A negative answer that resending can't change (`AR`, `CR`).
    Rejected,
    /// A negative answer that may pass (`AE`, `CE`, "busy").
    Failed,
    /// The bytes left, no answer came: the same bytes must go again.
    Unknown,
    /// Nothing left: no connection. Spends no attempt.
    NotConnected,
}

/// A step was asked of a delivery that nobody is sending.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the delivery is not being sent")]
pub struct NotSending;

/// A step was asked of a delivery whose state has no such step.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a delivery that is {state} can't {step}")]
pub struct NoSuchStep {
    /// The state's word.
    pub state: &'static str,
    /// What was asked: `start`, `hold` …
    pub step: &'static str,
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "a step names the states that have it; every other state refuses it"
)]
impl Delivery {
    /// The contract's word for the state.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Held { .. } => "held",
            Self::Queued { .. } => "queued",
            Self::Sending { .. } => "sending",
            Self::Accepted { .. } => "accepted",
            Self::Confirmed { .. } => "confirmed",
            Self::Rejected { .. } => "rejected",
            Self::Dead { .. } => "dead",
        }
    }

    /// A new delivery: it waits for the dispatcher.
    pub const fn new(now: Timestamp) -> Self {
        Self::Queued {
            attempt: 0,
            due: now,
        }
    }

    /// A dispatcher takes it in hand until `lease_until`.
    pub fn start(self, lease_until: Timestamp) -> Result<Self, NoSuchStep> {
        match self {
            Self::Queued { attempt, .. } => Ok(Self::Sending {
                attempt,
                lease_until,
            }),
            other => Err(other.has_no("start")),
        }
    }

    /// Something is missing: it waits, visibly. Only what has never left can be held; afterwards the
    /// same bytes go again and nothing is looked up any more.
    pub fn hold(self, reason: impl Into<String>) -> Result<Self, NoSuchStep> {
        match self {
            Self::Held { .. }
            | Self::Queued { attempt: 0, .. }
            | Self::Sending { attempt: 0, .. } => Ok(Self::Held {
                reason: reason.into(),
            }),
            other => Err(other.has_no("hold")),
        }
    }

    /// What was missing may be known now: it is tried again.
    pub fn release(self, now: Timestamp) -> Result<Self, NoSuchStep> {
        match self {
            Self::Held { .. } => Ok(Self::new(now)),
            other => Err(other.has_no("release")),
        }
    }

    /// An operator sends it again, with all its retries.
    pub fn requeue(self, now: Timestamp) -> Result<Self, NoSuchStep> {
        match self {
            Self::Rejected { .. } | Self::Dead { .. } => Ok(Self::new(now)),
            other => Err(other.has_no("requeue")),
        }
    }

    /// Evidence came that the receiver has it, whatever we knew so far; only a delivery that was
    /// never sent can't be confirmed.
    pub fn confirm(self, now: Timestamp) -> Result<Self, NoSuchStep> {
        match self {
            Self::Held { .. } | Self::Queued { attempt: 0, .. } => Err(self.has_no("confirm")),
            Self::Confirmed { at } => Ok(Self::Confirmed { at }),
            Self::Queued { .. }
            | Self::Sending { .. }
            | Self::Accepted { .. }
            | Self::Rejected { .. }
            | Self::Dead { .. } => Ok(Self::Confirmed { at: now }),
        }
    }

    /// The receiver accepted the message and later refused what it says: resending can't help.
    pub fn refuse(self) -> Result<Self, NoSuchStep> {
        match self {
            Self::Accepted { .. } => Ok(Self::Rejected { attempts: 1 }),
            other => Err(other.has_no("refuse")),
        }
    }

    const fn has_no(&self, step: &'static str) -> NoSuchStep {
        NoSuchStep {
            state: self.word(),
            step,
        }
    }

    /// The state after a send. `backoff` holds one wait per retry: five entries mean one first send
    /// and five retries. `reconnect` is the wait after a failure to connect.
    pub fn settle(
        self,
        outcome: Outcome,
        backoff: &[SignedDuration],
        reconnect: SignedDuration,
        now: Timestamp,
    ) -> Result<Self, NotSending> {
        let Self::Sending { attempt, .. } = self else {
            return Err(NotSending);
        };
        let after = |wait: SignedDuration| now.saturating_add(wait).unwrap_or(now);
        let spent = attempt.saturating_add(1);
        let retry = |reason| match backoff.get(usize::from(attempt)) {
            Some(wait) => Self::Queued {
                attempt: spent,
                due: after(*wait),
            },
            None => Self::Dead {
                attempts: spent,
                reason,
            },
        };
        Ok(match outcome {
            Outcome::Accepted => Self::Accepted { at: now },
            Outcome::Rejected => Self::Rejected { attempts: spent },
            Outcome::Failed => retry(DeadReason::Failed),
            Outcome::Unknown => retry(DeadReason::Unknown),
            Outcome::NotConnected => Self::Queued {
                attempt,
                due: after(reconnect),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: SignedDuration = SignedDuration::from_secs(1);

    fn sending(attempt: u8) -> Delivery {
        Delivery::Sending {
            attempt,
            lease_until: Timestamp::UNIX_EPOCH,
        }
    }

    fn step(attempt: u8, outcome: Outcome) -> Delivery {
        sending(attempt)
            .settle(outcome, &[WAIT; 5], WAIT, Timestamp::UNIX_EPOCH)
            .unwrap()
    }

    #[test]
    fn one_first_send_and_five_retries_then_dead() {
        for attempt in 0..5 {
            assert!(
                matches!(step(attempt, Outcome::Failed), Delivery::Queued { attempt: n, .. } if n == attempt + 1)
            );
        }
        assert_eq!(
            step(5, Outcome::Unknown),
            Delivery::Dead {
                attempts: 6,
                reason: DeadReason::Unknown
            }
        );
    }

    #[test]
    fn a_failure_to_connect_spends_no_retry() {
        assert!(matches!(
            step(5, Outcome::NotConnected),
            Delivery::Queued { attempt: 5, .. }
        ));
    }

    #[test]
    fn only_a_delivery_that_is_being_sent_can_settle() {
        let accepted = Delivery::Accepted {
            at: Timestamp::UNIX_EPOCH,
        };
        let settled = accepted.settle(Outcome::Failed, &[], WAIT, Timestamp::UNIX_EPOCH);
        assert_eq!(settled, Err(NotSending));
    }

    #[test]
    fn only_what_never_left_can_be_held() {
        assert!(sending(0).hold("no identifier").is_ok());
        let refused = sending(1).hold("no identifier").unwrap_err();
        assert_eq!(refused.to_string(), "a delivery that is sending can't hold");
    }

    #[test]
    fn evidence_confirms_whatever_was_sent_at_least_once() {
        let now = Timestamp::UNIX_EPOCH;
        let unknown = Delivery::Dead {
            attempts: 6,
            reason: DeadReason::Unknown,
        };
        assert_eq!(unknown.confirm(now), Ok(Delivery::Confirmed { at: now }));
        assert!(Delivery::new(now).confirm(now).is_err());
    }

    #[test]
    fn an_operator_gives_a_dead_delivery_all_its_retries_again() {
        let now = Timestamp::UNIX_EPOCH;
        let dead = Delivery::Dead {
            attempts: 6,
            reason: DeadReason::Failed,
        };
        assert_eq!(dead.requeue(now), Ok(Delivery::new(now)));
        assert!(Delivery::Accepted { at: now }.requeue(now).is_err());
    }
}
