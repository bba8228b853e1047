//! Where an episode of care stands.

use crate::Stage;

/// `EpisodeOfCare.status`, as far as messages tell it: nothing in HL7 v2 says `waitlist`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum EpisodeStage {
    /// It is to come.
    Planned,
    /// Care is given.
    Active,
    /// The patient is away for a while.
    OnHold,
    /// It is over.
    Finished,
    /// It did not take place.
    Cancelled,
}

impl EpisodeStage {
    /// The stage of an episode that is one visit: it takes the visit's steps ([`Stage::after`]).
    pub const fn of_visit(visit: Stage) -> Self {
        match visit {
            Stage::Planned => Self::Planned,
            Stage::InProgress => Self::Active,
            Stage::OnLeave => Self::OnHold,
            Stage::Finished => Self::Finished,
            Stage::Cancelled => Self::Cancelled,
        }
    }

    /// The stage of an episode of which no event is known: whether it has an end.
    pub const fn lasting(is_over: bool) -> Self {
        if is_over {
            Self::Finished
        } else {
            Self::Active
        }
    }

    /// `EpisodeOfCare.status`.
    pub const fn status(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Active => "active",
            Self::OnHold => "onhold",
            Self::Finished => "finished",
            Self::Cancelled => "cancelled",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Trigger;

    #[test]
    fn an_episode_takes_the_steps_of_its_visit() {
        let steps = [
            (Trigger::PreAdmit, "planned"),
            (Trigger::Admit, "active"),
            (Trigger::StartLeave, "onhold"),
            (Trigger::EndLeave, "active"),
            (Trigger::Discharge, "finished"),
        ];
        let mut visit = Stage::opening(Trigger::PreAdmit);
        for (trigger, status) in steps {
            visit = visit.after(trigger).unwrap_or(visit);
            assert_eq!(EpisodeStage::of_visit(visit).status(), status);
        }
    }
}
