//! Clients from other ecosystems: see `conformance::Client` for how they come here.

#[cfg(test)]
mod mllp_clients;
