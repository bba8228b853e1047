//! What happened: one trigger, about a person and perhaps a visit, with its two times.

use jiff::Timestamp;

/// One event, as the message about it will say it.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) trigger: &'static str,
    /// Which of the person's visits; `None` for person events (A28, A31).
    pub(super) visit: Option<usize>,
    /// Under which of the person's second records it is told; `None`: under the person's own number.
    pub(super) record: Option<usize>,
    /// EVN-2: when somebody typed it in.
    pub(super) recorded: Timestamp,
    /// EVN-6: when it happened, often earlier.
    pub(super) occurred: Timestamp,
    /// What the message deletes, if it does.
    pub(super) deletes: Option<Deleted>,
    /// The diagnosis that the message withdraws (DG1-21 `D`).
    pub(super) withdrawn: Option<usize>,
    /// Whom or what it names besides.
    pub(super) names: Option<Named>,
}

/// A field that a message empties with `""`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Deleted {
    Phone,
    Email,
    Address,
    Contact,
}

/// What a message about identities names besides the patient, each as a CX.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Named {
    /// MRG-1: whose record it was.
    Record(String),
    /// MRG-3: the account before.
    Account(String),
    /// MRG-5: the visit's number before.
    Visit(String),
    /// A second PID.
    Other(String),
}

impl Event {
    pub(super) fn new(trigger: &'static str, visit: Option<usize>, now: Timestamp) -> Self {
        Self {
            trigger,
            visit,
            record: None,
            recorded: now,
            occurred: now,
            deletes: None,
            withdrawn: None,
            names: None,
        }
    }

    /// An event of a person that names something besides.
    pub(super) fn naming(trigger: &'static str, named: Named, now: Timestamp) -> Self {
        Self {
            names: Some(named),
            ..Self::new(trigger, None, now)
        }
    }

    /// MSH-9.3 (table 0354).
    pub(super) fn structure(&self) -> &'static str {
        match self.trigger {
            "A02" | "A21" | "A22" => "ADT_A02",
            "A03" => "ADT_A03",
            "A05" | "A14" | "A28" | "A31" => "ADT_A05",
            "A06" | "A07" => "ADT_A06",
            "A11" => "ADT_A09",
            "A12" => "ADT_A12",
            "A18" => "ADT_A18",
            "A24" => "ADT_A24",
            "A27" | "A52" | "A53" => "ADT_A21",
            "A34" | "A47" | "A49" => "ADT_A30",
            "A37" => "ADT_A37",
            "A38" => "ADT_A38",
            "A40" | "A41" | "A42" => "ADT_A39",
            "A44" => "ADT_A43",
            "A45" => "ADT_A45",
            "A50" => "ADT_A50",
            _ => "ADT_A01",
        }
    }
}
