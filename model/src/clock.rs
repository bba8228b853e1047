//! Time and time-ordered ids come in from outside, so that tests can hold them still.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;

use crate::id::{AuditId, ChangeId, JournalId, Rid, WriterId};

/// Where "now" comes from.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that moves only when a test moves it (microseconds since 1970).
    Fixed(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `now`.
    pub fn fixed(now: Timestamp) -> Self {
        Self::Fixed(Arc::new(AtomicI64::new(now.as_microsecond())))
    }

    /// The current instant, in whole microseconds (what Postgres keeps).
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that asks the machine"
    )]
    pub fn now(&self) -> Timestamp {
        let micros = match self {
            Self::System => Timestamp::now().as_microsecond(),
            Self::Fixed(micros) => micros.load(Ordering::Relaxed),
        };
        Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

/// Hands out ids that grow with time: 41 bits of milliseconds since [`IdSource::EPOCH_MS`], 10 bits
/// of the writer's number, 12 bits that count within a millisecond. Two writers whose numbers are
/// equal modulo 1024 could collide; the primary key then refuses the second row and it is retried.
#[derive(Debug)]
pub struct IdSource {
    clock: Clock,
    writer_bits: i64,
    /// `milliseconds << 12 | counter` of the last id.
    last: AtomicI64,
}

impl IdSource {
    /// 2024-01-01T00:00:00Z. Ids last until 2093.
    pub const EPOCH_MS: i64 = 1_704_067_200_000;
    const COUNTER_BITS: u32 = 12;
    const WRITER_BITS: u32 = 10;

    /// A source for one writing process.
    pub fn new(clock: Clock, writer: WriterId) -> Self {
        let writer_bits = i64::from(writer.0.rem_euclid(1 << Self::WRITER_BITS));
        Self {
            clock,
            writer_bits,
            last: AtomicI64::new(0),
        }
    }

    /// The smallest id of an instant: where a month's partition begins.
    pub fn floor(at: Timestamp) -> i64 {
        (at.as_millisecond() - Self::EPOCH_MS).max(0) << (Self::COUNTER_BITS + Self::WRITER_BITS)
    }

    /// The instant (to the millisecond) at which an id was made.
    pub fn instant(id: i64) -> Timestamp {
        let ms = (id >> (Self::COUNTER_BITS + Self::WRITER_BITS)) + Self::EPOCH_MS;
        Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// The next id. A burst of more than 4,096 in a millisecond borrows from the following ones; a
    /// clock that steps back does not make ids step back.
    fn next(&self) -> i64 {
        let floor = (self.clock.now().as_millisecond() - Self::EPOCH_MS) << Self::COUNTER_BITS;
        let step = |last: i64| Some(floor.max(last + 1));
        let last = self
            .last
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, step)
            .unwrap_or_else(|last| last);
        let id = floor.max(last + 1);
        let counter_mask = (1 << Self::COUNTER_BITS) - 1;
        let ms = id >> Self::COUNTER_BITS;
        (((ms << Self::WRITER_BITS) | self.writer_bits) << Self::COUNTER_BITS) | (id & counter_mask)
    }

    /// An id for a received message.
    pub fn journal(&self) -> JournalId {
        JournalId(self.next())
    }

    /// A row number for a new resource.
    pub fn rid(&self) -> Rid {
        Rid(self.next())
    }

    /// A place in the change feed.
    pub fn change(&self) -> ChangeId {
        ChangeId(self.next())
    }

    /// A row of the audit trail.
    pub fn audit(&self) -> AuditId {
        AuditId(self.next())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_grow_even_when_the_clock_stands_still() {
        let now = Timestamp::from_millisecond(IdSource::EPOCH_MS + 5_000).unwrap();
        let ids = IdSource::new(Clock::fixed(now), WriterId(1025));
        let made: Vec<i64> = (0..10_000).map(|_| ids.rid().0).collect();
        assert!(made.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(IdSource::instant(made[0]), now);
        assert_eq!(made[0] >> 12 & 1023, 1);
        assert!(IdSource::floor(now) <= made[0]);
    }
}
