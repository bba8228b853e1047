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
        let refused = Err(Refused {
            stage: self,
            trigger,
        });
        match (self, trigger) {
            (_, Trigger::CancelAdmit) | (Self::Planned, Trigger::CancelPreAdmit) => {
                Ok(Self::Cancelled)
            }
            (Self::Finished, _) => refused,
            (_, Trigger::Discharge) => Ok(Self::Finished),
            (Self::Planned | Self::Cancelled, Trigger::PreAdmit) => Ok(Self::Planned),
            (Self::InProgress | Self::OnLeave, Trigger::PreAdmit) => refused,
            (Self::Planned, Trigger::ChangeClass) => Ok(Self::Planned),
            (
                Self::Cancelled,
                Trigger::ChangeClass | Trigger::Transfer | Trigger::StartLeave | Trigger::EndLeave,
            ) => refused,
            (_, Trigger::StartLeave) => Ok(Self::OnLeave),
            (Self::OnLeave, Trigger::Transfer | Trigger::ChangeClass) => Ok(Self::OnLeave),
            (
                _,
                Trigger::Register
                | Trigger::Admit
                | Trigger::ChangeClass
                | Trigger::Transfer
                | Trigger::EndLeave,
            ) => Ok(Self::InProgress),
            (
                _,
                Trigger::CancelPreAdmit
                | Trigger::CancelTransfer
                | Trigger::CancelLeave
                | Trigger::CancelReturn
                | Trigger::CancelDischarge,
            ) => refused,
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
