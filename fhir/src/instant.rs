//! Dates as ranges of instants: what they mean to search (R4 search.html#date).

use jiff::Timestamp;

/// The start of a period without one: 0001-01-01T00:00:00Z.
pub const OPEN_START: Timestamp = Timestamp::constant(-62_135_596_800, 0);
/// The end of a period without one: 9999-12-30T22:00:00Z, the last whole hour that a
/// [`Timestamp`] can say. Later dates mean it too.
pub const OPEN_END: Timestamp = Timestamp::constant(253_402_207_200, 0);
