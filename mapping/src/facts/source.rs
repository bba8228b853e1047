//! Who said something, and how statements are ordered.

use std::cmp::Ordering;

use model::{JournalId, Timestamp};

/// The order of statements: when it was *said*, never when it arrived. Ties fall to MSH-13, MSH-7,
/// MSH-10 and the content, in this order.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Stamp {
    /// EVN-2, else MSH-7, else the receipt.
    pub stated: Timestamp,
    /// MSH-13, where the sender counts.
    pub sequence: Option<u64>,
    /// MSH-7.
    pub sent: Option<Timestamp>,
    /// MSH-10.
    pub control_id: String,
    /// The beginning of the content's digest.
    pub digest: u64,
}

/// One message, as the source of statements.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Source {
    /// Where it stands among statements.
    pub stamp: Stamp,
    /// Its row in the journal; none outside the server.
    pub journal: Option<JournalId>,
    /// The mapping version that read it.
    pub mapping: i16,
}

impl Source {
    /// The key of the total order. A message that was journalled twice counts as its first receipt.
    fn rank(&self) -> (&Stamp, i16, std::cmp::Reverse<i64>) {
        let journal = self.journal.map_or(i64::MAX, |journal| journal.0);
        (&self.stamp, self.mapping, std::cmp::Reverse(journal))
    }
}

impl Ord for Source {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl PartialOrd for Source {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
