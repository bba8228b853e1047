//! A visit's state machine: what happens to it, and what each event may change.

use serde::{Deserialize, Serialize};

/// What an ADT event means for a visit. The names are the domain's; which trigger means what is the
/// mapping's table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trigger {
    /// A visit is planned (A05, A14).
    PreAdmit,
    /// An outpatient arrived (A04).
    Register,
    /// An inpatient was admitted (A01).
    Admit,
    /// The visit's class changed (A06, A07).
    ChangeClass,
    /// The patient was moved (A02).
    Transfer,
    /// The patient is on leave (A21).
    StartLeave,
    /// The patient is back from leave (A22).
    EndLeave,
    /// The visit ended (A03).
    Discharge,
    /// The plan was called off (A27, A38).
    CancelPreAdmit,
    /// There was no admission or registration (A11).
    CancelAdmit,
    /// There was no move (A12).
    CancelTransfer,
    /// There was no leave (A52).
    CancelLeave,
    /// There was no return (A53).
    CancelReturn,
    /// The visit has not ended (A13).
    CancelDischarge,
}

impl Trigger {
    /// What this event calls off: the latest such event before it. None for an event of its own.
    pub const fn cancels(self) -> Option<&'static [Self]> {
        match self {
            Self::PreAdmit
            | Self::Register
            | Self::Admit
            | Self::ChangeClass
            | Self::Transfer
            | Self::StartLeave
            | Self::EndLeave
            | Self::Discharge => None,
            Self::CancelPreAdmit => Some(&[Self::PreAdmit]),
            Self::CancelAdmit => Some(&[Self::Admit, Self::Register]),
            Self::CancelTransfer => Some(&[Self::Transfer]),
            Self::CancelLeave => Some(&[Self::StartLeave]),
            Self::CancelReturn => Some(&[Self::EndLeave]),
            Self::CancelDischarge => Some(&[Self::Discharge]),
        }
    }
}

/// Where a visit stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Stage {
    /// It is to come.
    Planned,
    /// The patient is there.
    InProgress,
    /// The patient is away for a while.
    OnLeave,
    /// It is over.
    Finished,
    /// It did not take place.
    Cancelled,
}

/// An event does not fit the stage; the visit stays as it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{trigger:?} changes nothing of a visit that is {stage:?}")]
pub struct Refused {
    /// The stage that stays.
    pub stage: Stage,
    /// What was refused.
    pub trigger: Trigger,
}

impl Stage {
    /// The stage of a visit of which `trigger` is the first that is known. A cancel that has nothing
    /// to cancel still says where the visit stands.
    pub const fn opening(trigger: Trigger) -> Self {
        match trigger {
            Trigger::PreAdmit => Self::Planned,
            Trigger::Register
            | Trigger::Admit
            | Trigger::ChangeClass
            | Trigger::Transfer
            | Trigger::EndLeave
            | Trigger::CancelTransfer
            | Trigger::CancelLeave
            | Trigger::CancelDischarge => Self::InProgress,
            Trigger::StartLeave | Trigger::CancelReturn => Self::OnLeave,
            Trigger::Discharge => Self::Finished,
            Trigger::CancelPreAdmit | Trigger::CancelAdmit => Self::Cancelled,
        }
    }

    /// The stage after an event that was not called off, or after a cancel. Only the cancel of a
    /// discharge reopens a finished visit, and it does so by taking the discharge out of the history:
    /// nothing here does.
    pub const fn after(self, trigger: Trigger) -> Result<Self, Refused> {
        let next = match trigger {
            Trigger::CancelAdmit => Some(Self::Cancelled),
            Trigger::CancelPreAdmit => self.unless_begun(Self::Cancelled),
            Trigger::PreAdmit => self.unless_begun(Self::Planned),
            Trigger::Discharge => self.unless_over(Self::Finished),
            Trigger::Register | Trigger::Admit => self.unless_over(Self::InProgress),
            Trigger::ChangeClass if matches!(self, Self::Planned) => Some(Self::Planned),
            Trigger::ChangeClass | Trigger::Transfer if matches!(self, Self::OnLeave) => {
                Some(Self::OnLeave)
            }
            Trigger::ChangeClass | Trigger::Transfer | Trigger::EndLeave => {
                self.unless_called_off(Self::InProgress)
            }
            Trigger::StartLeave => self.unless_called_off(Self::OnLeave),
            Trigger::CancelTransfer
            | Trigger::CancelLeave
            | Trigger::CancelReturn
            | Trigger::CancelDischarge => None,
        };
        match next {
            Some(stage) => Ok(stage),
            None => Err(Refused {
                stage: self,
                trigger,
            }),
        }
    }

    /// A plan, or its end, says nothing of a visit that has begun.
    const fn unless_begun(self, next: Self) -> Option<Self> {
        match self {
            Self::Planned | Self::Cancelled => Some(next),
            Self::InProgress | Self::OnLeave | Self::Finished => None,
        }
    }

    const fn unless_over(self, next: Self) -> Option<Self> {
        match self {
            Self::Finished => None,
            Self::Planned | Self::InProgress | Self::OnLeave | Self::Cancelled => Some(next),
        }
    }

    const fn unless_called_off(self, next: Self) -> Option<Self> {
        match self {
            Self::Finished | Self::Cancelled => None,
            Self::Planned | Self::InProgress | Self::OnLeave => Some(next),
        }
    }

    /// `Encounter.status`.
    pub const fn status(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::InProgress => "in-progress",
            Self::OnLeave => "onleave",
            Self::Finished => "finished",
            Self::Cancelled => "cancelled",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENTS: [Trigger; 8] = [
        Trigger::PreAdmit,
        Trigger::Register,
        Trigger::Admit,
        Trigger::ChangeClass,
        Trigger::Transfer,
        Trigger::StartLeave,
        Trigger::EndLeave,
        Trigger::Discharge,
    ];

    #[test]
    fn nothing_reopens_a_finished_visit() {
        for trigger in EVENTS {
            assert!(Stage::Finished.after(trigger).is_err(), "{trigger:?}");
        }
    }

    #[test]
    fn a_cancelled_visit_comes_back_only_by_a_new_beginning() {
        assert_eq!(
            Stage::Cancelled.after(Trigger::Admit),
            Ok(Stage::InProgress)
        );
        assert!(Stage::Cancelled.after(Trigger::Transfer).is_err());
        assert_eq!(
            Stage::InProgress.after(Trigger::CancelAdmit),
            Ok(Stage::Cancelled)
        );
    }

    #[test]
    fn a_late_plan_does_not_undo_an_admission() {
        assert!(Stage::InProgress.after(Trigger::PreAdmit).is_err());
        assert_eq!(Stage::Planned.after(Trigger::Admit), Ok(Stage::InProgress));
    }

    #[test]
    fn every_cancel_names_events_that_are_no_cancels() {
        let cancels = [
            Trigger::CancelPreAdmit,
            Trigger::CancelAdmit,
            Trigger::CancelTransfer,
            Trigger::CancelLeave,
            Trigger::CancelReturn,
            Trigger::CancelDischarge,
        ];
        for cancel in cancels {
            let targets = cancel.cancels().unwrap();
            assert!(targets.iter().all(|target| target.cancels().is_none()));
        }
    }
}
