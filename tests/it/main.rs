//! End-to-end tests: see `tests::server` for what they drive.

#[cfg(test)]
mod convergence;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod story;
