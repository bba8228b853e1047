//! Clients and validators from other ecosystems: see `conformance::Client` for how they come here.

#[cfg(test)]
mod mllp_clients;
#[cfg(test)]
mod validity;
