//! What the mapping promises, seen from outside. All messages are made up.

#[cfg(test)]
mod appointments;
#[cfg(test)]
mod chart;
#[cfg(test)]
mod convergence;
#[cfg(test)]
mod coverage;
#[cfg(test)]
mod datatypes;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod encounters;
#[cfg(test)]
mod episodes;
#[cfg(test)]
mod header;
#[cfg(test)]
mod histories;
#[cfg(test)]
mod identity;
#[cfg(test)]
mod immunizations;
#[cfg(test)]
mod lineage;
#[cfg(test)]
mod memory;
#[cfg(test)]
mod orders;
#[cfg(test)]
mod population;
#[cfg(test)]
mod prescriptions;
#[cfg(test)]
mod profiles;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod results;
#[cfg(test)]
mod robustness;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod snapshots;
#[cfg(test)]
mod transcriptions;
#[cfg(test)]
mod validity;
#[cfg(test)]
mod values;
#[cfg(test)]
mod visits;
