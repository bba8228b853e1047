//! What the mapping promises, seen from outside. All messages are made up.

mod chart;
mod histories;
mod robustness;
mod rules;
mod snapshots;
