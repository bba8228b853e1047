//! Made-up people, with which recognition is measured: who they are, whom they resemble without being
//! them, and how different sources write one person down.
//!
//! Kinds of mistakes and their shares follow what is published of record linkage: FEBRL's generator
//! (Christen and Pudjijono, *Accurate Synthetic Generation of Realistic Personal Information*, 2009),
//! with missing values as hospital registrations have them. Nothing here knows the weights, and the
//! short names are a table of its own.

mod family;
mod lists;
mod measure;
mod person;
mod record;
mod slip;

pub use family::population;
pub use measure::{Comparison, Measured, compare, measure};
pub use person::Person;
pub use record::{Kin, Record};
