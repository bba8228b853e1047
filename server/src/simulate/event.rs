//! What happened: one trigger, about a person and perhaps a visit, with its two times.

use jiff::Timestamp;

/// One event, as the message about it will say it.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) trigger: &'static str,
    /// Which of the person's visits; `None` for person events (A28, A31).
    pub(super) visit: Option<usize>,
    /// EVN-2: when somebody typed it in.
    pub(super) recorded: Timestamp,
    /// EVN-6: when it happened, often earlier.
    pub(super) occurred: Timestamp,
    /// What the message deletes, if it does.
    pub(super) deletes: Option<Deleted>,
    /// The diagnosis that the message withdraws (DG1-21 `D`).
    pub(super) withdrawn: Option<usize>,
}

/// A field that a message empties with `""`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Deleted {
    Phone,
    Email,
    Address,
    Contact,
}

impl Event {
    pub(super) fn new(trigger: &'static str, visit: Option<usize>, now: Timestamp) -> Self {
        Self {
            trigger,
            visit,
            recorded: now,
            occurred: now,
            deletes: None,
            withdrawn: None,
        }
    }

    /// MSH-9.3 (table 0354).
    pub(super) fn structure(&self) -> &'static str {
        match self.trigger {
            "A02" => "ADT_A02",
            "A03" => "ADT_A03",
            "A05" | "A28" | "A31" => "ADT_A05",
            "A06" | "A07" => "ADT_A06",
            "A11" => "ADT_A09",
            "A12" => "ADT_A12",
            _ => "ADT_A01",
        }
    }
}
