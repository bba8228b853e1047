//! Whether two source identities are one person: points for what agrees, and a veto where no points
//! may decide.
//!
//! [`Features`] hold what an identity said first by stated time. [`Features::keys`] finds the few
//! others that may be the same person, [`score()`] compares two of them in the way of Fellegi and Sunter
//! (*A Theory for Record Linkage*, 1969), and [`decide()`] says what becomes of a new identity. Ten
//! points double the odds that the two are one person, so that points of fields add up. A sum of
//! points believes that fields err apart from each other, which members of a family do not: they
//! share name, address and telephone. That is what the vetoes are for.

mod birth;
mod contact;
mod decide;
mod features;
mod identifier;
mod keys;
mod name;
mod nickname;
pub mod population;
pub(crate) mod said;
mod score;
mod text;
mod veto;
mod weights;

pub use decide::{Candidate, Decision, decide};
pub use features::{Features, FeaturesError};
pub use score::{Part, Score, score};
pub use veto::Veto;
pub use weights::{Matching, Thresholds, Weights, What};

#[cfg(test)]
mod tests;
